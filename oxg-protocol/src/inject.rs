//! Secret by handle: the plugin writes a template, the broker fills the value in.
//!
//! The field `oxg-inject` names where templates stand: header fields, and `:query` for the URL's
//! query. `{{secret:NAME}}` stands for the value itself, `{{secret:NAME|basic:USER}}` for the
//! credentials of basic authentication (RFC 7617): base64 of `USER:VALUE`. What `oxg-inject` does not
//! name is sent as it is, whatever it looks like.

use std::fmt;
use std::ops::Range;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::percent_decode_str;
use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret as _, SecretString};

use crate::name::SecretName;

/// The most templates in a request, and the most places that `oxg-inject` names.
pub const MAX_TEMPLATES: usize = 8;

/// How a template begins.
const OPEN: &str = "{{secret:";
/// How a template ends.
const CLOSE: &str = "}}";
/// The pseudo-name of the query in `oxg-inject`.
const QUERY: &str = ":query";

/// Fields that the broker or the connection writes; none holds a secret for a target.
const RESERVED: [&str; 13] = [
    "accept-encoding",
    "connection",
    "content-length",
    "expect",
    "host",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// A place in a request where a template stands.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum InjectTarget {
    /// A header field: one template in its value, with other text around it or without.
    Header(InjectField),
    /// The query of the URL: every value that is a template, whole.
    Query,
}

/// The name of a header field that may hold a template, in lower case.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct InjectField(String);

/// Why `oxg-inject` cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InjectTargetError {
    /// An element is empty or has a character that no field name has.
    #[error("{0:?} is neither the name of a header field nor \":query\"")]
    Name(String),
    /// The field belongs to the connection or to the broker.
    #[error("the field {0} is not the plugin's to fill")]
    Reserved(String),
    /// The same place twice.
    #[error("{0} is named twice")]
    Repeated(String),
    /// More than [`MAX_TEMPLATES`] places.
    #[error("more than {MAX_TEMPLATES} places are named")]
    TooMany,
}

impl InjectTarget {
    /// Reads the value of `oxg-inject`: places with commas between them.
    ///
    /// ```
    /// use oxg_protocol::InjectTarget;
    ///
    /// let targets = InjectTarget::parse_list("Authorization, :query")?;
    /// assert_eq!(targets.len(), 2);
    /// assert_eq!(InjectTarget::print_list(&targets), "authorization, :query");
    /// # Ok::<(), oxg_protocol::inject::InjectTargetError>(())
    /// ```
    ///
    /// # Errors
    /// If an element is no place, is reserved or repeated, or there are more than
    /// [`MAX_TEMPLATES`].
    pub fn parse_list(text: &str) -> Result<Vec<Self>, InjectTargetError> {
        let mut targets = Vec::new();
        for element in text.split(',') {
            let target: Self = element.trim_matches([' ', '\t']).parse()?;
            if targets.contains(&target) {
                return Err(InjectTargetError::Repeated(target.to_string()));
            }
            if targets.len() == MAX_TEMPLATES {
                return Err(InjectTargetError::TooMany);
            }
            targets.push(target);
        }
        Ok(targets)
    }

    /// The value of `oxg-inject` that names these places.
    #[must_use]
    pub fn print_list(targets: &[Self]) -> String {
        targets.iter().map(Self::as_str).collect::<Vec<_>>().join(", ")
    }

    /// The place as `oxg-inject` names it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Header(field) => field.as_str(),
            Self::Query => QUERY,
        }
    }
}

impl FromStr for InjectTarget {
    type Err = InjectTargetError;

    fn from_str(text: &str) -> Result<Self, InjectTargetError> {
        if text == QUERY { Ok(Self::Query) } else { text.parse().map(Self::Header) }
    }
}

impl fmt::Display for InjectTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl InjectField {
    /// The name in lower case.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

text_traits!(InjectField);

impl FromStr for InjectField {
    type Err = InjectTargetError;

