use std::fs::{self, File, Metadata};
use std::io::{self, Read as _};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use http::HeaderValue;
use oxg_redact::Redactor;

/// The longest token, in bytes.
const MAX_BYTES: u64 = 16 << 10;

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
    last: Mutex<Option<(Stamp, Bearer)>>,
}

/// A token as it is sent.
#[derive(Debug, Clone)]
pub(super) struct Bearer {
    /// The value of the authorization field.
    pub(super) value: HeaderValue,
    /// Which token of its source it is: the first, the second, and so on.
    pub(super) version: u64,
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

    /// A file with the token. White space around it is ignored. Whether it has changed is looked at for
    /// each new connection, and whenever the broker does not accept the token; a call that was refused
    /// for the token before is then made once more.
    #[must_use]
    pub fn file(path: impl Into<PathBuf>) -> Self {
        Self(Source::File(Arc::new(TokenFile { path: path.into(), last: Mutex::new(None) })))
    }

    /// The token as it was known last; with `anew`, what is in the file now. The token is known to
    /// `redactor` before it is used.
    pub(super) fn bearer(
        &self,
        redactor: &Redactor,
        anew: bool,
    ) -> Result<Option<Bearer>, TokenError> {
        match &self.0 {
            Source::None => Ok(None),
            Source::Value(value) => {
                if anew {
                    register(value, redactor);
                }
                Ok(Some(Bearer { value: value.clone(), version: 1 }))
            }
            Source::File(file) => file.bearer(redactor, anew).map(Some),
        }
    }

    /// Whether there is another token by now than that of `version`.
    pub(super) fn is_newer_than(&self, version: u64, redactor: &Redactor) -> bool {
        matches!(self.bearer(redactor, true), Ok(Some(now)) if now.version != version)
    }
}

impl TokenFile {
    fn last(&self) -> MutexGuard<'_, Option<(Stamp, Bearer)>> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn bearer(&self, redactor: &Redactor, anew: bool) -> Result<Bearer, TokenError> {
        if !anew && let Some((_, known)) = &*self.last() {
            return Ok(known.clone());
        }
        let failed = |source| TokenError::Read { path: self.path.clone(), source };
        let stamp = fs::metadata(&self.path).map(|meta| stamp(&meta)).map_err(failed)?;
        let mut last = self.last();
        if let Some((as_of, known)) = &*last
            && *as_of == stamp
        {
            return Ok(known.clone());
        }
        let mut text = String::new();
        File::open(&self.path)
            .and_then(|file| file.take(MAX_BYTES + 1).read_to_string(&mut text))
            .map_err(failed)?;
        let value = bearer(text.trim())?;
        register(&value, redactor);
        let version = match &*last {
            Some((_, known)) => known.version + u64::from(known.value != value),
            None => 1,
        };
        let now = Bearer { value, version };
        *last = Some((stamp, now.clone()));
        Ok(now)
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

    #[test]
    fn a_token_file_is_read_again_when_it_changes() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("token");
        let redactor = Redactor::default();
        let source = TokenSource::file(&path);
        assert!(matches!(source.bearer(&redactor, false), Err(TokenError::Read { .. })));
        let bearer = |anew| source.bearer(&redactor, anew).unwrap().unwrap();
        for (version, token) in (1..).zip(["the-first-token\n", "the-second-one-is-longer\n"]) {
            fs::write(&path, token).unwrap();
            assert!(source.is_newer_than(version - 1, &redactor));
            assert!(!source.is_newer_than(version, &redactor));
            assert_eq!(bearer(false).value, format!("Bearer {}", token.trim()));
            assert!(!redactor.redact(token).contains(token.trim()));
        }
        fs::write(&path, "a-third-token-which-nobody-asked-for").unwrap();
        assert_eq!(bearer(false).value, "Bearer the-second-one-is-longer");
        assert_eq!(bearer(true).value, "Bearer a-third-token-which-nobody-asked-for");
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
