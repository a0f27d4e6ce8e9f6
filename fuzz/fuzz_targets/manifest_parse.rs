//! Any bytes are read or refused without a panic, by all doors alike; what is read is written and
//! read back equal.

#![no_main]

use libfuzzer_sys::fuzz_target;
use oxg_manifest::Manifest;

fuzz_target!(|bytes: &[u8]| {
    let checked = Manifest::check(bytes, "manifest.json");
    let read = Manifest::from_slice(bytes);
    assert_eq!(checked.manifest.is_some(), checked.diagnostics.is_empty());
    for diagnostic in &checked.diagnostics {
        let span = diagnostic.span();
        assert!(span.start <= span.end && span.end <= bytes.len());
        assert!(!diagnostic.to_string().contains('\n'));
    }
    match (checked.manifest, read) {
        (Some(manifest), Ok(other)) => {
            assert_eq!(manifest, other);
            let written = serde_json::to_vec(&manifest).expect("a manifest is always JSON");
            let again = Manifest::from_slice(&written).expect("what was written is read");
            assert_eq!(manifest, again);
            assert_eq!(manifest.form(), again.form());
        }
        (None, Err(error)) => assert_eq!(error.diagnostics(), checked.diagnostics),
        (checked, read) => panic!("check: {checked:?}, from_slice: {read:?}"),
    }
});
