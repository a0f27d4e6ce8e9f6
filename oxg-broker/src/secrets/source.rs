use std::fmt;
use std::pin::Pin;
use std::time::Duration;

use oxg_protocol::SecretName;
use secrecy::SecretString;

use super::SourceError;

/// A value in the making; `None` where the source has none of that name.
pub type Fetching<'a> =
    Pin<Box<dyn Future<Output = Result<Option<FetchedSecret>, SourceError>> + Send + 'a>>;

/// Where secrets come from. It is asked each time a secret is lent, so that a value that was
/// rotated there is the next one that a plugin gets. Callers that ask for one secret at the same
/// time share one look.
///
/// A broker asks only for names that the plugin's manifest grants, and gives up after 10 s.
pub trait SecretSource: fmt::Debug + Send + Sync + 'static {
    /// The value of `name` for the plugin `plugin` now.
    fn fetch<'a>(&'a self, plugin: &'a str, name: &'a SecretName) -> Fetching<'a>;
}

/// What a source knows of a secret.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct FetchedSecret {
    /// The value.
    pub value: SecretString,
    /// Its version, where the source counts versions. Without one, or with one that went back, the
    /// broker counts for itself.
    pub version: Option<u64>,
    /// How long a lease on it lasts, where the source says so, in place of the broker's own time.
    pub ttl: Option<Duration>,
}

impl FetchedSecret {
    /// A value, without a version or a time.
    #[must_use]
    pub fn new(value: SecretString) -> Self {
        Self { value, version: None, ttl: None }
    }

    /// With the version that the source gives it.
    #[must_use]
    pub fn version(mut self, version: u64) -> Self {
        self.version = Some(version);
        self
    }

    /// With the time that the source allows.
    #[must_use]
    pub fn ttl(mut self, ttl: Duration) -> Self {
        self.ttl = Some(ttl);
        self
    }
}

impl From<SecretString> for FetchedSecret {
    fn from(value: SecretString) -> Self {
        Self::new(value)
    }
}
