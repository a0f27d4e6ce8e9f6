//! The test's own broker, and the plugin that runs against it.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use oxg_broker::Broker;
use oxg_manifest::Manifest;
use oxg_protocol::SecretName;
use oxg_protocol::task::NewTask;
use oxg_redact::Redactor;
use oxg_sdk::channel::{BrokerChannel, TokenSource};
use oxg_sdk::logging::{LogLine, Logging};
use oxg_sdk::{Plugin, RunError, RunSummary, Runtime};
use serde_json::{Map, Value};

use crate::run::{Capture, Run};
use crate::targets::{ScriptedUpstream, Targets, resolver};

/// How long a run may take, in the test's time: it moves on by itself when nothing else does, so
/// that a plugin that hangs costs a moment.
const LIMIT: Duration = Duration::from_secs(24 * 60 * 60);

/// A test of the plugin `P`: a broker of its own, scripted targets, a canary in every secret.
///
/// [`#[oxg_testkit::test]`](macro@crate::test) hands one to the test and checks the script when
/// the test is over. Without the macro, make one with [`Testkit::new`] and call [`Testkit::verify`].
///
/// A clone is the same testkit.
pub struct Testkit<P>(Arc<Kit<P>>);

struct Kit<P> {
    make: Box<dyn Fn() -> P>,
    manifest: Manifest,
    broker: Broker,
    targets: Targets,
    secrets: Mutex<BTreeMap<SecretName, String>>,
    config: Mutex<Map<String, Value>>,
}

impl<P: Plugin> Testkit<P> {
    /// A testkit whose runs each start with the plugin that `make` makes.
    ///
    /// # Panics
    /// If the manifest that the plugin was compiled with cannot be read, or the system gives no
    /// random bytes.
    #[must_use]
    #[allow(clippy::panic, reason = "a testkit that cannot be made is a failed test")]
    pub fn new(make: impl Fn() -> P + 'static) -> Self {
        let manifest = Manifest::from_slice(P::MANIFEST.as_bytes());
        let manifest = manifest.unwrap_or_else(|error| panic!("{error}"));
        let targets = Targets::default();
        let broker = Broker::builder()
            .resolver(resolver())
            .upstream(ScriptedUpstream(targets.clone()))
            .build();
        let broker = broker.unwrap_or_else(|error| panic!("the broker cannot start: {error}"));
        let names =
            manifest.capabilities.secrets.iter().flat_map(|secrets| secrets.names.iter().flatten());
        let secrets = names
            .filter_map(|name| name.as_str().parse::<SecretName>().ok())
            .map(|name| (name.clone(), canary(&name)))
            .collect();
        Self(Arc::new(Kit {
            make: Box::new(make),
            manifest,
            broker,
            targets,
            secrets: Mutex::new(secrets),
            config: Mutex::default(),
        }))
    }

    /// The scripted targets.
    #[must_use]
    pub fn http(&self) -> &Targets {
        &self.0.targets
    }

    /// The broker itself, for what this type has no words for.
    #[must_use]
    pub fn broker(&self) -> &Broker {
        &self.0.broker
    }

    /// The value of a secret: a canary, planted on first use. Those that the manifest names are
    /// planted already.
    ///
    /// # Panics
    /// If `name` is not the name of a secret.
    #[track_caller]
    #[allow(clippy::panic, reason = "in a test, a wrong name is a failed test")]
    pub fn secret(&self, name: &str) -> String {
        let name = name.parse::<SecretName>().unwrap_or_else(|error| panic!("{name:?}: {error}"));
        let value = canary(&name);
        lock(&self.0.secrets).entry(name).or_insert(value).clone()
    }

    /// Settings in place of those in the manifest, key by key.
    ///
    /// # Panics
    /// If `settings` is not a JSON object.
    #[track_caller]
    #[allow(clippy::panic, reason = "in a test, wrong settings are a failed test")]
    pub fn config(&self, settings: Value) {
        let Value::Object(settings) = settings else { panic!("settings are a JSON object") };
        lock(&self.0.config).extend(settings);
    }

    /// Runs the plugin on one task, from its start to its stop.
    pub async fn task(&self, input: Value) -> Run {
        self.tasks([input]).await
    }

