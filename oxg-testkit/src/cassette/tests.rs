use super::body::{Body, lossless_json};
use super::file::{Interaction, parse, read, write};
use super::replay::Player;
use super::scrub::Scrub;
use crate::targets::Sent;
use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::{Value, json};

fn sent(method: &str, url: &str, headers: &[(&str, &str)], body: &[u8]) -> Sent {
    let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Sent {
        method: method.to_owned(),
        url: url.parse().unwrap(),
        headers: headers.collect(),
        body: body.to_vec(),
    }
}

fn cassette(interactions: Value) -> Vec<Interaction> {
    let text = json!({ "cassette": 1, "interactions": interactions }).to_string();
    parse(&text).unwrap_or_else(|error| panic!("{error:?}"))
}

fn player(interactions: Value) -> Player {
    Player::new("tests/cassettes/shop.json".into(), cassette(interactions))
}

fn page(url: &str) -> Value {
    json!({ "request": { "method": "GET", "url": url }, "response": { "status": 200 } })
}

#[test]
fn each_exchange_is_used_once_and_in_any_order() {
    let mut player = player(json!([page("https://e.test/a"), page("https://e.test/b")]));
    for url in ["https://e.test/b", "https://e.test/a"] {
        assert!(player.answer(&sent("GET", url, &[], b"")).is_ok(), "{url}");
    }
    assert!(player.complaints().is_empty());
    let again = player.answer(&sent("GET", "https://e.test/a", &[], b"")).unwrap_err();
    assert_eq!(
        again,
        "
  it is recorded once (tests/cassettes/shop.json, interaction 1) and has come more often
  to record again: OXG_RECORD=1 cargo test"
    );
}

