use std::path::{Path, PathBuf};

use oxg_manifest::{Capability, Manifest, ManifestError};
use proc_macro2::Span;
use syn::{Error, LitStr, Result};

/// What the macro needs of a manifest.
pub(crate) struct Declared {
    /// The file, absolute, so that the compiler notices when it changes; none in a stand-in.
    pub(crate) path: Option<String>,
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) capabilities: Vec<Capability>,
    /// Whether the `http` capability allows WebSockets.
    pub(crate) websocket: bool,
}

impl Declared {
    /// Stands in for a manifest that cannot be read: everything is declared, so that the mistake in
    /// the manifest is the only error.
    pub(crate) fn everything() -> Self {
        let capabilities = Capability::ALL.to_vec();
        Self {
            path: None,
            name: String::new(),
            version: String::new(),
            capabilities,
            websocket: true,
        }
    }
}

/// Reads the manifest that `argument` names, or the one beside `Cargo.toml`.
pub(crate) fn read(argument: Option<&LitStr>, source: Option<PathBuf>) -> Result<Declared> {
    let span = argument.map_or_else(Span::call_site, LitStr::span);
    let path = find(argument, source).map_err(|message| Error::new(span, message))?;
    let name = argument.map_or_else(|| "manifest.json".to_owned(), LitStr::value);
    let bytes = std::fs::read(&path)
        .map_err(|error| Error::new(span, format!("cannot read {name}: {error}")))?;
    let manifest =
        Manifest::from_slice_named(&bytes, &name).map_err(|error| invalid(&error, span))?;
    let path = path
        .to_str()
        .ok_or_else(|| Error::new(span, format!("the path {} is not UTF-8", path.display())))?;
    Ok(Declared {
        path: Some(path.to_owned()),
        name: manifest.name.to_string(),
        version: manifest.version.to_string(),
        capabilities: Capability::ALL
            .iter()
            .copied()
            .filter(|&capability| manifest.declares(capability))
            .collect(),
        websocket: manifest.capabilities.http.is_some_and(|http| http.websocket),
    })
}

/// One compiler error for each thing that is wrong.
fn invalid(error: &ManifestError, span: Span) -> Error {
    error
        .diagnostics()
        .iter()
        .map(|diagnostic| Error::new(span, diagnostic))
        .reduce(|mut all, next| {
            all.combine(next);
            all
        })
        .unwrap_or_else(|| Error::new(span, error))
}

fn find(
    argument: Option<&LitStr>,
    source: Option<PathBuf>,
) -> std::result::Result<PathBuf, String> {
    let package = std::env::var_os("CARGO_MANIFEST_DIR")
        .map(PathBuf::from)
        .ok_or("CARGO_MANIFEST_DIR is not set; build the plugin with cargo")?;
    let Some(argument) = argument else {
        let path = package.join("manifest.json");
        return if path.is_file() {
            Ok(path)
        } else {
            Err(format!(
                "there is no manifest.json beside Cargo.toml; write one, for example\n{EXAMPLE}"
            ))
        };
    };
    let name = argument.value();
    let beside = source
        .as_deref()
        .and_then(Path::parent)
        .and_then(|directory| std::path::absolute(directory).ok());
    [Some(package), beside]
        .into_iter()
        .flatten()
        .map(|directory| directory.join(&name))
        .find(|path| path.is_file())
        .ok_or_else(|| {
            format!("there is no file {name:?} beside Cargo.toml or beside this source file")
        })
}

const EXAMPLE: &str = r#"{
  "name": "my-plugin",
  "version": "0.1.0",
  "entry": "./my-plugin",
  "capabilities": { "http": { "outbound": ["broker"] } }
}"#;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_in_the_message_is_a_manifest() {
        let manifest = Manifest::from_slice(EXAMPLE.as_bytes()).unwrap();
        assert!(manifest.declares(Capability::Http));
    }
}
