//! HTTP/2 to a target (RFC 9113): one connection for all requests of a key.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, HOST};
use http::{Request, Response, Uri};
use http_body::{Frame, SizeHint};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use hyper::client::conn::http2;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::{CancellationToken, DropGuard};

use super::{Failed, UpstreamError};
use crate::body::{Body, BodyError};
use crate::gate::{MAX_RESPONSE_LINES, Violation};

/// The most requests at a time on one connection; the next one waits. The target may want fewer.
const MAX_STREAMS: usize = 100;
/// What a target may send ahead of the plugin's reading, in bytes: on one stream, and on all.
const STREAM_WINDOW: u32 = 256 << 10;
const CONNECTION_WINDOW: u32 = 4 << 20;
/// What of a request's body may wait to be sent, in bytes.
const SEND_BUFFER: usize = 256 << 10;
/// After so much silence with requests under way the target is pinged, and has so long to answer.
const PING_INTERVAL: Duration = Duration::from_secs(20);
const PING_TIMEOUT: Duration = Duration::from_secs(10);

/// A connection that serves many requests at a time. With its last clone it is closed.
#[derive(Debug, Clone)]
pub(super) struct Multiplexed {
    sender: http2::SendRequest<Body>,
    streams: Arc<Semaphore>,
    life: Arc<DropGuard>,
}

impl Multiplexed {
    /// Begins to speak over `stream`; `ended` closes the connection.
    pub(super) async fn open<S>(
        stream: S,
        max_head_bytes: usize,
        ended: &CancellationToken,
    ) -> Result<Self, UpstreamError>
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let life = ended.child_token();
        let guard = Arc::new(life.clone().drop_guard());
        let (sender, connection) = http2::Builder::new(Tasks(life.clone()))
            .timer(TokioTimer::new())
            .max_header_list_size(u32::try_from(max_head_bytes).unwrap_or(u32::MAX))
            .initial_stream_window_size(STREAM_WINDOW)
            .initial_connection_window_size(CONNECTION_WINDOW)
            .max_send_buf_size(SEND_BUFFER)
            .keep_alive_interval(PING_INTERVAL)
            .keep_alive_timeout(PING_TIMEOUT)
            .handshake(TokioIo::new(stream))
            .await
            .map_err(UpstreamError::protocol)?;
        tokio::spawn(life.run_until_cancelled_owned(async {
            let _ = connection.await;
        }));
        let streams = Arc::new(Semaphore::new(MAX_STREAMS));
        Ok(Self { sender, streams, life: guard })
    }

    /// Whether it takes requests.
    pub(super) fn is_open(&self) -> bool {
        !self.sender.is_closed()
    }

    /// Whether no request is under way.
    pub(super) fn is_idle(&self) -> bool {
        self.streams.available_permits() == MAX_STREAMS
    }

    /// Sends the request and waits for the head of the response.
    pub(super) async fn exchange(
        mut self,
        mut request: Request<Body>,
    ) -> Result<Response<Body>, Failed> {
        // Never closed: the only error there could be.
        let stream = self.streams.clone().acquire_owned().await.ok();
        let origin_form = request.uri().clone();
        let host = request.headers_mut().remove(HOST);
        if let Some(uri) = host.as_ref().and_then(|host| absolute(host.as_bytes(), &origin_form)) {
            *request.uri_mut() = uri;
        }
        match self.sender.try_send_request(request).await {
            Ok(response) if response.headers().len() > MAX_RESPONSE_LINES => {
                let lines = response.headers().len();
                Err(Failed::finally(UpstreamError::protocol(Violation::TooManyLines(lines))))
            }
            // Repeated, even with the same value, it could not be passed on over HTTP/1.1.
            Ok(response) if response.headers().get_all(CONTENT_LENGTH).iter().count() > 1 => {
                Err(Failed::finally(UpstreamError::protocol(Violation::ContentLength)))
            }
            Ok(response) => {
                let life = self.life.clone();
                Ok(response.map(|body| Stream { body, _life: life, _place: stream }.boxed_unsync()))
            }
            Err(mut failed) => {
                let mut unsent = failed.take_message();
                if let Some(request) = &mut unsent {
                    *request.uri_mut() = origin_form;
                    request.headers_mut().extend(host.map(|host| (HOST, host)));
                }
                Err(Failed {
                    unsent,
                    unwritten: false,
                    // What the target says of one stream is its answer; a connection that is gone
                    // is none.
                    unanswered: self.sender.is_closed(),
                    error: UpstreamError::protocol(failed.into_error()),
                })
            }
        }
    }
}

