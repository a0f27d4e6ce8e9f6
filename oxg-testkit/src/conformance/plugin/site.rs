//! What the plugin reaches: every target answers with one small page.

use std::sync::{Mutex, PoisonError};

use oxg_broker::egress::{CheckedRequest, Sending, Upstream, exchange};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream};
use tokio::task::JoinSet;

/// How much a connection holds between its two ends, in bytes.
const PIPE: usize = 16 << 10;
const PAGE: &str = "\
HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: 28\r\nset-cookie: sid=1; Path=/\r\n\r\n\
<!doctype html><title>a page";

/// Every target that policy allows.
#[derive(Debug, Default)]
pub(super) struct Site {
    /// The far ends of connections. They end with the broker.
    running: Mutex<JoinSet<()>>,
}

impl Upstream for Site {
    fn send(&self, checked: CheckedRequest) -> Sending<'_> {
        let (near, far) = tokio::io::duplex(PIPE);
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        while running.try_join_next().is_some() {}
        let to_head = checked.request.method() == http::Method::HEAD;
        running.spawn(answer(far, to_head));
        drop(running);
        Box::pin(exchange(near, checked))
    }
}

/// Answers once the head of the request is there, and reads on until the broker hangs up.
async fn answer(mut stream: DuplexStream, to_head: bool) {
    let (mut part, mut head) = ([0; 1024], Vec::new());
    while !head.windows(4).any(|end| end == b"\r\n\r\n") {
        match stream.read(&mut part).await {
            Ok(count @ 1..) => head.extend_from_slice(part.get(..count).unwrap_or_default()),
            _ => return,
        }
    }
    let page = match to_head {
        true => PAGE.split_inclusive("\r\n\r\n").next().unwrap_or(PAGE),
        false => PAGE,
    };
    if stream.write_all(page.as_bytes()).await.is_ok() {
        while stream.read(&mut part).await.is_ok_and(|count| count > 0) {}
    }
}
