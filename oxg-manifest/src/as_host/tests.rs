use proptest::prelude::*;

use super::*;

const VALID: &str = r#"{
  "name": "a", "version": "1", "entry": "main.go", "artifact": "main.go", "trusted": true,
  "capabilities": ["CAP_STORAGE", "CAP_WS"],
  "config": { "depth": 3 },
  "signature": { "signature": "a.sig", "publicKey": "a.pub" }
}"#;

fn codes(reading: &HostReading) -> Vec<&str> {
    reading.differences.iter().map(|notice| notice.code).collect()
}

/// The valid manifest with one piece of it replaced.
fn with(old: &str, new: &str) -> HostReading {
    assert!(VALID.contains(old), "{old}");
    as_host(VALID.replace(old, new).as_bytes())
}

fn refusal(old: &str, new: &str) -> String {
    with(old, new).refusal.unwrap_or_default()
}

#[test]
fn a_plain_manifest_is_read_without_differences() {
    let reading = as_host(VALID.as_bytes());
    assert_eq!((&reading.refusal, codes(&reading)), (&None, vec![]));
    assert_eq!(reading.manifest.capabilities, ["CAP_STORAGE", "CAP_WS"]);
    assert_eq!(reading.manifest.config.get("depth").map(String::as_str), Some("3"));
    assert!(reading.manifest.trusted);
}

#[test]
fn keys_are_folded_over_unicode_and_an_exact_key_is_no_difference() {
    for key in ["CAPABILITIES", "capabilitieſ", "Capabilities"] {
        let reading = with("\"capabilities\"", &format!("\"{key}\""));
        assert_eq!((&reading.refusal, codes(&reading)), (&None, vec!["host-folds-key"]), "{key}");
        assert_eq!(reading.manifest.capabilities.len(), 2);
    }
    let reading = with("\"publicKey\"", "\"public\u{212a}ey\"");
    assert_eq!((&reading.refusal, codes(&reading)), (&None, vec!["host-folds-key"]));
}

#[test]
fn the_last_duplicate_wins_but_objects_are_merged() {
    let reading = with("\"name\": \"a\"", "\"name\": \"a\", \"Name\": \"b\"");
    assert_eq!(reading.manifest.name, "b");
    assert_eq!(codes(&reading), ["host-folds-key", "host-takes-last"]);
    let reading =
        with("\"config\": { \"depth\": 3 }", "\"config\": { \"x\": 1 }, \"config\": { \"y\": 2 }");
    assert_eq!(reading.manifest.config.keys().collect::<Vec<_>>(), ["x", "y"]);
    assert_eq!(codes(&reading), ["host-merges-objects"]);
    let reading = with(
        "\"signature\": { \"signature\"",
        "\"signature\": { \"publicKey\": \"old\", \"certificate\": \"c\" }, \"signature\": { \"signature\"",
    );
    let signature = reading.manifest.signature.unwrap();
    assert_eq!((signature.certificate.as_str(), signature.public_key.as_str()), ("c", "a.pub"));
}

#[test]
fn null_in_a_second_list_keeps_what_the_first_had_there() {
    let reading = with("\"CAP_WS\"]", "\"CAP_WS\"], \"capabilities\": [null]");
    assert_eq!(reading.manifest.capabilities, ["CAP_STORAGE"]);
    let reading = with(
        "\"CAP_WS\"]",
        "\"CAP_WS\"], \"capabilities\": [\"CAP_SPIDER\"], \"capabilities\": [null, null]",
    );
    assert_eq!(reading.manifest.capabilities, ["CAP_SPIDER", "CAP_WS"]);
    let reading =
        with("\"CAP_WS\"]", "\"CAP_WS\"], \"capabilities\": [], \"capabilities\": [null]");
    assert_eq!(reading.manifest.capabilities, [""]);
}

#[test]
fn null_leaves_a_scalar_and_empties_a_list_or_object() {
    let reading = with("\"name\": \"a\"", "\"name\": \"a\", \"name\": null, \"trusted\": null");
    assert_eq!(reading.manifest.name, "a");
    assert_eq!(
        refusal("{ \"signature\": \"a.sig\", \"publicKey\": \"a.pub\" }", "null"),
        "it requires \"signature\""
    );
    assert_eq!(
        as_host(b"null").refusal.unwrap(),
        "it requires a value for name, version, entry, artifact"
    );
}

