//! The test's own broker, and the plugin that runs against it.

use std::future::Future;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use oxg_broker::{Broker, Session};
use oxg_redact::Redactor;
use oxg_sdk::channel::BrokerChannel;
use oxg_sdk::clients::Clients;
use oxg_sdk::logging::{LogLine, Logging};
use oxg_sdk::{Plugin, RunError, RunSummary, Runtime};
use serde_json::Value;

use crate::calls::Calls;
use crate::cassette::{self, Cassette};
use crate::host::{Host, lock};
use crate::run::{Capture, Ended, Run};
use crate::secrets::Secrets;
use crate::targets::Targets;
use crate::transport::{Transport, Way};

/// How long a run may take, in the test's time: it moves on by itself when nothing else does, so
/// that a plugin that hangs costs a moment.
const LIMIT: Duration = Duration::from_secs(24 * 60 * 60);
/// How long a run may take where time is real.
const REAL_LIMIT: Duration = Duration::from_secs(60);

/// A test of the plugin `P`: a broker of its own, scripted targets, a canary in every secret.
///
/// [`#[oxg_testkit::test]`](macro@crate::test) hands one to the test and checks the script when
/// the test is over. Without the macro, make one with [`Testkit::new`]; the last clone that is
/// dropped checks the script, unless [`Testkit::verify`] has.
///
/// A clone is the same testkit.
pub struct Testkit<P>(Arc<Kit<P>>);

struct Kit<P> {
    make: Box<dyn Fn() -> P>,
    transport: Transport,
    host: Host,
    /// What the clients that were given out live on.
    open: Mutex<Vec<(Arc<Session>, Way)>>,
}

impl<P: Plugin> Testkit<P> {
    /// A testkit whose runs each start with the plugin that `make` makes, in memory.
    ///
    /// # Panics
    /// If the manifest that the plugin was compiled with cannot be read, or the system gives no
    /// random bytes.
    #[must_use]
    pub fn new(make: impl Fn() -> P + 'static) -> Self {
        Self::over(Transport::Memory, make)
    }

    /// The same over another transport.
    ///
    /// # Panics
    /// As [`new`](Self::new).
    #[must_use]
    pub fn over(transport: Transport, make: impl Fn() -> P + 'static) -> Self {
        let host = Host::new(P::MANIFEST.as_bytes());
        Self(Arc::new(Kit { make: Box::new(make), transport, host, open: Mutex::default() }))
    }

    /// The scripted targets.
    #[must_use]
    pub fn http(&self) -> &Targets {
        &self.0.host.targets
    }

    /// Replays a cassette where nothing is scripted; with `OXG_RECORD=1`, records it. It takes the
    /// place of the one before it.
    ///
    /// # Panics
    /// If it cannot be read. While recording: if time is not real, or a secret cannot be read or kept
    /// out.
    #[track_caller]
    pub fn cassette(&self, cassette: impl Into<Cassette>) {
        self.0.host.cassette(cassette.into());
    }

    /// The calls that the plugin makes of its broker: which are expected, and which go wrong.
    #[must_use]
    pub fn calls(&self) -> &Calls {
        &self.0.host.calls
    }

    /// Where the secrets come from, for a test that wants more of them than canaries.
    #[must_use]
    pub fn secrets(&self) -> &Secrets {
        &self.0.host.secrets
    }

    pub(crate) fn host(&self) -> &Host {
        &self.0.host
    }

    /// The broker itself, for what this type has no words for.
    #[must_use]
    pub fn broker(&self) -> &Broker {
        &self.0.host.broker
    }

    /// The value of a secret: a canary, planted on first use. Those that the manifest names are
    /// planted already.
    ///
    /// # Panics
    /// If `name` is not the name of a secret.
    #[track_caller]
    pub fn secret(&self, name: &str) -> String {
        self.0.host.secrets.canary(name)
    }

    /// Settings in place of those in the manifest, key by key.
    ///
    /// # Panics
    /// If `settings` is not a JSON object.
    #[track_caller]
    pub fn config(&self, settings: Value) {
        self.0.host.config(settings);
    }

    /// Runs the plugin on one task, from its start to its stop.
    ///
    /// # Panics
    /// As [`tasks`](Self::tasks).
    pub async fn task(&self, input: Value) -> Run {
        self.tasks([input]).await
    }

