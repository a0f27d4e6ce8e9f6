//! This crate's reader and the JSON Schema accept and refuse the same documents.

#![allow(clippy::unwrap_used, clippy::panic)]

mod documents;
mod mutate;

use std::io::Write as _;

use jsonschema::Validator;
use oxg_manifest::{Manifest, SchemaDraft};
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};

fn validators() -> Vec<(&'static str, Validator)> {
    let compile = |draft: &SchemaDraft| {
        let schema: Value = serde_json::from_str(draft.text()).unwrap();
        (draft.file_name(), jsonschema::validator_for(&schema).unwrap())
    };
    SchemaDraft::ALL.iter().map(compile).collect()
}

/// Whether the reader accepts a document.
fn accepts(document: &str) -> bool {
    Manifest::from_slice(document.as_bytes()).is_ok()
}

fn disagreement(document: &str, validators: &[(&str, Validator)]) -> Option<String> {
    let value: Value = serde_json::from_str(document).unwrap();
    let checked = Manifest::check(document.as_bytes(), "manifest.json");
    let ours = checked.manifest.is_some();
    validators.iter().find_map(|(name, validator)| {
        let theirs = validator.is_valid(&value);
        let errors: Vec<String> =
            validator.iter_errors(&value).map(|error| error.to_string()).collect();
        (ours != theirs).then(|| {
            format!("{name}: {document}\nreader: {:?}\nschema: {errors:?}", checked.diagnostics)
        })
    })
}

#[test]
fn the_reader_and_the_schema_agree_on_documents_at_every_boundary() {
    let validators = validators();
    let documents = documents::all();
    let wrong: Vec<String> =
        documents.iter().filter_map(|document| disagreement(document, &validators)).collect();
    assert!(wrong.is_empty(), "{} disagreements\n{}", wrong.len(), wrong.join("\n\n"));
    let accepted = documents.iter().filter(|document| accepts(document)).count();
    // Both sides of the boundaries are there.
    assert!(accepted > 100 && documents.len() - accepted > 100, "{accepted}/{}", documents.len());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    #[test]
    fn the_reader_and_the_schema_agree_on_mutated_documents(document in mutate::document()) {
        // Made once: to compile a schema takes longer than to use it.
        thread_local!(static VALIDATORS: Vec<(&'static str, Validator)> = validators());
        let wrong = VALIDATORS.with(|validators| disagreement(&document.to_string(), validators));
        prop_assert!(wrong.is_none(), "{}", wrong.unwrap_or_default());
    }
}

/// Writes documents and verdicts for `tests/ajv/run.sh`, when it asks for them.
#[test]
fn documents_for_other_validators_carry_the_verdict_of_the_reader() {
    let mut runner = TestRunner::deterministic();
    let strategy = mutate::document();
    let generated =
        (0..2000).map(|_| strategy.new_tree(&mut runner).unwrap().current().to_string());
    let lines: Vec<String> = documents::all()
        .into_iter()
        .chain(generated)
        .map(|text| json!({ "valid": accepts(&text), "text": text }).to_string())
        .collect();
    assert!(lines.len() > 2000);
    if let Some(path) = std::env::var_os("OXG_MANIFEST_DOCUMENTS") {
        let mut file = std::fs::File::create(path).unwrap();
        for line in lines {
            writeln!(file, "{line}").unwrap();
        }
    }
}
