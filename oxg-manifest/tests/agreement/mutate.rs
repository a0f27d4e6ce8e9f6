//! Documents that are valid, then damaged a little.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde_json::{Value, json};

use crate::documents;

/// One change of a document.
#[derive(Debug, Clone)]
enum Mutation {
    /// Takes a value out of its object or array.
    Drop(Index),
    /// Adds a key to an object, or an item to an array.
    Add(Index, String, Value),
    /// Puts a value of any type in place of another.
    Replace(Index, Value),
    /// Puts a value that is near a boundary in its place.
    Boundary(Index, Index),
    /// Changes a string by one character.
    Edit(Index, Index, Option<char>, bool),
    /// Puts the other form's capabilities in place.
    SwapForms,
}

pub(crate) fn document() -> impl Strategy<Value = Value> {
    let base = prop_oneof![Just(documents::guide()), Just(documents::host())];
    (base, vec(mutation(), 0..4)).prop_map(|(mut document, mutations)| {
        for mutation in mutations {
            apply(&mut document, mutation);
        }
        document
    })
}

fn mutation() -> impl Strategy<Value = Mutation> {
    let index = any::<Index>;
    prop_oneof![
        1 => index().prop_map(Mutation::Drop),
        1 => (index(), key(), value()).prop_map(|(at, key, value)| Mutation::Add(at, key, value)),
        1 => (index(), value()).prop_map(|(at, value)| Mutation::Replace(at, value)),
        4 => (index(), index()).prop_map(|(place, value)| Mutation::Boundary(place, value)),
        6 => (index(), index(), proptest::option::of(character()), any::<bool>())
            .prop_map(|(at, within, c, insert)| Mutation::Edit(at, within, c, insert)),
        1 => Just(Mutation::SwapForms),
    ]
}

fn key() -> impl Strategy<Value = String> {
    let known = [
        "$schema",
        "name",
        "description",
        "sandbox",
        "config",
        "configSchema",
        "artifact",
        "trusted",
        "signature",
        "publicKey",
        "certificate",
        "hosts",
        "names",
        "broker",
        "flows",
        "http",
        "raw",
        "websocket",
        "limits",
        "processes",
        "x",
        "NAME",
        "nameſ",
    ];
    select(known.to_vec()).prop_map(str::to_owned)
}

fn value() -> impl Strategy<Value = Value> {
    let values = [
        json!(null),
        json!(true),
        json!(false),
        json!(0),
        json!(1),
        json!(1.0),
        json!(-1),
        json!(1.5),
        json!(""),
        json!("x"),
        json!("1.0.0"),
        json!("broker"),
        json!("CAP_WS"),
        json!([]),
        json!(["x"]),
        json!(["CAP_REPORT"]),
        json!({}),
        json!({ "x": 1 }),
    ];
    select(values.to_vec())
}

fn character() -> impl Strategy<Value = char> {
    prop_oneof![
        select(
            "aAzZ09.-_:/,*[]@% \n\t\u{0}\u{85}\u{a0}\u{feff}\u{2028}ſ\u{212a}٣xXfF"
                .chars()
                .collect::<Vec<_>>()
        ),
        any::<char>(),
    ]
}

fn apply(document: &mut Value, mutation: Mutation) {
    let pointers = documents::pointers(document);
    match mutation {
        Mutation::Drop(at) => {
            let (parent, key) = at.get(&pointers).rsplit_once('/').unwrap_or_default();
            match document.pointer_mut(parent) {
                Some(Value::Object(members)) => drop(members.remove(key)),
                Some(Value::Array(items)) if !items.is_empty() => {
                    items.remove(key.parse::<usize>().unwrap_or(0).min(items.len() - 1));
                }
                _ => {}
            }
        }
        Mutation::Add(at, key, value) => match document.pointer_mut(at.get(&pointers).as_str()) {
            Some(Value::Object(members)) => drop(members.insert(key, value)),
            Some(Value::Array(items)) => items.push(value),
            _ => {}
        },
        Mutation::Replace(at, value) => {
            if let Some(place) = document.pointer_mut(at.get(&pointers).as_str()) {
                *place = value;
            }
        }
        Mutation::Boundary(place, value) => {
            let (pointer, values) = place.get(&documents::places()).clone();
            if let Some(place) = document.pointer_mut(pointer) {
                *place = value.get(&values).clone();
            }
        }
        Mutation::Edit(at, within, c, insert) => {
            if let Some(Value::String(text)) = document.pointer_mut(at.get(&pointers).as_str()) {
                let mut chars: Vec<char> = text.chars().collect();
                let at = within.index(chars.len() + 1);
                if !insert && at < chars.len() {
                    chars.remove(at);
                }
                chars.splice(at..at, c);
                *text = chars.into_iter().collect();
            }
        }
        Mutation::SwapForms => {
            if let Some(capabilities) = document.get_mut("capabilities") {
                let other =
                    if capabilities.is_array() { documents::guide() } else { documents::host() };
                *capabilities = other["capabilities"].clone();
            }
        }
    }
}
