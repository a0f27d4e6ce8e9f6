//! A scripted target's side of a WebSocket.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::{SinkExt as _, StreamExt as _};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream};
use tokio::time::sleep;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::frame::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::{Message, Role};

use super::conversation::{Conversation, Heard, Turn};

/// The code that stands for a close without one (RFC 6455, 7.1.5).
const NO_CODE: u16 = 1005;

/// How far a conversation has come. A clone is the same conversation's.
#[derive(Debug, Clone)]
pub(super) struct Progress(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    url: String,
    /// The turn that comes next, as a failure names it; `None` once all are over.
    next: Option<String>,
    /// What came instead.
    instead: Vec<String>,
}

impl Progress {
    pub(super) fn new(url: String) -> Self {
        let next = Some("the handshake".to_owned());
        Self(Arc::new(Mutex::new(State { url, next, instead: Vec::new() })))
    }

    pub(super) fn complaint(&self) -> Option<String> {
        let state = self.state();
        let next = state.next.as_ref()?;
        let mut text = format!("the WebSocket with {} stopped before {next}", state.url);
        for difference in &state.instead {
            text.push_str(&format!("\n    {difference}"));
        }
        Some(text)
    }

    fn reach(&self, index: usize, turn: &Turn) {
        // What only a fault of the script can keep from happening is no complaint.
        let next = match turn {
            Turn::Expect(expected) => Some(format!("turn {}: {expected}", index + 1)),
            _ => None,
        };
        self.state().next = next;
    }

    fn differs(&self, differences: Vec<String>) {
        self.state().instead = differences;
    }

    fn done(&self) {
        self.state().next = None;
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Opens the WebSocket and holds the conversation until it is over, or goes otherwise.
pub(super) async fn converse(talk: Conversation, mut stream: DuplexStream, progress: Progress) {
    let Some(key) = read_key(&mut stream).await else { return };
    let accept = if talk.wrong_accept { "wrong".to_owned() } else { derive_accept_key(&key) };
    let mut head = format!(
        "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Accept: {accept}\r\n"
    );
    if let Some(subprotocol) = &talk.subprotocol {
        head.push_str(&format!("Sec-WebSocket-Protocol: {subprotocol}\r\n"));
    }
    head.push_str("\r\n");
    if stream.write_all(head.as_bytes()).await.is_err() {
        return;
    }
    if talk.wrong_accept {
        progress.done();
        return;
    }
    let mut socket = WebSocketStream::from_raw_socket(stream, Role::Server, None).await;
    for (index, turn) in talk.turns.into_iter().enumerate() {
        progress.reach(index, &turn);
        if !take(&mut socket, turn, &progress).await {
            return;
        }
    }
    progress.done();
    // The plugin's half of the close, or its hanging up.
    while let Some(Ok(_)) = socket.next().await {}
}

/// Does one turn; whether there is another.
async fn take(socket: &mut WebSocketStream<DuplexStream>, turn: Turn, progress: &Progress) -> bool {
    match turn {
        Turn::Expect(expected) => {
            let Some(heard) = hear(socket).await else {
                progress.differs(vec!["the plugin hung up".to_owned()]);
                return false;
            };
            let differences = expected.differences(&heard);
            if !differences.is_empty() {
                progress.differs(differences);
                return false;
            }
            true
        }
        Turn::Send(said) => socket.send(message(said)).await.is_ok(),
        Turn::Ping(bytes) => socket.send(Message::Ping(bytes)).await.is_ok(),
        Turn::Wait(time) => {
            sleep(time).await;
            true
        }
        Turn::Hold(gate) => {
            gate.pass().await;
            true
        }
        Turn::Stall => std::future::pending().await,
        Turn::Raw(bytes) => socket.get_mut().write_all(&bytes).await.is_ok(),
        Turn::HangUp => {
            let _ = socket.get_mut().shutdown().await;
            false
        }
    }
}

/// The next thing that the plugin says; `None` if it has hung up.
async fn hear(socket: &mut WebSocketStream<DuplexStream>) -> Option<Heard> {
    loop {
        match socket.next().await?.ok()? {
            Message::Text(text) => return Some(Heard::Text(text.as_str().to_owned())),
            Message::Binary(bytes) => return Some(Heard::Binary(bytes)),
            Message::Close(frame) => {
                let (code, reason) = frame.map_or((NO_CODE, String::new()), |frame| {
                    (frame.code.into(), frame.reason.as_str().to_owned())
                });
                return Some(Heard::Close { code, reason });
            }
            _ => {}
        }
    }
}

fn message(said: Heard) -> Message {
    match said {
        Heard::Text(text) => Message::text(text),
        Heard::Binary(bytes) => Message::Binary(bytes),
        Heard::Close { code, reason } => {
            Message::Close(Some(CloseFrame { code: code.into(), reason: reason.into() }))
        }
    }
}

/// The key of the handshake, once its head is there.
async fn read_key(stream: &mut DuplexStream) -> Option<Vec<u8>> {
    const MOST: usize = 64 << 10;
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") && head.len() < MOST {
        head.push(stream.read_u8().await.ok()?);
    }
    let text = String::from_utf8_lossy(&head);
    let key = text.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("sec-websocket-key").then(|| value.trim().as_bytes().to_vec())
    });
    Some(key.unwrap_or_default())
}
