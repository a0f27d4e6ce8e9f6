use http::HeaderValue;
use oxg_protocol::Template;
use oxg_protocol::inject::TemplateError;

use super::InvalidRequest;

/// A secret *by handle*: the broker fills the value in, so that the plugin never holds it.
///
/// It works only towards hosts that the manifest binds the secret to, under `secrets.hosts`. The
/// broker cuts the value out of the answer's fields, and out of its body where that is text.
///
/// ```no_run
/// # async fn example(http: oxg_sdk::clients::http::HttpClient) -> oxg_sdk::Result {
/// use oxg_sdk::clients::http::secret;
///
/// http.get("https://api.shop.test/orders")
///     .header("authorization", secret("api-token").bearer())
///     .send()
///     .await?;
/// # Ok(())
/// # }
/// ```
#[must_use]
pub fn secret(name: &str) -> SecretHandle {
    SecretHandle(name.to_owned())
}

/// The name of a secret that the broker fills in; see [`secret`].
#[derive(Debug, Clone)]
pub struct SecretHandle(String);

/// A header value that the broker completes with a secret; see [`secret`].
///
/// A bad name or user shows when the request is sent.
#[derive(Debug, Clone)]
pub struct SecretValue {
    before: &'static str,
    template: Result<Template, TemplateError>,
}

impl SecretHandle {
    /// The value as it is.
    #[must_use]
    pub fn raw(&self) -> SecretValue {
        SecretValue { before: "", template: self.template() }
    }

    /// `Bearer` and the value (RFC 6750).
    #[must_use]
    pub fn bearer(&self) -> SecretValue {
        SecretValue { before: "Bearer ", template: self.template() }
    }

    /// Basic authentication (RFC 7617) with the value as the password. `user` has at most 128 bytes
    /// and none of `:`, `{`, `}`, `|` and control characters.
    #[must_use]
    pub fn basic(&self, user: &str) -> SecretValue {
        let template = self.template().and_then(|template| {
            let user = user.parse()?;
            Ok(Template::basic(template.secret().clone(), user))
        });
        SecretValue { before: "Basic ", template }
    }

    pub(super) fn template(&self) -> Result<Template, TemplateError> {
        self.0.parse().map(Template::raw).map_err(|_| TemplateError::Name)
    }
}

/// What a header field can be set to: a value, or a [secret by handle](secret).
pub trait IntoHeaderValue: sealed::Sealed {
    #[doc(hidden)]
    fn into_content(self) -> Result<sealed::Content, InvalidRequest>;
}

pub(super) use sealed::Content;

mod sealed {
    use super::{HeaderValue, SecretValue};

    pub trait Sealed {}
    impl<V> Sealed for V where HeaderValue: TryFrom<V, Error: Into<http::Error>> {}
    impl Sealed for SecretValue {}

    /// A value, and whether a template stands in it.
    #[derive(Debug)]
    pub struct Content {
        pub(in super::super) value: HeaderValue,
        pub(in super::super) is_template: bool,
    }
}

impl<V> IntoHeaderValue for V
where
    HeaderValue: TryFrom<V, Error: Into<http::Error>>,
{
    fn into_content(self) -> Result<Content, InvalidRequest> {
        let value =
            HeaderValue::try_from(self).map_err(|error| InvalidRequest::Head(error.into()))?;
        Ok(Content { value, is_template: false })
    }
}

impl IntoHeaderValue for SecretValue {
    fn into_content(self) -> Result<Content, InvalidRequest> {
        let text = format!("{}{}", self.before, self.template?);
        let value =
            HeaderValue::try_from(text).map_err(|error| InvalidRequest::Head(error.into()))?;
        Ok(Content { value, is_template: true })
    }
}
