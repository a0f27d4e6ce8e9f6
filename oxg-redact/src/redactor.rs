//! The redactor.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use crate::builder::RedactorBuilder;
use crate::detect;
use crate::kind::Kind;
use crate::known::{KnownValues, RefusedValue, Snapshot};
use crate::mask::Masks;
use crate::names;
use crate::policy::{Policy, Settings};
use crate::report::Report;
use crate::spans::{self, Span};
use crate::stream::StreamRedactor;

/// Removes secrets and personal data from text.
///
/// A clone is cheap and shares everything: a value registered with one clone is
/// removed by all. Redaction needs no lock but for taking a snapshot of the
/// registered values, so a writer never stops a reader.
///
/// Redaction is idempotent, and linear in the length of the text. Each finding
/// makes a text longer by less than [`MAX_MARKER_LEN`](crate::MAX_MARKER_LEN)
/// bytes.
///
/// ```
/// use oxg_redact::Redactor;
///
/// let redactor = Redactor::default();
/// redactor.register("s3cr3t-from-vault")?;
///
/// assert_eq!(
///     redactor.redact("sent s3cr3t-from-vault to jo@example.org"),
///     "sent [REDACTED_SECRET] to [REDACTED_EMAIL]",
/// );
/// // In any encoding: here base64, with something before it.
/// assert_eq!(
///     redactor.redact("Authorization: Basic dXNlcjpzM2NyM3QtZnJvbS12YXVsdA=="),
///     "Authorization: Basic [REDACTED_SECRET]",
/// );
/// # Ok::<(), oxg_redact::RefusedValue>(())
/// ```
#[derive(Clone)]
pub struct Redactor {
    shared: Arc<Shared>,
}

struct Shared {
    settings: Settings,
    known: KnownValues,
}

impl Default for Redactor {
    /// A redactor with [`Policy::Default`] and no registered value.
    fn default() -> Self {
        Self::with_settings(Settings::new(Policy::Default))
    }
}

impl Redactor {
    /// A builder for a redactor that differs from the default.
    pub fn builder() -> RedactorBuilder {
        RedactorBuilder::default()
    }

    pub(crate) fn with_settings(settings: Settings) -> Self {
        Self { shared: Arc::new(Shared { settings, known: KnownValues::default() }) }
    }

