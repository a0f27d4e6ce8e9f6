//! How the host reads the same bytes.

use super::Page;
use crate::as_host::{HostManifest, HostReading};
use crate::report::{FileReport, Paint, Painted, Report, Role, human};
use crate::text::Quoted;
use crate::{Manifest, as_host};

/// What the host makes of a file: whether it accepts it, what it reads, and where that differs
/// from what stands there. No excerpt is wider than `width` columns.
#[must_use]
pub fn explain_as_host(name: &str, text: &[u8], paint: &dyn Paint, width: usize) -> String {
    let HostReading { manifest, refusal, differences, .. } = as_host::as_host(text);
    let mut page = Page::new(paint);
    let ours = Manifest::from_slice(text).is_ok();
    let verdict = match &refusal {
        None => Painted(paint, Role::Good, "The host accepts this file.".to_owned()),
        Some(why) => Painted(
            paint,
            Role::Error,
            format!("The host refuses this file: {}.", crate::report::visible(why)),
        ),
    };
    let verdict = verdict.to_string();
    page.line(&verdict);
    page.line(match (ours, refusal.is_none()) {
        (true, true) => "oxg accepts it too.",
        (true, false) => "oxg accepts it: the guide's form says more than the host knows.",
        (false, true) => "oxg refuses it: `oxg manifest validate` says why.",
        (false, false) => "oxg refuses it too: `oxg manifest validate` says why.",
    });
    page.heading(if refusal.is_none() { "What the host reads" } else { "What the host had read" });
    fields(&manifest, &mut page);
    page.heading("Where the host reads something else than stands there");
    if differences.is_empty() {
        page.line("  nowhere");
        return page.text;
    }
    page.line("");
    let report = Report { files: vec![FileReport::new(name, text.to_vec(), differences)] };
    // The summary counts errors and warnings, which these are not.
    let excerpts = human(&report, paint, width);
    let excerpts = excerpts.trim_end().rsplit_once('\n').map_or("", |(excerpts, _)| excerpts);
    page.line(excerpts.trim_end());
    page.text
}

fn fields(manifest: &HostManifest, page: &mut Page<'_>) {
    let quoted = |text: &String| Quoted(text).to_string();
    for (name, value) in [
        ("name", &manifest.name),
        ("version", &manifest.version),
        ("entry", &manifest.entry),
        ("artifact", &manifest.artifact),
    ] {
        page.field(name, &quoted(value));
    }
    page.field("trusted", if manifest.trusted { "true" } else { "false" });
    let capabilities: Vec<String> = manifest.capabilities.iter().take(40).map(quoted).collect();
    page.field("capabilities", &format!("[{}]", capabilities.join(", ")));
    for (key, value) in manifest.config.iter().take(40) {
        let value: String = value.chars().take(60).collect();
        let line = format!("{}, written as {}", Quoted(key), crate::report::visible(&value));
        page.field("config", &line);
    }
    match &manifest.signature {
        None => page.field("signature", "none"),
        Some(files) => {
            page.field("signature", &quoted(&files.signature));
            page.field("certificate", &quoted(&files.certificate));
            page.field("publicKey", &quoted(&files.public_key));
        }
    }
}
