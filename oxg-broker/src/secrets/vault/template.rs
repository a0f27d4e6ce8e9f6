//! Texts in which the names of plugin and secret are filled in.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::VaultError;

/// What RFC 3986, section 2.3, leaves as it is, and the slash between segments.
const IN_PATH: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'/');

/// A text with `{plugin}` and `{secret}` in it.
#[derive(Debug)]
pub(super) struct Template(String);

impl Template {
    /// The names have no character that needs an encoding.
    pub(super) fn fill(&self, plugin: &str, secret: &str) -> String {
        self.0.replace(PLUGIN, plugin).replace(SECRET, secret)
    }
}

const PLUGIN: &str = "{plugin}";
const SECRET: &str = "{secret}";

/// A path, encoded but for the places of the names.
pub(super) fn path(setting: &'static str, written: &str) -> Result<Template, VaultError> {
    let Template(written) = text(setting, written)?;
    if written.split('/').any(|segment| matches!(segment, "" | "." | "..")) {
        let problem = "is segments with single slashes between them, none of them `.` or `..`";
        return Err(VaultError::Setting { setting, problem });
    }
    let encode = |part: &str| utf8_percent_encode(part, IN_PATH).to_string();
    let around = |part: &str| part.split(SECRET).map(encode).collect::<Vec<_>>().join(SECRET);
    Ok(Template(written.split(PLUGIN).map(around).collect::<Vec<_>>().join(PLUGIN)))
}

/// Any text.
pub(super) fn text(setting: &'static str, written: &str) -> Result<Template, VaultError> {
    let rest = written.replace(PLUGIN, "").replace(SECRET, "");
    if written.is_empty() || rest.contains(['{', '}']) {
        let problem = "is not empty, and braces in it are {plugin} and {secret}";
        return Err(VaultError::Setting { setting, problem });
    }
    Ok(Template(written.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_filled_in_and_the_rest_of_a_path_is_encoded() {
        let template = path("path", "a b/{plugin}/x-{secret}%").unwrap();
        assert_eq!(template.fill("probe", "api.token"), "a%20b/probe/x-api.token%25");
    }

    #[test]
    fn a_path_that_leads_elsewhere_is_refused() {
        for wrong in ["", "/a", "a/", "a//b", "a/../b", "a/{user}", "a}"] {
            assert!(path("path", wrong).is_err(), "{wrong}");
        }
    }
}
