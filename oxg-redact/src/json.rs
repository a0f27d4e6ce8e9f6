//! Redaction of JSON values.

use serde_json::{Map, Value};

use crate::detect::{Found, looks_secret};
use crate::kind::Kind;
use crate::names::{Sensitivity, classify};
use crate::redactor::Redactor;

impl Redactor {
    /// Redacts a JSON value in place: every string by what it holds and by the
    /// name of its key, and the keys themselves by what they hold.
    ///
    /// A number under a key such as `password` or `pin` becomes a marker too, and
    /// so does one that is a payment card. Keys that are equal after redaction
    /// get a number at the end, so that no entry is lost.
    ///
    /// ```
    /// use serde_json::json;
    ///
    /// let mut value = json!({"user": "jo", "password": "hunter2", "token_count": 3});
    /// oxg_redact::Redactor::default().redact_json(&mut value);
    /// assert_eq!(
    ///     value,
    ///     json!({"user": "jo", "password": "[REDACTED_SECRET]", "token_count": 3}),
    /// );
    /// ```
    pub fn redact_json(&self, value: &mut Value) {
        // Nesting is bounded by whoever built the value; serde_json's parser
        // stops at 128 levels.
        self.redact_under(None, value);
    }

    fn redact_under(&self, name: Option<Sensitivity>, value: &mut Value) {
        match value {
            Value::Null | Value::Bool(_) => {}
            Value::Number(number) => {
                let text = number.to_string();
                let named = name == Some(Sensitivity::Certain)
                    && self.settings().kinds.has(Kind::NamedSecret);
                if named {
                    *value = Value::from(Kind::NamedSecret.marker());
                } else if let std::borrow::Cow::Owned(redacted) = self.redact(&text) {
                    *value = Value::from(redacted);
                }
            }
            Value::String(text) => {
                if name.is_some_and(|name| self.is_named_secret(name, text)) {
                    let mut marker = String::new();
                    let found = text.as_bytes();
                    self.masks().write(Kind::NamedSecret, found, &mut |part| marker.push_str(part));
                    *text = marker;
                } else if let std::borrow::Cow::Owned(redacted) = self.redact(text) {
                    *text = redacted;
                }
            }
            Value::Array(items) => {
                for item in items {
                    self.redact_under(name, item);
                }
            }
            Value::Object(fields) => self.redact_fields(fields),
        }
    }

    fn redact_fields(&self, fields: &mut Map<String, Value>) {
        let mut renamed = Vec::new();
        for (key, value) in fields.iter_mut() {
            if self.settings().own.never(key) {
                *value = Value::from(Kind::NamedSecret.marker());
            } else {
                self.redact_under(classify(key.as_bytes()), value);
            }
            if let std::borrow::Cow::Owned(redacted) = self.redact(key) {
                renamed.push((key.clone(), redacted));
            }
        }
        for (key, redacted) in renamed {
            let Some(value) = fields.remove(&key) else {
                continue;
            };
            let mut name = redacted.clone();
            let mut number = 2usize;
            while fields.contains_key(&name) {
                name = format!("{redacted} {number}");
                number += 1;
            }
            fields.insert(name, value);
        }
    }

    fn is_named_secret(&self, name: Sensitivity, text: &str) -> bool {
        let settings = self.settings();
        settings.kinds.has(Kind::NamedSecret)
            && !settings.allows(text.as_bytes())
            && !text.contains("[REDACTED_")
            && looks_secret(text.as_bytes(), name, &Found::whole(text), settings.trust_names)
    }
}