#[test]
fn an_exchange_that_repeats_is_used_at_least_once() {
    let mut page = page("https://e.test/a");
    page["repeat"] = true.into();
    let mut player = player(json!([page]));
    assert_eq!(
        player.complaints(),
        ["recorded, but never sent: GET https://e.test/a
  in tests/cassettes/shop.json, interaction 1"]
    );
    for _ in 0..3 {
        assert!(player.answer(&sent("GET", "https://e.test/a", &[], b"")).is_ok());
    }
    assert!(player.complaints().is_empty());
}

#[test]
fn in_order_the_next_one_must_come_next() {
    let pages = json!([page("https://e.test/a"), page("https://e.test/b")]);
    let mut player = player(pages).in_order(true);
    let early = player.answer(&sent("GET", "https://e.test/b", &[], b"")).unwrap_err();
    assert_eq!(
        early,
        "
  it is recorded (tests/cassettes/shop.json, interaction 2), but another comes first:
    GET https://e.test/a
  to record again: OXG_RECORD=1 cargo test"
    );
    assert!(player.answer(&sent("GET", "https://e.test/a", &[], b"")).is_ok());
    assert!(player.answer(&sent("GET", "https://e.test/b", &[], b"")).is_ok());
}

#[test]
fn what_the_cassette_does_not_name_does_not_matter() {
    let mut player = player(json!([{
        "request": { "method": "GET", "url": "https://e.test/", "headers": ["Accept:  text/html"] },
        "response": { "status": 200 },
    }]));
    let headers = [("accept", "text/html"), ("x-request-id", "7"), ("user-agent", "p/1.0")];
    assert!(player.answer(&sent("GET", "https://e.test/", &headers, b"")).is_ok());
}

#[test]
fn a_mismatch_names_the_nearest_recording_field_by_field() {
    let mut player = player(json!([
        page("https://other.test/"),
        {
            "request": {
                "method": "POST",
                "url": "https://e.test/items?page=1&size=10",
                "headers": ["content-type: application/json", "x-version: 2"],
                "body": { "json": { "name": "a", "tags": ["x"], "old": true } },
            },
            "response": { "status": 200 },
        },
    ]));
    let headers = [("content-type", "application/json"), ("x-version", "3")];
    let body = br#"{"name":"b","tags":["x","y"],"new":null}"#;
    let request = sent("PUT", "https://e.test/items?page=2&size=10", &headers, body);
    assert_eq!(
        player.answer(&request).unwrap_err(),
        "
  nearest recording: POST https://e.test/items?page=1&size=10
    in tests/cassettes/shop.json, interaction 2
    method: recorded POST, sent PUT
    query: recorded page=1, sent page=2
    header x-version: recorded \"2\", sent \"3\"
    body $.name: recorded \"a\", sent \"b\"
    body $.old: recorded true, not sent
    body $.tags: recorded 1 element, sent 2 elements
    body $.new: not recorded, sent null
  to record again: OXG_RECORD=1 cargo test"
    );
}

#[test]
fn a_text_differs_in_a_line_and_bytes_from_one_on() {
    let recorded = |body: Value| {
        player(json!([{
            "request": { "method": "POST", "url": "https://e.test/", "body": body },
            "response": { "status": 200 },
        }]))
    };
    let differs = |body: Value, other: &[u8]| {
        let told = recorded(body).answer(&sent("POST", "https://e.test/", &[], other));
        told.unwrap_err().lines().nth(3).unwrap().trim().to_owned()
    };
    let text = json!({ "text": ["one", "two"] });
    assert_eq!(differs(text.clone(), b"one\ntoo"), "body line 2: recorded \"two\", sent \"too\"");
    assert_eq!(differs(text.clone(), b"one"), "body line 2: recorded \"two\", not sent");
    assert_eq!(differs(text, b""), "body: recorded 7 bytes, sent none");
    assert_eq!(
        differs(json!({ "base64": "/wAB" }), b"\xff\x00\x02\x03"),
        "body: recorded 3 bytes, sent 4; they differ from byte 2 on"
    );
}

#[test]
fn a_canary_stands_for_the_secret_that_was_recorded() {
    let scrub = Scrub::default();
    scrub.hide("the-real-token-of-the-shop").unwrap();
    let request = |token: &str| {
        let value = format!("Bearer {token}");
        let url = format!("https://e.test/?q={token}");
        sent("POST", &url, &[("authorization", &value)], format!("t={token}").as_bytes())
    };
    let recorded = scrub.request(&request("the-real-token-of-the-shop")).unwrap();
    let text = serde_json::to_string(&recorded).unwrap();
    assert!(!text.contains("real-token"), "{text}");
    let interaction = json!({ "request": recorded, "response": { "status": 200 } });
    let mut player = player(json!([interaction]));
    player.scrub().hide("canary-5f1d0a").unwrap();
    assert!(player.answer(&request("canary-5f1d0a")).is_ok());
    assert!(player.answer(&sent("POST", "https://e.test/", &[], b"")).is_err());
}

#[test]
fn errors_of_a_cassette_name_the_line_and_show_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("c.json");
    let error = |text: &str| {
        std::fs::write(&path, text).unwrap();
        let error = read(&path).unwrap_err();
        error.strip_prefix(&format!("{}:", path.display())).unwrap().to_owned()
    };
    let exchange = |request: &str, response: &str| {
        format!(
            "{{\n\"cassette\": 1,\n\"interactions\": [{{\n\"request\": {request},\n\"response\": {response}\n}}]}}"
        )
    };
    let get = r#"{ "method": "GET", "url": "https://e.test/" }"#;
    assert_eq!(
        error(&exchange(get, r#"{ "status": 99 }"#)),
        "5: this is no cassette\n  99 is not the status of an answer: 200 to 999\n  5 | \"response\": { \"status\": 99 }"
    );
    for (text, line, told) in [
        (
            exchange(r#"{ "method": "G T", "url": "https://e.test/" }"#, "{}"),
            4,
            "not an HTTP method",
        ),
        (exchange(r#"{ "method": "GET", "url": "e.test" }"#, "{}"), 4, "not a URL"),
        (exchange(get, r#"{ "status": 200, "headers": ["a"] }"#), 5, "not a header field"),
        (exchange(get, r#"{ "status": 200, "headers": ["a: b\nc: d"] }"#), 5, "not a header field"),
        (exchange(get, r#"{ "status": 200, "body": { "base64": "!" } }"#), 5, "not base64"),
        (exchange(get, r#"{ "status": 200, "body": { "xml": "" } }"#), 5, "unknown variant `xml`"),
        (exchange(get, r#"{ "status": 200, "delay": 1 }"#), 5, "unknown field `delay`"),
        (exchange(get, r#"{ "status": 200, "status": 201 }"#), 5, "duplicate field `status`"),
        ("{\n\"cassette\": 2, \"interactions\": [] }".to_owned(), 2, "version 1, not 2"),
        ("{\n\n\"cassette\": 1,,".to_owned(), 3, "key must be a string"),
    ] {
        let error = error(&text);
        assert!(error.starts_with(&format!("{line}: ")) && error.contains(told), "{error}");
    }
    let missing = read(&folder.path().join("none.json")).unwrap_err();
    assert!(missing.ends_with("record it: OXG_RECORD=1 cargo test"), "{missing}");
}

#[test]
fn a_json_body_that_would_lose_something_stays_text() {
    for text in ["{\"a\": 1, \"b\": [1.5, \"x y\", null]}", "[]", "\"\\\"\""] {
        assert!(lossless_json(text).is_some(), "{text}");
    }
    for text in ["{\"a\":1,\"a\":2}", "12345678901234567890123", "1.0000000000000000001", "{"] {
        assert!(lossless_json(text).is_none(), "{text}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_written_is_read_again(
        bodies in vec(prop_oneof![
            ".{0,40}".prop_map(|text| Body::of_text(&text)),
            "[a-z \n\r\t\"]{0,40}".prop_map(|text| Body::of_text(&text)),
            vec(any::<u8>(), 0..40).prop_map(|bytes| Body::Base64(super::body::Bytes(bytes))),
        ], 0..4),
    ) {
        let mut interactions = cassette(json!([page("https://e.test/a"), page("https://e.test/b")]));
        for (interaction, body) in interactions.iter_mut().zip(bodies) {
            interaction.response.body = Some(body);
        }
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new").join("c.json");
        write(&path, interactions.clone()).unwrap();
        prop_assert_eq!(read(&path).unwrap(), interactions);
    }

    #[test]
    fn a_text_keeps_every_byte(text in "\\PC{0,20}[\n\r]{0,3}\\PC{0,20}") {
        prop_assert_eq!(Body::of_text(&text).to_bytes(), text.into_bytes());
    }
}
