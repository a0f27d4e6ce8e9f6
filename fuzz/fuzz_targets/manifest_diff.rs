//! Two manifests with a separator between them: what is compared,
//! explained, laid out and converted holds together, and nothing panics on any bytes.

#![no_main]

use libfuzzer_sys::fuzz_target;
use oxg_manifest::Manifest;
use oxg_manifest::as_host::as_host;
use oxg_manifest::convert::{HostFiles, to_guide, to_host};
use oxg_manifest::diff::{ChangeKind, Diff, diff};
use oxg_manifest::explain::{explain, explain_as_host};
use oxg_manifest::format::format;
use oxg_manifest::lint::lint;
use oxg_manifest::report::{FileReport, Plain, Report, github, human, json, sarif};

/// Ends the first manifest: a control character, which is not allowed in JSON outside of escapes.
const SEPARATOR: u8 = 0x1e;

fuzz_target!(|bytes: &[u8]| {
    let mut parts = bytes.splitn(2, |byte| *byte == SEPARATOR);
    let (old, new) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let manifests: Vec<Manifest> = [old, new].into_iter().filter_map(read).collect();
    let [old, new] = manifests.as_slice() else {
        return;
    };
    let (there, back) = (diff(old, new), diff(new, old));
    assert_eq!(there.asks_for_more(), back.of_kind(ChangeKind::Less).next().is_some());
    assert_eq!(back.asks_for_more(), there.of_kind(ChangeKind::Less).next().is_some());
    assert_eq!(diff(old, old), Diff::default());
});

/// The manifest, after everything that may be done with one file.
fn read(text: &[u8]) -> Option<Manifest> {
    let reading = as_host(text);
    let _ = explain_as_host("manifest.json", text, &Plain, 80);
    let mut report = Report::default();
    report.files.push(FileReport::check("manifest.json", text.to_vec()));
    report.files.push(FileReport::new("manifest.json", text.to_vec(), reading.differences));
    for printed in [human(&report, &Plain, 80), github(&report)] {
        assert!(!printed.contains(|c: char| c.is_control() && c != '\n'));
    }
    let _ = (json(&report), sarif(&report));

    let manifest = Manifest::from_slice(text).ok()?;
    let _ = lint(&manifest, text, &[]);
    assert!(!explain(&manifest, text, &Plain).contains('\u{1b}'));
    let laid_out = format(text).expect("a valid manifest is laid out");
    assert_eq!(format(laid_out.as_bytes()).expect("and stays valid"), laid_out);
    assert_eq!(laid_out.parse::<Manifest>().expect("and reads the same"), manifest);
    let converted = to_guide(&manifest).manifest;
    let _ = to_host(&converted, HostFiles::default());
    Some(manifest)
}
