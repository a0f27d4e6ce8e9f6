use std::io;
use std::path::Path;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Frame, SizeHint};
use tokio::fs::File;
use tokio::io::{AsyncRead, ReadBuf};

use super::Body;

/// How much of a file is read at a time, in bytes.
const PIECE: usize = 64 << 10;

impl Body {
    /// The content of the file `path`, read while it is sent. Its length is what the file has now:
    /// what is appended later is left out, and a file that shrinks fails the call.
    ///
    /// # Errors
    /// Where the file cannot be opened, or is no regular file.
    pub async fn file(path: impl AsRef<Path>) -> io::Result<Self> {
        let file = File::open(path).await?;
        let metadata = file.metadata().await?;
        if !metadata.is_file() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file"));
        }
        let body = FileBody { file, left: metadata.len(), buffer: vec![0; PIECE].into() };
        Ok(Self::wrap(body))
    }
}

struct FileBody {
    file: File,
    left: u64,
    buffer: Box<[u8]>,
}

impl http_body::Body for FileBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let Self { file, left, buffer } = &mut *self;
        if *left == 0 {
            return Poll::Ready(None);
        }
        let most = usize::try_from(*left).map_or(PIECE, |left| left.min(PIECE));
        let mut read = ReadBuf::new(&mut buffer[..most]);
        if let Err(error) = ready!(Pin::new(file).poll_read(cx, &mut read)) {
            return Poll::Ready(Some(Err(error)));
        }
        if read.filled().is_empty() {
            return Poll::Ready(Some(Err(io::ErrorKind::UnexpectedEof.into())));
        }
        *left -= read.filled().len() as u64;
        Poll::Ready(Some(Ok(Frame::data(Bytes::copy_from_slice(read.filled())))))
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}
