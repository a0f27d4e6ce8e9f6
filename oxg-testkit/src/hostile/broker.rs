//! A broker that does not mean well.

use std::time::Duration;

use serde_json::json;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _, DuplexStream};
use tokio::time::sleep;

use super::wire::{read_head, skip_body};

/// How much a connection holds between its two ends, in bytes.
const PIPE: usize = 64 << 10;
/// What comes at a time, in bytes.
const PIECE: usize = 4 << 10;
/// How long after a burst the next piece comes.
const TRICKLE: Duration = Duration::from_secs(1);
/// How long every answer takes: a clock that is paused stands still where nobody ever waits.
const PAUSE: Duration = Duration::from_millis(20);
/// A digest of nothing that anybody sent, as hex and in base64.
const WRONG_DIGEST: &str = "0101010101010101010101010101010101010101010101010101010101010101";
const WRONG_REPR_DIGEST: &str = "sha-256=:AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=:";

/// What a broker does to whoever calls it. It reads each request, whatever its token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum HostileBroker {
    /// Takes every request and never answers.
    Silent,
    /// Hangs up on every request.
    HangsUp,
    /// Answers with what is no HTTP.
    Garbage,
    /// Sends a head without end.
    EndlessHead,
    /// Sends a body without end.
    EndlessBody,
    /// Says `100 Continue` without end.
    EndlessInterim,
    /// Answers every request with JSON of the wrong shape.
    WrongShape,
    /// Answers well, for another plugin, another task, another secret, other bytes.
    WrongIds,
    /// Promises a body and ends in the middle of it.
    BreaksOff,
    /// Gives two answers to every request: the second is for the next one to take for its own.
    AnswersTwice,
    /// Switches protocols unasked.
    SwitchesProtocols,
    /// Sends the caller, and its token, elsewhere.
    Redirects,
    /// Names two lengths for one body.
    TwoLengths,
    /// Refuses with a code that no version has.
    UnknownCode,
}

impl HostileBroker {
    /// Every kind.
    pub const ALL: [Self; 14] = [
        Self::Silent,
        Self::HangsUp,
        Self::Garbage,
        Self::EndlessHead,
        Self::EndlessBody,
        Self::EndlessInterim,
        Self::WrongShape,
        Self::WrongIds,
        Self::BreaksOff,
        Self::AnswersTwice,
        Self::SwitchesProtocols,
        Self::Redirects,
        Self::TwoLengths,
        Self::UnknownCode,
    ];

    /// One connection in memory. It ends when the other side drops it.
    ///
    /// # Panics
    /// Outside of a Tokio runtime.
    #[must_use]
    pub fn connect(self) -> DuplexStream {
        let (near, far) = tokio::io::duplex(PIPE);
        tokio::spawn(self.serve(far));
        near
    }

    /// Serves one connection of whatever kind, until the other side ends it or this one does.
    pub async fn serve(self, mut stream: impl AsyncRead + AsyncWrite + Unpin) {
        while let Some(head) = read_head(&mut stream).await {
            if skip_body(&mut stream, &head).await.is_err() {
                return;
            }
            sleep(PAUSE).await;
            let said = match self {
                Self::Silent => continue,
                Self::HangsUp => return,
                Self::EndlessHead => {
                    let start = b"HTTP/1.1 200 OK\r\n";
                    return flood(&mut stream, start, b"x-flood: 0123456789abcdef\r\n", 128 << 10)
                        .await;
                }
                Self::EndlessBody => {
                    let start = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
                    let chunk = format!("1000\r\n{:4096}\r\n", "");
                    return flood(&mut stream, start, chunk.as_bytes(), 2 << 20).await;
                }
                Self::EndlessInterim => {
                    let interim = b"HTTP/1.1 100 Continue\r\n\r\n";
                    return flood(&mut stream, b"", interim, 64 << 10).await;
                }
                kind => kind.answer(&head.start),
            };
            let last = matches!(self, Self::BreaksOff | Self::Garbage);
            if stream.write_all(said.as_bytes()).await.is_err() || last {
                return;
            }
        }
    }

    fn answer(self, request: &str) -> String {
        match self {
            Self::Garbage => "SSH-2.0-OpenSSH_9.6\r\n\r\n".to_owned(),
            Self::WrongIds => wrong_ids(request),
            Self::BreaksOff => "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"value\":".to_owned(),
            Self::AnswersTwice => answer("200 OK", "", "7").repeat(2),
            Self::SwitchesProtocols => {
                "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: tls/1.0\r\n\r\n"
                    .to_owned()
            }
            Self::Redirects => answer("307 Temporary Redirect", "location: http://127.0.0.1:9/\r\n", ""),
            Self::TwoLengths => "HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n77".to_owned(),
            Self::UnknownCode => answer("418 I'm a teapot", "oxg-error: teapot\r\n", ""),
            _ => answer("200 OK", "", "[7]"),
        }
    }
}

fn answer(status: &str, fields: &str, body: &str) -> String {
    format!("HTTP/1.1 {status}\r\n{fields}content-length: {}\r\n\r\n{body}", body.len())
}

/// Sends `start`, then `more` until nobody takes it: a `burst` in bytes that is longer than any limit
/// on what it floods, and then so much at a time that a paused clock moves on.
async fn flood(stream: &mut (impl AsyncWrite + Unpin), start: &[u8], more: &[u8], burst: usize) {
    let more = more.repeat((PIECE / more.len().max(1)).max(1));
    let mut sent = stream.write_all(start).await;
    let mut bytes = 0;
    while sent.is_ok() {
        sent = stream.write_all(&more).await;
        bytes += more.len();
        if bytes > burst {
            sleep(TRICKLE).await;
        }
    }
}

/// An answer of the right shape that is about something else.
fn wrong_ids(request: &str) -> String {
    let mut words = request.split(' ');
    let (method, path) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let body = match path {
        "/v1/session" => json!({
            "protocol": "1.0", "plugin": "another", "run_id": "0123456789abcdef", "features": [],
            "capabilities": [], "limits": {}, "config": {},
        }),
        "/v1/tasks/lease" => json!({
            "deliveries": [{
                "task_id": "another", "kind": "task", "attempt": 1, "lease_token": "0".repeat(32),
                "lease_expires_in_ms": 1, "deadline_ms": 1, "input": { "url": "https://evil.test/" },
            }],
            "draining": false,
        }),
        "/v1/findings" => json!({ "accepted": "f-0000000000000000" }),
        path if path.starts_with("/v1/secrets/") => json!({
            "value": "", "version": 0,
            "lease": { "id": "another", "expires_in_ms": 0, "renewable": true, "max_ttl_ms": 0 },
        }),
        _ => json!({ "name": "another", "digest": WRONG_DIGEST, "size": 1, "offset": 1_u64 << 40 }),
    };
    let body = body.to_string();
    let fields = format!("repr-digest: {WRONG_REPR_DIGEST}\r\netag: \"{WRONG_DIGEST}\"\r\n");
    match method {
        "HEAD" => answer("200 OK", &fields, "").replace("content-length: 0", "content-length: 7"),
        _ => answer("200 OK", &fields, &body),
    }
}
