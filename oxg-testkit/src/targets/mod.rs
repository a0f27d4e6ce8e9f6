//! Scripted targets: what the plugin reaches instead of the network.

mod answer;
mod conversation;
mod expectation;
mod gate;
mod json;
mod pattern;
mod script;
mod sent;
mod template;
#[cfg(test)]
mod tests;
mod upstream;
mod websocket;
pub(crate) mod wire;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

pub use answer::{Answer, Fault};
pub use conversation::Conversation;
pub use expectation::{Expectation, Reply};
pub use gate::Gate;
pub(crate) use json::{Exactness, differences as json_differences};
pub use pattern::{Pattern, get, request};
pub use sent::Sent;
pub(crate) use template::Template;
#[cfg(feature = "conformance")]
pub(crate) use upstream::resolver;
pub(crate) use upstream::{ScriptedResolve, ScriptedUpstream, text};

use crate::cassette::{Deck, Recorder};
use expectation::Answering;
use script::Script;
use websocket::Progress;

/// The scripted targets of a test, as many as it likes: an expectation names its host. A clone is
/// the same script.
///
/// Every name resolves to a public address, so that the broker's policy decides by the manifest.
/// A request that passes policy and no expectation covers is denied, and fails the test in the
/// end, with the nearest expectation.
#[derive(Debug, Clone, Default)]
pub struct Targets(Arc<Mutex<Script>>);

impl Targets {
    /// Expects requests. Of several expectations that cover a request the first one answers that
    /// has not been used up.
    pub fn on(&self, pattern: Pattern) -> Expectation {
        Expectation { targets: self.clone(), pattern }
    }

    /// From now on, each expectation holds only once the one before it is met.
    pub fn in_order(&self) {
        self.script().in_order = true;
    }

    /// The requests that arrived, in order.
    #[must_use]
    pub fn sent(&self) -> Vec<Sent> {
        self.script().sent.clone()
    }

    /// The answer to a request; `None` if no expectation covers it.
    pub(crate) fn answer(&self, sent: Sent) -> Option<Answering> {
        self.script().answer(sent)
    }

    /// Watches over a conversation that begins with `url`.
    fn begin(&self, url: String) -> Progress {
        let progress = Progress::new(url);
        self.script().conversations.push(progress.clone());
        progress
    }

    /// What went other than scripted, a paragraph each.
    pub(crate) fn complaints(&self) -> Vec<String> {
        self.script().complaints()
    }

    /// From now on, what no expectation covers is the cassette's.
    pub(crate) fn load(&self, deck: Deck) {
        self.script().deck = Some(deck);
    }

    /// Keeps the value of a secret out of the cassette.
    pub(crate) fn hide(&self, value: &str) -> Result<(), String> {
        self.script().deck.as_ref().map_or(Ok(()), |deck| deck.hide(value))
    }

    /// The cassette, if it is being recorded.
    pub(crate) fn recorder(&self) -> Option<Recorder> {
        match &self.script().deck {
            Some(Deck::Recorder(recorder)) => Some(recorder.clone()),
            _ => None,
        }
    }

    /// The cassette to which a request goes that no expectation covers, if one is being recorded.
    pub(crate) fn recorder_of(&self, sent: &Sent) -> Option<Recorder> {
        let recorder = self.recorder()?;
        self.script().passes(sent).then_some(recorder)
    }

    fn script(&self) -> MutexGuard<'_, Script> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