#[test]
fn only_the_first_value_is_read() {
    let text = format!("{VALID} trailing {{ nonsense");
    let reading = as_host(text.as_bytes());
    assert_eq!((&reading.refusal, codes(&reading)), (&None, vec!["host-ignores-trailing"]));
    assert_eq!(reading.differences[0].span, VALID.len() + 1..text.len());
}

#[test]
fn what_is_not_unicode_becomes_the_replacement_character() {
    let bytes = [&VALID.as_bytes()[..14], b"\xE2\x82", &VALID.as_bytes()[14..]].concat();
    let reading = as_host(&bytes);
    assert_eq!(reading.refusal, None);
    assert_eq!(reading.manifest.name, "a\u{fffd}\u{fffd}");
    assert_eq!(codes(&reading), ["host-replaces-bytes"]);
    let reading = with("\"name\": \"a\"", r#""name": "\ud800x\ud83d\ude00""#);
    assert_eq!(reading.manifest.name, "\u{fffd}x😀");
}

#[test]
fn what_the_host_refuses_is_refused_with_its_first_reason() {
    assert_eq!(
        refusal("\"name\"", "\"$schema\": \"x\", \"name\""),
        "the host does not know the field \"$schema\""
    );
    assert_eq!(
        refusal("\"trusted\": true", "\"trusted\": \"yes\""),
        "the host expects true or false here, and refuses a string"
    );
    assert_eq!(
        refusal("[\"CAP_STORAGE\", \"CAP_WS\"]", "{}"),
        "the host expects an array of strings here, and refuses an object"
    );
    assert_eq!(
        refusal("\"CAP_WS\"", "\"CAP_STORAGE\""),
        "the capability CAP_STORAGE is there twice"
    );
    assert_eq!(refusal("\"CAP_WS\"", "\"cap_ws\""), "it does not know the capability \"cap_ws\"");
    assert_eq!(
        refusal("\"a.sig\"", "\" \\t\""),
        "it requires the file of the signature in \"signature.signature\""
    );
    assert_eq!(
        refusal("\"publicKey\"", "\"pubKey\""),
        "the host does not know the field \"pubKey\""
    );
    assert_eq!(refusal("3 }", "1e400 }"), "the host cannot hold the number 1e400");
    assert!(refusal("\"name\"", "// hi\n\"name\"").starts_with("it is not JSON"));
    assert!(as_host(b"\xEF\xBB\xBF{}").refusal.unwrap().starts_with("it is not JSON"));
    assert!(as_host(b"").refusal.unwrap().starts_with("it is not JSON"));
}

#[test]
fn a_number_that_a_float_cannot_hold_is_named_with_what_it_becomes() {
    let reading = with("3 }", "9007199254740993 }");
    assert_eq!(codes(&reading), ["host-rounds-number"]);
    assert_eq!(
        reading.differences[0].message,
        "the host reads 9007199254740993 as 9007199254740992"
    );
}

#[test]
fn ten_thousand_levels_are_read_and_one_more_is_not() {
    // The manifest and its settings are the outer two.
    let deep =
        |depth: usize| with("3 }", &format!("{}{} }}", "[".repeat(depth), "]".repeat(depth)));
    assert_eq!(deep(9_998).refusal, None);
    assert!(deep(9_999).refusal.unwrap().contains("10000"));
}

proptest! {
    #[test]
    fn any_bytes_are_read_without_a_panic(bytes in any::<Vec<u8>>()) {
        let _ = as_host(&bytes);
    }

    #[test]
    fn a_damaged_manifest_is_read_without_a_panic(
        at in 0..VALID.len(), byte: u8, cut in 0..VALID.len(), remove in 0_usize..8,
    ) {
        let mut bytes = VALID.as_bytes().to_vec();
        bytes[at] = byte;
        bytes.drain(cut..(cut + remove).min(bytes.len()));
        for notice in as_host(&bytes).differences {
            prop_assert!(notice.span.start <= bytes.len());
        }
    }
}
