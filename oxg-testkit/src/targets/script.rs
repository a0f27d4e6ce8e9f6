//! What is expected, what came, and what differs.

use super::Sent;
use super::expectation::{Answering, Expected};
use super::websocket::Progress;

#[derive(Debug, Default)]
pub(super) struct Script {
    pub(super) expected: Vec<Expected>,
    pub(super) sent: Vec<Sent>,
    pub(super) in_order: bool,
    pub(super) conversations: Vec<Progress>,
    /// What came and no expectation covered, as it is told in the end.
    unexpected: Vec<String>,
}

impl Script {
    /// The answer to a request; `None` if no expectation covers it.
    pub(super) fn answer(&mut self, sent: Sent) -> Option<Answering> {
        self.sent.push(sent.clone());
        let open = (0..self.expected.len()).find(|&index| {
            let expected = &self.expected[index];
            !expected.is_used_up() && self.differences(expected, &sent).is_empty()
        });
        match open {
            Some(index) => Some(self.expected[index].next(&sent)),
            None => {
                // Told as it is now: what comes later must not change it.
                let complaint = self.nearest(&sent);
                self.unexpected.push(complaint);
                None
            }
        }
    }

    /// What went other than scripted, a paragraph each.
    pub(super) fn complaints(&self) -> Vec<String> {
        let unmet = self.expected.iter().filter(|expected| !expected.is_met()).map(|expected| {
            let wanted = *expected.times.start();
            let seen = expected.seen;
            let (wanted_times, seen_times) = (times(wanted), times(seen));
            format!(
                "expected {} at least {wanted} {wanted_times}, came {seen} {seen_times}",
                expected.pattern
            )
        });
        let broken = self.conversations.iter().filter_map(Progress::complaint);
        self.unexpected.iter().cloned().chain(broken).chain(unmet).collect()
    }

    fn differences(&self, expected: &Expected, sent: &Sent) -> Vec<String> {
        let mut found = expected.pattern.differences(sent);
        let before = expected.after.and_then(|index| self.expected.get(index));
        if let Some(before) = before.filter(|before| !before.is_met()) {
            found.push(format!("order: expected after {}, which has not come", before.pattern));
        }
        found
    }

    fn nearest(&self, sent: &Sent) -> String {
        let mut text = format!("unexpected request: {} {}", sent.method, sent.url);
        let nearest = self
            .expected
            .iter()
            .map(|expected| (expected, self.differences(expected, sent)))
            // The right request at the wrong time is nearer than a wrong one.
            .min_by_key(|(expected, all)| (expected.pattern.differences(sent).len(), all.len()));
        match nearest {
            None => text.push_str("\n  nothing is scripted; add t.http().on(…).reply(…)"),
            Some((expected, differences)) if differences.is_empty() => text.push_str(&format!(
                "\n  {} was expected {} {} and has come more often",
                expected.pattern,
                expected.times.end(),
                times(*expected.times.end())
            )),
            Some((expected, differences)) => {
                text.push_str(&format!("\n  nearest expectation: {}", expected.pattern));
                for difference in differences {
                    text.push_str(&format!("\n    {difference}"));
                }
            }
        }
        text
    }
}

pub(crate) fn times(count: usize) -> &'static str {
    if count == 1 { "time" } else { "times" }
}
