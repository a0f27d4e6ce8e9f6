//! A client that sends any bytes, and reads the answer strictly.

use std::io;
use std::time::Duration;

use oxg_protocol::Endpoint;
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpStream, UnixStream};
use tokio::time::timeout;

/// How long an answer may take.
const ANSWER: Duration = Duration::from_secs(15);
/// How long the end of a connection may take.
const END: Duration = Duration::from_secs(5);
/// The longest answer that is read, in bytes.
const MAX_ANSWER: usize = 16 << 20;
/// The most header lines of an answer.
const MAX_LINES: usize = 128;

/// What the broker answered.
#[derive(Debug, Clone, Default)]
pub(super) struct Answer {
    pub(super) status: u16,
    /// Names in lower case.
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
    /// Whether the connection ended behind it, where that was waited for.
    pub(super) closed: bool,
}

/// What a call came to.
#[derive(Debug, Clone)]
pub(super) enum Called {
    Answered(Answer),
    /// The connection ended without an answer.
    Closed,
    /// No answer came in time.
    Silent,
    /// What came is no HTTP/1.1.
    Malformed(String),
}

/// What is sent.
#[derive(Debug, Clone, Default)]
pub(super) struct Wanted {
    pub(super) bytes: Vec<u8>,
    /// Whether the answer has no body by itself.
    pub(super) to_head: bool,
    pub(super) wait_for_end: bool,
}

impl Answer {
    /// The values of a field.
    pub(super) fn header(&self, name: &str) -> Vec<&str> {
        let same = |(known, _): &&(String, String)| known.eq_ignore_ascii_case(name);
        self.headers.iter().filter(same).map(|(_, value)| value.as_str()).collect()
    }

    pub(super) fn json(&self) -> Option<Value> {
        serde_json::from_slice(&self.body).ok()
    }
}

trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}

/// Sends the bytes over a connection of their own.
///
/// # Errors
/// If the broker cannot be reached.
pub(super) async fn call(endpoint: &Endpoint, wanted: Wanted) -> io::Result<Called> {
    let mut stream: Box<dyn Stream> = match endpoint {
        Endpoint::Unix(path) => Box::new(UnixStream::connect(path).await?),
        Endpoint::Tcp(address) => Box::new(TcpStream::connect(address).await?),
        _ => {
            return Err(io::Error::new(
                io::ErrorKind::Unsupported,
                "it is not a Unix socket or a port of loopback",
            ));
        }
    };
    let Wanted { bytes, to_head, wait_for_end } = wanted;
    let (mut from_broker, mut to_broker) = tokio::io::split(&mut stream);
    let mut answer = Reader { stream: &mut from_broker, bytes: Vec::new() };
    let (sending, reading) = (to_broker.write_all(&bytes), answer.read(to_head));
    let both = async {
        let mut reading = std::pin::pin!(reading);
        // A broker that refuses early does not read the rest, and its answer counts.
        tokio::select! {
            answer = &mut reading => answer,
            _ = sending => reading.await,
        }
    };
    let mut called = timeout(ANSWER, both).await.unwrap_or(Called::Silent);
    if let Called::Answered(answered) = &mut called
        && wait_for_end
    {
        answered.closed = timeout(END, answer.ends()).await.unwrap_or(false);
    }
    Ok(called)
}

struct Reader<'a, S> {
    stream: &'a mut S,
    /// What came and is not taken yet.
    bytes: Vec<u8>,
}