    fn from_str(text: &str) -> Result<Self, InjectTargetError> {
        // `tchar` of RFC 9110, 5.6.2.
        let token = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
        if text.is_empty() || !text.bytes().all(token) {
            return Err(InjectTargetError::Name(text.chars().take(64).collect()));
        }
        let name = text.to_ascii_lowercase();
        if RESERVED.contains(&name.as_str()) || name.starts_with(crate::header::PREFIX) {
            return Err(InjectTargetError::Reserved(name));
        }
        Ok(Self(name))
    }
}

/// What the broker fills in: which secret, and in which form.
///
/// ```
/// use oxg_protocol::Template;
///
/// let template = Template::basic("api-token".parse()?, "ci".parse()?);
/// assert_eq!(template.to_string(), "{{secret:api-token|basic:ci}}");
/// assert_eq!("{{secret:api-token}}".parse(), Ok(Template::raw("api-token".parse()?)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Template {
    secret: SecretName,
    form: Form,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Form {
    Raw,
    Basic(BasicUser),
}

/// The user of basic authentication: at most 128 bytes without `:`, `{`, `}`, `|` and control
/// characters. It may be empty.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct BasicUser(String);

/// Why a text is no [`Template`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TemplateError {
    /// It does not read `{{secret:NAME}}` or `{{secret:NAME|basic:USER}}`.
    #[error("a template reads {{{{secret:NAME}}}} or {{{{secret:NAME|basic:USER}}}}")]
    Form,
    /// The name is not one that a secret can have.
    #[error("the template does not hold a secret's name: a-z, 0-9, '.', '_', '-'")]
    Name,
    /// The user has a character that it may not have, or is too long.
    #[error(
        "the template's user is longer than {} bytes, or has ':', '{{', '}}', '|' or a control character",
        BasicUser::MAX_BYTES
    )]
    User,
    /// More than one in a value.
    #[error("a value holds one template at most")]
    Second,
}

impl Template {
    /// The value of the secret as it is.
    #[must_use]
    pub fn raw(secret: SecretName) -> Self {
        Self { secret, form: Form::Raw }
    }

    /// The credentials of basic authentication, with the secret as the password.
    #[must_use]
    pub fn basic(secret: SecretName, user: BasicUser) -> Self {
        Self { secret, form: Form::Basic(user) }
    }

    /// The name of the secret.
    #[must_use]
    pub fn secret(&self) -> &SecretName {
        &self.secret
    }

    /// Finds the template in a header value, and where it stands.
    ///
    /// # Errors
    /// If what begins as a template is none, or if there is a second.
    pub fn find(value: &str) -> Result<Option<(Range<usize>, Self)>, TemplateError> {
        let Some(start) = value.find(OPEN) else {
            return Ok(None);
        };
        let close = value[start..].find(CLOSE).ok_or(TemplateError::Form)?;
        let end = start + close + CLOSE.len();
        let template = value[start..end].parse()?;
        if value[end..].contains(OPEN) {
            return Err(TemplateError::Second);
        }
        Ok(Some((start..end, template)))
    }

    /// The template that a query value stands for, as it is written in the URL: `None` where it is
    /// another value.
    ///
    /// # Errors
    /// If a template is part of a longer value, or malformed.
    pub fn in_query_value(value: &str) -> Result<Option<Self>, TemplateError> {
        let Ok(decoded) = percent_decode_str(value).decode_utf8() else {
            return Ok(None);
        };
        match Self::find(&decoded)? {
            None => Ok(None),
            Some((range, template)) if range == (0..decoded.len()) => Ok(Some(template)),
            Some(_) => Err(TemplateError::Form),
        }
    }

    /// What stands in the template's place once it is filled in with `value`.
    #[must_use]
    pub fn fill(&self, value: &SecretString) -> SecretString {
        match &self.form {
            Form::Raw => value.clone(),
            Form::Basic(user) => {
                let pair = Zeroizing::new(format!("{}:{}", user.0, value.expose_secret()));
                STANDARD.encode(pair.as_bytes()).into()
            }
        }
    }
}

impl FromStr for Template {
    type Err = TemplateError;

    fn from_str(text: &str) -> Result<Self, TemplateError> {
        let inner = text.strip_prefix(OPEN).and_then(|rest| rest.strip_suffix(CLOSE));
        let inner = inner.ok_or(TemplateError::Form)?;
        let (name, form) = match inner.split_once('|') {
            None => (inner, Form::Raw),
            Some((name, form)) => {
                let user = form.strip_prefix("basic:").ok_or(TemplateError::Form)?;
                (name, Form::Basic(user.parse()?))
            }
        };
        let secret = name.parse().map_err(|_| TemplateError::Name)?;
        Ok(Self { secret, form })
    }
}

impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{OPEN}{}", self.secret)?;
        if let Form::Basic(user) = &self.form {
            write!(f, "|basic:{user}")?;
        }
        f.write_str(CLOSE)
    }
}

impl BasicUser {
    /// The longest user, in bytes.
    pub const MAX_BYTES: usize = 128;

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

text_traits!(BasicUser);

impl FromStr for BasicUser {
    type Err = TemplateError;

