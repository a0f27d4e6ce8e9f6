//! A plugin that does not mean well.

use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _};
use tokio::time::timeout;

use super::wire::read_head;

/// How long an answer is waited for; longer than a broker's own idle limit.
const PATIENCE: Duration = Duration::from_secs(120);
/// How much a flood is, in bytes: more than any limit of the protocol on what it floods.
const FLOOD: usize = 8 << 20;

/// What a plugin does to its broker: raw bytes on one connection each.
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build()?.block_on(async {
/// use oxg_broker::Broker;
/// use oxg_testkit::hostile::HostilePlugin;
///
/// let broker = Broker::builder().build()?;
/// for attack in HostilePlugin::new("tok-of-nobody").attacks() {
///     let status = attack.run(broker.connect()).await;
///     assert!(!status.is_some_and(|status| status < 400), "{}: {status:?}", attack.name());
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct HostilePlugin {
    token: String,
}

/// One thing that no broker may let pass.
#[derive(Debug, Clone)]
pub struct Attack {
    name: &'static str,
    bytes: Vec<u8>,
    /// What follows the bytes, over and over.
    flood: &'static [u8],
}

impl HostilePlugin {
    /// One that holds this session token. Every attack is to fail although the token is good.
    #[must_use]
    pub fn new(token: impl Into<String>) -> Self {
        Self { token: token.into() }
    }

    /// All that it tries.
    #[must_use]
    pub fn attacks(&self) -> Vec<Attack> {
        let token = &self.token;
        let forged = token.chars().rev().collect::<String>();
        let call = |start: &str, token: &str, rest: &str| {
            format!("{start} HTTP/1.1\r\nhost: broker\r\nauthorization: Bearer {token}\r\n{rest}")
        };
        let egress = |target: &str| {
            format!(
                "GET {target} HTTP/1.1\r\nhost: broker\r\nproxy-authorization: Bearer {token}\r\n\r\n"
            )
        };
        let put = |path: &str| call(&format!("PUT {path}"), token, "content-length: 2\r\n\r\nhi");
        let task = r#"{"lease_token":"00000000000000000000000000000000"}"#;
        let finish = format!("content-length: {}\r\n\r\n{task}", task.len());
        let forged_lease = call("POST /v1/tasks/0123456789abcdef/complete", token, &finish);

        let mut attacks = vec![
            Attack::new("no token", "GET /v1/session HTTP/1.1\r\nhost: broker\r\n\r\n"),
            Attack::new("a forged token", call("GET /v1/session", &forged, "\r\n")),
            Attack::new(
                "a token with a suffix",
                call("GET /v1/session", &format!("{token}0"), "\r\n"),
            ),
            Attack::new("an empty token", call("GET /v1/session", "", "\r\n")),
            Attack::new(
                "two tokens",
                call("GET /v1/session", token, "authorization: Bearer other\r\n\r\n"),
            ),
            Attack::new("a forged lease", forged_lease),
            Attack::new("a tunnel", call("CONNECT shop.test:443", token, "\r\n")),
            Attack::new(
                "two lengths",
                call(
                    "PUT /v1/artifacts/a",
                    token,
                    "content-length: 2\r\ncontent-length: 3\r\n\r\nhi",
                ),
            ),
            Attack::new(
                "a length and chunks",
                call(
                    "PUT /v1/artifacts/a",
                    token,
                    "content-length: 2\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
                ),
            ),
            Attack::new("a folded line", call("GET /v1/session", token, "x-a: 1\r\n 2\r\n\r\n")),
            Attack::new(
                "a bare line feed",
                call("GET /v1/session", token, "x-a: 1\nx-b: 2\r\n\r\n"),
            ),
            Attack::new("half a head", call("GET /v1/session", token, "x-a")),
            Attack::new(
                "half a body",
                call("PUT /v1/artifacts/a", token, "content-length: 9\r\n\r\nhi"),
            ),
            Attack::flood(
                "a head without end",
                call("GET /v1/session", token, ""),
                b"x-a: 0123456789\r\n",
            ),
            Attack::flood(
                "a JSON body without end",
                call("POST /v1/tasks", token, "transfer-encoding: chunked\r\n\r\n"),
                b"10\r\n                \r\n",
            ),
            Attack::flood("no HTTP", String::new(), b"\x16\x03\x01\x02\x00"),
        ];
        for path in [
            "/v1/artifacts/../../etc/passwd",
            "/v1/artifacts/%2e%2e%2f%2e%2e%2fetc%2fpasswd",
            "/v1/artifacts//etc/passwd",
            "/v1/artifacts/a%00b",
            "/v1/artifacts/a%5c..%5cb",
            "/v1/artifacts/",
        ] {
            attacks.push(Attack::new("an artifact out of place", put(path)));
        }
        for target in [
            "http://169.254.169.254/latest/meta-data/",
            "http://127.0.0.1/",
            "http://[::1]/",
            "http://0x7f000001/",
            "http://user:password@shop.test/",
            "http://shop.test.evil.test/",
            "file:///etc/passwd",
        ] {
            attacks.push(Attack::new("a target out of bounds", egress(target)));
        }
        attacks
    }
}

impl Attack {
    fn new(name: &'static str, bytes: impl Into<String>) -> Self {
        Self::flood(name, bytes, b"")
    }

    fn flood(name: &'static str, bytes: impl Into<String>, flood: &'static [u8]) -> Self {
        Self { name, bytes: bytes.into().into_bytes(), flood }
    }

    /// What it tries, in a few words.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Tries it on one connection, and tells with which status the broker answered; `None` if it
    /// hung up, or said nothing for two minutes.
    pub async fn run(&self, stream: impl AsyncRead + AsyncWrite) -> Option<u16> {
        let (mut from_broker, mut to_broker) = tokio::io::split(stream);
        let sending = async {
            let mut sent = to_broker.write_all(&self.bytes).await.is_ok();
            let mut left = if self.flood.is_empty() { 0 } else { FLOOD / self.flood.len() };
            while sent && left > 0 {
                sent = to_broker.write_all(self.flood).await.is_ok();
                left -= 1;
            }
            std::future::pending::<()>().await;
        };
        let hearing = timeout(PATIENCE, read_head(&mut from_broker));
        tokio::select! {
            answer = hearing => answer.ok().flatten()?.status(),
            () = sending => None,
        }
    }
}
