use super::*;
use serde::Deserialize;
use serde_json::json;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(dead_code)]
struct Page {
    url: String,
    #[serde(default)]
    depth: u8,
}

#[derive(Debug, Deserialize)]
#[allow(dead_code)]
struct Input {
    pages: Vec<Page>,
    #[serde(default)]
    label: String,
}

fn path(value: serde_json::Value) -> String {
    read::<Input>(&value).unwrap_err().0
}

#[test]
fn a_mistake_has_its_path() {
    assert_eq!(path(json!({ "pages": [{ "url": "a" }, { "url": 3 }] })), "pages[1].url");
    assert_eq!(path(json!({ "pages": [{ "url": "a", "depth": 300 }] })), "pages[0].depth");
    assert_eq!(path(json!({ "pages": [{ "url": "a", "dept": 3 }] })), "pages[0].dept");
    assert_eq!(path(json!({ "pages": [{ "depth": 3 }] })), "pages[0]");
    assert_eq!(path(json!({ "label": "a\"]}{[,\\", "pages": 7 })), "pages");
    assert_eq!(path(json!({ "label": "a" })), "");
    assert_eq!(path(json!(3)), "");
}

#[derive(Debug, Deserialize)]
#[allow(dead_code)]
struct Outer {
    #[serde(flatten)]
    page: Page,
}

#[derive(Debug, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
#[allow(dead_code)]
enum Tagged {
    One { a: u8 },
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
#[allow(dead_code)]
enum Either {
    Number(u8),
    Page(Page),
}

#[derive(Debug, Deserialize)]
#[allow(dead_code)]
struct All {
    #[serde(default)]
    flat: Vec<Outer>,
    #[serde(default)]
    tagged: Vec<Tagged>,
    #[serde(default)]
    either: Vec<Either>,
    #[serde(default)]
    pair: Option<(u8, u8)>,
    #[serde(default)]
    z: bool,
}

#[test]
fn what_is_read_as_a_whole_is_named_as_a_whole() {
    for (value, expected) in [
        (json!({ "flat": [{ "url": 3, "z": 1 }], "z": true }), "flat[0]"),
        (
            json!({ "tagged": [{ "kind": "one", "a": 1 }, { "kind": "one", "a": "b" }] }),
            "tagged[1]",
        ),
        (json!({ "tagged": [{ "kind": "two", "z": 1 }] }), "tagged[0].kind"),
        (json!({ "either": [1, { "url": 3 }] }), "either[1]"),
        (json!({ "either": [1, "x"] }), "either[1]"),
        (json!({ "pair": [1] }), "pair"),
        (json!({ "pair": [1, 300] }), "pair[1]"),
        (json!({ "pair": {} }), "pair"),
        (json!({ "z": {} }), "z"),
    ] {
        assert_eq!(read::<All>(&value).unwrap_err().0, expected, "{value}");
    }
}

#[test]
fn a_message_says_what_was_expected() {
    let message = |value| read::<Input>(&value).unwrap_err().1.to_string();
    let pages = message(json!({ "pages": 7 }));
    assert_eq!(pages, "invalid type: integer `7`, expected a sequence");
    let pages = message(json!({ "pages": null }));
    assert_eq!(pages, "invalid type: null, expected a sequence");
}

#[derive(Debug, PartialEq, Deserialize)]
enum Shape {
    Unit,
    New(u8),
    Pair(u8, i64),
    Fields { a: Option<f64> },
}

#[derive(Debug, PartialEq, Deserialize)]
struct Kinds {
    shapes: Vec<Shape>,
    by_number: std::collections::BTreeMap<u8, char>,
    unit: (),
    raw: Value,
}

#[test]
fn it_reads_what_serde_json_reads() {
    let good = json!({
        "shapes": ["Unit", { "New": 1 }, { "Pair": [1, -2] }, { "Fields": { "a": 1.5 } }],
        "by_number": { "7": "x" },
        "unit": null,
        "raw": { "a": [1, -1, 0.5, "b", false, null] },
    });
    let expected: Kinds = serde_json::from_value(good.clone()).unwrap();
    assert_eq!(read::<Kinds>(&good).unwrap(), expected);
    for (shape, expected) in [
        (json!({ "New": "a" }), "shapes[0].New"),
        (json!({ "Pair": [1, -2, 3] }), "shapes[0].Pair"),
        (json!({ "Pair": [1, "a"] }), "shapes[0].Pair[1]"),
        (json!({ "Fields": { "a": "b" } }), "shapes[0].Fields.a"),
        (json!({ "Unit": 1 }), "shapes[0].Unit"),
        (json!({ "New": 1, "Unit": 1 }), "shapes[0]"),
        (json!("New"), "shapes[0]"),
        (json!("Other"), "shapes[0]"),
        (json!(3), "shapes[0]"),
    ] {
        let mut bad = good.clone();
        bad["shapes"] = json!([shape]);
        assert!(serde_json::from_value::<Kinds>(bad.clone()).is_err());
        assert_eq!(read::<Kinds>(&bad).unwrap_err().0, expected, "{bad}");
    }
}

#[test]
fn what_fits_is_read() {
    let input: Input = read(&json!({ "pages": [{ "url": "a" }] })).unwrap();
    assert_eq!(input.pages.len(), 1);
}
