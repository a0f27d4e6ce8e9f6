//! The secrets of a session, and their versions. Pure.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use oxg_protocol::{ErrorCode, Problem, SecretName};
use secrecy::{ExposeSecret as _, SecretString};
use subtle::ConstantTimeEq as _;
use tokio::sync::watch;

use super::FetchedSecret;
use super::locked::lock_in_memory;
use crate::error::{Refusal, refuse};

/// The most names that a session remembers.
const MAX_NAMES: usize = 4096;

/// The secrets that a session has seen or was given.
#[derive(Debug, Default)]
pub(super) struct KnownSecrets {
    present: BTreeMap<SecretName, Known>,
    /// The last version of each secret that was there before: should it come back, whoever holds
    /// an old version must see that it is another.
    gone: BTreeMap<SecretName, u64>,
    /// Taken away by the host until it gives another value.
    revoked: BTreeSet<SecretName>,
}

/// A secret whose value the session has seen or was given.
#[derive(Debug)]
pub(super) struct Known {
    pub(super) value: SecretString,
    pub(super) ttl: Option<Duration>,
    version: watch::Sender<u64>,
    /// Given by the host; the sources are not asked.
    given: bool,
}

impl Known {
    pub(super) fn version(&self) -> u64 {
        *self.version.borrow()
    }

    pub(super) fn subscribe(&self) -> watch::Receiver<u64> {
        self.version.subscribe()
    }
}

impl KnownSecrets {
    pub(super) fn get(&self, name: &SecretName) -> Result<&Known, Refusal> {
        self.present.get(name).ok_or_else(|| not_granted(name))
    }

    /// What is decided without a source: the host gave the secret, or took it away.
    pub(super) fn decided(&self, name: &SecretName) -> Option<Result<(), Refusal>> {
        if self.revoked.contains(name) {
            return Some(Err(not_granted(name)));
        }
        self.present.get(name).filter(|known| known.given).map(|_| Ok(()))
    }

    /// Keeps the host's value.
    pub(super) fn give(&mut self, name: &SecretName, value: SecretString) {
        self.revoked.remove(name);
        self.keep(name, value.into(), true);
    }

    /// Keeps what a source has, unless the host decided otherwise meanwhile.
    pub(super) fn found(
        &mut self,
        name: &SecretName,
        secret: FetchedSecret,
    ) -> Result<(), Refusal> {
        if let Some(decided) = self.decided(name) {
            return decided;
        }
        let names = self.present.len() + self.gone.len();
        if names >= MAX_NAMES && !self.present.contains_key(name) {
            let detail = format!("the session knows {MAX_NAMES} secrets already");
            return Err(refuse(ErrorCode::RateLimited, detail));
        }
        self.keep(name, secret, false);
        Ok(())
    }

    fn keep(&mut self, name: &SecretName, secret: FetchedSecret, given: bool) {
        let FetchedSecret { value, version, ttl } = secret;
        lock_in_memory(&value);
        let Some(known) = self.present.get_mut(name) else {
            let next = self.gone.remove(name).map_or(1, |last| last.saturating_add(1));
            let version = watch::Sender::new(version.unwrap_or_default().max(next));
            self.present.insert(name.clone(), Known { value, ttl, version, given });
            return;
        };
        let (old, new) = (known.value.expose_secret(), value.expose_secret());
        let same = bool::from(old.as_bytes().ct_eq(new.as_bytes()));
        let last = known.version();
        let next = if same { last } else { last.saturating_add(1) };
        let next = version.unwrap_or_default().max(next);
        (known.value, known.ttl, known.given) = (value, ttl, given);
        if next != last {
            known.version.send_replace(next);
        }
    }

    /// Forgets the value; whoever watches hears the end.
    pub(super) fn remove(&mut self, name: &SecretName) {
        if let Some(known) = self.present.remove(name) {
            self.gone.insert(name.clone(), known.version());
        }
    }

    /// Forgets the value, and whatever a source says of it from now on.
    pub(super) fn revoke(&mut self, name: &SecretName) {
        self.remove(name);
        self.revoked.insert(name.clone());
    }
}

/// The answer for a secret that is not there is the answer for one that is not granted, so that a
/// plugin cannot learn names.
pub(crate) fn not_granted(name: &SecretName) -> Box<Problem> {
    refuse(
        ErrorCode::SecretNotGranted,
        format!("the secret {name:?} is not granted to this plugin", name = name.as_str()),
    )
}
