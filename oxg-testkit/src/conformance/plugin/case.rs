//! A plugin case, as it is written down.

use oxg_protocol::ErrorCode;
use serde::{Deserialize, Deserializer};

use super::call::Calls;
use super::checks::Check;
use crate::conformance::{CaseId, CaseInfo, Kind};

/// One rule for plugins, and a run that tries it.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(in crate::conformance) struct PluginCase {
    pub(in crate::conformance) id: CaseId,
    must: String,
    source: String,
    /// Without one of these the case cannot be tried.
    #[serde(default)]
    pub(super) needs: Vec<Need>,
    #[serde(default)]
    pub(super) start: Start,
    /// The tasks that wait for the plugin.
    #[serde(default = "one_task")]
    pub(super) tasks: Vec<TaskInput>,
    /// How long leases last, whatever the plugin asks for.
    pub(super) lease_ms: Option<u64>,
    /// Where the broker does something else than it should.
    #[serde(default)]
    pub(super) broker: Vec<Rule>,
    pub(super) expect: Expect,
}

/// What a case cannot do without.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Need {
    /// Tasks, and an input that the plugin can do.
    Task,
    /// The plugin makes a call for its task.
    Work,
    /// It asks for its session.
    Session,
    /// It leases again after its first task.
    Stays,
    /// It borrows a secret.
    Secrets,
    /// It keeps an artifact.
    Artifacts,
    /// It reports a finding.
    Findings,
    /// It sends logs.
    Logs,
    /// It makes an outbound request.
    Egress,
}

/// What the launcher does.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct Start {
    #[serde(default)]
    pub(super) transport: Transport,
    #[serde(default)]
    pub(super) token: Token,
    /// Nobody listens where the broker should be.
    #[serde(default)]
    pub(super) no_broker: bool,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Transport {
    #[default]
    Unix,
    Tcp,
}

/// Where the plugin finds its token.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Token {
    /// In the file.
    #[default]
    File,
    /// In the variable.
    Variable,
    /// In the file; a stale one is in the variable.
    FileAndStaleVariable,
    /// Nowhere.
    None,
}

/// The input of a task.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum TaskInput {
    /// The one that the plugin can do.
    Given,
    /// The same, with so many more members.
    WithMembers(u32),
    /// The same, with a member of so many bytes.
    WithBytes(u32),
    /// JSON that is nobody's input.
    Unusable,
}

fn one_task() -> Vec<TaskInput> {
    vec![TaskInput::Given]
}

/// Where the broker does something else than it should.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct Rule {
    pub(super) on: Calls,
    /// So many calls go through before.
    #[serde(default)]
    pub(super) skip: usize,
    /// For so many calls. Default: all.
    pub(super) times: Option<usize>,
    /// How long the call is held.
    #[serde(default)]
    pub(super) hold_ms: u64,
    /// Default: what the broker says.
    pub(super) answer: Option<Answer>,
    /// What happens as the call comes.
    pub(super) then: Option<Event>,
}

/// What is answered in place of the broker's answer.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Answer {
    /// A problem, as the broker would have it.
    Problem(ProblemAnswer),
    /// A well-formed answer.
    Reply(Reply),
    /// These bytes, then the end of the connection.
    Raw(String),
    /// A head of so many bytes, then the end of the connection.
    HugeHead(usize),
    /// None, ever.
    Stall,
    /// The broker does the call, and its answer is lost with the connection.
    Lose,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct ProblemAnswer {
    #[serde(deserialize_with = "code")]
    pub(super) code: ErrorCode,
    pub(super) retry_after_ms: Option<u64>,
}

fn code<'de, D: Deserializer<'de>>(deserializer: D) -> Result<ErrorCode, D::Error> {
    let text = String::deserialize(deserializer)?;
    text.parse().map_err(serde::de::Error::custom)
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct Reply {
    pub(super) status: u16,
    /// The `oxg-error`, if it is to look like the broker's.
    pub(super) code: Option<String>,
    #[serde(default = "json_type")]
    pub(super) content_type: String,
    pub(super) body: String,
}

fn json_type() -> String {
    "application/json".to_owned()
}

/// What happens to the plugin or its broker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Event {
    /// The plugin gets SIGTERM.
    Terminate,
    /// The broker is away for a second.
    Restart,
    /// The broker is gone for good.
    Vanish,
    /// The broker takes calls and answers none, and the plugin gets SIGTERM.
    HangAndTerminate,
    /// A new token is in the file, and only that one is valid.
    NewToken,
}

impl Event {
    /// Whether the plugin is to end because of it.
    pub(super) fn ends(self) -> bool {
        matches!(self, Self::Terminate | Self::Vanish | Self::HangAndTerminate)
    }
}

/// What must hold of the run.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct Expect {
    #[serde(default)]
    pub(super) exit: ExitRule,
    /// Between what ends the run (a signal, the end of the broker, else the plugin's start) and the
    /// plugin's exit. Default: the time of the case.
    pub(super) within_ms: Option<u64>,
    #[serde(default)]
    pub(super) task: TaskRule,
    #[serde(default)]
    pub(super) calls: Vec<CallRule>,
    #[serde(default)]
    pub(super) checks: Vec<Check>,
}

/// How the process ends. A crash is never right.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum ExitRule {
    #[default]
    Zero,
    NonZero,
    /// With 0, or by the signal that asked it to end.
    ZeroOrTerminated,
    Any,
}

/// What becomes of every task.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum TaskRule {
    #[default]
    Any,
    Completed,
    FailedForGood,
    /// Completed, or failed for good.
    Settled,
    /// Not with the plugin any more.
    NotHeld,
    /// Completed; or the plugin says by its exit code that it failed.
    CompletedOrExitSaysSo,
    /// Completed or failed for good; or the plugin says by its exit code that it failed.
    SettledOrExitSaysSo,
}

/// How often calls come.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct CallRule {
    pub(super) on: Calls,
    #[serde(default)]
    pub(super) min: usize,
    pub(super) max: Option<usize>,
    /// Counts only calls that come after the broker first did something else.
    #[serde(default)]
    pub(super) since_rule: bool,
}

impl PluginCase {
    pub(in crate::conformance) fn info(&self) -> CaseInfo {
        CaseInfo {
            id: self.id.clone(),
            kind: Kind::Plugin,
            must: self.must.clone(),
            source: self.source.clone(),
        }
    }

    /// What is wrong with the case, if something is.
    pub(in crate::conformance) fn flaw(&self) -> Option<String> {
        let given = |input: &TaskInput| *input != TaskInput::Unusable;
        if self.tasks.iter().any(given) && !self.needs.contains(&Need::Task) {
            return Some("it has a task, so it `needs` \"task\"; or say `tasks = []`".to_owned());
        }
        let never =
            self.expect.calls.iter().find(|rule| rule.max.is_some_and(|max| max < rule.min));
        if let Some(rule) = never {
            return Some(format!("no number of {} is at least `min` and at most `max`", rule.on));
        }
        if self.expect.calls.iter().any(|rule| rule.since_rule) && self.broker.is_empty() {
            return Some(
                "`since-rule` counts from a rule of `broker`, and there is none".to_owned(),
            );
        }
        None
    }

    /// Whether nothing is special about its run: it is the same run for all such cases.
    pub(super) fn is_plain(&self) -> bool {
        self.start == Start::default()
            && self.tasks == one_task()
            && self.lease_ms.is_none()
            && self.broker.is_empty()
    }
}
