//! A server on a Unix socket that answers as a broker would, and does nothing else: what is left of
//! the time of a call is the client's.

use std::convert::Infallible;
use std::path::Path;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use oxg_protocol::route;
use oxg_protocol::session::SessionInfo;
use tokio::net::UnixListener;

use crate::Result;

/// Serves `path` until it is dropped: a session at its route, 1 KiB everywhere else.
pub async fn serve(path: &Path) -> Result<()> {
    let session = Bytes::from(serde_json::to_vec(&SessionInfo::new("bench", "run-1".parse()?))?);
    let page = Bytes::from_static(&[b'x'; 1 << 10]);
    let listener = UnixListener::bind(path)?;
    loop {
        let (stream, _) = listener.accept().await?;
        let (session, page) = (session.clone(), page.clone());
        tokio::spawn(async move {
            let service = service_fn(move |request: Request<Incoming>| {
                let is_session = request.uri().path() == route::SESSION;
                let body = if is_session { session.clone() } else { page.clone() };
                async move { Ok::<_, Infallible>(Response::new(Full::new(body))) }
            });
            // How a connection ends is the client's affair.
            let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
    }
}
