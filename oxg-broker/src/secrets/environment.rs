use oxg_protocol::SecretName;
use secrecy::SecretString;

use super::{Fetching, SecretSource};

/// Secrets in the broker's own environment, as the host names them:
/// `0XGEN_SECRET_<PLUGIN>__<SECRET>`. In the plugin's part `_` stands for `-`; case does not count.
///
/// The variables are read once. They stay visible to whoever may read the environment of this
/// process.
#[derive(Debug)]
pub struct EnvironmentSource(Vec<Variable>);

#[derive(Debug)]
struct Variable {
    plugin: String,
    secret: String,
    value: SecretString,
}

const PREFIX: &str = "0XGEN_SECRET_";

impl EnvironmentSource {
    /// The secrets in the environment of this process.
    #[must_use]
    pub fn of_process() -> Self {
        let text = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        };
        Self::of(std::env::vars_os().filter_map(text))
    }

    /// The secrets among these variables.
    pub fn of(variables: impl IntoIterator<Item = (String, String)>) -> Self {
        let parse = |(name, value): (String, String)| {
            let (plugin, secret) = name.strip_prefix(PREFIX)?.split_once("__")?;
            let plugin = plugin.to_ascii_lowercase().replace('_', "-");
            let secret = secret.to_ascii_lowercase();
            Some(Variable { plugin, secret, value: value.into() })
        };
        Self(variables.into_iter().filter_map(parse).collect())
    }
}

impl SecretSource for EnvironmentSource {
    fn fetch<'a>(&'a self, plugin: &'a str, name: &'a SecretName) -> Fetching<'a> {
        // A variable cannot have a `-` or `.` in its name: there the secret's part has `_` too.
        let written = |text: &str| text.replace(['-', '.'], "_");
        let fits = |variable: &&Variable| {
            variable.plugin.eq_ignore_ascii_case(plugin)
                && written(&variable.secret) == written(name.as_str())
        };
        let mut found = self.0.iter().filter(fits);
        // Two names that are written alike: neither is meant for sure.
        let value = found.next().filter(|_| found.next().is_none());
        let value = value.map(|variable| variable.value.clone().into());
        Box::pin(async { Ok(value) })
    }
}
