//! Patterns with their answers.

use std::fmt;
use std::future::Future;
use std::ops::RangeInclusive;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use serde_json::Value;

use super::{Answer, Fault, Gate, Pattern, Sent, Targets};

pub(super) type Answering = Pin<Box<dyn Future<Output = Answer> + Send>>;

/// Where answers come from.
#[derive(Clone)]
pub(super) enum Source {
    Fixed(Answer),
    /// One after the other; the last one for good.
    InTurn(Arc<[Answer]>),
    Made(Arc<dyn Fn(Sent) -> Answering + Send + Sync>),
}

/// A pattern with its answers, in force.
#[derive(Debug)]
pub(super) struct Expected {
    pub(super) pattern: Pattern,
    pub(super) source: Source,
    pub(super) times: RangeInclusive<usize>,
    pub(super) seen: usize,
    /// The expectation that must be met before this one holds.
    pub(super) after: Option<usize>,
}

/// A pattern that waits for its reply.
#[derive(Debug)]
#[must_use = "an expectation exists after `reply`"]
pub struct Expectation {
    pub(super) targets: Targets,
    pub(super) pattern: Pattern,
}

/// The reply to a pattern; already in force, and still to be refined.
#[derive(Debug)]
pub struct Reply {
    targets: Targets,
    index: usize,
}

impl Expectation {
    /// Answers with `status` and an empty body. From now on the request is expected at least once.
    ///
    /// # Panics
    /// If `status` is not from 200 to 999.
    #[track_caller]
    pub fn reply(self, status: u16) -> Reply {
        self.answer(Answer::new(status))
    }

    /// Gives this answer.
    pub fn answer(self, answer: Answer) -> Reply {
        self.from(Source::Fixed(answer))
    }

    /// Gives these answers, one after the other, each of them once.
    pub fn answer_in_turn(self, answers: impl IntoIterator<Item = Answer>) -> Reply {
        let answers: Arc<[Answer]> = answers.into_iter().collect();
        let times = answers.len();
        self.from(Source::InTurn(answers)).times(times)
    }

    /// Gives what `answer` makes of the request.
    pub fn answer_with(self, answer: impl Fn(&Sent) -> Answer + Send + Sync + 'static) -> Reply {
        let made = move |sent: Sent| -> Answering { Box::pin(std::future::ready(answer(&sent))) };
        self.from(Source::Made(Arc::new(made)))
    }

    /// Gives what `answer` makes of the request, in its own time.
    pub fn answer_async<F>(self, answer: impl Fn(Sent) -> F + Send + Sync + 'static) -> Reply
    where
        F: Future<Output = Answer> + Send + 'static,
    {
        let made = move |sent: Sent| -> Answering { Box::pin(answer(sent)) };
        self.from(Source::Made(Arc::new(made)))
    }

    fn from(self, source: Source) -> Reply {
        let mut script = self.targets.script();
        let after = if script.in_order { script.expected.len().checked_sub(1) } else { None };
        let times = 1..=usize::MAX;
        script.expected.push(Expected { pattern: self.pattern, source, times, seen: 0, after });
        let index = script.expected.len() - 1;
        drop(script);
        Reply { targets: self.targets, index }
    }
}

impl Reply {
    /// With this body.
    pub fn body(self, body: impl Into<Bytes>) -> Self {
        self.refine(|answer| answer.body(body))
    }

    /// With this value as JSON.
    #[track_caller]
    pub fn json(self, value: impl Into<Value>) -> Self {
        self.refine(|answer| answer.json(value))
    }

    /// With the contents of a file.
    ///
    /// # Panics
    /// If it cannot be read.
    #[track_caller]
    pub fn file(self, path: impl AsRef<Path>) -> Self {
        self.refine(|answer| answer.file(path))
    }

    /// With this header.
    ///
    /// # Panics
    /// If it is not a header.
    #[track_caller]
    pub fn header(self, name: &str, value: &str) -> Self {
        self.refine(|answer| answer.header(name, value))
    }

    /// With this fault.
    pub fn fault(self, fault: Fault) -> Self {
        self.refine(|answer| answer.fault(fault))
    }

    /// So much later.
    pub fn delay(self, time: Duration) -> Self {
        self.fault(Fault::Delay(time))
    }

    /// Not before the gate is open.
    pub fn hold(self, gate: &Gate) -> Self {
        self.fault(Fault::Hold(gate.clone()))
    }

    /// Expected exactly so many times.
    pub fn times(self, times: usize) -> Self {
        self.change(|expected| expected.times = times..=times)
    }

    /// It is no fault if the request never comes.
    pub fn optional(self) -> Self {
        self.change(|expected| expected.times = 0..=*expected.times.end())
    }

    fn change(self, change: impl FnOnce(&mut Expected)) -> Self {
        if let Some(expected) = self.targets.script().expected.get_mut(self.index) {
            change(expected);
        }
        self
    }

    /// Changes the answer itself, or each of them where there are several.
    #[track_caller]
    #[allow(clippy::panic, reason = "in a test, a wrong script is a failed test")]
    fn refine(self, change: impl FnOnce(Answer) -> Answer) -> Self {
        let source = {
            let script = self.targets.script();
            script.expected.get(self.index).map(|expected| expected.source.clone())
        };
        let Some(Source::Fixed(answer)) = source else {
            panic!("an answer that is made elsewhere is refined there: Answer::new(…).body(…)");
        };
        let answer = change(answer);
        self.change(|expected| expected.source = Source::Fixed(answer))
    }
}

impl Expected {
    /// The next answer, counted.
    pub(super) fn next(&mut self, sent: &Sent) -> Answering {
        self.seen += 1;
        let ready = |answer: &Answer| -> Answering { Box::pin(std::future::ready(answer.clone())) };
        match &self.source {
            Source::Fixed(answer) => ready(answer),
            Source::InTurn(answers) => match answers.get(self.seen - 1).or(answers.last()) {
                Some(answer) => ready(answer),
                None => Box::pin(std::future::ready(Answer::new(500))),
            },
            Source::Made(make) => make(sent.clone()),
        }
    }

    pub(super) fn is_used_up(&self) -> bool {
        self.seen >= *self.times.end()
    }

    pub(super) fn is_met(&self) -> bool {
        self.seen >= *self.times.start()
    }
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fixed(answer) => answer.fmt(f),
            Self::InTurn(answers) => answers.fmt(f),
            Self::Made(_) => f.write_str("made by the test"),
        }
    }
}
