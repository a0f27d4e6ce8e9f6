//! What plugin and broker said to each other. It holds tokens, so nothing of it prints itself.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method, Uri};
use serde_json::Value;

use super::call::Call;

/// One request, and what was answered.
#[derive(Clone)]
pub(super) struct Exchange {
    /// Since the start of the run.
    pub(super) at: Duration,
    pub(super) call: Call,
    pub(super) method: Method,
    pub(super) uri: Uri,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
    /// Which rule of the case answered or held it.
    pub(super) rule: Option<usize>,
    /// None if the connection ended first.
    pub(super) answer: Option<Answered>,
}

/// What was answered.
#[derive(Clone)]
pub(super) struct Answered {
    /// Since the start of the run.
    pub(super) at: Duration,
    pub(super) status: u16,
    /// The `oxg-error`, if there is one.
    pub(super) code: Option<String>,
    pub(super) body: Bytes,
}

impl Exchange {
    /// How the exchange is named in messages.
    pub(super) fn name(&self) -> String {
        match self.call {
            Call::Egress => format!("{} to {}", self.method, origin(&self.uri)),
            Call::Connect => self.call.to_string(),
            _ => format!("{} {}", self.method, self.uri.path()),
        }
    }

    pub(super) fn json(&self) -> Option<Value> {
        serde_json::from_slice(&self.body).ok()
    }

    /// The lease token that the call shows.
    pub(super) fn lease_token(&self) -> Option<String> {
        Some(self.json()?.get("lease_token")?.as_str()?.to_owned())
    }

    /// The answer's code.
    pub(super) fn code(&self) -> Option<&str> {
        self.answer.as_ref()?.code.as_deref()
    }

    pub(super) fn is_granted(&self) -> bool {
        self.answer.as_ref().is_some_and(|answer| (200..300).contains(&answer.status))
    }

    /// The deliveries of a lease call's answer.
    pub(super) fn deliveries(&self) -> Vec<Value> {
        let parse = || -> Option<Vec<Value>> {
            let answer: Value = serde_json::from_slice(&self.answer.as_ref()?.body).ok()?;
            Some(answer.get("deliveries")?.as_array()?.clone())
        };
        match self.call {
            Call::Lease => parse().unwrap_or_default(),
            _ => Vec::new(),
        }
    }
}

/// Scheme, host and port: a path may hold anything.
fn origin(uri: &Uri) -> String {
    let scheme = uri.scheme_str().unwrap_or_default();
    format!("{scheme}://{}", uri.authority().map_or("", http::uri::Authority::as_str))
}

/// The exchanges of a run, in the order in which the requests came.
#[derive(Default)]
pub(super) struct Transcript(Mutex<Vec<Exchange>>);

/// The most exchanges that are kept: a plugin that floods fills no memory.
const MAX_EXCHANGES: usize = 20_000;

impl Transcript {
    /// Keeps a request, and says where; `None` if there are too many.
    pub(super) fn begin(&self, exchange: Exchange) -> Option<usize> {
        let mut exchanges = self.lock();
        if exchanges.len() >= MAX_EXCHANGES {
            return None;
        }
        exchanges.push(exchange);
        Some(exchanges.len() - 1)
    }

    pub(super) fn answered(&self, place: Option<usize>, answer: Answered) {
        let Some(place) = place else { return };
        if let Some(exchange) = self.lock().get_mut(place) {
            exchange.answer = Some(answer);
        }
    }

    pub(super) fn exchanges(&self) -> Vec<Exchange> {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Exchange>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
