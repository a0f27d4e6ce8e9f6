//! Text as newtypes, and text as it appears in messages.

use std::fmt::{self, Write as _};

/// How many characters of a value a message shows.
const SHOWN: usize = 60;

/// Shows text in double quotes, escaped and cut to [`SHOWN`] characters, so that a hostile value
/// can neither flood a terminal nor steer it.
pub(crate) struct Quoted<'a>(pub(crate) &'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_char('"')?;
        let mut chars = self.0.chars();
        for c in chars.by_ref().take(SHOWN) {
            match c {
                '\'' => f.write_char(c)?,
                c => write!(f, "{}", c.escape_debug())?,
            }
        }
        f.write_str(if chars.next().is_some() { "…\"" } else { "\"" })
    }
}

/// Text from elsewhere as it may stand in a message: without what could steer a terminal, and cut
/// to some lines.
#[cfg(feature = "validation")]
pub(crate) fn escaped(text: &str) -> String {
    const LONGEST: usize = 300;
    let mut shown = String::new();
    let mut chars = text.chars();
    for c in chars.by_ref().take(LONGEST) {
        match c {
            '"' | '\'' | '\\' => shown.push(c),
            c => shown.extend(c.escape_debug()),
        }
    }
    if chars.next().is_some() {
        shown.push('…');
    }
    shown
}

/// Implements serde for a type that is text in JSON, through its `Display` and `FromStr`.
macro_rules! serde_text {
    ($type:ty, $what:literal) => {
        impl ::serde::Serialize for $type {
            fn serialize<S: ::serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> ::serde::Deserialize<'de> for $type {
            fn deserialize<D: ::serde::Deserializer<'de>>(
                deserializer: D,
            ) -> Result<Self, D::Error> {
                struct Visitor;

                impl ::serde::de::Visitor<'_> for Visitor {
                    type Value = $type;

                    fn expecting(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                        f.write_str(concat!($what, " as a string"))
                    }

                    fn visit_str<E: ::serde::de::Error>(self, text: &str) -> Result<$type, E> {
                        text.parse().map_err(|error| {
                            let text = $crate::text::Quoted(text);
                            E::custom(format_args!(
                                concat!("{} is not ", $what, ": {}"),
                                text, error
                            ))
                        })
                    }
                }

                deserializer.deserialize_str(Visitor)
            }
        }
    };
}
pub(crate) use serde_text;

/// Implements the usual traits for `struct $type(String)` whose rule is `$check`.
macro_rules! text_newtype {
    ($type:ident, $what:literal, $check:path => $error:ty) => {
        impl $type {
            /// The text as it stands in the manifest.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl ::std::str::FromStr for $type {
            type Err = $error;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                $check(text)?;
                Ok(Self(text.to_owned()))
            }
        }

        impl ::std::fmt::Display for $type {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl AsRef<str> for $type {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl ::std::borrow::Borrow<str> for $type {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        $crate::text::serde_text!($type, $what);
    };
}
pub(crate) use text_newtype;

/// Renders `"key": ["a", "b"]`, the way an author would write it in `manifest.json`.
pub(crate) fn list_line<T: fmt::Display>(key: &str, items: impl Iterator<Item = T>) -> String {
    // The listed types admit no character that JSON would escape.
    let items: Vec<String> = items.map(|item| format!("\"{item}\"")).collect();
    format!("\"{key}\": [{}]", items.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quoted_value_is_escaped_and_cut() {
        assert_eq!(Quoted("it's \"x\"\n\u{202e}").to_string(), r#""it's \"x\"\n\u{202e}""#);
        let long = Quoted(&"a".repeat(1000)).to_string();
        assert_eq!(long, format!("\"{}…\"", "a".repeat(SHOWN)));
    }
}
