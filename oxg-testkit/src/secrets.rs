//! Scripted secrets: canaries, and what their source does instead.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use oxg_broker::secrets::{FetchedSecret, Fetching, SecretSource, SourceError};
use oxg_protocol::SecretName;
use secrecy::SecretString;
use tokio::time::sleep;

use crate::host::lock;
use crate::targets::Gate;
use crate::text::times;

/// Where the secrets of a test come from. Each has its canary, until something else is scripted.
/// A clone is the same script.
///
/// The broker's own rules stay as they are: it asks the source each time it lends, counts versions
/// and gives up after 10 s; what the manifest does not name is not even asked for.
///
/// ```
/// # use oxg_testkit::Secrets;
/// # fn example(secrets: &Secrets) {
/// secrets.on("api-token").fails().times(2); // then it is the canary
/// secrets.on("session-key").value("first-value-0123").times(1);
/// secrets.on("session-key").value("other-value-4567"); // rotated
/// secrets.on("old-key").missing();
/// # }
/// ```
#[derive(Debug, Clone, Default)]
pub struct Secrets(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    canaries: BTreeMap<SecretName, String>,
    scripted: Vec<Scripted>,
}

#[derive(Debug)]
struct Scripted {
    name: SecretName,
    plan: Plan,
    /// How often it still holds; `None`: for good.
    left: Option<usize>,
    wanted: usize,
    seen: usize,
}

#[derive(Debug, Clone, Default)]
struct Plan {
    waits: Vec<Wait>,
    outcome: Outcome,
}

#[derive(Debug, Clone)]
enum Wait {
    Delay(Duration),
    Hold(Gate),
}

#[derive(Debug, Clone, Default)]
enum Outcome {
    #[default]
    Canary,
    Value(String),
    Missing,
    Fails,
}

/// What the source of a secret does; in force already, and still to be refined.
#[derive(Debug)]
pub struct SecretExpectation {
    secrets: Secrets,
    index: usize,
}

impl Secrets {
    /// Expects that the secret `name` is asked for, at least once. Of several expectations, the
    /// first one holds that is not used up. To be scripted before the run.
    ///
    /// # Panics
    /// If `name` is not the name of a secret.
    #[track_caller]
    pub fn on(&self, name: &str) -> SecretExpectation {
        let name = parsed(name);
        let mut state = self.state();
        state.canaries.entry(name.clone()).or_insert_with(|| canary(&name));
        let scripted = Scripted { name, plan: Plan::default(), left: None, wanted: 1, seen: 0 };
        state.scripted.push(scripted);
        let index = state.scripted.len() - 1;
        drop(state);
        SecretExpectation { secrets: self.clone(), index }
    }

    /// The canary of a secret, planted on first use.
    #[track_caller]
    pub(crate) fn canary(&self, name: &str) -> String {
        let name = parsed(name);
        self.state().canaries.entry(name.clone()).or_insert_with(|| canary(&name)).clone()
    }

    /// The value of a secret in place of its canary.
    pub(crate) fn plant(&self, name: SecretName, value: String) {
        self.state().canaries.insert(name, value);
    }

    /// The secrets that have no script, each with its canary.
    pub(crate) fn unscripted(&self) -> Vec<(SecretName, String)> {
        let state = self.state();
        let all = state.canaries.iter();
        all.filter(|(name, _)| !state.scripted.iter().any(|scripted| scripted.name == **name))
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect()
    }

    /// Every value that a plugin may have seen.
    pub(crate) fn values(&self) -> Vec<(SecretName, String)> {
        let state = self.state();
        let scripted = state.scripted.iter().filter_map(|scripted| match &scripted.plan.outcome {
            Outcome::Value(value) => Some((scripted.name.clone(), value.clone())),
            _ => None,
        });
        let canaries = state.canaries.iter().map(|(name, value)| (name.clone(), value.clone()));
        canaries.chain(scripted).collect()
    }

