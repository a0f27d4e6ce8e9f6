//! A small web site on loopback, flawed on purpose.

use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderName, HeaderValue};
use http::{Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::error::CliError;

/// The running site.
pub(crate) struct Site {
    address: SocketAddr,
    stop: CancellationToken,
    tasks: TaskTracker,
}

impl Site {
    /// Starts the site on any free port. Its account page wants `token`.
    pub(crate) async fn start(token: &'static str) -> Result<Self, CliError> {
        let failed =
            |source| CliError::Machine { what: "start the demo's web site".to_owned(), source };
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
        let (accepting, serving) = (stop.clone(), tasks.clone());
        tasks.spawn(stop.clone().run_until_cancelled_owned(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let connection = http1::Builder::new().serve_connection(
                    TokioIo::new(stream),
                    service_fn(
                        move |request| async move { Ok::<_, Infallible>(page(&request, token)) },
                    ),
                );
                serving.spawn(accepting.clone().run_until_cancelled_owned(async move {
                    let _ = connection.await;
                }));
            }
        }));
        Ok(Self { address, stop, tasks })
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub(crate) fn port(&self) -> u16 {
        self.address.port()
    }

    pub(crate) async fn stop(self) {
        self.stop.cancel();
        self.tasks.close();
        let _ = timeout(Duration::from_secs(1), self.tasks.wait()).await;
    }
}

fn page(request: &Request<Incoming>, token: &str) -> Response<Full<Bytes>> {
    let authorized = request
        .headers()
        .get(AUTHORIZATION)
        .and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "))
        .is_some_and(|shown| shown == token);
    match request.uri().path() {
        "/" => html(StatusCode::OK, "Shop", &[]),
        "/account" if authorized => html(
            StatusCode::OK,
            "Account",
            &[
                ("content-security-policy", "default-src 'self'"),
                ("x-content-type-options", "nosniff"),
                ("set-cookie", "session=0b6d1f4e; Path=/"),
            ],
        ),
        "/account" => html(StatusCode::UNAUTHORIZED, "Sign in first", &[]),
        _ => html(StatusCode::NOT_FOUND, "Not here", &[]),
    }
}

fn html(
    status: StatusCode,
    title: &str,
    headers: &[(&'static str, &'static str)],
) -> Response<Full<Bytes>> {
    let text = format!("<!doctype html><title>{title}</title><h1>{title}</h1>\n");
    let mut response = Response::new(Full::new(text.into()));
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    for (name, value) in headers {
        response
            .headers_mut()
            .insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    response
}
