use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use proptest::prelude::*;

use super::*;
use crate::Redactor;

fn redactor(value: &str) -> Redactor {
    let redactor = Redactor::default();
    redactor.register(value).unwrap();
    redactor
}

/// A value that no detector finds, so that only the exact stage can.
const VALUE: &str = "correct horse?battery/staple";

#[test]
fn a_registered_value_is_removed_at_every_alignment_of_base64() {
    let redactor = redactor(VALUE);
    for before in 0..7 {
        for after in 0..7 {
            let plain = format!("{}{VALUE}{}", "~".repeat(before), "~".repeat(after));
            for engine in [&STANDARD, &STANDARD_NO_PAD, &URL_SAFE, &URL_SAFE_NO_PAD] {
                let encoded = engine.encode(&plain);
                let text = format!("x {encoded} y");
                let redacted = redactor.redact(&text);
                let rest: String = redacted.replace("[REDACTED_SECRET]", "");
                assert!(redacted.contains("[REDACTED_SECRET]"), "{encoded}");
                // What is left encodes the bytes around the value only.
                assert!(rest.len() <= 4 + 4 * 2 * 3 + 4, "{rest}");
                assert!(!redactor.contains_known(redacted.as_bytes()));
            }
        }
    }
}

#[test]
fn a_value_registered_with_one_clone_is_removed_by_all_and_forgotten_by_all() {
    let one = Redactor::default();
    let other = one.clone();
    one.register(VALUE).unwrap();
    assert_eq!(other.redact(VALUE), "[REDACTED_SECRET]");
    assert_eq!(one.known_values(), 1);
    one.register(VALUE).unwrap();
    assert_eq!(one.known_values(), 1);
    assert!(other.forget(VALUE));
    assert!(!other.forget(VALUE));
    assert_eq!(one.redact(VALUE), VALUE);
}

#[test]
fn thousands_of_values_with_the_same_head_and_tail_are_all_removed() {
    let redactor = Redactor::default();
    let values: Vec<String> = (0..3000).map(|i| format!("tenant~{:05}~example", i * 31)).collect();
    let (bulk, single) = values.split_at(2900);
    assert!(redactor.register_all(bulk.iter().map(String::as_str)).is_empty());
    for value in single {
        redactor.register(value).unwrap();
    }
    for value in &values {
        assert_eq!(redactor.redact(&format!("<{value}>")), "<[REDACTED_SECRET]>");
    }
    assert!(redactor.forget(&values[7]));
    assert_eq!(redactor.redact(&values[7]), values[7]);
    assert_eq!(redactor.redact(&values[8]), "[REDACTED_SECRET]");
}

#[test]
fn a_long_value_is_removed_whole_and_in_part() {
    let value: String = (0..400).map(|i| format!("{:x}-", i * 7919)).collect();
    let redactor = redactor(&value);
    assert_eq!(redactor.redact(&format!("<{value}>")), "<[REDACTED_SECRET]>");
    let cut = redactor.redact(&value[..value.len() / 2]).into_owned();
    assert!(cut.starts_with("[REDACTED_SECRET]") && cut.len() < 17 + 128, "{cut}");
}

#[test]
fn bulk_registration_names_what_it_refused_and_registers_the_rest() {
    let redactor = Redactor::default();
    let refused = redactor.register_all(["", VALUE, "password"]);
    assert_eq!(refused, [(0, RefusedValue::TooShort { len: 0 }), (2, RefusedValue::Commonplace)]);
    assert_eq!(redactor.redact(VALUE), "[REDACTED_SECRET]");
}

#[test]
fn a_value_that_would_straddle_a_marker_is_removed_without_its_edge() {
    let redactor = redactor("ET]abcdefgh[RED");
    let once = redactor.redact("xET]abcdefgh[REDx").into_owned();
    assert_eq!(once, "xET][REDACTED_SECRET][REDx");
    assert_eq!(redactor.redact(&once), once);
    assert_eq!(redactor.redact("[REDACTED_SECRET]abcdefgh"), "[REDACTED_SECRET][REDACTED_SECRET]");
}

#[test]
fn a_value_is_gone_from_either_side_of_the_userinfo_of_a_url() {
    let redactor = redactor("p@ss/w0rd-7x");
    for text in [
        "https://p%40ss%2Fw0rd-7x:jo@shop.example/",
        "https://jo:p%40ss%2Fw0rd-7x@shop.example/",
        "https://p%40ss%2fw0rd-7x@shop.example/",
    ] {
        let redacted = redactor.redact(text);
        assert!(!redacted.contains("w0rd"), "{redacted}");
    }
}

#[test]
fn debug_output_holds_no_value() {
    let redactor = redactor(VALUE);
    assert!(!format!("{redactor:?}").contains("horse"));
    let builder = Redactor::builder().known_value(VALUE);
    assert!(!format!("{builder:?}").contains("horse"));
}

fn percent_all(value: &str) -> String {
    value.bytes().map(|b| format!("%{b:02X}")).collect()
}

proptest! {
    #[test]
    fn a_registered_value_is_gone_in_every_form(
        value in "[ -~é世\n]{6,60}",
        before in "[a-z\"%&]{0,4}",
        after in "[a-z\"%&]{0,4}",
    ) {
        let redactor = Redactor::default();
        prop_assume!(redactor.register(&value).is_ok());
        let hex: String = value.bytes().map(|b| format!("{b:02x}")).collect();
        let html = value.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;");
        let debug = format!("{value:?}");
        let twice = format!("{debug:?}");
        let thrice = format!("{twice:?}");
        let forms = [
            value.clone(),
            hex.to_uppercase(),
            hex,
            percent_all(&value),
            percent_all(&value).to_lowercase(),
            html,
            debug[1..debug.len() - 1].to_owned(),
            twice[3..twice.len() - 3].to_owned(),
            thrice[7..thrice.len() - 7].to_owned(),
        ];
        for form in forms {
            let text = format!("{before}{form}{after}");
            prop_assert!(redactor.contains_known(text.as_bytes()), "{text}");
            let redacted = redactor.redact(&text);
            prop_assert!(!redacted.contains(&form), "{redacted}");
            prop_assert!(!redactor.contains_known(redacted.as_bytes()), "{redacted}");
        }
    }
}
