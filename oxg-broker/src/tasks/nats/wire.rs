//! What stands in the stream: two messages a task, and one for the time.

use std::borrow::Cow;
use std::time::Duration;

use bytes::Bytes;
use oxg_manifest::PluginName;
use oxg_protocol::TaskId;
use serde::{Deserialize, Serialize};

use crate::tasks::TaskError;
use crate::tasks::clock::Moment;
use crate::tasks::queue::Number;
use crate::tasks::record::{Progress, Work};

/// The subjects of the stream. The version is that of the messages.
pub(super) const SUBJECTS: &str = "oxg.tasks.v1.>";
const PREFIX: &str = "oxg.tasks.v1.";
/// The subject of the message that tells the server's time.
pub(super) const TIME: &str = "oxg.tasks.v1.time";

/// What a message is about.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Topic {
    /// What never changes of a task. Its sequence is the task's number.
    Work {
        plugin: PluginName,
    },
    /// How far a task is.
    Progress {
        plugin: PluginName,
        number: Number,
    },
    Time,
}

impl Topic {
    /// `None`: nothing that this version knows.
    pub(super) fn parse(subject: &str) -> Option<Self> {
        if subject == TIME {
            return Some(Self::Time);
        }
        let mut parts = subject.strip_prefix(PREFIX)?.split('.');
        let (kind, plugin, task) = (parts.next()?, parts.next()?, parts.next()?);
        let plugin = plugin.parse().ok()?;
        match kind {
            "work" => Some(Self::Work { plugin }),
            "progress" => Some(Self::Progress { plugin, number: task.parse().ok()? }),
            _ => None,
        }
    }
}

pub(super) fn work_subject(plugin: &PluginName, id: &TaskId) -> String {
    format!("{PREFIX}work.{}.{}", plugin.as_str(), id.as_str())
}

/// By number, not by id: what is left of a task that was forgotten never counts for the next one
/// with the same id.
pub(super) fn progress_subject(plugin: &PluginName, number: Number) -> String {
    format!("{PREFIX}progress.{}.{number}", plugin.as_str())
}

/// How far a task is, and when that was by the clock of who wrote it. Only the differences between
/// its moments mean something to others.
#[derive(Serialize, Deserialize)]
struct Told<'a> {
    at: Moment,
    progress: Cow<'a, Progress>,
}

pub(super) fn encode_work(work: &Work) -> Result<Bytes, TaskError> {
    serde_json::to_vec(work).map(Bytes::from).map_err(unwritable)
}

pub(super) fn decode_work(payload: &[u8]) -> Result<Work, serde_json::Error> {
    serde_json::from_slice(payload)
}

pub(super) fn encode_progress(progress: &Progress, at: Moment) -> Result<Bytes, TaskError> {
    let told = Told { at, progress: Cow::Borrowed(progress) };
    serde_json::to_vec(&told).map(Bytes::from).map_err(unwritable)
}

/// `here` is when it was heard, `age` how old it was by then.
pub(super) fn decode_progress(
    payload: &[u8],
    here: Moment,
    age: Duration,
) -> Result<Progress, serde_json::Error> {
    let Told { at, progress } = serde_json::from_slice(payload)?;
    let translate = |moment| here.after(at.until(moment).saturating_sub(age));
    Ok(progress.into_owned().by_another_clock(translate))
}

fn unwritable(error: serde_json::Error) -> TaskError {
    TaskError::Store(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subject_is_read_as_it_was_made() {
        let plugin: PluginName = "probe-2".parse().unwrap();
        let id = "t-0f".parse().unwrap();
        let work = Topic::Work { plugin: plugin.clone() };
        assert_eq!(Topic::parse(&work_subject(&plugin, &id)), Some(work));
        let progress = Topic::Progress { plugin: plugin.clone(), number: 7 };
        assert_eq!(Topic::parse(&progress_subject(&plugin, 7)), Some(progress));
        assert_eq!(Topic::parse(TIME), Some(Topic::Time));
        for strange in ["", "a", "oxg.tasks.v1.x.probe.1", "oxg.tasks.v1.progress.probe.x"] {
            assert_eq!(Topic::parse(strange), None, "{strange}");
        }
    }

    #[test]
    fn moments_are_told_as_the_time_that_is_left() {
        let at = Moment::default().after(Duration::from_secs(1_000));
        let progress = Progress::new(at.after(Duration::from_secs(10)));
        let bytes = encode_progress(&progress, at).unwrap();
        let here = Moment::default().after(Duration::from_secs(5));
        for (age, due) in [(0, 15), (4, 11), (60, 5)] {
            let heard = decode_progress(&bytes, here, Duration::from_secs(age)).unwrap();
            let due = Moment::default().after(Duration::from_secs(due));
            let expected = serde_json::to_value(Progress::new(due)).unwrap();
            assert_eq!(serde_json::to_value(heard).unwrap(), expected, "{age}");
        }
    }
}
