use proptest::prelude::*;
use serde_json::Value as Json;

use super::parser::MAX_DEPTH;
use super::{Failure, from_node};
use crate::DiagnosticKind;

fn read(bytes: &[u8]) -> Result<Json, Failure> {
    let reading = super::read(bytes);
    let (problems, _) = reading.problems.into_parts();
    match (problems.into_iter().next(), reading.root) {
        (Some(problem), _) => Err(problem),
        (None, root) => from_node(&root.unwrap()),
    }
}

/// Whether this reader may refuse what `serde_json` accepts.
fn is_stricter_on_purpose(failure: &Failure) -> bool {
    matches!(
        failure.kind(),
        Some(DiagnosticKind::DuplicateKey { .. } | DiagnosticKind::TooDeep { .. })
    )
}

fn check_agreement(bytes: &[u8]) -> Result<(), TestCaseError> {
    let theirs = serde_json::from_slice::<Json>(bytes);
    match read(bytes) {
        Err(failure) if is_stricter_on_purpose(&failure) => {}
        Err(failure) => prop_assert!(theirs.is_err(), "only this reader refuses: {failure}"),
        Ok(ours) => {
            prop_assert!(theirs.is_ok(), "only serde_json refuses: {theirs:?}");
            // As text, so that -0.0 and 0.0 differ.
            prop_assert_eq!(ours.to_string(), theirs.unwrap().to_string());
        }
    }
    Ok(())
}

#[test]
fn numbers_strings_and_words_are_read_as_serde_json_reads_them() {
    for text in [
        "0",
        "-0",
        "-0.0",
        "00",
        "01",
        "-01",
        "-",
        "1.",
        ".5",
        "1e",
        "1e+",
        "1E-7",
        "1e999",
        "-1e999",
        "1e-999",
        "0e999",
        "18446744073709551615",
        "18446744073709551616",
        "-9223372036854775808",
        "-9223372036854775809",
        "123456789012345678901234567890",
        "1.7976931348623157e308",
        "1.7976931348623159e308",
        "2.2250738585072014e-308",
        "9007199254740993.0",
        "0.1",
        "+1",
        "1_0",
        "0x10",
        "NaN",
        "Infinity",
        "-Infinity",
        "nul",
        "nulll",
        "True",
        "truefalse",
        "tru\u{e9}",
        r#""\ud83d\ude00""#,
        r#""\ud83d""#,
        r#""\ude00""#,
        r#""\ud83d\u0041""#,
        r#""\ud83dx""#,
        r#""\ud83d\ud83d""#,
        r#""\u00""#,
        r#""\u00g0""#,
        r#""\u+123""#,
        r#""\u0000\b\f\n\r\t\/\\\"""#,
        r#""\x""#,
        r#""\"#,
        r#"""#,
        "\"\t\"",
        "\"\u{7f}\u{2028}\"",
        "\"a\nb\"",
        "'a'",
        "",
        " ",
        "\u{a0}1",
        "\u{c}1",
        "[1,]",
        "[,1]",
        "[1 2]",
        "{,}",
        r#"{"a":1,}"#,
        r#"{"a" 1}"#,
        r#"{"a":}"#,
        "{a:1}",
        r#"{"a":1 "b":2}"#,
        "[1] x",
        "[1]]",
        "// c\n1",
        "1 // c",
        "/* c */ 1",
        "[",
        "{",
        r#"{"a""#,
        "1\0",
        "\u{feff}1",
        "1\u{feff}",
    ] {
        check_agreement(text.as_bytes()).unwrap_or_else(|error| panic!("{text}: {error}"));
    }
}

#[test]
fn bytes_that_are_not_utf8_are_refused_where_they_stand() {
    let failure = read(b"{\"\xc3\xa4\xff\"}").unwrap_err();
    let diagnostic = failure.into_diagnostic(b"{\"\xc3\xa4\xff\"}", "f").unwrap();
    assert_eq!(diagnostic.position().column, 4);
    assert_eq!(diagnostic.kind(), &DiagnosticKind::NotUtf8);
}

