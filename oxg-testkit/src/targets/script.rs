//! What is expected, what came, and what differs.

use super::Sent;
use super::expectation::{Answering, Expected};
use super::websocket::Progress;
use crate::cassette::Deck;
use crate::text::{indented, times};

#[derive(Debug, Default)]
pub(super) struct Script {
    pub(super) expected: Vec<Expected>,
    pub(super) sent: Vec<Sent>,
    pub(super) in_order: bool,
    /// What answers in place of a target where nothing is scripted.
    pub(super) deck: Option<Deck>,
    pub(super) conversations: Vec<Progress>,
    /// What came and no expectation covered, as it is told in the end.
    unexpected: Vec<String>,
}

impl Script {
    /// The answer to a request; `None` if no expectation covers it.
    pub(super) fn answer(&mut self, sent: Sent) -> Option<Answering> {
        self.sent.push(sent.clone());
        if let Some(index) = self.open(&sent) {
            return self.expected.get_mut(index).map(|expected| expected.next(&sent));
        }
        let recorded = match &mut self.deck {
            Some(Deck::Player(player)) => player.answer(&sent).map_err(Some),
            _ => Err(None),
        };
        match recorded {
            Ok(answer) => Some(Box::pin(std::future::ready(answer))),
            Err(recording) => {
                // Told as it is now: what comes later must not change it.
                let complaint = self.unexpected(&sent, recording);
                self.unexpected.push(complaint);
                None
            }
        }
    }

    /// Whether no expectation covers the request. It is noted then.
    pub(super) fn passes(&mut self, sent: &Sent) -> bool {
        let passes = self.open(sent).is_none();
        if passes {
            self.sent.push(sent.clone());
        }
        passes
    }

    /// The first expectation that covers the request and is not used up.
    fn open(&self, sent: &Sent) -> Option<usize> {
        self.expected.iter().position(|expected| {
            !expected.is_used_up() && self.differences(expected, sent).is_empty()
        })
    }

    /// A request that nothing answers, with what comes nearest.
    fn unexpected(&self, sent: &Sent, recording: Option<String>) -> String {
        match recording {
            Some(recording) if self.expected.is_empty() => {
                format!("unexpected request: {} {}{recording}", sent.method, sent.url)
            }
            recording => self.nearest(sent) + &recording.unwrap_or_default(),
        }
    }

    /// What went other than scripted, a paragraph each.
    pub(super) fn complaints(&self) -> Vec<String> {
        let unmet = self.expected.iter().filter(|expected| !expected.is_met()).map(|expected| {
            let (least, most) = (*expected.times.start(), *expected.times.end());
            let exactly = if least == most { "exactly" } else { "at least" };
            let (wanted, came) = (times(least), times(expected.seen));
            format!(
                "missing request: {}\n  expected {exactly} {wanted}, came {came}",
                expected.pattern
            )
        });
        let of_cassette = match &self.deck {
            Some(Deck::Player(player)) => player.complaints(),
            Some(Deck::Recorder(recorder)) => recorder.complaints(),
            None => Vec::new(),
        };
        let broken = self.conversations.iter().filter_map(Progress::complaint);
        let unexpected = self.unexpected.iter().cloned();
        unexpected.chain(broken).chain(unmet).chain(of_cassette).collect()
    }

    fn differences(&self, expected: &Expected, sent: &Sent) -> Vec<String> {
        let mut found = expected.pattern.differences(sent);
        let before = expected.after.and_then(|index| self.expected.get(index));
        if let Some(before) = before.filter(|before| !before.is_met()) {
            found.push(format!(
                "order: expected after {},\n  which has not come yet",
                before.pattern
            ));
        }
        found
    }

    fn nearest(&self, sent: &Sent) -> String {
        let mut text = format!("unexpected request: {} {}", sent.method, sent.url);
        let nearest = self
            .expected
            .iter()
            .map(|expected| (expected, self.differences(expected, sent)))
            // The right request at the wrong time is nearer than a wrong one, and one for the same
            // URL nearer than one for another.
            .min_by_key(|(expected, all)| {
                let same_url = expected.pattern.matches_url(sent);
                (!same_url, expected.pattern.differences(sent).len(), all.len())
            });
        match nearest {
            None => text.push_str("\n  nothing is scripted: add t.http().on(…).reply(…)"),
            Some((expected, differences)) if differences.is_empty() => text.push_str(&format!(
                "\n  {}\n    was expected {} and has come more often",
                expected.pattern,
                times(*expected.times.end())
            )),
            Some((expected, differences)) => {
                text.push_str(&format!("\n  nearest expectation: {}", expected.pattern));
                for difference in differences {
                    text.push_str(&format!("\n{}", indented(&difference, 4)));
                }
            }
        }
        text
    }
}
