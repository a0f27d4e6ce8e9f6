//! What the logging says of itself.

use super::compose::{self, Origin};
use super::{Form, Level, scratch};

pub(super) const TARGET: &str = "oxg_sdk::logging";

/// The line that stands where `lost` lines are missing, with its line feed.
pub(super) fn lost(form: Form, lost: u64) -> String {
    scratch::with(|scratch| {
        let text = format!("{lost} log lines are missing here: they could not be written in time");
        scratch.message.json.push_str(&text);
        scratch.message.human.push_str(&text);
        let human = form == Form::Human;
        compose::line(
            scratch,
            &Origin { level: Level::Warn, target: TARGET, who: "", ids: "" },
            human,
        );
        let line = if human { &scratch.line.human } else { &scratch.line.json };
        format!("{line}\n")
    })
}
