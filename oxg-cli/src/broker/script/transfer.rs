//! Files on their way to and from the broker, with a bar that shows how far they are.

use std::io;
use std::path::Path;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Bytes, BytesMut};
use http_body::{Frame, SizeHint};
use indicatif::{ProgressBar, ProgressStyle};
use oxg_sdk::channel::Body;
use tokio::fs::File;
use tokio::io::{AsyncRead as _, AsyncWriteExt as _, ReadBuf};

use super::Failed;

/// How much is read at a time.
const CHUNK: usize = 64 << 10;

/// A bar on standard error; nothing where that is no terminal.
pub(super) fn progress_bar(size: u64) -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:30} {bytes}/{total_bytes} {bytes_per_sec}");
    let bar = ProgressBar::new(size);
    match style {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}

/// A file as a body, of the size that it had when it was opened.
pub(super) struct Upload {
    file: File,
    left: u64,
    bar: ProgressBar,
}

impl Upload {
    pub(super) fn new(file: File, size: u64, bar: ProgressBar) -> Self {
        Self { file, left: size, bar }
    }
}

impl http_body::Body for Upload {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        if self.left == 0 {
            return Poll::Ready(None);
        }
        let mut chunk = BytesMut::zeroed(CHUNK.min(usize::try_from(self.left).unwrap_or(CHUNK)));
        let mut buffer = ReadBuf::new(&mut chunk);
        ready!(Pin::new(&mut self.file).poll_read(cx, &mut buffer))?;
        let read = buffer.filled().len();
        if read == 0 {
            let error = io::Error::new(io::ErrorKind::UnexpectedEof, "the file became shorter");
            return Poll::Ready(Some(Err(error)));
        }
        self.left -= read as u64;
        self.bar.inc(read as u64);
        Poll::Ready(Some(Ok(Frame::data(chunk.split_to(read).freeze()))))
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}

/// Writes `body` to a file beside `out`, and puts it in place once it is whole and checked.
pub(super) async fn download(body: Body, out: &Path, bar: &ProgressBar) -> Result<(), Failed> {
    let mut new = out.as_os_str().to_owned();
    new.push(format!(".{}.new", std::process::id()));
    let new = Path::new(&new);
    let result = fill(body, new, bar).await;
    let result = match result {
        Ok(()) => tokio::fs::rename(new, out).await.map_err(Failed::file("write", out)),
        Err(error) => Err(error),
    };
    if result.is_err() {
        let _ = tokio::fs::remove_file(new).await;
    }
    result
}

async fn fill(mut body: Body, new: &Path, bar: &ProgressBar) -> Result<(), Failed> {
    let failed = |source| Failed::File { what: "write", path: new.to_owned(), source };
    let mut options = tokio::fs::OpenOptions::new();
    let mut file = options.write(true).create_new(true).open(new).await.map_err(failed)?;
    while let Some(bytes) = body.chunk().await {
        let bytes = bytes?;
        file.write_all(&bytes).await.map_err(failed)?;
        bar.inc(bytes.len() as u64);
    }
    file.flush().await.map_err(failed)
}