impl<S: AsyncRead + Unpin> Reader<'_, S> {
    /// Whether more came.
    async fn more(&mut self) -> bool {
        if self.bytes.len() > MAX_ANSWER {
            return false;
        }
        let mut part = [0; 8192];
        match self.stream.read(&mut part).await {
            Ok(count @ 1..) => {
                self.bytes.extend_from_slice(part.get(..count).unwrap_or_default());
                true
            }
            _ => false,
        }
    }

    async fn ends(&mut self) -> bool {
        while self.more().await {}
        self.bytes.len() <= MAX_ANSWER
    }

    async fn read(&mut self, to_head: bool) -> Called {
        loop {
            match self.read_one(to_head).await {
                // What stands before the answer is not it.
                Called::Answered(answer) if answer.status == 100 => {}
                called => return called,
            }
        }
    }

    async fn read_one(&mut self, to_head: bool) -> Called {
        let (mut answer, length) = loop {
            match parse_head(&self.bytes) {
                Ok(Some((answer, length))) => break (answer, length),
                Ok(None) if self.more().await => {}
                Ok(None) if self.bytes.is_empty() => return Called::Closed,
                Ok(None) => {
                    return Called::Malformed("the head of the answer breaks off".to_owned());
                }
                Err(problem) => return Called::Malformed(problem),
            }
        };
        self.bytes.drain(..length);
        let body = match framing(&answer, to_head) {
            Ok(framing) => self.body(framing).await,
            Err(problem) => Err(problem),
        };
        match body {
            Ok(body) => {
                answer.body = body;
                Called::Answered(answer)
            }
            Err(problem) => Called::Malformed(problem),
        }
    }

    async fn body(&mut self, framing: Framing) -> Result<Vec<u8>, String> {
        match framing {
            Framing::Length(length) => self.take(length).await,
            Framing::UntilEnd => {
                while self.more().await {}
                Ok(std::mem::take(&mut self.bytes))
            }
            Framing::Chunked => self.chunks().await,
        }
    }

    async fn take(&mut self, length: usize) -> Result<Vec<u8>, String> {
        while self.bytes.len() < length {
            if !self.more().await {
                return Err("the body of the answer breaks off".to_owned());
            }
        }
        Ok(self.bytes.drain(..length).collect())
    }

    async fn chunks(&mut self) -> Result<Vec<u8>, String> {
        let mut body = Vec::new();
        loop {
            let (start, size) = match httparse::parse_chunk_size(&self.bytes) {
                Ok(httparse::Status::Complete(parsed)) => parsed,
                Ok(httparse::Status::Partial) if self.more().await => continue,
                _ => return Err("the chunks of the answer are malformed".to_owned()),
            };
            self.bytes.drain(..start);
            let size = usize::try_from(size).ok().filter(|size| *size <= MAX_ANSWER);
            let size = size.ok_or("a chunk of the answer is too large")?;
            let chunk = self.take(size + 2).await?;
            let Some(chunk) = chunk.strip_suffix(b"\r\n") else {
                return Err("a chunk of the answer does not end where it says".to_owned());
            };
            if chunk.is_empty() {
                return Ok(body);
            }
            body.extend_from_slice(chunk);
        }
    }
}

enum Framing {
    Length(usize),
    Chunked,
    UntilEnd,
}

/// The head of an answer and its length; `None` if it is not whole.
fn parse_head(bytes: &[u8]) -> Result<Option<(Answer, usize)>, String> {
    let mut fields = [httparse::EMPTY_HEADER; MAX_LINES];
    let mut head = httparse::Response::new(&mut fields);
    let length = match head.parse(bytes) {
        Ok(httparse::Status::Complete(length)) => length,
        Ok(httparse::Status::Partial) => return Ok(None),
        Err(error) => return Err(format!("the head of the answer is malformed: {error}")),
    };
    if head.version != Some(1) {
        return Err("the answer is not HTTP/1.1".to_owned());
    }
    let text = |field: &httparse::Header<'_>| {
        (field.name.to_ascii_lowercase(), String::from_utf8_lossy(field.value).into_owned())
    };
    let answer = Answer {
        status: head.code.unwrap_or_default(),
        headers: head.headers.iter().map(text).collect(),
        ..Answer::default()
    };
    Ok(Some((answer, length)))
}

fn framing(answer: &Answer, to_head: bool) -> Result<Framing, String> {
    if to_head || answer.status < 200 || matches!(answer.status, 204 | 304) {
        return Ok(Framing::Length(0));
    }
    let (lengths, codings) = (answer.header("content-length"), answer.header("transfer-encoding"));
    match (lengths.as_slice(), codings.as_slice()) {
        ([], []) => Ok(Framing::UntilEnd),
        ([], [coding]) if coding.eq_ignore_ascii_case("chunked") => Ok(Framing::Chunked),
        ([length], []) => {
            let length = length.parse().ok().filter(|length| *length <= MAX_ANSWER);
            length
                .map(Framing::Length)
                .ok_or_else(|| "the Content-Length of the answer is none".to_owned())
        }
        _ => Err("the answer says twice how long it is".to_owned()),
    }
}
