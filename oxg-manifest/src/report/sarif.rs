//! For code scanners: SARIF 2.1.0 (OASIS).

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::json::pretty;
use super::place::Place;
use super::{FileReport, Level, Notice, Report};

const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

/// The report as a SARIF 2.1.0 log, with a line break at its end.
///
/// Columns count Unicode scalar values (`columnKind` says so). A replacement becomes a fix, and a
/// file that could not be read a notification of the invocation.
#[must_use]
pub fn sarif(report: &Report) -> String {
    let notices = || report.notices();
    let codes: BTreeMap<&str, (&str, Level)> =
        notices().map(|(_, notice)| (notice.code, (notice.about, notice.level))).collect();
    let rules: Vec<Value> =
        codes.iter().map(|(code, (about, level))| rule(code, about, *level)).collect();
    let index: BTreeMap<&str, usize> =
        codes.keys().enumerate().map(|(i, code)| (*code, i)).collect();
    let results: Vec<Value> =
        notices().map(|(file, notice)| result(file, notice, index.get(notice.code))).collect();
    let notifications: Vec<Value> = report.files.iter().filter_map(notification).collect();
    pretty(&json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "oxg manifest",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": rules,
            }},
            "columnKind": "unicodeCodePoints",
            "invocations": [{
                "executionSuccessful": notifications.is_empty(),
                "toolExecutionNotifications": notifications,
            }],
            "results": results,
        }],
    }))
}

fn rule(code: &str, about: &str, level: Level) -> Value {
    json!({
        "id": code,
        "shortDescription": { "text": about },
        "defaultConfiguration": { "level": level.as_str() },
    })
}

fn result(file: &FileReport, notice: &Notice, rule_index: Option<&usize>) -> Value {
    let Place { start, end } = Place::of(file, notice);
    let region = json!({
        "startLine": start.line,
        "startColumn": start.column,
        "endLine": end.line,
        "endColumn": end.column,
    });
    let artifact = artifact(&file.name);
    let message = match &notice.help {
        Some(help) => format!("{}\n{help}", notice.message),
        None => notice.message.clone(),
    };
    let mut location = json!({
        "physicalLocation": { "artifactLocation": artifact, "region": region },
    });
    if !notice.path.is_empty() {
        location["logicalLocations"] = json!([{ "fullyQualifiedName": notice.path }]);
    }
    let mut result = json!({
        "ruleId": notice.code,
        "level": notice.level.as_str(),
        "message": { "text": message },
        "locations": [location],
    });
    if let Some(index) = rule_index {
        result["ruleIndex"] = json!(index);
    }
    if let Some(text) = &notice.replacement {
        result["fixes"] = json!([{
            "description": { "text": notice.help.as_deref().unwrap_or("replace it") },
            "artifactChanges": [{
                "artifactLocation": artifact,
                "replacements": [{ "deletedRegion": region, "insertedContent": { "text": text } }],
            }],
        }]);
    }
    result
}

fn notification(file: &FileReport) -> Option<Value> {
    let why = file.unreadable.as_ref()?;
    Some(json!({
        "level": "error",
        "message": { "text": why },
        "locations": [{ "physicalLocation": { "artifactLocation": artifact(&file.name) } }],
    }))
}

fn artifact(name: &str) -> Value {
    json!({ "uri": uri(name) })
}

/// A file name as a URI reference (RFC 3986): absolute paths as `file://`, others relative.
fn uri(name: &str) -> String {
    let mut uri = String::from(if name.starts_with('/') { "file://" } else { "" });
    for byte in name.strip_prefix("./").unwrap_or(name).bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                uri.push(char::from(byte));
            }
            byte => uri.push_str(&format!("%{byte:02X}")),
        }
    }
    uri
}
