//! The `http` capability.

use serde::{Deserialize, Deserializer, Serialize, de};

use crate::optional::present;
use crate::text::list_line;
use crate::{HostPattern, Method};

/// Outbound HTTP: where to, with which methods.
///
/// [`Default`] is the plain form, `{ "outbound": ["broker"] }`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct HttpCapability {
    /// The ways out, at least one.
    #[serde(deserialize_with = "at_least_one")]
    #[cfg_attr(feature = "schema", schemars(length(min = 1)))]
    pub outbound: Vec<Outbound>,
    /// The only destinations that are allowed. When absent, the broker's default policy decides:
    /// any public host. An empty list allows none.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub hosts: Option<Vec<HostPattern>>,
    /// The only methods that are allowed. When absent, all are. An empty list allows none.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub methods: Option<Vec<Method>>,
    /// Whether WebSocket connections are allowed. Not unless the manifest says so.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub websocket: bool,
}

/// A way out of the sandbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Outbound {
    /// Through the broker.
    Broker,
}

impl Default for HttpCapability {
    fn default() -> Self {
        Self { outbound: vec![Outbound::Broker], hosts: None, methods: None, websocket: false }
    }
}

impl HttpCapability {
    /// Whether requests with this method are allowed. Methods compare by case.
    #[must_use]
    pub fn allows_method(&self, method: &str) -> bool {
        let listed = |list: &Vec<Method>| list.iter().any(|allowed| allowed.as_str() == method);
        self.methods.as_ref().is_none_or(listed)
    }

    /// The `"hosts"` line of the manifest with one more pattern, for a denial that says what to
    /// change. When the manifest has no such line yet, the pattern is the only one in it.
    ///
    /// ```
    /// use oxg_manifest::{HostPattern, HttpCapability};
    ///
    /// let mut http = HttpCapability::default();
    /// http.hosts = Some(vec!["shop.test".parse()?]);
    /// let line = http.hosts_line_with(&HostPattern::for_name("cdn.test", 8443)?);
    /// assert_eq!(line, r#""hosts": ["shop.test", "cdn.test:8443"]"#);
    /// # Ok::<(), oxg_manifest::HostPatternError>(())
    /// ```
    #[must_use]
    pub fn hosts_line_with(&self, pattern: &HostPattern) -> String {
        let known = self.hosts.iter().flatten().filter(|known| *known != pattern);
        list_line("hosts", known.chain([pattern]))
    }

    /// The `"methods"` line of the manifest with one more method, as
    /// [`hosts_line_with`](Self::hosts_line_with) does for hosts.
    #[must_use]
    pub fn methods_line_with(&self, method: &Method) -> String {
        let known = self.methods.iter().flatten().filter(|known| *known != method);
        list_line("methods", known.chain([method]))
    }
}

fn at_least_one<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Outbound>, D::Error> {
    let outbound = Vec::<Outbound>::deserialize(deserializer)?;
    if outbound.is_empty() {
        return Err(de::Error::custom(
            "the list is empty; write [\"broker\"], or remove \"http\" when the plugin needs no network",
        ));
    }
    Ok(outbound)
}
