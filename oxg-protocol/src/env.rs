//! The environment of a plugin: the variables that its launcher sets, and their other spellings.
//!
//! A name that starts with a digit cannot be read in a POSIX shell, so a launcher sets both
//! spellings and readers prefer the `OXG_` one.

/// One variable and the spellings under which it is also read, in order of preference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Variable {
    /// The spelling that documents and scripts use.
    pub name: &'static str,
    /// Spellings of the host and of older launchers.
    pub aliases: &'static [&'static str],
}

impl Variable {
    const fn new(name: &'static str, aliases: &'static [&'static str]) -> Self {
        Self { name, aliases }
    }

    /// The first non-empty value among the spellings, as `read` knows them.
    ///
    /// ```
    /// use oxg_protocol::env;
    ///
    /// let read = |name: &str| (name == "0XGEN_WORKSPACE").then(|| "/workspace".to_owned());
    /// assert_eq!(env::WORKSPACE.read(read).as_deref(), Some("/workspace"));
    /// ```
    pub fn read<T: AsRef<std::ffi::OsStr>>(
        &self,
        mut read: impl FnMut(&str) -> Option<T>,
    ) -> Option<T> {
        self.spellings().filter_map(&mut read).find(|value| !value.as_ref().is_empty())
    }

    /// Every spelling, the preferred one first.
    pub fn spellings(&self) -> impl Iterator<Item = &'static str> + use<> {
        std::iter::once(self.name).chain(self.aliases.iter().copied())
    }
}

/// Where the broker listens; see [`Endpoint`](crate::Endpoint).
pub const BROKER: Variable = Variable::new("OXG_BROKER", &[]);
/// A file that holds the session's bearer token. Preferred over [`TOKEN`]; read again when it changes.
pub const TOKEN_FILE: Variable = Variable::new("OXG_TOKEN_FILE", &[]);
/// The session's bearer token itself.
pub const TOKEN: Variable = Variable::new("OXG_TOKEN", &[]);
/// PEM file of the authorities that vouch for an `https://` broker.
pub const TLS_CA: Variable = Variable::new("OXG_TLS_CA", &[]);
/// PEM file of the plugin's certificate for mutual TLS.
pub const TLS_CERT: Variable = Variable::new("OXG_TLS_CERT", &[]);
/// PEM file of the key that belongs to [`TLS_CERT`].
pub const TLS_KEY: Variable = Variable::new("OXG_TLS_KEY", &[]);
/// The one directory that the plugin may write.
pub const WORKSPACE: Variable = Variable::new("OXG_WORKSPACE", &["0XGEN_WORKSPACE"]);
/// Asks a plugin to describe itself in place of running. It knows [`CONFIG_SCHEMA`].
pub const DESCRIBE: Variable = Variable::new("OXG_DESCRIBE", &[]);
/// The value of [`DESCRIBE`] that asks for the JSON Schema of the plugin's settings, in one line on
/// standard output; `null` when there is none.
pub const CONFIG_SCHEMA: &str = "config-schema";
/// What the plugin logs: a level, or `target=level` pairs, as in `warn,my_plugin=debug`.
pub const LOG: Variable = Variable::new("OXG_LOG", &[]);
