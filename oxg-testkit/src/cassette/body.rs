//! Bodies, in a form that people can read and edit.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A body: JSON, the lines of a text, or bytes in base64.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Body {
    Json(Value),
    /// What stands between line feeds.
    Text(Vec<String>),
    Base64(Bytes),
}

/// Bytes as standard base64.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(super) struct Bytes(pub(super) Vec<u8>);

impl Body {
    pub(super) fn of_text(text: &str) -> Self {
        Self::Text(text.split('\n').map(str::to_owned).collect())
    }

    /// What goes over the wire.
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        match self {
            Self::Json(value) => value.to_string().into_bytes(),
            Self::Text(lines) => lines.join("\n").into_bytes(),
            Self::Base64(Bytes(bytes)) => bytes.clone(),
        }
    }
}

/// The value of a JSON text, if nothing of the text is lost with it: a number that is too long for a
/// float, or the first of two equal keys.
pub(super) fn lossless_json(text: &str) -> Option<Value> {
    let value: Value = serde_json::from_str(text).ok()?;
    (value.to_string().len() == length_without_spaces(text)).then_some(value)
}

/// The length of a JSON text without the white space around its tokens.
fn length_without_spaces(text: &str) -> usize {
    let (mut length, mut in_string, mut escaped) = (0, false, false);
    for byte in text.bytes() {
        if !in_string && byte.is_ascii_whitespace() {
            continue;
        }
        length += 1;
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = in_string,
            b'"' => in_string = !in_string,
            _ => {}
        }
    }
    length
}

impl TryFrom<String> for Bytes {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let bytes = BASE64_STANDARD.decode(&text);
        bytes.map(Self).map_err(|error| format!("this is not base64: {error}"))
    }
}

impl From<Bytes> for String {
    fn from(bytes: Bytes) -> Self {
        BASE64_STANDARD.encode(bytes.0)
    }
}
