use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{Method, Request, Response};
use oxg_protocol::Url;
use tower::{Layer, Service};

use super::exchange::{check_name, exchange};
use super::{HttpError, IntoUrl, RequestBuilder};
use crate::channel::{Body, BoxError, BrokerChannel, CallOptions};
use crate::clients::Scope;

/// Makes requests to targets, through the broker.
///
/// ```no_run
/// # async fn example(http: oxg_sdk::clients::http::HttpClient) -> oxg_sdk::Result {
/// use std::time::Duration;
///
/// let page = http
///     .get("https://shop.test/")
///     .timeout(Duration::from_secs(10))
///     .send()
///     .await?;
/// println!("{} {}", page.status(), page.url());
/// let text = page.text().await?;
/// # let _ = text;
/// # Ok(())
/// # }
/// ```
///
/// # Layers
///
/// A layer of the author's own goes beneath the client with [`layer`](Self::layer); it then sees
/// every hop of every request, and its service is cloned for each. Here one sets a header, and
/// `tower`'s own lets four requests wait at a time (its feature `limit`):
///
/// ```
/// use oxg_sdk::channel::{Body, BrokerChannel};
/// use oxg_sdk::clients::http::HttpClient;
/// use oxg_sdk::http::{HeaderValue, Request};
/// use tower::ServiceBuilder;
///
/// fn polite(http: HttpClient) -> HttpClient {
///     let name = HeaderValue::from_static("shop-scan/1.0 (security@shop.test)");
///     http.layer(
///         &ServiceBuilder::new()
///             .concurrency_limit(4)
///             .map_request(move |mut request: Request<Body>| {
///                 request.headers_mut().insert("user-agent", name.clone());
///                 request
///             })
///             .into_inner(),
///     )
/// }
/// ```
///
/// The client is a [`tower::Service`] of plain requests too, so that any other stack can stand on
/// it, also one that cannot be cloned. A request in that form is one exchange: no redirect is
/// followed, nothing is decoded.
///
/// ```no_run
/// # async fn example(http: oxg_sdk::clients::http::HttpClient) -> oxg_sdk::Result<(), tower::BoxError> {
/// use std::time::Duration;
/// use oxg_sdk::channel::Body;
/// use oxg_sdk::http::Request;
/// use tower::{Service as _, ServiceBuilder, ServiceExt as _};
///
/// let mut slow = ServiceBuilder::new()
///     .map_request(|url: &str| Request::get(url).body(Body::empty()).unwrap_or_default())
///     .rate_limit(5, Duration::from_secs(1))
///     .timeout(Duration::from_secs(10))
///     .service(http);
/// let answer = slow.ready().await?.call("https://shop.test/").await?;
/// # let _ = answer;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct HttpClient {
    pub(super) channel: BrokerChannel,
    pub(in crate::clients) scope: Scope,
}

impl HttpClient {
    /// A client over `channel` that is bound to no task.
    #[must_use]
    pub fn new(channel: BrokerChannel) -> Self {
        Self::scoped(channel, Scope::default())
    }

    pub(crate) fn scoped(channel: BrokerChannel, scope: Scope) -> Self {
        Self { channel, scope }
    }

    /// Starts a request. A bad URL shows when it is sent.
    pub fn request(&self, method: Method, url: impl IntoUrl) -> RequestBuilder {
        RequestBuilder::new(self.clone(), method, url.into_url())
    }

    /// Starts a `GET`.
    pub fn get(&self, url: impl IntoUrl) -> RequestBuilder {
        self.request(Method::GET, url)
    }

    /// Starts a `HEAD`.
    pub fn head(&self, url: impl IntoUrl) -> RequestBuilder {
        self.request(Method::HEAD, url)
    }

    /// Starts a `POST`.
    pub fn post(&self, url: impl IntoUrl) -> RequestBuilder {
        self.request(Method::POST, url)
    }

    /// Starts a `PUT`.
    pub fn put(&self, url: impl IntoUrl) -> RequestBuilder {
        self.request(Method::PUT, url)
    }

    /// Starts a `DELETE`.
    pub fn delete(&self, url: impl IntoUrl) -> RequestBuilder {
        self.request(Method::DELETE, url)
    }

    /// Starts a `PATCH`.
    pub fn patch(&self, url: impl IntoUrl) -> RequestBuilder {
        self.request(Method::PATCH, url)
    }

    /// This client with one more layer beneath it.
    #[must_use]
    pub fn layer<L>(self, layer: &L) -> Self
    where
        L: Layer<BrokerChannel>,
        L::Service: Service<Request<Body>, Response = Response<Body>, Error: Into<BoxError>>,
        L::Service: Clone + Send + Sync + 'static,
        <L::Service as Service<Request<Body>>>::Future: Send,
    {
        Self { channel: self.channel.layer(layer), scope: self.scope }
    }
}

impl<B> Service<Request<B>> for HttpClient
where
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    type Response = Response<Body>;
    type Error = HttpError;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, HttpError>> + Send>>;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), HttpError>> {
        Poll::Ready(Ok(()))
    }

    /// [`CallOptions`] in the request's extensions count, but for the task and its end.
    fn call(&mut self, request: Request<B>) -> Self::Future {
        let Self { channel, scope } = self.clone();
        Box::pin(async move {
            request.headers().keys().try_for_each(check_name)?;
            let url: Url = request.uri().to_string().parse()?;
            let options = request.extensions().get::<CallOptions>().cloned().unwrap_or_default();
            exchange(&channel, scope.bind(options), &url, request.map(Body::of)).await
        })
    }
}
