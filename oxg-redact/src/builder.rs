//! Building a redactor.

use crate::kind::Kind;
use crate::known::RefusedValue;
use crate::mask::{Mask, Masks};
use crate::own::{OwnFormat, OwnRules};
use crate::policy::{Policy, Settings};
use crate::redactor::Redactor;

/// Builds a [`Redactor`] that differs from the default.
///
/// ```
/// use oxg_redact::{Kind, Policy, Redactor};
///
/// let redactor = Redactor::builder()
///     .policy(Policy::LogsOnly)
///     .kind(Kind::Phone, true)
///     .allow("support@example.com")
///     .known_value("correct-horse-7")
///     .build()?;
/// assert_eq!(redactor.redact("ask support@example.com"), "ask support@example.com");
/// assert_eq!(redactor.redact("pw correct-horse-7"), "pw [REDACTED_SECRET]");
/// # Ok::<(), oxg_redact::RefusedValue>(())
/// ```
#[must_use = "a builder does nothing until `build` is called"]
#[derive(Default)]
pub struct RedactorBuilder {
    policy: Policy,
    kinds: Vec<(Kind, bool)>,
    allowed: Vec<String>,
    off: Vec<String>,
    masks: Masks,
    formats: Vec<OwnFormat>,
    never: Vec<String>,
    values: Vec<String>,
}

impl RedactorBuilder {
    /// Starts from another preset than [`Policy::Default`].
    pub fn policy(mut self, policy: Policy) -> Self {
        self.policy = policy;
        self
    }

    /// Switches a kind on or off, whatever the policy says. The last call for a
    /// kind counts. [`Kind::KnownValue`] cannot be switched off.
    pub fn kind(mut self, kind: Kind, on: bool) -> Self {
        self.kinds.push((kind, on));
        self
    }

    /// Leaves a literal text alone where a detector finds exactly it. A
    /// registered value is removed all the same.
    pub fn allow(mut self, text: impl Into<String>) -> Self {
        self.allowed.push(text.into());
        self
    }

    /// Switches one detector off, by the name that a
    /// [`Finding`](crate::Finding) has, such as `github-token`. A name that no
    /// detector has does nothing.
    pub fn without_detector(mut self, name: impl Into<String>) -> Self {
        self.off.push(name.into());
        self
    }

    /// Sets what the markers of a kind tell. Default: [`Mask::Marker`].
    pub fn mask(mut self, kind: Kind, mask: Mask) -> Self {
        self.masks.set(kind, mask);
        self
    }

    /// Sets the key of [`Mask::Fingerprint`]. Take one of at least 16 random
    /// bytes, the same wherever fingerprints are to be compared.
    #[cfg(feature = "fingerprint")]
    pub fn fingerprint_key(mut self, key: &[u8]) -> Self {
        self.masks.set_key(key);
        self
    }

    /// Adds a format of tokens: `prefix` and then at least `min` letters,
    /// digits, `_` or `-`. Case matters. A prefix of fewer than three bytes is
    /// left out.
    ///
    /// ```
    /// use oxg_redact::Redactor;
    ///
    /// let redactor = Redactor::builder().token_format("acme_", 12).build()?;
    /// assert_eq!(redactor.redact("got acme_q7Zk2mX9pL4t"), "got [REDACTED_SECRET]");
    /// assert_eq!(redactor.redact("acme_shop"), "acme_shop");
    /// # Ok::<(), oxg_redact::RefusedValue>(())
    /// ```
    pub fn token_format(mut self, prefix: impl Into<String>, min: usize) -> Self {
        self.formats.push(OwnFormat { prefix: prefix.into().into_boxed_str(), min });
        self
    }

    /// Names a field whose value never stays, whatever it looks like and
    /// whatever its type. Case does not matter.
    ///
    /// ```
    /// use oxg_redact::Redactor;
    ///
    /// let redactor = Redactor::builder().never("diagnosis").build()?;
    /// assert_eq!(redactor.redact("diagnosis=flu ward=3"), "diagnosis=[REDACTED_SECRET] ward=3");
    /// # Ok::<(), oxg_redact::RefusedValue>(())
    /// ```
    pub fn never(mut self, name: impl Into<String>) -> Self {
        self.never.push(name.into());
        self
    }

    /// Registers a value known to be secret, as [`Redactor::register`] does.
    pub fn known_value(mut self, value: impl Into<String>) -> Self {
        self.values.push(value.into());
        self
    }

    /// Builds the redactor.
    ///
    /// # Errors
    ///
    /// The first reason why a known value was refused.
    pub fn build(self) -> Result<Redactor, RefusedValue> {
        let mut settings = Settings::new(self.policy);
        for (kind, on) in self.kinds {
            settings.kinds.set(kind, on || kind == Kind::KnownValue);
        }
        settings.allowed =
            self.allowed.into_iter().map(|text| text.into_bytes().into_boxed_slice()).collect();
        settings.off = self.off.into_iter().map(String::into_boxed_str).collect();
        settings.masks = self.masks;
        settings.own = OwnRules::new(
            self.formats,
            self.never.into_iter().map(String::into_boxed_str).collect(),
        );
        let redactor = Redactor::with_settings(settings);
        let refused = redactor.register_all(self.values.iter().map(String::as_str));
        match refused.first() {
            Some((_, reason)) => Err(*reason),
            None => Ok(redactor),
        }
    }
}

impl std::fmt::Debug for RedactorBuilder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RedactorBuilder")
            .field("policy", &self.policy)
            .field("kinds", &self.kinds)
            .field("known_values", &self.values.len())
            .finish_non_exhaustive()
    }
}
