use http::header::{
    AUTHORIZATION, CONTENT_ENCODING, CONTENT_LANGUAGE, CONTENT_LENGTH, CONTENT_LOCATION,
    CONTENT_TYPE, COOKIE, LOCATION, PROXY_AUTHORIZATION, TRANSFER_ENCODING, WWW_AUTHENTICATE,
};
use http::{HeaderMap, HeaderName, Method, StatusCode};
use oxg_protocol::Url;
use oxg_protocol::url::{Scheme, UrlError};

/// Which redirects are followed. Each hop is a new request, which the broker checks and audits.
///
/// Default: [`Redirect::same_origin`]. What is not followed is the answer itself, status 3xx.
///
/// `POST` becomes `GET` after 301, 302 and 303, and any method but `HEAD` after 303 (RFC 9110,
/// 15.4); the body is dropped then. 307 and 308 send it again, which needs one that is bytes and not
/// a stream. Across origins, credentials are dropped: `Authorization`, `Cookie`, `WWW-Authenticate`,
/// values marked as [sensitive](http::HeaderValue::set_sensitive) and secrets by handle; they do not come back when a later hop returns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Redirect {
    pub(super) most: u32,
    across_origins: bool,
    downgrade: bool,
}

/// Why a redirect was not followed although it should have been.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RedirectError {
    /// More hops than are allowed.
    #[error("the target redirected more than {limit} times, at last to {to}")]
    TooMany {
        /// The most hops.
        limit: u32,
        /// Where the next would have led.
        to: Box<Url>,
    },
    /// The same request as one before.
    #[error("the redirects lead in a circle, back to {to}")]
    Loop {
        /// Where the circle closes.
        to: Box<Url>,
    },
    /// From `https` to `http`.
    #[error("the target redirected from https to {to}; allow_downgrade follows it")]
    Downgrade {
        /// Where it leads.
        to: Box<Url>,
    },
    /// There is no one URL that the redirect leads to.
    #[error("the redirect of {from} leads to no URL that can be requested")]
    Location {
        /// Whose redirect it is.
        from: Box<Url>,
        /// Why; none where there are several `Location` fields, or one that is not text.
        source: Option<UrlError>,
    },
    /// The body is a stream and cannot be sent twice.
    #[error("the target wants the body again at {to}, but a stream can be sent once only")]
    Body {
        /// Where it leads.
        to: Box<Url>,
    },
}

impl Redirect {
    /// The most hops of [`Redirect::same_origin`].
    pub const SAME_ORIGIN_HOPS: u32 = 10;

    /// None: every answer is the first one.
    #[must_use]
    pub const fn none() -> Self {
        Self { most: 0, across_origins: false, downgrade: false }
    }

    /// Those that keep scheme, host and port, at most 10 in a row.
    #[must_use]
    pub const fn same_origin() -> Self {
        Self { most: Self::SAME_ORIGIN_HOPS, across_origins: false, downgrade: false }
    }

    /// All, at most `most` in a row; none from `https` to `http`.
    #[must_use]
    pub const fn follow(most: u32) -> Self {
        Self { most, across_origins: true, downgrade: false }
    }

    /// Follows redirects from `https` to `http` too. Whoever sits on the wire can read and change
    /// what comes after such a hop.
    #[must_use]
    pub const fn allow_downgrade(mut self) -> Self {
        self.downgrade = true;
        self
    }

    /// Where an answer of `from` leads, as far as it is to be followed.
    pub(super) fn next(
        self,
        from: &Url,
        status: StatusCode,
        headers: &HeaderMap,
    ) -> Result<Option<Url>, RedirectError> {
        if self.most == 0 || !is_redirect(status) {
            return Ok(None);
        }
        let bad = |source| RedirectError::Location { from: Box::new(from.clone()), source };
        let mut locations = headers.get_all(LOCATION).iter();
        let Some(location) = locations.next() else {
            return Ok(None);
        };
        if locations.next().is_some() {
            return Err(bad(None));
        }
        let location = location.to_str().map_err(|_| bad(None))?;
        let to = from.join(location).map_err(|error| bad(Some(error)))?;
        if matches!(to.scheme(), Scheme::Ws | Scheme::Wss) {
            return Err(bad(Some(UrlError::Scheme)));
        }
        if !self.across_origins && !to.is_same_origin(from) {
            return Ok(None);
        }
        if from.scheme().is_tls() && !to.scheme().is_tls() && !self.downgrade {
            return Err(RedirectError::Downgrade { to: Box::new(to) });
        }
        Ok(Some(to))
    }
}

impl Default for Redirect {
    fn default() -> Self {
        Self::same_origin()
    }
}

fn is_redirect(status: StatusCode) -> bool {
    matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308)
}

/// The method of the next hop; the body goes with the method.
pub(super) fn method_after(status: StatusCode, method: &Method) -> Method {
    let rewritten = match status.as_u16() {
        301 | 302 => method == Method::POST,
        303 => method != Method::HEAD,
        _ => false,
    };
    if rewritten { Method::GET } else { method.clone() }
}

/// Removes what describes a body that is no longer there.
pub(super) fn drop_body_fields(headers: &mut HeaderMap) {
    const FIELDS: [HeaderName; 6] = [
        CONTENT_ENCODING,
        CONTENT_LANGUAGE,
        CONTENT_LENGTH,
        CONTENT_LOCATION,
        CONTENT_TYPE,
        TRANSFER_ENCODING,
    ];
    FIELDS.iter().for_each(|name| drop(headers.remove(name)));
}

/// Removes what another origin must not see: the usual fields, and every value that is marked as
/// sensitive.
pub(super) fn drop_credentials(headers: &mut HeaderMap) {
    const FIELDS: [HeaderName; 4] = [AUTHORIZATION, COOKIE, PROXY_AUTHORIZATION, WWW_AUTHENTICATE];
    FIELDS.iter().for_each(|name| drop(headers.remove(name)));
    let marked = headers.iter().filter(|(_, value)| value.is_sensitive());
    let marked: Vec<_> = marked.map(|(name, _)| name.clone()).collect();
    marked.iter().for_each(|name| drop(headers.remove(name)));
}