#[test]
fn sixty_four_levels_are_read_and_one_more_is_refused() {
    let nested = |depth| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    assert!(read(nested(MAX_DEPTH).as_bytes()).is_ok());
    let failure = read(nested(MAX_DEPTH + 1).as_bytes()).unwrap_err();
    assert_eq!(failure.kind(), Some(&DiagnosticKind::TooDeep { limit: 64 }));
    assert!(read("[".repeat(1_000_000).as_bytes()).is_err());
    assert!(read(r#"{"a":"#.repeat(200_000).as_bytes()).is_err());
}

#[test]
fn a_duplicate_key_is_found_among_few_and_among_many_keys() {
    for count in [2, 16, 17, 5000] {
        let keys: Vec<_> = (0..count).map(|index| format!("\"k{index}\": {index}")).collect();
        let unique = format!("{{{}}}", keys.join(",\n"));
        assert!(read(unique.as_bytes()).is_ok(), "{count}");
        let twice = format!("{{{},\n\"\\u006b1\": 0}}", keys.join(",\n"));
        let failure = read(twice.as_bytes()).unwrap_err();
        let diagnostic = failure.into_diagnostic(twice.as_bytes(), "f").unwrap();
        assert_eq!(
            diagnostic.to_string(),
            format!(
                "f:{}:1: duplicate key \"k1\", first on line 2; keep one of the two",
                count + 1
            )
        );
    }
}

#[test]
fn a_path_names_each_key_and_index() {
    let text = r#"{"a-b": [0, {"c.d": {"": [1, {"e": 01}]}}]}"#;
    let diagnostic =
        read(text.as_bytes()).unwrap_err().into_diagnostic(text.as_bytes(), "f").unwrap();
    assert_eq!(diagnostic.path(), r#"a-b[1]["c.d"][""][1].e"#);
}

fn json() -> impl Strategy<Value = Json> {
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::from),
        any::<i64>().prop_map(Json::from),
        any::<u64>().prop_map(Json::from),
        any::<f64>().prop_map(Json::from),
        ".*".prop_map(Json::from),
    ];
    leaf.prop_recursive(5, 64, 6, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..6).prop_map(Json::from),
            proptest::collection::vec((".{0,6}", inner), 0..6)
                .prop_map(|members| Json::Object(members.into_iter().collect())),
        ]
    })
}

fn tokens() -> impl Strategy<Value = String> {
    let token = prop_oneof![
        "[\\[\\]{}:,]",
        "[ \t\r\n]",
        "-?[0-9]{1,3}(\\.[0-9]{0,3})?([eE][+-]?[0-9]{0,3})?",
        "\"[a-c]?\"",
        "\"\\\\(u[0-9a-fA-FdD]{3,4}|[bfnrt/\\\\\"x])\"",
        "null|true|false|nan|//|/\\*",
        ".",
    ];
    proptest::collection::vec(token, 0..24).prop_map(|tokens| tokens.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1024))]

    #[test]
    fn any_bytes_are_read_as_serde_json_reads_them(bytes in any::<Vec<u8>>()) {
        check_agreement(&bytes)?;
    }

    #[test]
    fn any_tokens_are_read_as_serde_json_reads_them(text in tokens()) {
        check_agreement(text.as_bytes())?;
    }

    #[test]
    fn any_value_is_read_back_as_it_was_written(value in json(), pretty: bool) {
        let text = if pretty { serde_json::to_string_pretty(&value) } else { serde_json::to_string(&value) };
        let text = text.unwrap();
        // What serde_json makes of its own floats is not always the float it wrote.
        let theirs: Json = serde_json::from_str(&text).unwrap();
        prop_assert_eq!(read(text.as_bytes()).unwrap(), theirs);
    }

    #[test]
    fn a_document_with_one_changed_byte_is_read_as_serde_json_reads_it(
        value in json(), at: prop::sample::Index, byte: u8, insert: bool,
    ) {
        let mut bytes = serde_json::to_vec_pretty(&value).unwrap();
        let at = at.index(bytes.len());
        if insert { bytes.insert(at, byte) } else { bytes[at] = byte }
        check_agreement(&bytes)?;
        bytes.truncate(at);
        check_agreement(&bytes)?;
    }
}
