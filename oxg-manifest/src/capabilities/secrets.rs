//! The `secrets` capability.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::optional::present;
use crate::text::list_line;
use crate::{HostPattern, SecretName};

/// Secrets, leased from the broker.
///
/// [`Default`] is the plain form, `{ "broker": true }`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct SecretsCapability {
    /// Whether the plugin may ask the broker for secrets.
    pub broker: bool,
    /// The only secrets that the plugin may use. When absent, any that the operator has given to
    /// this plugin. An empty list allows none.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub names: Option<Vec<SecretName>>,
    /// For use by handle: the hosts to which the broker may send each secret. A secret that is not
    /// in it is bound to no host. To bind a secret does not allow it: [`names`](Self::names) does.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub hosts: Option<BTreeMap<SecretName, Vec<HostPattern>>>,
}

impl Default for SecretsCapability {
    fn default() -> Self {
        Self { broker: true, names: None, hosts: None }
    }
}

impl SecretsCapability {
    /// Whether the plugin may use this secret at all.
    #[must_use]
    pub fn allows(&self, name: &SecretName) -> bool {
        self.broker && self.names.as_ref().is_none_or(|names| names.contains(name))
    }

    /// The hosts to which the broker may send this secret in the plugin's place; none when the
    /// secret is not bound.
    #[must_use]
    pub fn hosts_for(&self, name: &SecretName) -> &[HostPattern] {
        self.hosts.as_ref().and_then(|hosts| hosts.get(name)).map_or(&[], Vec::as_slice)
    }

    /// The `"names"` line of the manifest with one more secret, for a denial that says what to
    /// change. When the manifest has no such line yet, the secret is the only one in it.
    #[must_use]
    pub fn names_line_with(&self, name: &SecretName) -> String {
        let known = self.names.iter().flatten().filter(|known| *known != name);
        list_line("names", known.chain([name]))
    }

    /// The `"hosts"` line of the manifest with one more host for a secret, for a denial that says
    /// what to change.
    ///
    /// ```
    /// use oxg_manifest::{HostPattern, SecretsCapability};
    ///
    /// let secrets = SecretsCapability::default();
    /// let line = secrets.hosts_line_with(&"api-token".parse()?, &"shop.test".parse()?);
    /// assert_eq!(line, r#""hosts": { "api-token": ["shop.test"] }"#);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn hosts_line_with(&self, name: &SecretName, pattern: &HostPattern) -> String {
        let mut hosts = self.hosts.clone().unwrap_or_default();
        let bound = hosts.entry(name.clone()).or_default();
        if !bound.contains(pattern) {
            bound.push(pattern.clone());
        }
        let lines: Vec<_> =
            hosts.iter().map(|(name, hosts)| list_line(name.as_str(), hosts.iter())).collect();
        format!("\"hosts\": {{ {} }}", lines.join(", "))
    }
}
