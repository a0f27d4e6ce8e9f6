//! HTTP/1.1 by hand: no more of it than a peer needs that does not mean well.

use std::io;

use tokio::io::{AsyncRead, AsyncReadExt as _};

/// The longest head that is read, in bytes.
const MAX_HEAD: usize = 64 << 10;

/// Start line and fields of a message, once all of it and of its body has been read.
#[derive(Debug, Clone)]
pub(super) struct Head {
    pub(super) start: String,
    fields: Vec<(String, String)>,
}

impl Head {
    /// The value of a field.
    pub(super) fn field(&self, name: &str) -> Option<&str> {
        let found = self.fields.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    /// The status of an answer.
    pub(super) fn status(&self) -> Option<u16> {
        self.start.split(' ').nth(1)?.parse().ok()
    }
}

/// The next message; `None` where the stream ends first.
pub(super) async fn read_head<S: AsyncRead + Unpin>(stream: &mut S) -> Option<Head> {
    let mut bytes = Vec::new();
    while !bytes.ends_with(b"\r\n\r\n") && bytes.len() < MAX_HEAD {
        bytes.push(stream.read_u8().await.ok()?);
    }
    let text = String::from_utf8_lossy(&bytes);
    let mut lines = text.lines();
    let start = lines.next()?.to_owned();
    let fields = lines.filter_map(|line| line.split_once(':'));
    let fields = fields.map(|(name, value)| (name.to_owned(), value.trim().to_owned())).collect();
    Some(Head { start, fields })
}

/// Reads and drops a body of a known length.
pub(super) async fn skip_body<S: AsyncRead + Unpin>(stream: &mut S, head: &Head) -> io::Result<()> {
    let length = head.field("content-length").and_then(|length| length.parse::<u64>().ok());
    let mut body = stream.take(length.unwrap_or(0));
    tokio::io::copy(&mut body, &mut tokio::io::sink()).await.map(drop)
}
