use std::fmt;
use std::future::{Future, poll_fn};
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::{Request, Response};
use oxg_protocol::Endpoint;
use tokio::io::{AsyncRead, AsyncWrite};
use tower::{Layer, Service};

use super::connector::Connector;
use super::deadline::Deadline;
use super::{Body, BoxError, CallOptions, ChannelBuilder, ChannelError};

/// The answer to a call, in the making.
pub type ChannelFuture =
    Pin<Box<dyn Future<Output = Result<Response<Body>, ChannelError>> + Send + 'static>>;

/// The way to the broker: a [`tower::Service`] that is cheap to clone and always ready.
///
/// A request in origin form (`/v1/session`) is a call of the broker API; one in absolute form
/// (`https://shop.test/`) is egress, which the broker forwards. Every call has a deadline; see
/// [`CallOptions`](super::CallOptions).
///
/// Any layer can stand on top, and any service beneath:
///
/// ```
/// use std::convert::Infallible;
/// use oxg_sdk::channel::{Body, BrokerChannel, ChannelError};
/// use oxg_sdk::http::{Request, Response};
///
/// #[derive(Clone)]
/// struct Teapot;
///
/// impl tower::Service<Request<Body>> for Teapot {
///     type Response = Response<Body>;
///     type Error = ChannelError;
///     type Future = std::future::Ready<Result<Response<Body>, ChannelError>>;
///
///     fn poll_ready(
///         &mut self,
///         _: &mut std::task::Context<'_>,
///     ) -> std::task::Poll<Result<(), ChannelError>> {
///         std::task::Poll::Ready(Ok(()))
///     }
///
///     fn call(&mut self, _: Request<Body>) -> Self::Future {
///         let mut answer = Response::new(Body::from("short and stout"));
///         *answer.status_mut() = oxg_sdk::http::StatusCode::IM_A_TEAPOT;
///         std::future::ready(Ok(answer))
///     }
/// }
///
/// let channel = BrokerChannel::from_service(Teapot);
/// # let _ = channel;
/// ```
#[derive(Clone)]
pub struct BrokerChannel(Way);

#[derive(Clone)]
enum Way {
    /// The channel's own steps.
    Steps(Arc<Deadline>),
    /// Whatever a layer or a test puts there.
    Service(Arc<dyn Fn(Request<Body>) -> ChannelFuture + Send + Sync>),
}

impl BrokerChannel {
    /// Starts a channel to `endpoint`. Nothing is dialled before the first call.
    ///
    /// # Errors
    /// [`ChannelError::Unsupported`] where this build cannot dial the kind of endpoint: `https://`,
    /// and `unix:` outside Unix.
    pub fn builder(endpoint: &Endpoint) -> Result<ChannelBuilder, ChannelError> {
        Connector::to_endpoint(endpoint).map(ChannelBuilder::new)
    }

    /// Starts a channel over whatever streams `connect` gives: in memory for a test, say.
    pub fn from_connector<F, C, I>(connect: F) -> ChannelBuilder
    where
        F: Fn() -> C + Send + Sync + 'static,
        C: Future<Output = io::Result<I>> + Send + 'static,
        I: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        ChannelBuilder::new(Connector::from_fn(connect))
    }

    /// A channel that hands each request to a clone of `service`, with no layer in between.
    pub fn from_service<S>(service: S) -> Self
    where
        S: Service<Request<Body>, Response = Response<Body>, Error = ChannelError>,
        S: Clone + Send + Sync + 'static,
        S::Future: Send,
    {
        Self::from_fn(move |request| Box::pin(oneshot(service.clone(), request)))
    }

    pub(super) fn from_steps(first: Deadline) -> Self {
        Self(Way::Steps(Arc::new(first)))
    }

    fn from_fn(call: impl Fn(Request<Body>) -> ChannelFuture + Send + Sync + 'static) -> Self {
        Self(Way::Service(Arc::new(call)))
    }

    /// This channel under one more layer. What the layer itself fails with becomes
    /// [`ChannelError::Layer`].
    #[must_use]
    pub fn layer<L>(self, layer: &L) -> Self
    where
        L: Layer<Self>,
        L::Service: Service<Request<Body>, Response = Response<Body>, Error: Into<BoxError>>,
        L::Service: Clone + Send + Sync + 'static,
        <L::Service as Service<Request<Body>>>::Future: Send,
    {
        let service = layer.layer(self);
        Self::from_fn(move |request| {
            let call = oneshot(service.clone(), request);
            Box::pin(async move { call.await.map_err(|e| ChannelError::of_layer(e.into())) })
        })
    }

    /// Sends one request.
    ///
    /// # Errors
    /// [`ChannelError`]; an answer of a target, whatever its status, is none.
    pub fn send(&self, mut request: Request<Body>) -> ChannelFuture {
        match &self.0 {
            Way::Steps(first) => {
                let first = Arc::clone(first);
                let options = request.extensions_mut().remove().unwrap_or_default();
                let call = first.begin(options);
                Box::pin(async move { first.send(call, request).await })
            }
            Way::Service(call) => call(request),
        }
    }

    /// As [`send`](Self::send), without the allocations that a call of any kind needs.
    pub(crate) async fn send_with(
        &self,
        options: CallOptions,
        mut request: Request<Body>,
    ) -> Result<Response<Body>, ChannelError> {
        match &self.0 {
            Way::Steps(first) => first.send(first.begin(options), request).await,
            Way::Service(call) => {
                request.extensions_mut().insert(options);
                call(request).await
            }
        }
    }

    /// Whether nothing but the channel itself, which keeps its deadlines, carries out a call.
    pub(crate) fn is_bare(&self) -> bool {
        matches!(self.0, Way::Steps(_))
    }
}

impl Service<Request<Body>> for BrokerChannel {
    type Response = Response<Body>;
    type Error = ChannelError;
    type Future = ChannelFuture;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), ChannelError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> ChannelFuture {
        self.send(request)
    }
}

impl fmt::Debug for BrokerChannel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BrokerChannel").finish_non_exhaustive()
    }
}

/// Waits until `service` is ready and calls it once.
async fn oneshot<S>(mut service: S, request: Request<Body>) -> Result<S::Response, S::Error>
where
    S: Service<Request<Body>>,
{
    poll_fn(|cx| service.poll_ready(cx)).await?;
    service.call(request).await
}
