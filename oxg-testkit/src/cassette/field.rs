//! The parts of an exchange that have a form of their own, each checked as it is read.

use http::{HeaderName, HeaderValue, StatusCode};
use serde::{Deserialize, Serialize};

/// A header field: `name: value`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(super) struct Field {
    /// In lower case.
    pub(super) name: String,
    pub(super) value: String,
}

impl TryFrom<String> for Field {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let wrong = || format!("{text:?} is not a header field such as \"accept: text/html\"");
        let (name, value) = text.split_once(':').ok_or_else(wrong)?;
        let name = name.parse::<HeaderName>().map_err(|_| wrong())?;
        let value = value.trim();
        HeaderValue::from_str(value).map_err(|_| wrong())?;
        Ok(Self { name: name.as_str().to_owned(), value: value.to_owned() })
    }
}

impl From<Field> for String {
    fn from(field: Field) -> Self {
        format!("{}: {}", field.name, field.value)
    }
}

/// The status of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "u16", into = "u16")]
pub(super) struct Status(u16);

impl TryFrom<u16> for Status {
    type Error = String;

    fn try_from(status: u16) -> Result<Self, String> {
        match StatusCode::from_u16(status) {
            Ok(code) if !code.is_informational() => Ok(Self(status)),
            _ => Err(format!("{status} is not the status of an answer: 200 to 999")),
        }
    }
}

impl From<Status> for u16 {
    fn from(status: Status) -> Self {
        status.0
    }
}

/// A request method.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(super) struct Method(String);

impl TryFrom<String> for Method {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        match text.parse::<http::Method>() {
            Ok(_) => Ok(Self(text)),
            Err(_) => Err(format!("{text:?} is not an HTTP method")),
        }
    }
}

impl From<Method> for String {
    fn from(method: Method) -> Self {
        method.0
    }
}

impl std::fmt::Display for Method {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// The URL of a request. Redacted, it need not be one that could be asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(super) struct RecordedUrl(String);

impl RecordedUrl {
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for RecordedUrl {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let known = ["http://", "https://"].iter().any(|scheme| text.starts_with(scheme));
        if known { Ok(Self(text)) } else { Err(format!("{text:?} is not a URL of http or https")) }
    }
}

impl From<RecordedUrl> for String {
    fn from(url: RecordedUrl) -> Self {
        url.0
    }
}
