//! What a peer does with the bytes of a connection, step by step.

use std::time::Duration;

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::time::sleep;

use super::Gate;

/// One thing that a peer does on the wire.
#[derive(Debug)]
pub(crate) enum Step {
    Write(Bytes),
    Wait(Duration),
    Hold(Gate),
    /// For ever, with the connection open.
    Stall,
}

/// Does the steps until they are done or the other side has hung up.
pub(crate) async fn play(steps: Vec<Step>, stream: impl AsyncRead + AsyncWrite) {
    let (mut from_peer, mut to_peer) = tokio::io::split(stream);
    let answer = async {
        for step in steps {
            match step {
                Step::Write(bytes) => {
                    if to_peer.write_all(&bytes).await.is_err() {
                        return;
                    }
                }
                Step::Wait(time) => sleep(time).await,
                Step::Hold(gate) => gate.pass().await,
                Step::Stall => std::future::pending().await,
            }
        }
        let _ = to_peer.shutdown().await;
    };
    let mut unread = [0; 4096];
    let hung_up = async { while from_peer.read(&mut unread).await.is_ok_and(|count| count > 0) {} };
    tokio::select! {
        () = answer => {}
        () = hung_up => {}
    }
}
