//! JSON values and HTTP headers.

#![allow(clippy::unwrap_used, reason = "a test may panic")]
#![cfg(all(feature = "http", feature = "json", feature = "serde"))]

use http::HeaderMap;
use http::header::{HeaderName, HeaderValue};
use oxg_redact::{Kind, Redactor};
use serde_json::{Value, json};

fn redacted(mut value: Value) -> Value {
    let redactor = Redactor::default();
    redactor.register("correct horse battery").unwrap();
    redactor.redact_json(&mut value);
    let once = value.clone();
    redactor.redact_json(&mut value);
    assert_eq!(value, once, "a second pass changed something");
    value
}

#[test]
fn values_go_by_the_name_of_their_key_and_by_what_they_hold() {
    assert_eq!(
        redacted(json!({
            "password": "open sesame1", "pin": 1234, "tokens": ["a8f5f167f44f4964", "b8f5f167f44f4964"],
            "nested": {"apiKey": "a8f5f167f44f4964", "note": "mail jo@example.org", "ok": true},
            "list": ["correct horse battery", 7, null], "card": 4111111111111111u64,
        })),
        json!({
            "password": "[REDACTED_SECRET]", "pin": "[REDACTED_SECRET]",
            "tokens": ["[REDACTED_SECRET]", "[REDACTED_SECRET]"],
            "nested": {"apiKey": "[REDACTED_SECRET]", "note": "mail [REDACTED_EMAIL]", "ok": true},
            "list": ["[REDACTED_SECRET]", 7, null], "card": "[REDACTED_CARD]",
        }),
    );
}

#[test]
fn harmless_names_and_values_stay() {
    let value = json!({
        "tokenizer": "cl100k-base9", "max_tokens": 4096, "keyboard": "qwertz12345", "password": null,
        "id": "0f8fad5b-d9cb-469f-a165-70867728950e", "token": "${TOKEN}", "count": 1699999999999u64,
    });
    assert_eq!(redacted(value.clone()), value);
}

#[test]
fn keys_are_redacted_too_and_no_entry_is_lost() {
    assert_eq!(
        redacted(json!({"a@example.org": 1, "b@example.org": 2})),
        json!({"[REDACTED_EMAIL]": 1, "[REDACTED_EMAIL] 2": 2}),
    );
}

fn header(name: &'static str, value: &str) -> String {
    let mut headers = HeaderMap::new();
    headers.insert(HeaderName::from_static(name), HeaderValue::from_str(value).unwrap());
    Redactor::default().redact_headers(&mut headers);
    headers[name].to_str().unwrap().to_owned()
}

#[test]
fn credentials_in_headers_go_whole_and_the_scheme_stays() {
    for (name, value, expected) in [
        ("authorization", "Bearer abc", "Bearer [REDACTED_SECRET]"),
        ("authorization", "justonetoken", "[REDACTED_SECRET]"),
        ("proxy-authorization", "Basic eA==", "Basic [REDACTED_SECRET]"),
        ("x-api-key", "short", "[REDACTED_SECRET]"),
        ("private-token", "abc def", "[REDACTED_SECRET]"),
        ("cookie", "a=1; b=2;c", "a=[REDACTED_SECRET]; b=[REDACTED_SECRET];[REDACTED_SECRET]"),
        ("set-cookie", "sid=1; Path=/; HttpOnly", "sid=[REDACTED_SECRET]; Path=/; HttpOnly"),
        ("location", "/cb?token=a8f5f167f44f4964", "/cb?token=[REDACTED_SECRET]"),
        ("from", "jo@example.org", "[REDACTED_EMAIL]"),
    ] {
        assert_eq!(header(name, value), expected, "{name}: {value}");
    }
}

#[test]
fn headers_that_carry_no_credential_stay() {
    for (name, value) in [
        ("www-authenticate", "Bearer realm=\"api\""),
        ("access-control-allow-credentials", "true"),
        ("etag", "\"33a64df551425fcc55e4d42a148795d9f25f89d4\""),
        ("content-type", "application/json"),
        ("keep-alive", "timeout=5, max=1000"),
    ] {
        assert_eq!(header(name, value), value);
    }
}

#[test]
fn redacting_headers_twice_changes_nothing() {
    for (name, value) in [("authorization", "x y z"), ("cookie", "a=b=c;;d"), ("set-cookie", "v")] {
        let once = header(name, value);
        assert_eq!(header(name, &once), once);
    }
}

#[test]
fn a_kind_switched_off_is_off_in_json_as_well() {
    let redactor = Redactor::builder().kind(Kind::NamedSecret, false).build().unwrap();
    let mut value = json!({"password": "hunter2"});
    redactor.redact_json(&mut value);
    assert_eq!(value, json!({"password": "hunter2"}));
}

/// The value, redacted while it is serialised.
fn serialised(redactor: &Redactor, value: &impl serde::Serialize) -> Value {
    serde_json::to_value(redactor.redacted(value)).unwrap()
}

#[test]
fn what_serde_writes_is_redacted_as_a_json_value_is() {
    let value = json!({
        "password": "open sesame1", "pin": 1234, "tokens": ["a8f5f167f44f4964", "b8f5f167f44f4964"],
        "nested": {"apiKey": "a8f5f167f44f4964", "note": "mail jo@example.org", "ok": true},
        "list": ["hunter22", 7, null], "card": 4111111111111111u64, "jo@example.org": -1.5,
    });
    let mut by_value = value.clone();
    Redactor::default().redact_json(&mut by_value);
    assert_eq!(serialised(&Redactor::default(), &value), by_value);
}

#[derive(serde::Serialize)]
enum Login {
    Password(String),
    Token { token: &'static str, user: Option<&'static str> },
    Anonymous,
}

#[test]
fn fields_and_variants_of_types_are_redacted_by_their_names() {
    let logins = (
        Login::Password("hunter2".to_owned()),
        Login::Token { token: "a8f5f167f44f4964", user: Some("jo@example.org") },
        Login::Anonymous,
    );
    assert_eq!(
        serialised(&Redactor::default(), &logins),
        json!([
            {"Password": "[REDACTED_SECRET]"},
            {"Token": {"token": "[REDACTED_SECRET]", "user": "[REDACTED_EMAIL]"}},
            "Anonymous",
        ]),
    );
}

#[test]
fn a_name_that_never_stays_takes_whatever_is_under_it() {
    let redactor = Redactor::builder().never("Patient").build().unwrap();
    let value = json!({"patient": {"age": 41, "notes": ["flu"]}, "ward": 3});
    let mut by_value = value.clone();
    redactor.redact_json(&mut by_value);
    assert_eq!(by_value, json!({"patient": "[REDACTED_SECRET]", "ward": 3}));
    assert_eq!(
        serialised(&redactor, &value),
        json!({
            "patient": {"age": "[REDACTED_SECRET]", "notes": ["[REDACTED_SECRET]"]}, "ward": 3,
        }),
    );
    assert_eq!(redactor.redact("Patient: flu, ward: 3"), "Patient: [REDACTED_SECRET], ward: 3");
    assert_eq!(redactor.redact("impatient: flu"), "impatient: flu");
}

#[test]
fn a_detector_switched_off_finds_nothing() {
    let redactor = Redactor::builder().without_detector("email").build().unwrap();
    assert_eq!(redactor.redact("jo@example.org"), "jo@example.org");
}
