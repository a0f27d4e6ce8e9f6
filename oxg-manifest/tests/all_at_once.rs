//! Everything that is wrong is found at once.

#![allow(clippy::unwrap_used, clippy::panic)]

use oxg_manifest::{DiagnosticKind, Manifest};

const GUIDE: &str = include_str!("data/guide.json");

/// Line, column, path and code of everything that is wrong.
fn found(text: &str) -> Vec<String> {
    let checked = Manifest::check(text.as_bytes(), "manifest.json");
    assert_eq!(checked.manifest.is_some(), checked.diagnostics.is_empty());
    checked
        .diagnostics
        .iter()
        .map(|diagnostic| {
            let position = diagnostic.position();
            let path = diagnostic.path();
            format!("{}:{} {path} {}", position.line, position.column, diagnostic.code())
        })
        .collect()
}

#[test]
fn mistakes_of_every_kind_are_listed_in_the_order_of_the_text() {
    let text = "\u{feff}{
  // what it is
  \"name\": \"Header Audit\",
  \"verson\": \"1\",
  \"capabilities\": {
    \"http\": { \"outbound\": [\"borker\"], \"hosts\": [\"a b\", \"shop.test\", \"https://x\"] },
    \"storage\": { \"workspace\": \"yes\", \"workspace\": true, },
    \"secret\": { \"broker\": true, \"names\": [\"API\"] }
  },
  \"sandbox\": { \"network\": \"Host\", \"limits\": { \"processes\": 0, \"cpu_seconds\": NaN } },
  \"config\": { \"a\": 1e999, \"b\": \"\\ud800\" }
} x";
    assert_eq!(
        found(text),
        [
            "1:1  byte-order-mark",
            "1:2  missing-field",
            "2:3  comment",
            "3:11 name invalid-value",
            "4:3  unknown-field",
            "4:13 version invalid-value",
            "6:28 capabilities.http.outbound[0] unknown-value",
            "6:49 capabilities.http.hosts[0] invalid-value",
            "6:69 capabilities.http.hosts[2] invalid-value",
            "7:31 capabilities.storage.workspace wrong-type",
            "7:38 capabilities.storage duplicate-key",
            "7:55 capabilities.storage trailing-comma",
            "8:5 capabilities unknown-field",
            "8:43 capabilities.secrets.names[0] invalid-value",
            "10:27 sandbox.network unknown-value",
            "10:60 sandbox.limits.processes invalid-value",
            "10:78 sandbox.limits.cpu_seconds not-a-number",
            "11:20 config.a number-out-of-range",
            "11:33 config.b lone-surrogate",
            "12:3  trailing-data",
        ]
    );
}

#[test]
fn every_mistake_of_the_hosts_form_is_listed() {
    let text = r#"{
  "$schema": "x",
  "name": "a", "version": "1.0.0", "entry": "a", "description": "b",
  "capabilities": ["CAP_WS", "CAP_MAGIC", "cap_report", "CAP_NET_OUTBOUND", "CAP_SECRETS_READ", 7, "CAP_WS"],
  "signature": { "signature": " " }
}"#;
    assert_eq!(
        found(text),
        [
            "1:1  missing-field",
            "2:3  not-in-host-form",
            "3:50  not-in-host-form",
            "4:30 capabilities[1] unknown-value",
            "4:43 capabilities[2] unknown-value",
            "4:57 capabilities[3] sdk-capability",
            "4:77 capabilities[4] sdk-capability",
            "4:97 capabilities[5] wrong-type",
            "4:100 capabilities[6] invalid-value",
            "5:16 signature invalid-value",
            "5:31 signature.signature invalid-value",
        ]
    );
}

#[test]
fn what_follows_from_another_mistake_is_not_listed() {
    // The only way out is misspelled: the list is not empty as well.
    assert_eq!(found(&GUIDE.replace("[\"broker\"]", "[7]")).len(), 1);
    // A misspelled key that must be there is not missing as well.
    assert_eq!(found(&GUIDE.replace("\"entry\"", "\"ENTRY\"")).len(), 1);
    // What is damaged is not of the wrong type as well.
    assert_eq!(found(&GUIDE.replace("\"0.1.0\"", "01")).len(), 1);
    assert_eq!(found(&GUIDE.replace("\"0.1.0\"", "\"0.1.0\\x\"")).len(), 1);
}

#[test]
fn a_suggestion_that_is_carried_out_takes_the_mistake_away() {
    for (from, to) in [
        ("\"secrets\"", "\"secret\""),
        ("\"secrets\"", "\"SECRETS\""),
        ("\"secrets\"", "\"\u{17f}ecrets\""),
        ("\"broker\": true", "\"bro\u{212a}er\": true"),
        ("[\"broker\"]", "[\"Broker\"]"),
        ("\"isolated\"", "\"isolatd\""),
        ("[\"workspace\"]", "[\"workspace\",]"),
        ("\"sandbox\"", "/* the sandbox */ \"sandbox\""),
        ("  \"name\"", "// its name\n  \"name\""),
    ] {
        let mut text = GUIDE.replace(from, to).into_bytes();
        let checked = Manifest::check(&text, "manifest.json");
        assert_eq!(checked.diagnostics.len(), 1, "{to}: {:?}", checked.diagnostics);
        let suggestion = checked.diagnostics[0].suggestion().unwrap();
        text.splice(suggestion.span, suggestion.replacement.into_bytes());
        assert!(Manifest::check(&text, "manifest.json").manifest.is_some(), "{to}");
    }
}

#[test]
fn a_span_covers_the_whole_key_or_value() {
    let text =
        GUIDE.replace("\"isolated\"", "\"\\u0069solatd\"").replace("\"secrets\"", "\"secret\"");
    let checked = Manifest::check(text.as_bytes(), "manifest.json");
    let spans: Vec<_> = checked.diagnostics.iter().map(|found| &text[found.span()]).collect();
    assert_eq!(spans, ["\"secret\"", "\"\\u0069solatd\""]);
}

#[test]
fn no_more_than_a_hundred_mistakes_are_listed_and_that_is_said() {
    let many = |count: usize| {
        let hosts = vec!["\"a b\""; count].join(", ");
        GUIDE.replace("[\"broker\"]", &format!("[\"broker\"], \"hosts\": [{hosts}]"))
    };
    for (count, listed, truncated) in [(99, 99, false), (100, 100, true), (5000, 100, true)] {
        let checked = Manifest::check(many(count).as_bytes(), "manifest.json");
        assert_eq!((checked.diagnostics.len(), checked.truncated), (listed, truncated), "{count}");
    }
    let error = Manifest::from_slice(many(5000).as_bytes()).unwrap_err();
    assert!(error.to_string().ends_with("(and at least 99 more)"), "{error}");
    let error = Manifest::from_slice(many(3).as_bytes()).unwrap_err();
    assert!(error.to_string().ends_with("(and 2 more)"), "{error}");

    let keys: Vec<_> = (0..50_000).map(|_| "\"a\":1").collect();
    let checked = Manifest::check(format!("{{{}}}", keys.join(",")).as_bytes(), "manifest.json");
    assert_eq!((checked.diagnostics.len(), checked.truncated), (100, true));
}

#[test]
fn every_code_is_listed_once_and_in_kebab_case() {
    let mut codes = DiagnosticKind::CODES.to_vec();
    codes.sort_unstable();
    codes.dedup();
    assert_eq!(codes.len(), DiagnosticKind::CODES.len());
    let kebab = |code: &str| {
        code.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
    };
    assert!(codes.iter().all(|code| kebab(code)));
}
