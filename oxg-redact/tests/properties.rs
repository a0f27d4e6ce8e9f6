//! What holds for every text: idempotence, independence of chunks, no panic.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::borrow::Cow;

use oxg_redact::{Kind, Mask, Policy, Redactor};
use proptest::prelude::*;

const KNOWN: &str = "kn0wn value\nof two lines";

fn redactor() -> Redactor {
    let redactor = Redactor::default();
    redactor.register(KNOWN).unwrap();
    redactor.register("]odd[value[").unwrap();
    redactor
}

fn masked() -> Redactor {
    let mut builder = Redactor::builder().known_value(KNOWN).token_format("abcdef", 4).never("x");
    for kind in Kind::ALL {
        builder = builder.mask(kind, Mask::LastFour);
    }
    builder.build().unwrap()
}

/// How many cases a property is tried with. `OXG_REDACT_CASES` asks for more.
fn cases(least: u32) -> ProptestConfig {
    let asked = std::env::var("OXG_REDACT_CASES").ok().and_then(|cases| cases.parse().ok());
    let cases = asked.map_or(least, |asked: u32| asked.max(least));
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

fn strict() -> Redactor {
    Redactor::builder().policy(Policy::Strict).known_value(KNOWN).build().unwrap()
}

/// Fragments that detectors react to, and what may stand between them.
fn fragment() -> impl Strategy<Value = String> {
    let fixed: Vec<&'static str> = vec![
        "password",
        "passwd=",
        "token: ",
        "api_key=\"",
        "\"secret\": \"",
        "<password>",
        "</password>",
        "--password ",
        "Authorization: ",
        "Bearer ",
        "Basic ",
        "dXNlcjpwYXNz",
        "abcdef0123456789ABCDEF",
        "hunter2!",
        "://",
        "https://u:",
        "jo@example.org",
        "@",
        ".com",
        "[REDACTED_SECRET]",
        "[REDACTED_EMAIL]",
        "[REDACTED_",
        "]",
        "[",
        "4111 1111 1111 1111",
        "4111111111111111",
        "536-22-8145",
        "+49 30 12345678",
        "(415) 555-0132",
        "GB82WEST12345698765432",
        "AB 12 34 56 C",
        "-----BEGIN RSA PRIVATE KEY-----",
        "-----END RSA PRIVATE KEY-----",
        "MIIEvQIBADANBgkqhkiG9w0BAQEFAASC",
        "\n",
        "\r\n",
        " ",
        "\t",
        ":",
        "=",
        "\"",
        "'",
        "\\n",
        "\\\"",
        "%3D",
        ",",
        "-",
        "_",
        "/",
        "&",
        "kn0wn value",
        "kn0wn value\nof two lines",
        "kn0wn value\nof",
        "\nof two lines",
        "odd[value",
        "eyJhbGciOiJIUzI1NiJ9",
        "é",
        "世界",
        "curl -u a:",
        "user=",
        "username: ",
        "user id ",
        "passport ",
        "ssn ",
        "card ",
        "123456789",
        "Private-Lines: 2\n",
        "AAAAIQCmb3JAdGVzdHM=\n",
        "phone ",
        "name: \"token\"\n",
        "value: ",
        "<key>secret</key>\n",
        "<string>",
        "&quot;",
        "%22",
        " is ",
        "mysql -p",
        "identified by '",
        "Some(\"",
        "github: ",
        "default = ",
        "s.",
        "x",
        concat!("ghp", "_", "0123456789abcdefABCDEF0123456789abcd"),
        concat!("AKI", "A", "QWERTYUIOPASDFGH"),
        "a24wd24gdmFsdWUKb2YgdHdvIGxpbmVz",
    ];
    prop_oneof![
        8 => prop::sample::select(fixed).prop_map(str::to_owned),
        1 => "[a-z0-9]{1,8}",
        1 => "[ -~]{1,6}",
    ]
}

fn text() -> impl Strategy<Value = String> {
    prop::collection::vec(fragment(), 0..24).prop_map(|parts| parts.concat())
}

fn streamed(redactor: &Redactor, pieces: &[&[u8]]) -> Vec<u8> {
    let mut stream = redactor.stream();
    let mut out = Vec::new();
    for piece in pieces {
        stream.push(piece, &mut out);
    }
    stream.finish(&mut out);
    out
}

