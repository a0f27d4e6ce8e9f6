//! A broker under test: requests at its socket.

mod case;
mod client;
mod expect;
mod fill;
mod request;

use std::io;
use std::time::Duration;

use oxg_protocol::session::SessionInfo;
use oxg_protocol::version::feature;
use oxg_protocol::{Endpoint, SecretName, route};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep, timeout};

use self::case::{CallSpec, Need};
use self::client::{Answer, Called};
use self::fill::Values;
use super::load::broker_cases;
use super::{CaseFile, CaseId, ConformanceError, Failure, Outcome, Report, Verdict};

pub(super) use self::case::BrokerCase;

/// A broker, of any make, that is tested against the protocol.
///
/// It needs a session that nobody else uses, best of a plugin made for it: cases store and remove
/// artifacts whose names begin with `conformance-`, report findings, and enqueue and complete tasks.
/// What the session's manifest does not declare is skipped. Outbound requests go to names below
/// `.invalid` only, which nobody can have (RFC 6761).
#[derive(Debug, Clone)]
pub struct BrokerSuite {
    endpoint: Endpoint,
    token: SecretString,
    secret: Option<SecretName>,
    cases: Vec<CaseFile>,
    selected: Option<Vec<CaseId>>,
    limit: Duration,
    total: Duration,
}

impl BrokerSuite {
    /// The broker at `endpoint`, with the token of a session. It is a Unix socket or a port of
    /// loopback.
    #[must_use]
    pub fn new(endpoint: Endpoint, token: SecretString) -> Self {
        Self {
            endpoint,
            token,
            secret: None,
            cases: Vec::new(),
            selected: None,
            limit: Duration::from_secs(60),
            total: Duration::from_secs(600),
        }
    }

    /// A secret that the session may borrow. Without it, cases that need one are skipped.
    #[must_use]
    pub fn secret(mut self, name: SecretName) -> Self {
        self.secret = Some(name);
        self
    }

    /// More cases. Files with cases for plugins are passed over.
    #[must_use]
    pub fn cases(mut self, files: impl IntoIterator<Item = CaseFile>) -> Self {
        self.cases.extend(files);
        self
    }

    /// Only these cases. Default: all.
    #[must_use]
    pub fn only(mut self, ids: impl IntoIterator<Item = CaseId>) -> Self {
        self.selected = Some(ids.into_iter().collect());
        self
    }

    /// How long one case may take. Default 60 s.
    #[must_use]
    pub fn limit(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }

    /// How long all cases together may take. Default 10 min.
    #[must_use]
    pub fn total(mut self, limit: Duration) -> Self {
        self.total = limit;
        self
    }

    /// Runs the cases, one after the other; `done` hears of each as it ends.
    ///
    /// # Errors
    /// [`ConformanceError`] if the broker cannot be reached, or does not answer
    /// `GET /v1/session` with a session.
    ///
    /// # Panics
    /// Outside of a Tokio runtime with time and I/O enabled.
    pub async fn run(&self, done: impl FnMut(&Outcome)) -> Result<Report, ConformanceError> {
        let seconds = self.total.as_secs();
        let limited = timeout(self.total, self.run_all(done)).await;
        limited.unwrap_or(Err(ConformanceError::TimeIsUp { seconds }))
    }

    async fn run_all(&self, mut done: impl FnMut(&Outcome)) -> Result<Report, ConformanceError> {
        let session = self.session().await?;
        let mut outcomes = Vec::new();
        for case in broker_cases(&self.cases)? {
            if self.selected.as_ref().is_some_and(|ids| !ids.contains(&case.id)) {
                continue;
            }
            let begin = Instant::now();
            let outcome = match case.needs.iter().find_map(|need| self.lacks(*need, &session)) {
                Some(reason) => {
                    Outcome::new(case.info(), Verdict::Skipped { reason }, Duration::ZERO)
                }
                None => {
                    let tried = timeout(self.limit, self.try_case(&case, &session)).await;
                    let failures = tried.unwrap_or_else(|_| {
                        let expected = format!("the case ends within {:?}", self.limit);
                        Ok(vec![Failure::new(expected, "it did not")])
                    });
                    let failures = failures.map_err(|error| self.unusable(error))?;
                    Outcome::new(case.info(), Verdict::of(failures), begin.elapsed())
                }
            };
            done(&outcome);
            outcomes.push(outcome);
        }
        Ok(Report { outcomes })
    }

    fn unusable(&self, problem: impl ToString) -> ConformanceError {
        ConformanceError::Unusable { endpoint: self.endpoint.clone(), problem: problem.to_string() }
    }

    async fn session(&self) -> Result<SessionInfo, ConformanceError> {
        let wanted = self.simple("GET", route::SESSION, None);
        let called = client::call(&self.endpoint, wanted).await;
        let problem = match called.map_err(|error| self.unusable(error))? {
            Called::Answered(Answer { status: 200, body, .. }) => {
                match serde_json::from_slice(&body) {
                    Ok(session) => return Ok(session),
                    Err(error) => format!("its session cannot be read: {error}"),
                }
            }
            Called::Answered(answer) => {
                format!("GET {} got {}; is the token the session's?", route::SESSION, answer.status)
            }
            Called::Malformed(problem) => problem,
            Called::Closed | Called::Silent => format!("GET {} got no answer", route::SESSION),
        };
        Err(self.unusable(problem))
    }

