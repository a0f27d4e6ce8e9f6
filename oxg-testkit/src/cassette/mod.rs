//! Cassettes: real exchanges, recorded once and replayed without network.

mod body;
mod diff;
mod field;
mod file;
mod record;
mod replay;
mod scrub;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use oxg_broker::egress::{Resolve, SystemResolver, Upstream};
use oxg_protocol::SecretName;

pub(crate) use record::Recorder;
pub(crate) use replay::Player;

/// The most bytes of a cassette's file: 16 MiB.
pub const MAX_FILE_BYTES: u64 = 16 << 20;
/// The most exchanges of a cassette: 1,000.
pub const MAX_INTERACTIONS: usize = 1_000;
/// The most bytes of a body that is recorded: 1 MiB.
pub const MAX_BODY_BYTES: usize = 1 << 20;

/// The variable that decides between recording and replaying.
const VARIABLE: &str = "OXG_RECORD";

/// Real exchanges in a file: recorded once, through the broker, and replayed ever after.
///
/// [`Testkit::cassette`](crate::Testkit::cassette) takes one, or only its path, which is that of a
/// JSON file, from the folder of the package. A test run with `OXG_RECORD=1` records it, in real
/// time and over the network; any other replays it.
///
/// What is recorded passes the redactor first, with every secret of the test registered: a cassette
/// can be committed. It is written when the test has passed, whole or not at all, and is made to be
/// read and edited.
///
/// A replayed request must have the method, the URL, the body and each header field that the
/// cassette has; a header field that is taken out of the file matters no more. Both sides are
/// compared as they are redacted, so that a canary stands for the secret that was recorded. What the
/// test scripts itself goes before the cassette.
///
/// Limits: [`MAX_INTERACTIONS`], [`MAX_BODY_BYTES`] and [`MAX_FILE_BYTES`]. WebSockets are not
/// recorded.
///
/// ```no_run
/// # fn example<P: oxg_sdk::Plugin>(t: &oxg_testkit::Testkit<P>) {
/// use oxg_testkit::Cassette;
///
/// t.cassette("tests/cassettes/shop.json");
/// t.cassette(
///     Cassette::new("tests/cassettes/login.json")
///         .in_order()
///         .secret_from_env("api-token", "SHOP_TOKEN"), // while recording: the real one
/// );
/// # }
/// ```
#[must_use = "a cassette does nothing until `Testkit::cassette` takes it"]
pub struct Cassette {
    path: PathBuf,
    recording: Option<bool>,
    in_order: bool,
    allow_unused: bool,
    loopback: Vec<u16>,
    secrets: Vec<(String, String)>,
    resolver: Arc<dyn Resolve>,
    upstream: Option<Arc<dyn Upstream>>,
}

impl Cassette {
    /// The cassette in this file.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            recording: None,
            in_order: false,
            allow_unused: false,
            loopback: Vec::new(),
            secrets: Vec::new(),
            resolver: Arc::new(SystemResolver),
            upstream: None,
        }
    }

    /// Records if `recording`, and replays if not, whatever `OXG_RECORD` says. Recording needs a
    /// runtime whose time is real.
    pub fn recording(mut self, recording: bool) -> Self {
        self.recording = Some(recording);
        self
    }

    /// Requests must come in the order of the file. Default: in any order; of equal ones, the first
    /// in the file is used first.
    pub fn in_order(mut self) -> Self {
        self.in_order = true;
        self
    }

    /// It is no fault if an exchange of the file is not used.
    pub fn allow_unused(mut self) -> Self {
        self.allow_unused = true;
        self
    }

    /// While recording, the secret `name` has the value of the environment variable `variable`.
    /// Else it has its canary.
    pub fn secret_from_env(mut self, name: impl Into<String>, variable: impl Into<String>) -> Self {
        self.secrets.push((name.into(), variable.into()));
        self
    }

    /// While recording, targets on this port of loopback may be reached.
    pub fn allow_loopback(mut self, port: u16) -> Self {
        self.loopback.push(port);
        self
    }

    /// While recording, names are looked up and targets are reached this way. Default: the system's
    /// resolver, and the network.
    pub fn through(mut self, resolver: impl Resolve, upstream: impl Upstream) -> Self {
        self.resolver = Arc::new(resolver);
        self.upstream = Some(Arc::new(upstream));
        self
    }

    /// # Panics
    /// If it cannot be played or recorded.
    #[track_caller]
    #[allow(clippy::panic, reason = "a cassette that cannot be used is a failed test")]
    pub(crate) fn load(self) -> Deck {
        let recording = self.recording.unwrap_or_else(recording);
        match if recording { self.record() } else { self.play() } {
            Ok(deck) => deck,
            Err(error) => panic!("{error}"),
        }
    }

    fn record(self) -> Result<Deck, String> {
        if time_is_paused() {
            return Err(format!(
                "{} can only be recorded in real time: set {VARIABLE}=1 for the test, or take a \
                 runtime whose clock is not paused",
                self.path.display()
            ));
        }
        let mut secrets = Vec::new();
        for (name, variable) in self.secrets {
            let name: SecretName = name.parse().map_err(|error| format!("{name:?}: {error}"))?;
            let value = std::env::var(&variable).map_err(|error| {
                format!("to record, the secret {name} is read from {variable}: {error}")
            })?;
            secrets.push((name, value));
        }
        Ok(Deck::Recorder(Recorder::new(record::Plan {
            path: self.path,
            loopback: self.loopback,
            secrets,
            resolver: self.resolver,
            upstream: self.upstream,
        })?))
    }

    fn play(self) -> Result<Deck, String> {
        let interactions = file::read(&self.path)?;
        let player = Player::new(self.path, interactions);
        Ok(Deck::Player(player.in_order(self.in_order).allow_unused(self.allow_unused)))
    }
}

impl<P: AsRef<Path>> From<P> for Cassette {
    fn from(path: P) -> Self {
        Self::new(path.as_ref())
    }
}

impl std::fmt::Debug for Cassette {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Cassette").field("path", &self.path).finish_non_exhaustive()
    }
}

/// A cassette in use.
#[derive(Debug)]
pub(crate) enum Deck {
    Player(Player),
    Recorder(Recorder),
}

impl Deck {
    /// Keeps the value of a secret out of the cassette, and out of what is said of it.
    pub(crate) fn hide(&self, value: &str) -> Result<(), String> {
        match self {
            Self::Player(player) => player.scrub().hide(value),
            Self::Recorder(recorder) => recorder.scrub().hide(value),
        }
    }
}

/// Whether the environment asks for recording.
pub(crate) fn recording() -> bool {
    std::env::var_os(VARIABLE).is_some_and(|value| !value.is_empty() && value != "0")
}

/// A paused clock of Tokio stands still while the system's goes on.
fn time_is_paused() -> bool {
    let before = tokio::time::Instant::now();
    std::thread::sleep(Duration::from_millis(2));
    tokio::time::Instant::now() == before
}
