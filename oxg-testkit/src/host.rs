//! What a test has of a host: a broker, scripted targets, canaries, settings.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use oxg_broker::{Broker, Session};
use oxg_manifest::Manifest;
use oxg_protocol::SecretName;
use oxg_protocol::task::NewTask;
use serde_json::{Map, Value};

use crate::cassette::{Cassette, Deck};
use crate::targets::{ScriptedResolve, ScriptedUpstream, Targets};

/// What a test has of a host, whatever the plugin is.
pub(crate) struct Host {
    pub(crate) manifest: Manifest,
    pub(crate) broker: Broker,
    pub(crate) targets: Targets,
    secrets: Mutex<BTreeMap<SecretName, String>>,
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
        let broker = Broker::builder()
            .resolver(ScriptedResolve::new(targets.clone()))
            .upstream(ScriptedUpstream::new(targets.clone()))
            .build();
        let broker = broker.unwrap_or_else(|error| panic!("the broker cannot start: {error}"));
        let names =
            manifest.capabilities.secrets.iter().flat_map(|secrets| secrets.names.iter().flatten());
        let secrets = names
            .filter_map(|name| name.as_str().parse::<SecretName>().ok())
            .map(|name| (name.clone(), canary(&name)))
            .collect();
        Self {
            manifest,
            broker,
            targets,
            secrets: Mutex::new(secrets),
            config: Mutex::default(),
            verified: AtomicBool::new(false),
        }
    }

    #[track_caller]
    #[allow(clippy::panic, reason = "in a test, a wrong name is a failed test")]
    pub(crate) fn secret(&self, name: &str) -> String {
        let name = name.parse::<SecretName>().unwrap_or_else(|error| panic!("{name:?}: {error}"));
        let value = canary(&name);
        lock(&self.secrets).entry(name).or_insert(value).clone()
    }

    pub(crate) fn secrets(&self) -> BTreeMap<SecretName, String> {
        lock(&self.secrets).clone()
    }

    /// What no script covers comes from a cassette, or goes into it.
    #[track_caller]
    pub(crate) fn cassette(&self, cassette: Cassette) {
        let deck = cassette.load();
        if let Deck::Recorder(recorder) = &deck {
            lock(&self.secrets).extend(recorder.secrets());
        }
        self.targets.load(deck);
    }

    #[track_caller]
    #[allow(clippy::panic, reason = "in a test, wrong settings are a failed test")]
    pub(crate) fn config(&self, settings: Value) {
        let Value::Object(settings) = settings else { panic!("settings are a JSON object") };
        lock(&self.config).extend(settings);
    }

    /// A session with every canary and these tasks.
    #[allow(clippy::panic, reason = "a session that cannot open is a failed test")]
    pub(crate) async fn session(&self, inputs: Vec<Value>) -> Session {
        let mut session =
            self.broker.session(self.manifest.clone()).config(lock(&self.config).clone());
        for (name, value) in self.secrets() {
            let hidden = self.targets.hide(&value);
            hidden.unwrap_or_else(|error| panic!("the value of {name}: {error}"));
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
        for input in inputs {
            let enqueued = session.enqueue(NewTask::new(input)).await;
            enqueued.unwrap_or_else(|error| panic!("the task cannot be enqueued: {error}"));
        }
        session
    }

    /// # Panics
    /// If an expectation was not met, or something else was asked for.
    #[track_caller]
    #[allow(clippy::panic, reason = "this is an assertion")]
    pub(crate) fn verify(&self) {
        self.verified.store(true, Ordering::Relaxed);
        let complaints = self.targets.complaints();
        if !complaints.is_empty() {
            let told = complaints.join("\n\n");
            let told = crate::text::without_secrets(&told, &self.secrets());
            panic!("the plugin did not send what the test scripted\n\n{told}\n");
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

/// A value that appears nowhere by chance, the same in every run so that failures repeat.
fn canary(name: &SecretName) -> String {
    let digest = oxg_protocol::Digest::of(name.as_str().as_bytes()).to_string();
    format!("canary-{}", &digest[..24])
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