    /// Runs the plugin on several tasks, from its start to its stop.
    ///
    /// # Panics
    /// If the run takes longer than a day of the test's time, or a minute of real time.
    #[allow(clippy::panic, reason = "a run that does not end is a failed test")]
    pub async fn tasks(&self, inputs: impl IntoIterator<Item = Value>) -> Run {
        let inputs: Vec<_> = inputs.into_iter().collect();
        let virtual_time =
            self.0.transport == Transport::Memory && self.0.host.targets.recorder().is_none();
        let limit = if virtual_time { LIMIT } else { REAL_LIMIT };
        match tokio::time::timeout(limit, self.run(inputs)).await {
            Ok(run) => run,
            Err(_) => panic!("the run did not end within {limit:?} of the test's time"),
        }
    }

    #[allow(clippy::panic, reason = "a workspace that cannot be made is a failed test")]
    async fn run(&self, inputs: Vec<Value>) -> Run {
        let session = self.0.host.session(inputs).await;
        let workspace = tempfile::tempdir().unwrap_or_else(|error| panic!("no workspace: {error}"));
        let capture = Capture::begin(&self.0.host);
        let lines = Arc::default();
        let result = self.execute(&session, workspace.path(), Arc::clone(&lines)).await;
        let logs = std::mem::take(&mut *lock(&lines));
        let ended = Ended::Returned(result);
        capture.end(&self.0.host, &session, workspace.path(), ended, logs).await
    }

    /// The plugin as in production, but for where its streams and its lines go.
    async fn execute(
        &self,
        session: &Session,
        workspace: &Path,
        lines: Arc<Mutex<Vec<String>>>,
    ) -> Result<RunSummary, RunError> {
        let redactor = Redactor::default();
        let way = self.0.transport.open(&self.0.host, session, &redactor).await;
        let logging = Logging::new(redactor.clone())
            .broker()
            .sink(move |line: &LogLine<'_>| lock(&lines).push(line.json.to_owned()))
            .build();
        let runtime = Runtime::new((self.0.make)(), way.channel.clone())
            .workspace(workspace)
            .redactor(redactor)
            .logging(logging);

        let mut running = std::pin::pin!(runtime.run(std::future::pending()));
        tokio::select! {
            result = &mut running => return result,
            () = session.settled() => session.drain(),
        }
        running.await
    }

    /// The typed clients of a session of its own, which ends with the testkit: for code that takes
    /// clients, without a plugin around it.
    ///
    /// ```
    /// # mod plugin {
    /// # use oxg_sdk::prelude::*;
    /// # #[derive(Default)]
    /// # pub struct Sample;
    /// # #[oxg_sdk::plugin]
    /// # impl Plugin for Sample {}
    /// # }
    /// # use plugin::Sample;
    /// use oxg_testkit::prelude::*;
    ///
    /// #[oxg_testkit::test]
    /// async fn a_secret_is_lent(t: Testkit<Sample>) {
    ///     let secret = t.clients().await.secrets().get("api-token").await.unwrap();
    ///     assert_eq!(secret.expose(str::to_owned), t.secret("api-token"));
    /// }
    /// ```
    ///
    /// # Panics
    /// If the system gives no random bytes, or the transport has no socket.
    pub async fn clients(&self) -> Clients {
        let redactor = Redactor::default();
        Clients::new(self.open(&redactor).await, redactor)
    }

    /// The way to the broker alone, in a session of its own: for clients that take a channel.
    ///
    /// # Panics
    /// As [`clients`](Self::clients).
    pub async fn channel(&self) -> BrokerChannel {
        self.open(&Redactor::default()).await
    }

    async fn open(&self, redactor: &Redactor) -> BrokerChannel {
        let session = self.0.host.session(Vec::new()).await;
        let way = self.0.transport.open(&self.0.host, &session, redactor).await;
        let channel = way.channel.clone();
        lock(&self.0.open).push((session, way));
        channel
    }

    /// Checks that every expectation was met and nothing else was asked for.
    ///
    /// # Panics
    /// If not, with what differed.
    #[track_caller]
    pub fn verify(&self) {
        self.0.host.verify();
    }
}

impl<P> Clone for Testkit<P> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<P> std::fmt::Debug for Testkit<P> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Testkit")
            .field("plugin", &self.0.host.manifest.name)
            .field("transport", &self.0.transport)
            .finish_non_exhaustive()
    }
}

/// Runs a test of [`macro@crate::test`]: on one thread. In memory, time moves on by itself.
#[allow(clippy::panic, reason = "a test without a runtime is a failed test")]
pub fn run<P, T>(transport: Transport, test: impl FnOnce(Testkit<P>) -> T) -> T::Output
where
    P: Plugin + Default,
    T: Future,
{
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(transport == Transport::Memory && !cassette::recording())
        .build();
    let runtime = runtime.unwrap_or_else(|error| panic!("the runtime cannot start: {error}"));
    let kit = Testkit::over(transport, P::default);
    let output = runtime.block_on(test(kit.clone()));
    kit.verify();
    output
}