proptest! {
    #![proptest_config(cases(500))]

    #[test]
    fn redacting_twice_changes_nothing(text in text()) {
        for redactor in [redactor(), strict()] {
            let once = redactor.redact(&text).into_owned();
            let twice = redactor.redact(&once).into_owned();
            prop_assert_eq!(&twice, &once, "from {:?}", text);
            prop_assert!(redactor.scan(&once).findings().iter().all(|f| f.range.is_empty()));
        }
    }

    #[test]
    fn a_stream_in_one_piece_gives_what_the_whole_text_gives(text in text()) {
        for redactor in [redactor(), strict()] {
            let whole = redactor.redact_bytes(text.as_bytes()).into_owned();
            let stream = streamed(&redactor, &[text.as_bytes()]);
            prop_assert_eq!(String::from_utf8_lossy(&stream), String::from_utf8_lossy(&whole), "from {:?}", text);
        }
    }

    #[test]
    fn text_and_bytes_and_report_agree(text in text()) {
        let redactor = redactor();
        let redacted = redactor.redact(&text).into_owned();
        let bytes = redactor.redact_bytes(text.as_bytes()).into_owned();
        prop_assert_eq!(redacted.as_bytes(), &bytes[..]);
        let mut appended = String::from("> ");
        redactor.redact_into(&text, &mut appended);
        prop_assert_eq!(&appended[2..], &redacted);
        prop_assert_eq!(redactor.scan(&text).is_clean(), redacted == text);
    }

    #[test]
    fn markers_that_tell_more_are_markers_too(text in text()) {
        let redactor = masked();
        let once = redactor.redact(&text).into_owned();
        prop_assert_eq!(redactor.redact(&once), once.as_str(), "from {:?}", text);
    }

    #[test]
    fn each_finding_makes_a_text_longer_by_less_than_a_marker(text in text()) {
        for redactor in [redactor(), masked()] {
            let findings = redactor.scan(&text).findings().len();
            let redacted = redactor.redact(&text);
            prop_assert!(redacted.len() <= text.len() + findings * oxg_redact::MAX_MARKER_LEN);
            prop_assert!(findings <= text.len());
        }
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let redactor = redactor();
        let once = redactor.redact_bytes(&bytes).into_owned();
        prop_assert_eq!(redactor.redact_bytes(&once).into_owned(), once);
    }

    #[test]
    fn clean_text_comes_back_borrowed(text in "([a-z]{1,9} ){0,12}") {
        prop_assert!(matches!(Redactor::default().redact(&text), Cow::Borrowed(_)));
    }
}

proptest! {
    #![proptest_config(cases(50))]

    #[test]
    fn no_split_of_a_stream_changes_its_output(text in text(), size in 1usize..9) {
        let redactor = redactor();
        let bytes = text.as_bytes();
        let whole = streamed(&redactor, &[bytes]);
        for at in 0..=bytes.len() {
            let (head, tail) = bytes.split_at(at);
            prop_assert_eq!(&streamed(&redactor, &[head, tail]), &whole, "split at {} of {:?}", at, text);
        }
        let pieces: Vec<&[u8]> = bytes.chunks(size).collect();
        prop_assert_eq!(&streamed(&redactor, &pieces), &whole);
    }
}

#[test]
fn a_secret_in_text_of_another_encoding_is_found() {
    let redactor = redactor();
    let mut bytes = b"\xff\xfe caf\xe9 ".to_vec();
    bytes.extend_from_slice(KNOWN.as_bytes());
    bytes.extend_from_slice(b" password=hunter2! \xe9\n");
    assert_eq!(
        redactor.redact_bytes(&bytes).into_owned(),
        b"\xff\xfe caf\xe9 [REDACTED_SECRET] password=[REDACTED_SECRET] \xe9\n",
    );
}

#[test]
fn a_line_longer_than_what_is_held_back_is_cut_at_the_same_place_whatever_the_pieces() {
    let redactor = redactor();
    let mut line = String::new();
    while line.len() < 700_000 {
        line.push_str("some words and password=hunter2!; kn0wn value\u{20}");
        line.push_str(&"x".repeat(line.len() % 97));
    }
    let whole = streamed(&redactor, &[line.as_bytes()]);
    assert_eq!(whole, redactor.redact_bytes(line.as_bytes()).into_owned());
    for size in [1000, 4093, 65_536, 262_144, 300_001] {
        let pieces: Vec<&[u8]> = line.as_bytes().chunks(size).collect();
        assert!(streamed(&redactor, &pieces) == whole, "pieces of {size}");
    }
}

#[test]
fn a_stream_that_is_one_long_secret_is_held_back_no_longer_than_the_limit() {
    let redactor = redactor();
    let text = "odd[value".repeat(100_000);
    let mut stream = redactor.stream();
    let mut out = Vec::new();
    for piece in text.as_bytes().chunks(10_000) {
        stream.push(piece, &mut out);
    }
    assert!(!out.is_empty());
    stream.finish(&mut out);
    assert!(!String::from_utf8(out).unwrap().contains("odd"));
}

#[test]
fn a_line_is_written_as_soon_as_it_ends() {
    let mut stream = redactor().stream();
    let mut out = Vec::new();
    stream.push(b"all is well\nnot yet", &mut out);
    assert_eq!(out, b"all is well\n");
}

#[test]
fn a_key_within_a_value_that_a_marker_keeps_in_place_is_judged_on_its_own() {
    let text = "api_key=\"Zk2mX9pL4t<password>a0aaaaa</password>[REDACTED_SECRET]jo";
    let once = Redactor::default().redact(text).into_owned();
    assert!(!once.contains("a0aaaaa"), "{once}");
    assert_eq!(Redactor::default().redact(&once), once);
}

#[test]
fn a_marker_on_another_line_keeps_nothing_in_place() {
    let line = "<password>api_key=\"odd[value";
    let alone = Redactor::default().redact(line).into_owned();
    for marker in ["[REDACTED_SECRET]\n", "\n[REDACTED_SECRET]\n"] {
        let both = format!("{marker}{line}");
        assert_eq!(Redactor::default().redact(&both), format!("{marker}{alone}"));
    }
}
