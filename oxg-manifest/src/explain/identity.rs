//! What the plugin is.

use super::Page;
use crate::report::{Painted, Role};
use crate::text::Quoted;
use crate::{Form, Manifest};

/// How many characters of the description are shown.
const MAX_DESCRIPTION: usize = 1000;

pub(super) fn explain(manifest: &Manifest, page: &mut Page<'_>) {
    let name = format!("{} {}", manifest.name, manifest.version);
    let title = Painted(page.paint, Role::Strong, name).to_string();
    page.line(&title);
    match &manifest.description {
        Some(text) => {
            let text: String = text.chars().take(MAX_DESCRIPTION).collect();
            page.field("says", &format!("\"{}\"", crate::report::visible(&text)));
        }
        None => page.field("says", "nothing about itself"),
    }
    page.field("starts", &Quoted(manifest.entry.as_str()).to_string());
    if let Some(artifact) = &manifest.artifact {
        page.field("artifact", &Quoted(artifact.as_str()).to_string());
    }
    match &manifest.signature {
        None => page.field("signature", "none: nobody can tell whether somebody changed it"),
        Some(files) => {
            page.field("signature", &Quoted(files.signature().as_str()).to_string());
            let key = match (files.certificate(), files.public_key()) {
                (Some(file), _) => format!("certificate {}", Quoted(file.as_str())),
                (None, Some(file)) => format!("public key {}", Quoted(file.as_str())),
                (None, None) => "none".to_owned(),
            };
            page.field("checked by", &format!("{key}; `oxg manifest verify` checks it"));
        }
    }
    if manifest.trusted == Some(true) {
        page.field("trusted", "yes: the host's operator may have it run without that check");
    }
    page.field(
        "form",
        match manifest.form() {
            Form::Guide => "the guide's, with capabilities as an object",
            Form::Host => "the host's, with capabilities as a list",
        },
    );
    if let Some(config) = manifest.config.as_ref().filter(|config| !config.is_empty()) {
        page.field("settings", &crate::report::counted(config.len(), "key"));
    }
}