    pub(crate) fn complaints(&self) -> Vec<String> {
        let state = self.state();
        let unmet = state.scripted.iter().filter(|scripted| scripted.seen < scripted.wanted);
        unmet
            .map(|scripted| {
                let (wanted, came) = (times(scripted.wanted), times(scripted.seen));
                let name = &scripted.name;
                format!("missing secret: {name}\n  expected at least {wanted}, came {came}")
            })
            .collect()
    }

    fn next(&self, name: &SecretName) -> Option<(Plan, String)> {
        let mut state = self.state();
        let canary = state.canaries.get(name).cloned()?;
        let open = state
            .scripted
            .iter_mut()
            .find(|scripted| scripted.name == *name && scripted.left != Some(0));
        let plan = open.map_or_else(Plan::default, |scripted| {
            scripted.seen += 1;
            scripted.left = scripted.left.map(|left| left - 1);
            scripted.plan.clone()
        });
        Some((plan, canary))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.0)
    }
}

impl SecretSource for Secrets {
    fn fetch<'a>(&'a self, _: &'a str, name: &'a SecretName) -> Fetching<'a> {
        Box::pin(async move {
            let Some((plan, canary)) = self.next(name) else { return Ok(None) };
            for wait in plan.waits {
                match wait {
                    Wait::Delay(time) => sleep(time).await,
                    Wait::Hold(gate) => gate.pass().await,
                }
            }
            let value = match plan.outcome {
                Outcome::Canary => canary,
                Outcome::Value(value) => value,
                Outcome::Missing => return Ok(None),
                Outcome::Fails => return Err(SourceError::Other("scripted".to_owned())),
            };
            Ok(Some(FetchedSecret::new(SecretString::from(value))))
        })
    }
}

impl SecretExpectation {
    /// Another value than the canary. [`Run::assert_no_leaks`](crate::Run::assert_no_leaks) looks
    /// for it as well; one that is too short or easy to guess is not lent.
    pub fn value(self, value: impl Into<String>) -> Self {
        let value = value.into();
        self.change(|scripted| scripted.plan.outcome = Outcome::Value(value))
    }

    /// The source does not have it.
    pub fn missing(self) -> Self {
        self.change(|scripted| scripted.plan.outcome = Outcome::Missing)
    }

    /// The source fails.
    pub fn fails(self) -> Self {
        self.change(|scripted| scripted.plan.outcome = Outcome::Fails)
    }

    /// The source takes so much longer.
    pub fn delay(self, time: Duration) -> Self {
        self.change(|scripted| scripted.plan.waits.push(Wait::Delay(time)))
    }

    /// The source does not answer before the gate is open.
    pub fn hold(self, gate: &Gate) -> Self {
        let gate = gate.clone();
        self.change(|scripted| scripted.plan.waits.push(Wait::Hold(gate)))
    }

    /// Holds exactly so many times; then the next expectation does, or the canary.
    pub fn times(self, times: usize) -> Self {
        self.change(|scripted| (scripted.left, scripted.wanted) = (Some(times), times))
    }

    /// It is no fault if nobody asks.
    pub fn optional(self) -> Self {
        self.change(|scripted| scripted.wanted = 0)
    }

    fn change(self, change: impl FnOnce(&mut Scripted)) -> Self {
        if let Some(scripted) = self.secrets.state().scripted.get_mut(self.index) {
            change(scripted);
        }
        self
    }
}

#[track_caller]
#[allow(clippy::panic, reason = "in a test, a wrong name is a failed test")]
fn parsed(name: &str) -> SecretName {
    name.parse().unwrap_or_else(|error| panic!("{name:?}: {error}"))
}

/// A value that appears nowhere by chance, the same in every run so that failures repeat.
pub(crate) fn canary(name: &SecretName) -> String {
    let digest = oxg_protocol::Digest::of(name.as_str().as_bytes()).to_string();
    format!("canary-{}", &digest[..24])
}