    /// Runs the plugin on several tasks, from its start to its stop.
    ///
    /// # Panics
    /// If the run takes longer than a day of the test's time.
    #[allow(clippy::panic, reason = "a run that does not end is a failed test")]
    pub async fn tasks(&self, inputs: impl IntoIterator<Item = Value>) -> Run {
        let inputs: Vec<_> = inputs.into_iter().collect();
        match tokio::time::timeout(LIMIT, self.run(inputs)).await {
            Ok(run) => run,
            Err(_) => {
                panic!("the run did not end within {} h of the test's time", LIMIT.as_secs() / 3600)
            }
        }
    }

    #[allow(clippy::panic, reason = "a session that cannot open is a failed test")]
    async fn run(&self, inputs: Vec<Value>) -> Run {
        let secrets = lock(&self.0.secrets).clone();
        let mut session =
            self.0.broker.session(self.0.manifest.clone()).config(lock(&self.0.config).clone());
        for (name, value) in &secrets {
            session = session.secret(name.clone(), value.as_str().into());
        }
        let session =
            session.open().unwrap_or_else(|error| panic!("the session cannot open: {error}"));
        for input in inputs {
            let enqueued = session.enqueue(NewTask::new(input)).await;
            enqueued.unwrap_or_else(|error| panic!("the task cannot be enqueued: {error}"));
        }

        let capture = Capture::begin(&self.0.broker, &self.0.targets, secrets);
        let lines = capture.lines();
        let result = self.execute(&session, lines).await;
        capture.end(&self.0.broker, &session, &self.0.manifest, result).await
    }

    /// The plugin as in production, but for where its streams and its lines go.
    #[allow(clippy::panic, reason = "a workspace that cannot be made is a failed test")]
    async fn execute(
        &self,
        session: &oxg_broker::Session,
        lines: Arc<Mutex<Vec<String>>>,
    ) -> Result<RunSummary, RunError> {
        use secrecy::ExposeSecret as _;

        let redactor = Redactor::default();
        let broker = self.0.broker.clone();
        let token = TokenSource::value(session.token().expose_secret());
        let token = token.unwrap_or_else(|error| panic!("the token cannot be used: {error}"));
        let channel =
            BrokerChannel::from_connector(move || std::future::ready(Ok(broker.connect())))
                .token(token)
                .redactor(redactor.clone())
                .build();
        let workspace = tempfile::tempdir().unwrap_or_else(|error| panic!("no workspace: {error}"));
        let logging = Logging::new(redactor.clone())
            .broker()
            .sink(move |line: &LogLine<'_>| lock(&lines).push(line.json.to_owned()))
            .build();
        let runtime = Runtime::new((self.0.make)(), channel)
            .workspace(workspace.path())
            .redactor(redactor)
            .logging(logging);

        let mut running = std::pin::pin!(runtime.run(std::future::pending()));
        tokio::select! {
            result = &mut running => return result,
            () = session.settled() => session.drain(),
        }
        running.await
    }

    /// Checks that every expectation was met and nothing else was asked for.
    ///
    /// # Panics
    /// If not, with what differed.
    #[track_caller]
    #[allow(clippy::panic, reason = "this is an assertion")]
    pub fn verify(&self) {
        let complaints = self.0.targets.complaints();
        if !complaints.is_empty() {
            panic!("the targets saw other than scripted\n{}", complaints.join("\n"));
        }
    }
}

impl<P> Clone for Testkit<P> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<P> std::fmt::Debug for Testkit<P> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Testkit").field("plugin", &self.0.manifest.name).finish_non_exhaustive()
    }
}

/// A value that appears nowhere by chance, the same in every run so that failures repeat.
fn canary(name: &SecretName) -> String {
    let digest = oxg_protocol::Digest::of(name.as_str().as_bytes()).to_string();
    format!("canary-{}", &digest[..24])
}

/// Runs a test of [`macro@crate::test`]: on one thread, with time that moves on by itself.
#[allow(clippy::panic, reason = "a test without a runtime is a failed test")]
pub fn run<P, T>(test: impl FnOnce(Testkit<P>) -> T) -> T::Output
where
    P: Plugin + Default,
    T: Future,
{
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build();
    let runtime = runtime.unwrap_or_else(|error| panic!("the runtime cannot start: {error}"));
    let kit = Testkit::new(P::default);
    let output = runtime.block_on(test(kit.clone()));
    kit.verify();
    output
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