/// The URI with scheme and authority, which HTTP/2 has in place of `Host`.
fn absolute(authority: &[u8], origin_form: &Uri) -> Option<Uri> {
    Uri::builder()
        .scheme("https")
        .authority(authority)
        .path_and_query(origin_form.path_and_query()?.clone())
        .build()
        .ok()
}

/// Runs what hyper spawns for a connection, and no longer than the connection.
#[derive(Debug, Clone)]
struct Tasks(CancellationToken);

impl<F> hyper::rt::Executor<F> for Tasks
where
    F: Future<Output: Send> + Send + 'static,
{
    fn execute(&self, task: F) {
        tokio::spawn(self.0.clone().run_until_cancelled_owned(task));
    }
}

/// The body of a response, with its place on the connection.
struct Stream {
    body: Incoming,
    _life: Arc<DropGuard>,
    _place: Option<OwnedSemaphorePermit>,
}

impl http_body::Body for Stream {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(cx));
        // hyper takes a reset with NO_ERROR for the end, whether or not the response was complete.
        if frame.is_none() && !self.body.is_end_stream() {
            let early = std::io::Error::from(std::io::ErrorKind::UnexpectedEof);
            return Poll::Ready(Some(Err(early.into())));
        }
        Poll::Ready(frame.map(|frame| frame.map_err(BodyError::from)))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use h2::server::{self, Connection, SendResponse};
    use tokio::io::{DuplexStream, duplex};
    use tokio::time::{Instant, sleep};

    use super::*;
    use crate::body::full;

    fn request() -> Request<Body> {
        let mut request = Request::new(full(""));
        request.headers_mut().insert(HOST, "shop.test".parse().unwrap());
        request
    }

    /// A connection, and a target that has got the request of the second future.
    async fn asked() -> (
        impl Future<Output = Result<Response<Body>, Failed>>,
        Connection<DuplexStream, Bytes>,
        SendResponse<Bytes>,
    ) {
        let (near, far) = duplex(64 << 10);
        let ended = CancellationToken::new();
        let connection = Multiplexed::open(near, 64 << 10, &ended).await.unwrap();
        let response = tokio::spawn(connection.exchange(request()));
        let mut target = server::handshake(far).await.unwrap();
        let (request, respond) = target.accept().await.unwrap().unwrap();
        assert_eq!(request.uri(), "https://shop.test/");
        // The connection ends with its last clone, which the response holds.
        let response = async move {
            let _ended = ended;
            response.await.unwrap()
        };
        (response, target, respond)
    }

    #[tokio::test(start_paused = true)]
    async fn a_target_that_does_not_answer_a_ping_is_given_up() {
        let (response, _target, _respond) = asked().await;
        let start = Instant::now();
        assert!(response.await.is_err());
        assert_eq!(start.elapsed().as_secs(), (PING_INTERVAL + PING_TIMEOUT).as_secs());
    }

    #[tokio::test(start_paused = true)]
    async fn what_nobody_reads_is_not_sent_beyond_the_window() {
        let (response, mut target, mut respond) = asked().await;
        let sent = Arc::new(AtomicUsize::new(0));
        let count = sent.clone();
        let send = async move {
            let mut body = respond.send_response(Response::new(()), false).unwrap();
            loop {
                body.reserve_capacity(1 << 20);
                let Some(Ok(room)) = std::future::poll_fn(|cx| body.poll_capacity(cx)).await else {
                    return;
                };
                count.fetch_add(room, Ordering::SeqCst);
                body.send_data(vec![b'x'; room].into(), false).unwrap();
            }
        };
        let target = async move { while target.accept().await.is_some() {} };
        let serving = tokio::spawn(async { tokio::join!(send, target) });
        let mut body = response.await.unwrap().into_body();
        sleep(Duration::from_secs(60)).await;
        assert_eq!(sent.load(Ordering::SeqCst), STREAM_WINDOW as usize);
        // Read, it goes on.
        let mut read = 0;
        while read <= STREAM_WINDOW as usize {
            read += body.frame().await.unwrap().unwrap().into_data().unwrap().len();
        }
        serving.abort();
    }
}
