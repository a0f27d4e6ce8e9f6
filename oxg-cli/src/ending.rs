//! How a plugin ended.

use serde::Serialize;

/// How the plugin ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "how", rename_all = "snake_case")]
pub(crate) enum Ending {
    /// It exited with 0 after its tasks were settled.
    Stopped,
    /// It exited with 0 and left tasks behind.
    LeftEarly,
    /// It exited with another code.
    Exited { code: i32, last_line: String },
    /// A signal ended it.
    Killed { signal: i32 },
    /// It did not finish its tasks in time, and was stopped.
    TimedOut { seconds: u64 },
    /// It did not stop when it was asked to, and was killed.
    Hung { seconds: u64 },
    /// The person at the terminal ended it.
    Interrupted,
}

impl Ending {
    /// What happened and what to do; `None` if all is well.
    pub(crate) fn complaint(&self) -> Option<String> {
        match self {
            Self::Stopped => None,
            Self::LeftEarly => Some("the plugin exited before its tasks were settled".to_owned()),
            Self::Exited { code, last_line } if last_line.is_empty() => {
                Some(format!("the plugin exited with code {code}; run.log may say why"))
            }
            Self::Exited { code, last_line } => {
                Some(format!("the plugin exited with code {code}; its last words: {last_line}"))
            }
            Self::Killed { signal } => Some(format!(
                "the plugin was killed by signal {signal}; the lease of its task would have expired on its own"
            )),
            Self::TimedOut { seconds } => Some(format!(
                "the plugin did not finish in {seconds} s and was stopped; give it more with --timeout"
            )),
            Self::Hung { seconds } => Some(format!(
                "the plugin did not stop within {seconds} s of being asked and was killed"
            )),
            Self::Interrupted => Some("interrupted; the plugin was stopped".to_owned()),
        }
    }
}