    fn from_str(text: &str) -> Result<Self, TemplateError> {
        let odd = |c: char| c.is_control() || matches!(c, ':' | '{' | '}' | '|');
        if text.len() > Self::MAX_BYTES || text.contains(odd) {
            return Err(TemplateError::User);
        }
        Ok(Self(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn places_are_fields_that_the_plugin_may_fill_and_the_query() {
        for (text, error) in [
            ("", InjectTargetError::Name(String::new())),
            ("x-a,", InjectTargetError::Name(String::new())),
            ("x a", InjectTargetError::Name("x a".to_owned())),
            (":body", InjectTargetError::Name(":body".to_owned())),
            ("Host", InjectTargetError::Reserved("host".to_owned())),
            ("Oxg-Task-Id", InjectTargetError::Reserved("oxg-task-id".to_owned())),
            ("x-a, X-A", InjectTargetError::Repeated("x-a".to_owned())),
            (":query, :query", InjectTargetError::Repeated(":query".to_owned())),
            ("a,b,c,d,e,f,g,h,i", InjectTargetError::TooMany),
        ] {
            assert_eq!(InjectTarget::parse_list(text), Err(error), "{text:?}");
        }
        assert_eq!(InjectTarget::parse_list("a,b,c,d,e,f,g,:query").unwrap().len(), 8);
    }

    #[test]
    fn a_template_stands_anywhere_in_a_header_value_but_only_once() {
        let (range, template) = Template::find("Bearer {{secret:a}};x").unwrap().unwrap();
        assert_eq!((range, template.secret().as_str()), (7..19, "a"));
        for plain in ["", "Bearer abc", "{{ secret:a }}", "{{}}", "{secret:a}"] {
            assert_eq!(Template::find(plain), Ok(None), "{plain:?}");
        }
        for (value, error) in [
            ("{{secret:a", TemplateError::Form),
            ("{{secret:a}", TemplateError::Form),
            ("{{secret:}}", TemplateError::Name),
            ("{{secret:A}}", TemplateError::Name),
            ("{{secret:a b}}", TemplateError::Name),
            ("{{secret:a|hex}}", TemplateError::Form),
            ("{{secret:a|basic}}", TemplateError::Form),
            ("{{secret:a|basic:x:y}}", TemplateError::User),
            ("{{secret:a|basic:x|y}}", TemplateError::User),
            ("{{secret:a}}{{secret:b}}", TemplateError::Second),
            ("{{secret:a}} {{secret:", TemplateError::Second),
            ("{{secret:{{secret:a}}}}", TemplateError::Name),
        ] {
            assert_eq!(Template::find(value), Err(error), "{value:?}");
        }
    }

    #[test]
    fn a_query_value_is_a_template_whole_or_not_at_all() {
        let raw = Template::raw("a".parse().unwrap());
        for value in ["{{secret:a}}", "%7B%7Bsecret:a%7D%7D", "%7b%7Bsecret%3Aa}}"] {
            assert_eq!(Template::in_query_value(value), Ok(Some(raw.clone())), "{value}");
        }
        for plain in ["", "a", "%", "%ff", "%257B%257Bsecret:a%257D%257D"] {
            assert_eq!(Template::in_query_value(plain), Ok(None), "{plain}");
        }
        assert_eq!(Template::in_query_value("x{{secret:a}}"), Err(TemplateError::Form));
        assert_eq!(Template::in_query_value("%7B%7Bsecret:a"), Err(TemplateError::Form));
    }

    #[test]
    fn the_user_is_limited() {
        assert!("u".repeat(128).parse::<BasicUser>().is_ok());
        assert_eq!("u".repeat(129).parse::<BasicUser>(), Err(TemplateError::User));
        assert!("".parse::<BasicUser>().is_ok());
        assert_eq!("a\n".parse::<BasicUser>(), Err(TemplateError::User));
    }

    #[test]
    fn filling_in_gives_the_value_or_basic_credentials() {
        let value = SecretString::from("open sesame");
        let name: SecretName = "a".parse().unwrap();
        assert_eq!(Template::raw(name.clone()).fill(&value).expose_secret(), "open sesame");
        // The example of RFC 7617, section 2.
        let basic = Template::basic(name, "Aladdin".parse().unwrap());
        assert_eq!(basic.fill(&value).expose_secret(), "QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
    }

    proptest! {
        #[test]
        fn what_prints_reads_back(name in "[a-z0-9][a-z0-9._-]{0,20}", user in "[ -~&&[^:{}|]]{0,20}", basic: bool) {
            let name: SecretName = name.parse().unwrap();
            let template = match basic {
                true => Template::basic(name, user.parse().unwrap()),
                false => Template::raw(name),
            };
            let text = template.to_string();
            prop_assert_eq!(text.parse(), Ok(template.clone()));
            let (range, found) = Template::find(&format!("x{text}y")).unwrap().unwrap();
            prop_assert_eq!((range, found), (1..text.len() + 1, template));
        }

        #[test]
        fn no_text_panics(text in "(\\{\\{secret:)?\\PC*(\\}\\})?") {
            let _ = Template::find(&text);
            let _ = Template::in_query_value(&text);
            let _ = InjectTarget::parse_list(&text);
        }
    }
}
