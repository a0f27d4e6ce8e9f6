//! Values that do not print.
//!
//! What the broker lends is one already ([`clients::Secret`](crate::clients::Secret)), and what the
//! redactor knows or recognises is cut out of all that leaves. These types are for what it cannot
//! know: a password that a target handed out, the name of a person.
//!
//! ```
//! use oxg_sdk::Redact;
//! use oxg_sdk::sensitive::{Pii, Secret};
//!
//! let code = Secret::new("4711".to_owned());
//! assert_eq!(format!("{code:?}"), "[REDACTED_SECRET]");
//! assert_eq!(code.expose(|code| code.len()), 4);
//!
//! #[derive(Redact)]
//! struct Customer {
//!     name: Pii<String>,
//!     #[redact(secret)]
//!     pin: u16,
//!     contact: String,
//!     orders: u32,
//! }
//!
//! let customer = Customer {
//!     name: Pii::new("Jo Doe".to_owned()),
//!     pin: 4711,
//!     contact: "write to jo@example.org".to_owned(),
//!     orders: 3,
//! };
//! assert_eq!(
//!     format!("{customer:?}"),
//!     "Customer { name: [REDACTED_PII], pin: [REDACTED_SECRET], \
//!      contact: \"write to [REDACTED_EMAIL]\", orders: 3 }",
//! );
//! ```

mod guarded;

use std::fmt;

use secrecy::zeroize::Zeroize;
use secrecy::{ExposeSecret as _, SecretBox};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

#[doc(hidden)]
pub use guarded::{Guarded, HIDDEN_PII, HIDDEN_SECRET};

macro_rules! wrapper {
    ($(#[$doc:meta])* $type:ident, $marker:literal) => {
        $(#[$doc])*
        pub struct $type<T: Zeroize>(SecretBox<T>);

        impl<T: Zeroize> $type<T> {
            /// Wraps `value`, which does not print from now on.
            pub fn new(value: T) -> Self {
                Self(SecretBox::new(Box::new(value)))
            }

            /// Lends the value to `read`. Keep it no longer than that, and copy it nowhere.
            pub fn expose<R>(&self, read: impl FnOnce(&T) -> R) -> R {
                read(self.0.expose_secret())
            }
        }

        impl<T: Zeroize> From<T> for $type<T> {
            fn from(value: T) -> Self {
                Self::new(value)
            }
        }

        impl<T: Zeroize + Clone> Clone for $type<T> {
            fn clone(&self) -> Self {
                self.expose(|value| Self::new(value.clone()))
            }
        }

        #[doc = concat!("Shows `", $marker, "`.")]
        impl<T: Zeroize> fmt::Debug for $type<T> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str($marker)
            }
        }

        #[doc = concat!("Shows `", $marker, "`.")]
        impl<T: Zeroize> fmt::Display for $type<T> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str($marker)
            }
        }

        #[doc = concat!("Writes `", $marker, "`.")]
        impl<T: Zeroize> Serialize for $type<T> {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str($marker)
            }
        }

        /// Reads the value itself, so that settings and inputs can hold one. No error repeats what
        /// was read.
        impl<'de, T: Zeroize + Deserialize<'de>> Deserialize<'de> for $type<T> {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let refused = |_| serde::de::Error::custom("the value is not what is taken here");
                T::deserialize(deserializer).map(Self::new).map_err(refused)
            }
        }

        #[cfg(feature = "schema")]
        impl<T: Zeroize + schemars::JsonSchema> schemars::JsonSchema for $type<T> {
            fn inline_schema() -> bool {
                T::inline_schema()
            }

            fn schema_name() -> std::borrow::Cow<'static, str> {
                T::schema_name()
            }

            fn schema_id() -> std::borrow::Cow<'static, str> {
                T::schema_id()
            }

            fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
                T::json_schema(generator)
            }
        }
    };
}

wrapper!(
    /// A secret of the plugin's own. It prints and serialises as a marker, and its memory is wiped
    /// when it goes.
    Secret,
    "[REDACTED_SECRET]"
);
wrapper!(
    /// Personal data. It prints and serialises as a marker, and its memory is wiped when it goes.
    Pii,
    "[REDACTED_PII]"
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_way_of_writing_shows_the_value() {
        let secret = Secret::new("4711".to_owned());
        let shown = format!("{secret:?} {secret:#?} {secret} {:?}", Some(secret.clone()));
        let json = serde_json::to_string(&(secret, Pii::new(vec![4711_u16]))).unwrap();
        assert!(!shown.contains("4711") && !json.contains("4711"), "{shown} {json}");
        assert_eq!(json, r#"["[REDACTED_SECRET]","[REDACTED_PII]"]"#);
    }

    #[test]
    fn what_is_read_is_the_value_and_an_error_does_not_repeat_it() {
        let secret: Secret<String> = serde_json::from_str("\"4711\"").unwrap();
        assert_eq!(secret.expose(String::clone), "4711");
        let error = serde_json::from_str::<Secret<u8>>("\"hunter2\"").unwrap_err().to_string();
        assert!(!error.contains("hunter2"), "{error}");
    }

    #[test]
    fn a_marker_stays_what_it_is_when_it_is_redacted() {
        let redactor = oxg_redact::Redactor::default();
        let text = format!("password={} {}", Secret::new(1_u8), Pii::new(1_u8));
        assert_eq!(redactor.redact(&text), text);
    }
}
