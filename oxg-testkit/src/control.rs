//! What a test does to the host while the plugin runs.

use std::sync::Arc;
use std::time::Duration;

use oxg_broker::Session;
use oxg_protocol::{ArtifactName, SecretName};
use oxg_sdk::Plugin;

use crate::Testkit;
use crate::host::lock;

/// # What happens to the host in the middle of a run
///
/// Each of these is done by the real broker; no answer is made up. Hold the plugin at a
/// [`Gate`](crate::Gate) to do it at the right moment. Those that name a session mean the one that
/// was opened last, and panic where none is open: outside of a run.
impl<P: Plugin> Testkit<P> {
    /// The broker goes away, in the middle of whatever it is doing. Its connections break, and
    /// until [`start_broker`](Self::start_broker) new ones are refused; over a socket, where
    /// someone still listens, they end at once.
    pub fn stop_broker(&self) {
        self.host().outage.set(true);
        self.host().broker.disconnect();
    }

    /// The broker is back. It has forgotten nothing: sessions, leases and tasks are as they were.
    pub fn start_broker(&self) {
        self.host().outage.set(false);
    }

    /// The broker goes away and is back at once.
    pub fn restart_broker(&self) {
        self.stop_broker();
        self.start_broker();
    }

    /// The session's token is worth nothing from here on.
    #[track_caller]
    pub fn end_session(&self) {
        self.current().end();
    }

    /// The host asks the plugin to finish, and lends no more tasks.
    #[track_caller]
    pub fn drain(&self) {
        self.current().drain();
    }

    /// The host asks whoever holds a task to stop.
    ///
    /// # Panics
    /// If no session is open.
    pub async fn cancel_tasks(&self) {
        let session = self.current();
        for task in session.tasks() {
            // A task in memory can be written.
            let _ = session.cancel(&task.id).await;
        }
    }

    /// Every lease on a task ends as if its time were over: the attempt counts, its token is worth
    /// nothing, and the task is lent anew.
    ///
    /// # Panics
    /// If no session is open.
    pub async fn lose_leases(&self) {
        let _open = self.current();
        let tasks = lock(&self.host().tasks).clone();
        tasks.lose_leases(&self.host().manifest.name).await;
    }

    /// The operator changes a secret; who watches it is told.
    ///
    /// # Panics
    /// If no session is open, or `name` is not the name of a secret.
    #[track_caller]
    pub fn rotate_secret(&self, name: &str, value: &str) {
        let session = self.current();
        session.rotate_secret(&parsed::<SecretName>(name), value.to_owned().into());
    }

    /// The operator takes a secret away, with every lease on it.
    ///
    /// # Panics
    /// If no session is open, or `name` is not the name of a secret.
    #[track_caller]
    pub fn revoke_secret(&self, name: &str) {
        self.current().revoke_secret(&parsed::<SecretName>(name));
    }

    /// The plugin finds this artifact in each session that is opened from here on.
    ///
    /// # Panics
    /// If `name` is not the name of an artifact.
    #[track_caller]
    pub fn put_artifact(&self, name: &str, bytes: impl Into<Vec<u8>>) {
        lock(&self.host().artifacts).insert(parsed::<ArtifactName>(name), bytes.into());
    }

    /// All clocks of the test, the broker's and the plugin's, go on by `time` at once: deadlines
    /// pass and leases end. They never go back; neither does anything that the protocol counts on,
    /// which has durations and no times of day.
    ///
    /// # Panics
    /// Where time is real: over a socket.
    pub async fn advance_clock(&self, time: Duration) {
        tokio::time::advance(time).await;
    }

    #[track_caller]
    #[allow(clippy::panic, reason = "in a test, a wrong script is a failed test")]
    fn current(&self) -> Arc<Session> {
        let session = lock(&self.host().current).upgrade();
        session.unwrap_or_else(|| panic!("no session is open; do this while the plugin runs"))
    }
}

#[track_caller]
#[allow(clippy::panic, reason = "in a test, a wrong name is a failed test")]
fn parsed<T: std::str::FromStr<Err: std::fmt::Display>>(name: &str) -> T {
    name.parse().unwrap_or_else(|error| panic!("{name:?}: {error}"))
}
