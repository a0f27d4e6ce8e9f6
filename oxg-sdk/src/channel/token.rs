use std::fs::{self, File, Metadata};
use std::io::{self, Read as _};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use http::HeaderValue;
use oxg_redact::Redactor;
use tokio::time::Instant;

/// The longest token, in bytes.
const MAX_BYTES: u64 = 16 << 10;

/// How long a file is taken to be as it was. A new connection, and a token that the broker refuses, have
/// it looked at before.
const SETTLED: Duration = Duration::from_secs(1);

/// Where the session's bearer token comes from.
#[derive(Debug, Clone, Default)]
pub struct TokenSource(Source);

#[derive(Debug, Clone, Default)]
enum Source {
    #[default]
    None,
    Value(HeaderValue),
    File(Arc<TokenFile>),
}

#[derive(Debug)]
struct TokenFile {
    path: PathBuf,
    last: Mutex<Option<Known>>,
}

#[derive(Debug)]
struct Known {
    stamp: Stamp,
    value: HeaderValue,
    looked: Instant,
    /// How many values there were before this one.
    generation: u64,
}

/// What tells one version of a file from the next.
type Stamp = (Option<SystemTime>, u64, u64);

/// Why there is no token.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TokenError {
    /// The file cannot be read.
    #[error("cannot read the session token from {path}; check OXG_TOKEN_FILE")]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The text is not a bearer token.
    #[error("the session token is empty, longer than 16 KiB, or not visible ASCII without spaces")]
    Malformed,
}

impl TokenSource {
    /// No token at all. Only `GET /healthz` works without one.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// A token that never changes.
    ///
    /// # Errors
    /// [`TokenError::Malformed`].
    pub fn value(token: &str) -> Result<Self, TokenError> {
        bearer(token).map(Source::Value).map(Self)
    }

    /// A file with the token. White space around it is ignored.
    ///
    /// It is read again when it has changed: looked at once a second while there are calls, for each
    /// new connection, and when the broker refuses the token that it had.
    #[must_use]
    pub fn file(path: impl Into<PathBuf>) -> Self {
        Self(Source::File(Arc::new(TokenFile { path: path.into(), last: Mutex::new(None) })))
    }

    /// The value of the authorization field. The token is known to `redactor` before it is used. With
    /// `look`, a file is looked at in any case.
    pub(super) fn bearer(
        &self,
        redactor: &Redactor,
        look: bool,
    ) -> Result<Option<HeaderValue>, TokenError> {
        match &self.0 {
            Source::None => Ok(None),
            Source::Value(value) => {
                register(value, redactor);
                Ok(Some(value.clone()))
            }
            Source::File(file) => file.read(redactor, look).map(Some),
        }
    }

    /// What tells the token of now from a later one.
    pub(super) fn generation(&self) -> u64 {
        match &self.0 {
            Source::File(file) => file.generation(),
            _ => 0,
        }
    }

    /// Whether there is another token by now than that of `generation`.
    pub(super) fn is_newer_than(&self, generation: u64, redactor: &Redactor) -> bool {
        self.bearer(redactor, true).is_ok() && self.generation() != generation
    }
}

impl TokenFile {
    fn read(&self, redactor: &Redactor, look: bool) -> Result<HeaderValue, TokenError> {
        let now = Instant::now();
        let mut last = self.last();
        if let Some(known) = &*last
            && !look
            && now.duration_since(known.looked) < SETTLED
        {
            return Ok(known.value.clone());
        }
        let failed = |source| TokenError::Read { path: self.path.clone(), source };
        let stamp = fs::metadata(&self.path).map(|meta| stamp(&meta)).map_err(failed)?;
        if let Some(known) = &mut *last
            && known.stamp == stamp
        {
            known.looked = now;
            return Ok(known.value.clone());
        }
        let mut text = String::new();
        File::open(&self.path)
            .and_then(|file| file.take(MAX_BYTES + 1).read_to_string(&mut text))
            .map_err(failed)?;
        let value = bearer(text.trim())?;
        register(&value, redactor);
        let generation = last.as_ref().map_or(0, |known| known.generation + 1);
        *last = Some(Known { stamp, value: value.clone(), looked: now, generation });
        Ok(value)
    }

    fn generation(&self) -> u64 {
        self.last().as_ref().map_or(0, |known| known.generation)
    }

    fn last(&self) -> MutexGuard<'_, Option<Known>> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn stamp(meta: &Metadata) -> Stamp {
    #[cfg(unix)]
    let inode = std::os::unix::fs::MetadataExt::ino(meta);
    #[cfg(not(unix))]
    let inode = 0;
    (meta.modified().ok(), meta.len(), inode)
}

fn bearer(token: &str) -> Result<HeaderValue, TokenError> {
    let fits = !token.is_empty() && token.len() as u64 <= MAX_BYTES;
    if !fits || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(TokenError::Malformed);
    }
    let mut value =
        HeaderValue::try_from(format!("Bearer {token}")).map_err(|_| TokenError::Malformed)?;
    value.set_sensitive(true);
    Ok(value)
}

/// A refusal is no failure: what is too short to be searched for cannot be told from other text.
fn register(value: &HeaderValue, redactor: &Redactor) {
    if let Some(token) = value.to_str().ok().and_then(|text| text.strip_prefix("Bearer ")) {
        let _ = redactor.register(token);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_token_file_is_read_again_when_it_changes() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("token");
        let redactor = Redactor::default();
        let source = TokenSource::file(&path);
        let read = |look| {
            let value = source.bearer(&redactor, look)?;
            Ok::<_, TokenError>(value.unwrap().to_str().unwrap().to_owned())
        };
        assert!(matches!(read(false), Err(TokenError::Read { .. })));
        let write = |token: &str| fs::write(&path, format!("{token}\n")).unwrap();
        write("first-token-of-the-session");
        assert_eq!(read(false).unwrap(), "Bearer first-token-of-the-session");
        let generation = source.generation();
        assert!(!source.is_newer_than(generation, &redactor));

        write("the-second-one-is-longer-still");
        assert_eq!(read(false).unwrap(), "Bearer first-token-of-the-session", "within a second");
        assert_eq!(read(true).unwrap(), "Bearer the-second-one-is-longer-still");
        assert!(source.is_newer_than(generation, &redactor));

        write("and-a-third");
        tokio::time::advance(SETTLED).await;
        assert_eq!(read(false).unwrap(), "Bearer and-a-third");
        assert!(!redactor.redact("and-a-third").contains("and-a-third"));
    }

    #[test]
    fn a_token_does_not_print() {
        let source = TokenSource::value("very-secret-token").unwrap();
        assert!(!format!("{source:?}").contains("very-secret-token"));
    }

    #[test]
    fn what_is_not_a_token_is_refused() {
        for bad in ["", "two words", "line\nbreak", "caf\u{e9}"] {
            assert!(TokenSource::value(bad).is_err(), "{bad:?}");
        }
    }
}
