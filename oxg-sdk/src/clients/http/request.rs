use std::time::Duration;

use http::header::{AUTHORIZATION, CONTENT_TYPE, HOST};
use http::{HeaderName, HeaderValue, Method, Request, Uri};
use oxg_protocol::Url;
use oxg_protocol::url::{Scheme, UrlError};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;

use super::{HttpClient, HttpError, HttpResponse};
use crate::channel::Body;
use crate::clients::Secret;

/// Everything but unreserved characters (RFC 3986, 2.3).
const QUERY: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A request in the making. The first mistake in it shows when it is sent.
#[derive(Debug)]
#[must_use = "a request does nothing until it is sent"]
pub struct RequestBuilder {
    client: HttpClient,
    timeout: Option<Duration>,
    draft: Result<Draft, HttpError>,
}

#[derive(Debug)]
struct Draft {
    url: Url,
    request: Request<Body>,
}

impl RequestBuilder {
    pub(super) fn new(client: HttpClient, method: Method, url: Result<Url, UrlError>) -> Self {
        let draft = url.map_err(HttpError::from).map(|url| {
            let mut request = Request::new(Body::empty());
            *request.method_mut() = method;
            Draft { url, request }
        });
        Self { client, timeout: None, draft }
    }

    /// Adds a header field. `Host`, `Proxy-*` and `Oxg-*` are the SDK's own and refused.
    pub fn header<K, V>(self, name: K, value: V) -> Self
    where
        HeaderName: TryFrom<K, Error: Into<http::Error>>,
        HeaderValue: TryFrom<V, Error: Into<http::Error>>,
    {
        self.with(|draft| {
            let name = HeaderName::try_from(name).map_err(|error| invalid(error.into()))?;
            let value = HeaderValue::try_from(value).map_err(|error| invalid(error.into()))?;
            if is_reserved(name.as_str()) {
                return Err(HttpError::InvalidRequest(format!(
                    "the header {name} is set by the SDK; leave it out"
                )));
            }
            draft.request.headers_mut().append(name, value);
            Ok(())
        })
    }

    /// Sets `Authorization: Bearer` to a secret.
    pub fn bearer_auth(self, secret: &Secret) -> Self {
        self.with(|draft| {
            let mut value = secret
                .expose(|token| HeaderValue::try_from(format!("Bearer {token}")))
                .map_err(|_| {
                    HttpError::InvalidRequest(format!(
                        "the secret {} has characters that no header can carry",
                        secret.name()
                    ))
                })?;
            value.set_sensitive(true);
            draft.request.headers_mut().insert(AUTHORIZATION, value);
            Ok(())
        })
    }

    /// Adds pairs to the query, percent-encoded.
    pub fn query<K: AsRef<str>, V: AsRef<str>>(
        self,
        pairs: impl IntoIterator<Item = (K, V)>,
    ) -> Self {
        self.with(|draft| {
            let mut text = draft.url.as_str().to_owned();
            for (key, value) in pairs {
                text.push(if text.contains('?') { '&' } else { '?' });
                text.extend(utf8_percent_encode(key.as_ref(), QUERY));
                text.push('=');
                text.extend(utf8_percent_encode(value.as_ref(), QUERY));
            }
            draft.url = text.parse()?;
            Ok(())
        })
    }

    /// Sets the body.
    pub fn body(self, body: impl Into<Body>) -> Self {
        self.with(|draft| {
            *draft.request.body_mut() = body.into();
            Ok(())
        })
    }

    /// Sets the body to `value` as JSON, and says so in `Content-Type`.
    pub fn json(self, value: &impl Serialize) -> Self {
        self.with(|draft| {
            let bytes = serde_json::to_vec(value).map_err(|error| {
                HttpError::InvalidRequest(format!("the body cannot be written as JSON: {error}"))
            })?;
            *draft.request.body_mut() = bytes.into();
            let json = HeaderValue::from_static("application/json");
            draft.request.headers_mut().insert(CONTENT_TYPE, json);
            Ok(())
        })
    }

    /// The time for the whole exchange, the body included. Default 30 s; the broker caps it at
    /// 10 minutes, and the task's deadline goes on applying.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Sends the request and waits for the head of the answer.
    ///
    /// # Errors
    /// [`HttpError`]. An answer of the target, whatever its status, is none.
    pub async fn send(self) -> Result<HttpResponse, HttpError> {
        let Self { client, timeout, draft } = self;
        let Draft { url, mut request } = draft?;
        *request.uri_mut() = absolute_form(&url)?;
        let host = HeaderValue::try_from(url.authority()).map_err(|error| invalid(error.into()))?;
        request.headers_mut().insert(HOST, host);
        let mut options = client.scope.options();
        if let Some(timeout) = timeout {
            options = options.deadline(timeout);
        }
        request.extensions_mut().insert(options);
        let answer = client.channel.send(request).await?;
        Ok(HttpResponse::new(url, answer))
    }

    fn with(mut self, change: impl FnOnce(&mut Draft) -> Result<(), HttpError>) -> Self {
        if let Ok(draft) = &mut self.draft
            && let Err(error) = change(draft)
        {
            self.draft = Err(error);
        }
        self
    }
}

fn invalid(error: http::Error) -> HttpError {
    HttpError::InvalidRequest(error.to_string())
}

fn is_reserved(name: &str) -> bool {
    name == "host" || name.starts_with("proxy-") || name.starts_with(oxg_protocol::header::PREFIX)
}

/// The URL as a request target. It must print as the URL does, or the broker would check another
/// destination than the one that was written.
fn absolute_form(url: &Url) -> Result<Uri, HttpError> {
    if matches!(url.scheme(), Scheme::Ws | Scheme::Wss) {
        return Err(HttpError::InvalidRequest(
            "ws:// and wss:// are not for plain requests; use http:// or https://".to_owned(),
        ));
    }
    let refused = HttpError::InvalidUrl(UrlError::Character);
    let Ok(uri) = Uri::try_from(url.as_str()) else {
        return Err(refused);
    };
    // Not `uri == url`: that ignores the case of the authority.
    let printed = uri.to_string();
    if printed == url.as_str() { Ok(uri) } else { Err(refused) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_request_target_is_the_url_as_written(text in "https?://[a-z.]{1,9}[!-~]{0,20}") {
            let url = text.parse::<Url>();
            if let Some((uri, url)) = url.ok().and_then(|url| Some((absolute_form(&url).ok()?, url))) {
                prop_assert_eq!(uri.to_string(), url.as_str());
            }
        }
    }
}
