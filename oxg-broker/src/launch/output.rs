//! What a plugin writes to its standard output and error.

use oxg_redact::Redactor;
use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::sync::mpsc;
use tokio_util::task::AbortOnDropHandle;

/// A line that the plugin wrote to its standard output or error, redacted.
pub type OutputLine = String;

/// The longest line of a plugin's output that is passed on, in bytes; a longer one is cut.
pub(super) const MAX_LINE: usize = 8 << 10;
/// How much is read at a time.
const READ_SIZE: usize = 8 << 10;

/// Passes each line on. The stream is redacted before it is cut into lines, so that neither the
/// end of a line nor that of a long one hides a part of a secret.
pub(super) fn forward(
    mut stream: impl AsyncRead + Send + Unpin + 'static,
    lines: mpsc::Sender<OutputLine>,
    redactor: &Redactor,
) -> AbortOnDropHandle<()> {
    let mut redactor = redactor.stream();
    AbortOnDropHandle::new(tokio::spawn(async move {
        let mut lines = Lines { line: Vec::new(), sender: lines };
        let (mut read, mut clean) = (vec![0; READ_SIZE], Vec::new());
        while let Ok(count @ 1..) = stream.read(&mut read).await {
            redactor.push(&read[..count], &mut clean);
            lines.pass_on(&clean).await;
            clean.clear();
        }
        redactor.finish(&mut clean);
        lines.pass_on(&clean).await;
        if !lines.line.is_empty() {
            lines.end().await;
        }
    }))
}

/// The lines of a stream, each cut to [`MAX_LINE`].
struct Lines {
    line: Vec<u8>,
    sender: mpsc::Sender<OutputLine>,
}

impl Lines {
    async fn pass_on(&mut self, bytes: &[u8]) {
        for part in bytes.split_inclusive(|b| *b == b'\n') {
            let text = part.strip_suffix(b"\n").unwrap_or(part);
            let room = MAX_LINE - self.line.len();
            self.line.extend_from_slice(&text[..text.len().min(room)]);
            if text.len() < part.len() {
                self.end().await;
            }
        }
    }

    async fn end(&mut self) {
        let line = String::from_utf8_lossy(&self.line).into_owned();
        self.line.clear();
        // Nobody listens: read on all the same, so that the plugin never blocks on its output.
        let _ = self.sender.send(line).await;
    }
}