    /// Makes the calls of a case until one is not answered as expected.
    async fn try_case(&self, case: &BrokerCase, session: &SessionInfo) -> io::Result<Vec<Failure>> {
        let nonce = format!("conformance-{}", oxg_protocol::Digest::of(&unique()))
            .chars()
            .take(28)
            .collect();
        let mut values = Values::from([
            ("token".to_owned(), self.token.expose_secret().to_owned()),
            ("nonce".to_owned(), nonce),
        ]);
        if let Some(name) = &self.secret {
            values.insert("secret".to_owned(), name.to_string());
        }
        if case.needs.contains(&Need::Enqueue) {
            self.settle_tasks().await?;
        }
        for (index, call) in case.call.iter().enumerate() {
            sleep(Duration::from_millis(call.pause_ms)).await;
            let wanted = self.request(call, &values, session);
            let called = client::call(&self.endpoint, wanted).await?;
            let mut failures = expect::compare(&call.expect, &called, &values);
            if let Called::Answered(answer) = &called {
                failures.extend(save(call, answer, &mut values));
            }
            if !failures.is_empty() {
                let number = index + 1;
                // The line of a raw request may be anything.
                let what = call.send.as_deref().unwrap_or("a raw request");
                for failure in &mut failures {
                    // A broker may echo what it was shown.
                    failure.seen = failure.seen.replace(self.token.expose_secret(), "[the token]");
                    failure.expected = format!("call {number}, {what}: {}", failure.expected);
                }
                return Ok(failures);
            }
        }
        Ok(Vec::new())
    }

    /// Completes what waits: a case counts on its own tasks.
    async fn settle_tasks(&self) -> io::Result<()> {
        loop {
            let asked = json!({ "max": 64, "wait_ms": 0, "lease_ms": 10_000 });
            let wanted = self.simple("POST", route::LEASE_TASKS, Some(asked));
            let Called::Answered(answer) = client::call(&self.endpoint, wanted).await? else {
                return Ok(());
            };
            let answer = answer.json().unwrap_or_default();
            let deliveries = answer.get("deliveries").and_then(Value::as_array);
            let Some(deliveries) = deliveries.filter(|deliveries| !deliveries.is_empty()) else {
                return Ok(());
            };
            for delivery in deliveries {
                let text =
                    |member: &str| delivery.get(member).and_then(Value::as_str).unwrap_or_default();
                let path = format!("{}/{}/complete", route::TASKS, text("task_id"));
                let token = json!({ "lease_token": text("lease_token") });
                client::call(&self.endpoint, self.simple("POST", &path, Some(token))).await?;
            }
        }
    }

    /// Why the case cannot be tried, if it cannot.
    fn lacks(&self, need: Need, session: &SessionInfo) -> Option<String> {
        let (capability, feature) = match need {
            Need::Egress => ("http", feature::EGRESS),
            Need::Artifacts => ("storage", feature::ARTIFACTS),
            Need::Uploads => ("storage", feature::UPLOADS),
            Need::Tasks => ("tasks", feature::TASKS),
            Need::Enqueue => ("tasks", feature::TASK_ENQUEUE),
            Need::Secrets | Need::SecretName => ("secrets", feature::SECRETS),
            Need::Findings => ("findings", feature::FINDINGS),
            Need::Logs => ("", feature::LOGS),
        };
        let has = |list: &[String], wanted: &str| list.iter().any(|known| known == wanted);
        if !has(&session.features, feature) {
            return Some(format!("the broker does not name the feature {feature}"));
        }
        if !capability.is_empty() && !has(&session.capabilities, capability) {
            return Some(format!("the session does not have the capability {capability}"));
        }
        let nameless = need == Need::SecretName && self.secret.is_none();
        nameless.then(|| "no name of a secret is given".to_owned())
    }
}

/// Keeps what later calls use; what is not there is a failure.
fn save(call: &CallSpec, answer: &Answer, values: &mut Values) -> Vec<Failure> {
    let mut failures = Vec::new();
    let json = answer.json().unwrap_or_default();
    for (name, pointer) in &call.save {
        let value = match json.pointer(pointer) {
            Some(Value::String(text)) => text.clone(),
            Some(Value::Number(number)) => number.to_string(),
            _ => {
                failures.push(Failure::new(format!("the body has {pointer}"), "it has not"));
                continue;
            }
        };
        values.insert(name.clone(), value);
    }
    for (name, field) in &call.save_headers {
        match answer.header(field).as_slice() {
            [value] => drop(values.insert(name.clone(), (*value).to_owned())),
            _ => failures.push(Failure::new(format!("the answer has one {field}"), "it has not")),
        }
    }
    failures
}

/// Bytes that no other case of this or any other run has.
fn unique() -> Vec<u8> {
    use std::sync::atomic::{AtomicU64, Ordering};
    static COUNT: AtomicU64 = AtomicU64::new(0);

    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let now = now.unwrap_or_default().as_nanos();
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    format!("{now} {count} {}", std::process::id()).into_bytes()
}
