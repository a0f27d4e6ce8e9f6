//! What a test has of a host: a broker, scripted targets, canaries, settings.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use oxg_broker::{Broker, Session};
use oxg_manifest::Manifest;
use oxg_protocol::ArtifactName;
use oxg_protocol::task::NewTask;
use serde_json::{Map, Value};

use crate::calls::{Calls, FaultyCalls, Outage};
use crate::cassette::{Cassette, Deck};
use crate::secrets::Secrets;
use crate::targets::{ScriptedResolve, ScriptedUpstream, Targets};
use crate::tasks::LentTasks;
use crate::text::without_secrets;

/// What a test has of a host, whatever the plugin is.
pub(crate) struct Host {
    pub(crate) manifest: Manifest,
    pub(crate) broker: Broker,
    pub(crate) targets: Targets,
    pub(crate) calls: Calls,
    pub(crate) outage: Outage,
    pub(crate) secrets: Secrets,
    /// The session that was opened last, and its tasks.
    pub(crate) current: Mutex<Weak<Session>>,
    pub(crate) tasks: Mutex<LentTasks>,
    /// What each session begins with.
    pub(crate) artifacts: Mutex<BTreeMap<ArtifactName, Vec<u8>>>,
    config: Mutex<Map<String, Value>>,
    verified: AtomicBool,
}

impl Host {
    /// # Panics
    /// If the manifest cannot be read, or the system gives no random bytes.
    #[allow(clippy::panic, reason = "a host that cannot be made is a failed test")]
    pub(crate) fn new(manifest: &[u8]) -> Self {
        let manifest =
            Manifest::from_slice(manifest).unwrap_or_else(|error| panic!("manifest.json: {error}"));
        let targets = Targets::default();
        let (calls, outage) = (Calls::default(), Outage::default());
        let broker = Broker::builder()
            .resolver(ScriptedResolve::new(targets.clone()))
            .upstream(ScriptedUpstream::new(targets.clone()))
            .intercept(FaultyCalls::new(calls.clone(), outage.clone()))
            .build();
        let broker = broker.unwrap_or_else(|error| panic!("the broker cannot start: {error}"));
        let secrets = Secrets::default();
        let names = manifest.capabilities.secrets.iter();
        for name in names.flat_map(|secrets| secrets.names.iter().flatten()) {
            secrets.canary(name.as_str());
        }
        Self {
            manifest,
            broker,
            targets,
            calls,
            outage,
            secrets,
            current: Mutex::default(),
            tasks: Mutex::default(),
            artifacts: Mutex::default(),
            config: Mutex::default(),
            verified: AtomicBool::new(false),
        }
    }

    /// What no script covers comes from a cassette, or goes into it.
    #[track_caller]
    pub(crate) fn cassette(&self, cassette: Cassette) {
        let deck = cassette.load();
        if let Deck::Recorder(recorder) = &deck {
            recorder.secrets().for_each(|(name, value)| self.secrets.plant(name, value));
        }
        self.targets.load(deck);
    }

    #[track_caller]
    #[allow(clippy::panic, reason = "in a test, wrong settings are a failed test")]
    pub(crate) fn config(&self, settings: Value) {
        let Value::Object(settings) = settings else { panic!("settings are a JSON object") };
        lock(&self.config).extend(settings);
    }

    /// A session with every secret, every artifact and these tasks.
    #[allow(clippy::panic, reason = "a session that cannot open is a failed test")]
    pub(crate) async fn session(&self, inputs: Vec<Value>) -> Arc<Session> {
        for (name, value) in self.secrets.values() {
            let hidden = self.targets.hide(&value);
            hidden.unwrap_or_else(|error| panic!("the value of {name}: {error}"));
        }
        let tasks = LentTasks::default();
        let mut session = self
            .broker
            .session(self.manifest.clone())
            .config(lock(&self.config).clone())
            .task_store(tasks.clone())
            .secret_source(self.secrets.clone());
        for (name, value) in self.secrets.unscripted() {
            session = session.secret(name, value.into());
        }
        if let Some(recorder) = self.targets.recorder() {
            session = recorder
                .loopback()
                .iter()
                .fold(session, |session, port| session.allow_loopback(*port));
        }
        let session =
            session.open().unwrap_or_else(|error| panic!("the session cannot open: {error}"));
        let artifacts = lock(&self.artifacts).clone();
        for (name, bytes) in artifacts {
            let stored = session.put_artifact(name, bytes).await;
            stored.unwrap_or_else(|error| panic!("the artifact cannot be stored: {error}"));
        }
        for input in inputs {
            let enqueued = session.enqueue(NewTask::new(input)).await;
            enqueued.unwrap_or_else(|error| panic!("the task cannot be enqueued: {error}"));
        }
        let session = Arc::new(session);
        *lock(&self.current) = Arc::downgrade(&session);
        *lock(&self.tasks) = tasks;
        session
    }

    /// # Panics
    /// If an expectation was not met, or something else was asked for.
    #[track_caller]
    #[allow(clippy::panic, reason = "this is an assertion")]
    pub(crate) fn verify(&self) {
        self.verified.store(true, Ordering::Relaxed);
        let secrets = self.secrets.values();
        for (heading, complaints) in [
            ("the plugin did not send what the test scripted", self.targets.complaints()),
            ("the plugin did not call its broker as the test scripted", self.calls.complaints()),
            (
                "the plugin did not ask for the secrets that the test scripted",
                self.secrets.complaints(),
            ),
        ] {
            if !complaints.is_empty() {
                let told = complaints.join(
                    "

",
                );
                panic!(
                    "{heading}

{}
",
                    without_secrets(&told, &secrets)
                );
            }
        }
        if let Some(Err(error)) = self.targets.recorder().map(|recorder| recorder.save()) {
            panic!("{error}");
        }
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        // A test that fails already has something else to say.
        if !self.verified.load(Ordering::Relaxed) && !std::thread::panicking() {
            self.verify();
        }
    }
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
