//! A stand before the dispatcher, for tests that want a broker to fail.

use std::fmt;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use http::{Request, Response};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::api::answer;
use crate::body::Body;
use crate::gate::Violation;
use crate::services::Services;

/// Stands between the connections and the dispatcher: sees each request before it is answered, and
/// decides what the plugin hears. Set it with
/// [`BrokerBuilder::intercept`](crate::BrokerBuilder::intercept). A broker without one pays nothing.
///
/// It is for tests: what it says in place of the broker is neither checked nor audited.
///
/// ```
/// use oxg_broker::intercept::{Intercept, Intercepting, Next, Said};
/// use oxg_broker::{Body, Broker};
///
/// /// Hangs up on whoever asks for a secret.
/// #[derive(Debug)]
/// struct NoSecrets;
///
/// impl Intercept for NoSecrets {
///     fn intercept<'a>(&'a self, request: http::Request<Body>, next: Next<'a>) -> Intercepting<'a> {
///         Box::pin(async move {
///             match request.uri().path().starts_with("/v1/secrets/") {
///                 true => Said::hang_up(),
///                 false => Said::Answer(next.answer(request).await),
///             }
///         })
///     }
/// }
///
/// let broker = Broker::builder().intercept(NoSecrets).build()?;
/// # drop(broker);
/// # Ok::<(), oxg_broker::BrokerError>(())
/// ```
pub trait Intercept: fmt::Debug + Send + Sync + 'static {
    /// What the plugin hears. Dropped when its connection ends.
    fn intercept<'a>(&'a self, request: Request<Body>, next: Next<'a>) -> Intercepting<'a>;
}

/// What [`Intercept::intercept`] returns.
pub type Intercepting<'a> = Pin<Box<dyn Future<Output = Said> + Send + 'a>>;

/// The dispatcher, for one request.
pub struct Next<'a> {
    services: &'a Services,
    violation: Option<Violation>,
}

impl<'a> Next<'a> {
    pub(crate) fn new(services: &'a Services, violation: Option<Violation>) -> Self {
        Self { services, violation }
    }

    /// Lets the broker do what it was asked for.
    pub async fn answer(self, request: Request<Body>) -> Response<Body> {
        answer(self.services, request, self.violation).await
    }
}

impl fmt::Debug for Next<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Next").finish_non_exhaustive()
    }
}

/// What the plugin hears.
#[non_exhaustive]
pub enum Said {
    /// An answer.
    Answer(Response<Body>),
    /// Whatever is done with the connection in place of an answer. It ends afterwards.
    Instead(Takeover),
}

/// Does something with a connection. Dropped when the broker stops.
pub type Takeover = Box<dyn FnOnce(Line) -> Pin<Box<dyn Future<Output = ()> + Send>> + Send>;

impl Said {
    /// The connection ends without an answer.
    #[must_use]
    pub fn hang_up() -> Self {
        Self::Instead(Box::new(|_| Box::pin(std::future::ready(()))))
    }
}

impl fmt::Debug for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Answer(answer) => f.debug_tuple("Answer").field(&answer.status()).finish(),
            Self::Instead(_) => f.write_str("Instead"),
        }
    }
}

/// The bytes of one connection. What of the request was read already does not come again.
pub struct Line(Arc<Mutex<dyn Bytes>>);

trait Bytes: AsyncRead + AsyncWrite + Send + Unpin {}
impl<S: AsyncRead + AsyncWrite + Send + Unpin> Bytes for S {}

impl Line {
    pub(crate) fn new(stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static) -> Self {
        Self(Arc::new(Mutex::new(stream)))
    }

    /// The same connection. One holder at a time speaks.
    pub(crate) fn share(&self) -> Self {
        Self(self.0.clone())
    }

    fn stream(&self) -> MutexGuard<'_, dyn Bytes + 'static> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Line").finish_non_exhaustive()
    }
}

impl AsyncRead for Line {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.stream()).poll_read(cx, buf)
    }
}

impl AsyncWrite for Line {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut *self.stream()).poll_write(cx, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.stream()).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.stream()).poll_shutdown(cx)
    }
}
