use std::fmt;
use std::pin::Pin;

use oxg_protocol::SecretName;
use secrecy::SecretString;

use super::SourceError;

/// A value in the making; `None` where the source has none of that name.
pub type Fetching<'a> =
    Pin<Box<dyn Future<Output = Result<Option<SecretString>, SourceError>> + Send + 'a>>;

/// Where secrets come from. It is asked each time a secret is lent, so that a value that was
/// rotated there is the next one that a plugin gets.
///
/// A broker asks only for names that the plugin's manifest grants, and gives up after 10 s.
pub trait SecretSource: fmt::Debug + Send + Sync + 'static {
    /// The value of `name` for the plugin `plugin` now.
    fn fetch<'a>(&'a self, plugin: &'a str, name: &'a SecretName) -> Fetching<'a>;
}
