//! Many connections for a fixed time, each with one request under way.

use std::net::SocketAddr;
use std::pin::Pin;
use std::time::Duration;

use bytes::Bytes;
use hdrhistogram::Histogram;
use http::header::{HOST, PROXY_AUTHORIZATION};
use http::{HeaderValue, Method, Request, Uri};
use http_body::Body as _;
use http_body_util::{Either, Empty};
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout_at};

use crate::Result;
use crate::target::Repeat;

/// How requests get to the target.
#[derive(Debug, Clone)]
pub struct Way {
    /// For the table.
    pub name: String,
    /// The proxy; `None`: straight to the target.
    pub proxy: Option<SocketAddr>,
    /// The value of `Proxy-Authorization`.
    pub token: Option<HeaderValue>,
}

/// What came of it.
pub struct Report {
    /// Requests that were answered with 200, and read to the end.
    pub requests: u64,
    /// Bytes of bodies.
    pub bytes: u64,
    /// Requests that were answered otherwise or not at all.
    pub failures: u64,
    /// The time that it took.
    pub elapsed: Duration,
    /// From the request to the last byte of its answer, in microseconds.
    pub latency: Histogram<u64>,
}

impl Report {
    /// Nothing yet.
    pub fn new() -> Result<Self> {
        let latency = Histogram::new(3)?;
        Ok(Self { requests: 0, bytes: 0, failures: 0, elapsed: Duration::ZERO, latency })
    }

    /// Adds another run of the same.
    pub fn add(&mut self, other: &Self) -> Result<()> {
        self.count(other)?;
        self.elapsed += other.elapsed;
        Ok(())
    }

    fn count(&mut self, other: &Self) -> Result<()> {
        self.requests += other.requests;
        self.bytes += other.bytes;
        self.failures += other.failures;
        Ok(self.latency.add(&other.latency)?)
    }

    /// Requests a second, MB (10^6 bytes) a second, p99 in milliseconds, failures.
    #[must_use]
    pub fn columns(&self) -> String {
        let seconds = self.elapsed.as_secs_f64();
        let requests = self.requests as f64 / seconds;
        let megabytes = self.bytes as f64 / seconds / 1e6;
        let p99 = self.latency.value_at_quantile(0.99) as f64 / 1e3;
        format!("{requests:.0} | {megabytes:.0} | {p99:.1} | {}", self.failures)
    }
}

/// Asks for `uri` over `connections` connections for `time`. What is under way at the end counts by
/// its bytes, not as a request.
pub async fn run(way: &Way, uri: &Uri, connections: usize, time: Duration) -> Result<Report> {
    let began = Instant::now();
    let end = began + time;
    let mut tasks = JoinSet::new();
    for _ in 0..connections {
        let (way, uri) = (way.clone(), uri.clone());
        tasks.spawn(async move {
            let mut report = Report::new()?;
            let mut client = Client::new(way, uri);
            // Past the end is no failure.
            let _ = timeout_at(end, client.repeat(&mut report)).await;
            Ok::<_, crate::Error>(report)
        });
    }
    let mut all = Report::new()?;
    while let Some(report) = tasks.join_next().await {
        all.count(&report??)?;
    }
    all.elapsed = began.elapsed();
    Ok(all)
}

type Upload = Either<Empty<Bytes>, Repeat>;
type Sender = SendRequest<Upload>;

/// One connection, made anew whenever the other side closes it.
pub struct Client {
    way: Way,
    uri: Uri,
    sender: Option<Sender>,
}

impl Client {
    /// A client that asks for `uri`. Nothing is dialled yet.
    #[must_use]
    pub fn new(way: Way, uri: Uri) -> Self {
        Self { way, uri, sender: None }
    }

    async fn repeat(&mut self, report: &mut Report) {
        loop {
            let began = Instant::now();
            match self.exchange(0, &mut report.bytes).await {
                Ok(()) => {
                    report.requests += 1;
                    let micros = u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX);
                    report.latency.saturating_record(micros);
                }
                Err(_) => {
                    report.failures += 1;
                    self.sender = None;
                    // A proxy that is full needs a moment, and so does the machine.
                    sleep(Duration::from_millis(5)).await;
                }
            }
        }
    }

    /// One request with a body of `upload` bytes, its answer read to the end.
    pub async fn exchange(&mut self, upload: u64, received: &mut u64) -> Result<()> {
        let mut sender = match self.reusable().await {
            Some(sender) => sender,
            None => self.dial().await?,
        };
        let answer = sender.send_request(self.request(upload)?).await?;
        if !answer.status().is_success() {
            return Err(format!("status {}", answer.status()).into());
        }
        let mut body = answer.into_body();
        while let Some(frame) = std::future::poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await
        {
            *received += frame?.data_ref().map_or(0, |data| data.len() as u64);
        }
        self.sender = Some(sender);
        Ok(())
    }

    async fn reusable(&mut self) -> Option<Sender> {
        let mut sender = self.sender.take()?;
        sender.ready().await.is_ok().then_some(sender)
    }

    fn request(&self, upload: u64) -> Result<Request<Upload>> {
        let body = match upload {
            0 => Either::Left(Empty::new()),
            size => Either::Right(Repeat::new(size)),
        };
        let mut request = Request::new(body);
        if upload > 0 {
            *request.method_mut() = Method::POST;
        }
        let host = self.uri.authority().map_or("", http::uri::Authority::as_str);
        request.headers_mut().insert(HOST, host.parse()?);
        if let Some(token) = &self.way.token {
            request.headers_mut().insert(PROXY_AUTHORIZATION, token.clone());
            // The most that a broker grants.
            request.headers_mut().insert(oxg_protocol::header::DEADLINE_MS, 600_000.into());
        }
        *request.uri_mut() = match self.way.proxy {
            Some(_) => self.uri.clone(),
            None => self.uri.path().parse()?,
        };
        Ok(request)
    }

    async fn dial(&self) -> Result<Sender> {
        let authority = self.uri.authority().ok_or("no target")?;
        let address = match self.way.proxy {
            Some(proxy) => proxy,
            None => authority.as_str().parse()?,
        };
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        // It ends with the sender.
        tokio::spawn(async move { drop(connection.await) });
        Ok(sender)
    }
}
