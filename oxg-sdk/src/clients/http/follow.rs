use std::time::Duration;

use http::{HeaderMap, Method, Request, StatusCode};
use oxg_protocol::Url;
use tokio::time::{Instant, timeout_at};

#[cfg(feature = "decompression")]
use super::decompress;
use super::exchange::exchange;
use super::inject::Injections;
use super::redirect::{drop_body_fields, drop_credentials, method_after};
use super::{HttpClient, HttpError, HttpResponse, Redirect, RedirectError};
use crate::channel::{Body, GRACE, MAX_DEADLINE, RetryPolicy};

/// The time of an exchange that states none.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(30);

/// How a request is carried out.
#[derive(Debug, Clone, Default)]
pub(super) struct Plan {
    pub(super) timeout: Option<Duration>,
    pub(super) redirect: Redirect,
    pub(super) retry: Option<RetryPolicy>,
    #[cfg(feature = "decompression")]
    pub(super) decompression: super::Decompression,
}

/// One request on the way to the last answer.
#[derive(Debug)]
pub(super) struct Hop {
    pub(super) url: Url,
    pub(super) request: Request<Body>,
    pub(super) injections: Injections,
}

/// A redirect that was followed.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Redirected {
    /// Who redirected.
    pub url: Url,
    /// With which status.
    pub status: StatusCode,
}

impl Plan {
    /// Sends `hop` and follows where its answers lead.
    pub(super) async fn run(
        self,
        client: &HttpClient,
        mut hop: Hop,
    ) -> Result<HttpResponse, HttpError> {
        let timeout = self.timeout.unwrap_or(DEFAULT_TIMEOUT).min(MAX_DEADLINE);
        let expires = Instant::now() + timeout;
        let mut chain = Vec::new();
        let mut seen = Vec::new();
        loop {
            let left = expires.saturating_duration_since(Instant::now());
            let mut options = client.scope.options().deadline(left).no_later_than(expires);
            if let Some(policy) = self.retry {
                options = options.retry(policy);
            }
            let spare = Spare::of(&hop);
            let Hop { url, mut request, injections } = hop;
            injections.stamp(&url, request.headers_mut())?;
            // With a secret by handle the broker asks for plain bodies, to find the secret in them.
            #[cfg(feature = "decompression")]
            let decodes = injections.is_empty() && decompress::ask(request.headers_mut());
            let answer = exchange(&client.channel, options, &url, request);
            // The channel has a clock of its own; the layers between it and the client need not.
            let answer = if client.channel.is_bare() {
                answer.await
            } else {
                let late = |_| Err(HttpError::Deadline(None));
                timeout_at(expires + GRACE, answer).await.unwrap_or_else(late)
            };
            let answer = match answer {
                Err(HttpError::Deadline(_)) => return Err(HttpError::Deadline(Some(timeout))),
                answer => answer?,
            };
            let status = answer.status();
            let Some(to) = self.redirect.next(&url, status, answer.headers())? else {
                #[cfg(feature = "decompression")]
                let answer = if decodes {
                    decompress::decode(answer, &spare.method, self.decompression)?
                } else {
                    answer
                };
                return Ok(HttpResponse::new(url, chain, answer));
            };
            seen.push((spare.method.clone(), url.clone()));
            chain.push(Redirected { url: url.clone(), status });
            hop = spare.after(status, &url, to, injections)?;
            let to = || Box::new(hop.url.clone());
            if seen.iter().any(|(method, url)| method == hop.request.method() && *url == hop.url) {
                return Err(RedirectError::Loop { to: to() }.into());
            }
            if chain.len() > self.redirect.most as usize {
                return Err(RedirectError::TooMany { limit: self.redirect.most, to: to() }.into());
            }
        }
    }
}

/// What is kept of a request for the hop after it.
struct Spare {
    method: Method,
    headers: HeaderMap,
    /// `None` where it is a stream.
    body: Option<Body>,
}

impl Spare {
    fn of(hop: &Hop) -> Self {
        let request = &hop.request;
        Self {
            method: request.method().clone(),
            headers: request.headers().clone(),
            body: request.body().try_clone(),
        }
    }

    /// The request that follows an answer of `from` with `status`.
    fn after(
        self,
        status: StatusCode,
        from: &Url,
        to: Url,
        mut injections: Injections,
    ) -> Result<Hop, RedirectError> {
        let Self { method, mut headers, body } = self;
        injections.forget_query();
        if !to.is_same_origin(from) {
            injections.remove_from(&mut headers);
            drop_credentials(&mut headers);
        }
        let next = method_after(status, &method);
        let body = if next == method {
            body.ok_or_else(|| RedirectError::Body { to: Box::new(to.clone()) })?
        } else {
            drop_body_fields(&mut headers);
            Body::empty()
        };
        let mut request = Request::new(body);
        *request.method_mut() = next;
        *request.headers_mut() = headers;
        Ok(Hop { url: to, request, injections })
    }
}
