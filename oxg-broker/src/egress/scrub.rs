//! What the broker filled in is removed from what comes back.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, HeaderValue};
use http_body::Frame;
use http_body_util::BodyExt as _;
use oxg_protocol::{ErrorCode, Url};
use oxg_redact::{Kind, Redactor, RefusedValue, StreamRedactor};
use pin_project_lite::pin_project;
use secrecy::{ExposeSecret as _, SecretString};

use crate::body::{Body, BodyError};
use crate::error::{Refusal, refuse};

/// Removes some values from a response, in every encoding in which they are known to turn up.
#[derive(Debug)]
pub(super) struct Scrub {
    redactor: Redactor,
    all: bool,
}

impl Scrub {
    /// Looks for `values`, in bodies of text or in `all` bodies.
    pub(super) fn new(values: &[SecretString], all: bool) -> Result<Self, RefusedValue> {
        // Nothing but the values: a response is the plugin's to read.
        let redactor = Kind::ALL
            .into_iter()
            .fold(Redactor::builder(), |builder, kind| builder.kind(kind, false))
            .build()?;
        for value in values {
            redactor.register(value.expose_secret())?;
        }
        Ok(Self { redactor, all })
    }

    /// Header fields and body without the values.
    pub(super) fn apply(
        self,
        headers: &mut HeaderMap,
        body: Body,
        url: &Url,
    ) -> Result<Body, Refusal> {
        let coded = |value: &HeaderValue| !value.as_bytes().eq_ignore_ascii_case(b"identity");
        if headers.get_all(CONTENT_ENCODING).iter().any(coded) {
            let detail = format!(
                "{} answered with a content coding although none was accepted; a secret in it would go unseen",
                url.origin()
            );
            return Err(refuse(ErrorCode::UpstreamProtocol, detail));
        }
        for value in headers.values_mut() {
            if self.redactor.contains_known(value.as_bytes()) {
                let clean = self.redactor.redact_bytes(value.as_bytes());
                *value = HeaderValue::from_bytes(&clean)
                    .unwrap_or(HeaderValue::from_static(Kind::KnownValue.marker()));
            }
        }
        if !self.all && !headers.get(CONTENT_TYPE).is_none_or(is_text) {
            return Ok(body);
        }
        headers.remove(CONTENT_LENGTH);
        let stream = Some(self.redactor.stream());
        Ok(Scrubbed { body, stream }.boxed_unsync())
    }
}

/// Whether a media type is one of text, or holds messages that are.
fn is_text(value: &HeaderValue) -> bool {
    let Ok(value) = value.to_str() else {
        return true;
    };
    let media = value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let Some((kind, subtype)) = media.split_once('/') else {
        return true;
    };
    let of_text = ["json", "xml", "javascript", "ecmascript", "ndjson", "yaml", "graphql"];
    let suffix = subtype.rsplit(['+', '-', '.']).next().unwrap_or(subtype);
    matches!(kind, "text" | "message" | "multipart")
        || of_text.contains(&suffix)
        || subtype == "x-www-form-urlencoded"
}

pin_project! {
    /// A body without the values; as long as it turns out to be.
    struct Scrubbed {
        #[pin]
        body: Body,
        // Gone once what it held back has been given.
        stream: Option<StreamRedactor>,
    }
}

impl http_body::Body for Scrubbed {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let mut this = self.project();
        loop {
            let Some(stream) = this.stream.as_mut() else {
                return Poll::Ready(None);
            };
            let mut out = Vec::new();
            match ready!(this.body.as_mut().poll_frame(cx)) {
                Some(Ok(frame)) => {
                    if let Some(data) = frame.data_ref() {
                        stream.push(data, &mut out);
                    }
                }
                Some(Err(error)) => {
                    *this.stream = None;
                    return Poll::Ready(Some(Err(error)));
                }
                None => {
                    if let Some(stream) = this.stream.take() {
                        stream.finish(&mut out);
                    }
                }
            }
            if !out.is_empty() {
                return Poll::Ready(Some(Ok(Frame::data(out.into()))));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::body::full;

    fn scrub(all: bool) -> Scrub {
        Scrub::new(&["s3cr3t-value-1".into()], all).unwrap()
    }

    async fn scrubbed(scrub: Scrub, media: &'static str, body: &'static str) -> String {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(media));
        let url = "https://shop.test/".parse().unwrap();
        let body = scrub.apply(&mut headers, full(body), &url).unwrap();
        String::from_utf8(body.collect().await.unwrap().to_bytes().to_vec()).unwrap()
    }

    #[tokio::test]
    async fn text_is_scrubbed_by_default_and_everything_on_request() {
        let body = "a s3cr3t-value-1 b";
        let clean = "a [REDACTED_SECRET] b";
        for media in [
            "text/plain",
            "application/json; charset=utf-8",
            "application/problem+json",
            "image/svg+xml",
            "application/x-www-form-urlencoded",
            "Text/HTML",
            "odd",
        ] {
            assert_eq!(scrubbed(scrub(false), media, body).await, clean, "{media}");
        }
        for media in ["image/png", "application/octet-stream"] {
            assert_eq!(scrubbed(scrub(false), media, body).await, body, "{media}");
            assert_eq!(scrubbed(scrub(true), media, body).await, clean, "{media}");
        }
    }

    #[test]
    fn every_encoded_form_leaves_the_header_fields_and_nothing_else_does() {
        let mut headers = HeaderMap::new();
        headers.insert("x-plain", HeaderValue::from_static("Bearer s3cr3t-value-1"));
        headers.insert("x-hex", HeaderValue::from_static("7333637233742d76616c75652d31"));
        headers.insert("x-mail", HeaderValue::from_static("jo@example.org"));
        let url = "https://shop.test/".parse().unwrap();
        scrub(false).apply(&mut headers, full(""), &url).unwrap();
        assert_eq!(headers["x-plain"], "Bearer [REDACTED_SECRET]");
        assert_eq!(headers["x-hex"], "[REDACTED_SECRET]");
        assert_eq!(headers["x-mail"], "jo@example.org");
    }

    #[test]
    fn a_content_coding_is_refused() {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        let url = "https://shop.test/".parse().unwrap();
        let refusal = scrub(false).apply(&mut headers, full(""), &url).unwrap_err();
        assert_eq!(refusal.code(), ErrorCode::UpstreamProtocol);
    }
}
