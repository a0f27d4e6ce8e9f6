use std::time::Duration;

use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request};
use oxg_protocol::Url;
use oxg_protocol::inject::InjectField;
use oxg_protocol::url::UrlError;
use serde::Serialize;

use super::follow::{Hop, Plan};
use super::inject::Injections;
use super::pairs::Pairs;
use super::secret_handle::Content;
use super::{HttpClient, HttpError, HttpResponse, IntoHeaderValue, InvalidRequest, Redirect};
use super::{SecretHandle, exchange};
use crate::channel::{Body, RetryPolicy};
use crate::clients::Secret;

/// A request in the making. The first mistake in it shows when it is sent.
#[derive(Debug)]
#[must_use = "a request does nothing until it is sent"]
pub struct RequestBuilder {
    client: HttpClient,
    plan: Plan,
    draft: Result<Hop, HttpError>,
}

impl RequestBuilder {
    pub(in crate::clients) fn new(
        client: HttpClient,
        method: Method,
        url: Result<Url, UrlError>,
    ) -> Self {
        let draft = url.map_err(HttpError::from).map(|url| {
            let mut request = Request::new(Body::empty());
            *request.method_mut() = method;
            Hop { url, request, injections: Injections::default() }
        });
        Self { client, plan: Plan::default(), draft }
    }

    /// Adds a header field; the value can be a [secret by handle](super::secret). `Host`, `Proxy-*`
    /// and `Oxg-*` are the SDK's own and refused.
    pub fn header<K, V>(self, name: K, value: V) -> Self
    where
        HeaderName: TryFrom<K, Error: Into<http::Error>>,
        V: IntoHeaderValue,
    {
        self.with(|draft| {
            let name =
                HeaderName::try_from(name).map_err(|error| InvalidRequest::Head(error.into()))?;
            exchange::check_name(&name)?;
            let Content { value, is_template } = value.into_content()?;
            if is_template {
                let field: InjectField = name.as_str().parse().map_err(InvalidRequest::Place)?;
                draft.injections.add_header(field);
            }
            draft.request.headers_mut().append(name, value);
            Ok(())
        })
    }

    /// Adds header fields, as [`header`](Self::header) does.
    pub fn headers(self, headers: HeaderMap) -> Self {
        self.with(|draft| {
            headers.keys().try_for_each(exchange::check_name)?;
            let own = draft.request.headers_mut();
            let mut last = None;
            for (name, value) in headers {
                // Only the first of several values comes with its name.
                last = name.or(last);
                if let Some(name) = &last {
                    own.append(name, value);
                }
            }
            Ok(())
        })
    }

    /// Sets `Authorization: Bearer` to a secret that the plugin holds. Where the broker can fill it
    /// in, prefer a [secret by handle](super::secret).
    pub fn bearer_auth(self, secret: &Secret) -> Self {
        self.with(|draft| {
            let mut value = secret
                .expose(|token| HeaderValue::try_from(format!("Bearer {token}")))
                .map_err(|_| InvalidRequest::Secret(secret.name().clone()))?;
            value.set_sensitive(true);
            draft.request.headers_mut().insert(AUTHORIZATION, value);
            Ok(())
        })
    }

    /// Adds to the query: the fields of a struct, a map, or a list of pairs, percent-encoded. A
    /// list becomes one pair for each item, `None` is left out.
    pub fn query<T: Serialize + ?Sized>(self, value: &T) -> Self {
        self.with(|draft| {
            let pairs = Pairs::of(value).map_err(InvalidRequest::Pairs)?;
            draft.extend_query(&pairs.to_query())
        })
    }

    /// Adds to the query a pair whose value is a [secret by handle](super::secret).
    pub fn query_secret(self, name: &str, secret: &SecretHandle) -> Self {
        self.with(|draft| {
            let template = secret.template().map_err(InvalidRequest::Template)?;
            let pairs =
                Pairs::of(&[(name, template.to_string())]).map_err(InvalidRequest::Pairs)?;
            draft.injections.add_query();
            draft.extend_query(&pairs.to_query())
        })
    }

    /// Sets the body: bytes, text, or a [`Body`] made of a stream or a file.
    pub fn body(self, body: impl Into<Body>) -> Self {
        self.with(|draft| {
            *draft.request.body_mut() = body.into();
            Ok(())
        })
    }

    /// Sets the body to `value` as JSON, and says so in `Content-Type`.
    pub fn json<T: Serialize + ?Sized>(self, value: &T) -> Self {
        self.with(|draft| {
            let bytes = serde_json::to_vec(value).map_err(InvalidRequest::Json)?;
            draft.set_body(bytes, "application/json");
            Ok(())
        })
    }

    /// Sets the body to `value` as a form, and says so in `Content-Type`. What can be a form is
    /// what can be a [`query`](Self::query).
    pub fn form<T: Serialize + ?Sized>(self, value: &T) -> Self {
        self.with(|draft| {
            let pairs = Pairs::of(value).map_err(InvalidRequest::Pairs)?;
            draft.set_body(pairs.to_form(), "application/x-www-form-urlencoded");
            Ok(())
        })
    }

    /// The time for the whole exchange: redirects, retries and the body of the answer included.
    /// Default 30 s, at most 10 minutes; the task's deadline goes on applying.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.plan.timeout = Some(timeout);
        self
    }

    /// Which redirects are followed. Default: those within the origin.
    pub fn redirect(mut self, redirect: Redirect) -> Self {
        self.plan.redirect = redirect;
        self
    }

    /// How often and when the request is made again. Default: twice at most, where the broker is out
    /// of reach or busy, and idempotent methods only.
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.plan.retry = Some(policy);
        self
    }

    /// How much a compressed body may become. Bodies in gzip, brotli and zstd are asked for and come
    /// decoded, without their `Content-Encoding` and `Content-Length`, unless the request has an
    /// `Accept-Encoding` of its own or holds a secret by handle.
    #[cfg(feature = "decompression")]
    pub fn decompression(mut self, limits: super::Decompression) -> Self {
        self.plan.decompression = limits;
        self
    }

    /// Sends the request and waits for the head of the answer.
    ///
    /// # Errors
    /// [`HttpError`]. An answer of the target, whatever its status, is none.
    pub async fn send(self) -> Result<HttpResponse, HttpError> {
        self.plan.run(&self.client, self.draft?).await
    }

    /// Sets a field that authors cannot set.
    #[cfg(feature = "websocket")]
    pub(in crate::clients) fn own_header(self, name: HeaderName, value: HeaderValue) -> Self {
        self.with(|draft| {
            draft.request.headers_mut().insert(name, value);
            Ok(())
        })
    }

    fn with(mut self, change: impl FnOnce(&mut Hop) -> Result<(), HttpError>) -> Self {
        if let Ok(draft) = &mut self.draft
            && let Err(error) = change(draft)
        {
            self.draft = Err(error);
        }
        self
    }
}

impl Hop {
    fn extend_query(&mut self, pairs: &str) -> Result<(), HttpError> {
        if !pairs.is_empty() {
            let separator = if self.url.as_str().contains('?') { '&' } else { '?' };
            self.url = format!("{}{separator}{pairs}", self.url).parse()?;
        }
        Ok(())
    }

    fn set_body(&mut self, body: impl Into<Body>, media_type: &'static str) {
        *self.request.body_mut() = body.into();
        let headers = self.request.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    }
}