    /// Replaces every finding by its [marker](Kind::marker). Clean text comes
    /// back borrowed.
    ///
    /// ```
    /// use std::borrow::Cow;
    ///
    /// let redactor = oxg_redact::Redactor::default();
    /// let sha = "commit 9fceb02d0ae598e95dc970b74767f19372d61af8";
    /// assert!(matches!(redactor.redact(sha), Cow::Borrowed(text) if text == sha));
    /// assert_eq!(
    ///     redactor.redact("GET /?token=a8f5f167f44f4964e6c998de"),
    ///     "GET /?token=[REDACTED_SECRET]",
    /// );
    /// ```
    #[must_use]
    pub fn redact<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let spans = self.find_in_str(text);
        if spans.is_empty() {
            return Cow::Borrowed(text);
        }
        let mut out = String::with_capacity(text.len());
        spans::replace_str(text, &spans, self.masks(), &mut out);
        Cow::Owned(out)
    }

    /// As [`redact`](Self::redact), appending to a buffer that can be reused.
    pub fn redact_into(&self, text: &str, out: &mut String) {
        spans::replace_str(text, &self.find_in_str(text), self.masks(), out);
    }

    /// As [`redact`](Self::redact), for bytes in any encoding that keeps ASCII.
    #[must_use]
    pub fn redact_bytes<'t>(&self, bytes: &'t [u8]) -> Cow<'t, [u8]> {
        let spans = self.find(bytes);
        if spans.is_empty() {
            return Cow::Borrowed(bytes);
        }
        let mut out = Vec::with_capacity(bytes.len());
        spans::replace(bytes, &spans, self.masks(), &mut out);
        Cow::Owned(out)
    }

    /// Tells what [`redact`](Self::redact) would remove, and where.
    ///
    /// ```
    /// use oxg_redact::{Kind, Redactor};
    ///
    /// let report = Redactor::default().scan("mail jo@example.org");
    /// assert_eq!(report.findings()[0].kind, Kind::Email);
    /// assert_eq!(report.findings()[0].range, 5..19);
    /// ```
    #[must_use]
    pub fn scan(&self, text: &str) -> Report {
        Report::new(self.find_in_str(text))
    }

    /// A redactor for a stream of bytes that comes in pieces.
    pub fn stream(&self) -> StreamRedactor {
        StreamRedactor::new(self.clone())
    }

    /// Registers a value known to be secret. From now on it is removed by all
    /// clones, as it is and in base64 and base64url (at each alignment, with and
    /// without padding), in hex, percent-encoded, as HTML escapes it, and as JSON
    /// and `Debug` escape it, up to three times over.
    ///
    /// A value of more than 127 bytes is also removed in part: each 64-byte
    /// piece of it is looked for on its own.
    ///
    /// # Errors
    ///
    /// If removing the value would mangle every text: it is empty, short or
    /// commonplace. Also if it is too long, or there are too many.
    pub fn register(&self, value: &str) -> Result<(), RefusedValue> {
        self.shared.known.register(value)
    }

    /// Registers many values at the cost of one. Returns those that were refused,
    /// each by its position and with the reason; all others are registered.
    #[must_use = "a refused value is not removed from text"]
    pub fn register_all<'a>(
        &self,
        values: impl IntoIterator<Item = &'a str>,
    ) -> Vec<(usize, RefusedValue)> {
        self.shared.known.register_all(values)
    }

    /// Takes a registered value out again, for all clones. Returns whether it
    /// was registered.
    pub fn forget(&self, value: &str) -> bool {
        self.shared.known.forget(value)
    }

    /// How many values are registered.
    #[must_use]
    pub fn known_values(&self) -> usize {
        self.shared.known.len()
    }

    /// Whether a registered value occurs, in any of its forms. For tests that
    /// look for leaks.
    ///
    /// ```
    /// let redactor = oxg_redact::Redactor::default();
    /// redactor.register("hunter2-hunter2")?;
    /// assert!(redactor.contains_known(b"68756e746572322d68756e74657232"));
    /// assert!(!redactor.contains_known(b"hunter"));
    /// # Ok::<(), oxg_redact::RefusedValue>(())
    /// ```
    #[must_use]
    pub fn contains_known(&self, bytes: &[u8]) -> bool {
        self.snapshot().occurs(bytes)
    }

    /// Whether the name of a field, variable or header says that its value is
    /// secret. Words are told apart: `access_token` is sensitive, `tokenizer` is not.
    ///
    /// ```
    /// use oxg_redact::Redactor;
    ///
    /// assert!(Redactor::is_sensitive_name("X-Api-Key"));
    /// assert!(!Redactor::is_sensitive_name("keyboard"));
    /// ```
    #[must_use]
    pub fn is_sensitive_name(name: &str) -> bool {
        names::is_sensitive(name.as_bytes())
    }

    pub(crate) fn masks(&self) -> &Masks {
        &self.shared.settings.masks
    }

    #[cfg(any(feature = "json", feature = "serde"))]
    pub(crate) fn settings(&self) -> &Settings {
        &self.shared.settings
    }

    pub(crate) fn snapshot(&self) -> Arc<Snapshot> {
        self.shared.known.snapshot()
    }

    /// Findings by position, united.
    pub(crate) fn find(&self, text: &[u8]) -> Vec<Span> {
        let mut spans = Vec::new();
        detect::run(text, &self.shared.settings, &mut spans);
        spans::drop_beside_markers(text, &mut spans);
        if let Some(values) = self.shared.known.if_any() {
            values.search(text, |range| {
                spans.push(Span {
                    evidence: range.clone(),
                    range,
                    kind: Kind::KnownValue,
                    detector: "known-value",
                });
            });
        }
        if self.masks().tell_more() {
            spans::drop_across_markers(text, &mut spans);
        }
        spans::unite(&mut spans);
        spans
    }

    fn find_in_str(&self, text: &str) -> Vec<Span> {
        let mut spans = self.find(text.as_bytes());
        spans::widen_to_chars(text, &mut spans);
        spans
    }
}

/// Shows how many values are registered, never a value.
impl fmt::Debug for Redactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Redactor")
            .field("known_values", &self.known_values())
            .finish_non_exhaustive()
    }
}
