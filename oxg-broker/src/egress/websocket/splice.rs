//! Bytes from one connection to another, both ways, until one ends or a limit does.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, split};
use tokio::time::{Instant, sleep_until, timeout};

use crate::egress::quota::Allowance;

/// How much one direction holds, in bytes.
const BUFFER: usize = 16 << 10;
/// How long the end of a connection may take to be told.
const FAREWELL: Duration = Duration::from_secs(1);

/// What holds while two connections are joined.
#[derive(Debug, Clone)]
pub(super) struct Splice {
    /// The longest silence of both sides.
    pub(super) idle: Duration,
    /// What may go to the target.
    pub(super) to_target: Bound,
    /// What may go to the plugin.
    pub(super) to_plugin: Bound,
}

/// How much may go in one direction.
#[derive(Debug, Clone)]
pub(super) struct Bound {
    /// The most bytes of this WebSocket.
    bytes: u64,
    /// What the session may use in all, of which others take at the same time.
    allowance: Arc<Allowance>,
}

impl Bound {
    pub(super) fn new(bytes: u64, allowance: &Arc<Allowance>) -> Self {
        Self { bytes, allowance: allowance.clone() }
    }
}

/// How it ended.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct End {
    pub(super) reason: &'static str,
    pub(super) to_target: u64,
    pub(super) to_plugin: u64,
}

impl Default for End {
    fn default() -> Self {
        Self { reason: "the plugin went away", to_target: 0, to_plugin: 0 }
    }
}

/// What passed in one direction, and when the last of it did, in ms.
#[derive(Debug, Default)]
struct Flow {
    bytes: AtomicU64,
    last: AtomicU64,
}

impl Splice {
    /// Joins the two, and closes both in the end; `stopped` ends it early and says why.
    pub(super) async fn run<P, T>(
        self,
        plugin: P,
        target: T,
        stopped: impl Future<Output = &'static str>,
    ) -> End
    where
        P: AsyncRead + AsyncWrite + Unpin,
        T: AsyncRead + AsyncWrite + Unpin,
    {
        let start = Instant::now();
        let (up, down) = (Flow::default(), Flow::default());
        let (mut from_plugin, mut to_plugin) = split(plugin);
        let (mut from_target, mut to_target) = split(target);
        let reason = tokio::select! {
            biased;
            reason = stopped => reason,
            ended = up.pass(&mut from_plugin, &mut to_target, &self.to_target, start) => {
                ended.unwrap_or("the plugin ended it")
            }
            ended = down.pass(&mut from_target, &mut to_plugin, &self.to_plugin, start) => {
                ended.unwrap_or("the target ended it")
            }
            () = silence(self.idle, start, [&up, &down]) => "nothing passed for too long",
        };
        // What was written before the end arrives before it.
        let farewell = async { tokio::join!(to_plugin.shutdown(), to_target.shutdown()) };
        let _ = timeout(FAREWELL, farewell).await;
        let passed = |flow: &Flow| flow.bytes.load(Ordering::Relaxed);
        End { reason, to_target: passed(&up), to_plugin: passed(&down) }
    }
}

impl Flow {
    /// Passes bytes on until the reader ends (`None`) or something of the broker's ends it.
    async fn pass(
        &self,
        from: &mut (impl AsyncRead + Unpin),
        to: &mut (impl AsyncWrite + Unpin),
        bound: &Bound,
        start: Instant,
    ) -> Option<&'static str> {
        let mut buffer = vec![0; BUFFER];
        loop {
            let read = match from.read(&mut buffer).await {
                Ok(0) | Err(_) => return None,
                Ok(read) => read,
            };
            let total = self.bytes.load(Ordering::Relaxed).saturating_add(read as u64);
            if total > bound.bytes || bound.allowance.take(read as u64).is_err() {
                return Some("too many bytes");
            }
            let part = buffer.get(..read).unwrap_or_default();
            if to.write_all(part).await.is_err() || to.flush().await.is_err() {
                return Some("the other side hung up");
            }
            self.bytes.store(total, Ordering::Relaxed);
            let now = u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX);
            self.last.store(now, Ordering::Relaxed);
        }
    }
}

/// Ends when nothing has passed in either direction for `idle`.
async fn silence(idle: Duration, start: Instant, flows: [&Flow; 2]) {
    loop {
        let last = flows.iter().map(|flow| flow.last.load(Ordering::Relaxed)).max();
        let alarm = start + Duration::from_millis(last.unwrap_or(0)) + idle;
        if Instant::now() >= alarm {
            return;
        }
        sleep_until(alarm).await;
    }
}

#[cfg(test)]
mod tests {
    use std::future::pending;

    use tokio::io::duplex;

    use super::*;

    fn splice() -> Splice {
        let bound = |bytes| Bound::new(bytes, &Arc::new(Allowance::new(None)));
        Splice { idle: Duration::from_secs(10), to_target: bound(5), to_plugin: bound(1 << 20) }
    }

    #[tokio::test]
    async fn bytes_pass_both_ways_and_the_end_of_one_side_ends_the_other() {
        let ((plugin, mut p), (target, mut t)) = (duplex(64), duplex(64));
        let run = splice().run(plugin, target, pending());
        let talk = async {
            p.write_all(b"hello").await.unwrap();
            let mut heard = [0; 5];
            t.read_exact(&mut heard).await.unwrap();
            t.write_all(b"bye").await.unwrap();
            drop(t);
            let mut rest = Vec::new();
            p.read_to_end(&mut rest).await.unwrap();
            (heard, rest)
        };
        let (end, (heard, rest)) = tokio::join!(run, talk);
        assert_eq!((&heard, rest.as_slice()), (b"hello", &b"bye"[..]));
        assert_eq!(end, End { reason: "the target ended it", to_target: 5, to_plugin: 3 });
    }

    #[tokio::test]
    async fn one_byte_past_the_limit_ends_it_and_does_not_pass() {
        let ((plugin, mut p), (target, mut t)) = (duplex(64), duplex(64));
        p.write_all(b"123456").await.unwrap();
        let end = splice().run(plugin, target, pending()).await;
        assert_eq!((end.reason, end.to_target), ("too many bytes", 0));
        let mut rest = Vec::new();
        t.read_to_end(&mut rest).await.unwrap();
        assert!(rest.is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn silence_ends_it_and_a_byte_either_way_is_no_silence() {
        let ((plugin, mut p), (target, mut t)) = (duplex(64), duplex(64));
        let start = Instant::now();
        let talk = async {
            tokio::time::sleep(Duration::from_secs(9)).await;
            p.write_all(b"1").await.unwrap();
            tokio::time::sleep(Duration::from_secs(9)).await;
            t.write_all(b"2").await.unwrap();
        };
        let (end, ()) = tokio::join!(splice().run(plugin, target, pending()), talk);
        assert_eq!(end.reason, "nothing passed for too long");
        assert_eq!(start.elapsed().as_secs(), 28);
    }
}
