//! Ordinary log lines in the styles of many systems, made from a seed. None
//! holds a secret or personal data.

/// A small generator of numbers (xorshift64*), so that every run sees the same.
pub(crate) struct Numbers(u64);

impl Numbers {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 8
    }

    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }

    pub(crate) fn pick<T: Copy>(&mut self, items: &[T]) -> T {
        let at = self.below(items.len() as u64);
        items[usize::try_from(at).unwrap()]
    }

    pub(crate) fn text(&mut self, alphabet: &str, len: usize) -> String {
        let alphabet = alphabet.as_bytes();
        (0..len).map(|_| char::from(self.pick(alphabet))).collect()
    }

    fn hex(&mut self, len: usize) -> String {
        self.text("0123456789abcdef", len)
    }

    fn uuid(&mut self) -> String {
        [8, 4, 4, 4, 12].map(|len| self.hex(len)).join("-")
    }

    fn ip(&mut self) -> String {
        format!("10.{}.{}.{}", self.below(256), self.below(256), self.below(256))
    }

    fn clock(&mut self) -> String {
        format!("{:02}:{:02}:{:02}", self.below(24), self.below(60), self.below(60))
    }

    fn date(&mut self) -> String {
        format!("2026-{:02}-{:02}", 1 + self.below(12), 1 + self.below(28))
    }
}

const WORDS: &[&str] = &[
    "request",
    "worker",
    "cache",
    "queue",
    "block",
    "index",
    "shard",
    "session",
    "token",
    "author",
    "replica",
    "order",
    "router",
    "buffer",
    "batch",
    "segment",
    "volume",
    "node",
    "thread",
    "timer",
    "stream",
    "metrics",
    "config",
    "export",
    "listener",
    "snapshot",
    "keyspace",
    "scheduler",
    "connection",
    "monkey",
    "signature",
    "pinned",
    "secretary",
];
const PATHS: &[&str] = &[
    "/api/v1/users",
    "/static/app.3f2a91bc.js",
    "/healthz",
    "/login",
    "/assets/logo@2x.png",
    "/v2/orders/88213/items",
    "/auth/callback",
    "/tokenizer/encode",
    "/search?q=secret+santa&page=2",
];
const CLASSES: &[&str] = &[
    "org.apache.kafka.clients.NetworkClient",
    "c.e.auth.TokenProvider",
    "o.s.s.web.FilterChainProxy",
    "io.netty.channel.AbstractChannelHandlerContext",
    "com.acme.billing.PasswordResetService",
];

/// One line, without its line end.
pub(crate) fn line(n: &mut Numbers) -> String {
    let (date, clock, ip) = (n.date(), n.clock(), n.ip());
    let (word, path, class) = (n.pick(WORDS), n.pick(PATHS), n.pick(CLASSES));
    let (small, big) = (n.below(1000), n.below(1_000_000_000));
    match n.below(30) {
        0 => format!(
            "{ip} - - [17/May/2026:{clock} +0000] \"GET {path} HTTP/1.1\" 200 {big} \"https://shop.example/cart\" \"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{small}.0.4147.89 Safari/537.36\""
        ),
        1 => format!(
            "{date}T{clock}.{small:03}Z  INFO {class} - {word} done, request {} took {small} ms",
            n.uuid()
        ),
        2 => format!(
            "May 17 {clock} host-{small} sshd[{small}]: Failed password for invalid user admin from {ip} port {} ssh2",
            1024 + n.below(60_000)
        ),
        3 => {
            format!("May 17 {clock} host-{small} systemd[1]: Started Session {small} of user root.")
        }
        4 => format!(
            "[{small:>6}.{:06}] usb 1-{}: new high-speed USB device number {} using xhci_hcd",
            n.below(1_000_000),
            n.below(9),
            n.below(99)
        ),
        5 => format!(
            "{{\"level\":\"info\",\"ts\":{}.{:04},\"caller\":\"server/server.go:{small}\",\"msg\":\"{word} done\",\"trace_id\":\"{}\",\"span_id\":\"{}\",\"duration_ms\":{small}}}",
            1_700_000_000 + big / 10,
            n.below(10_000),
            n.hex(32),
            n.hex(16)
        ),
        6 => format!(
            "ts={date}T{clock}Z level=warn component={word} msg=\"slow query\" rows={big} took={small}ms key=order:{small} commit={}",
            n.hex(40)
        ),
        7 => format!(
            "081109 {small:06} {small} INFO dfs.DataNode$PacketResponder: Received block blk_-{}{} of size 67108864 from /{ip}",
            big,
            n.below(1_000_000_000)
        ),
        8 => format!(
            "I0517 {clock}.{:06}       1 controller.go:{small}] \"Reconciling\" pod=\"kube-system/coredns-{}-{}\" uid=\"{}\"",
            n.below(1_000_000),
            n.hex(10),
            n.text("bcdfghjklmnpqrstvwxz2456789", 5),
            n.uuid()
        ),
        9 => format!(
            "{date} {clock}.{small:03} UTC [{small}] LOG:  checkpoint complete: wrote {small} buffers (0.{small}%); 0 WAL file(s) added; write={small}.{small:03} s, sync=0.{small:03} s; lsn={:X}/{:X}",
            n.below(4096),
            big
        ),
        10 => format!(
            "# Query_time: 0.{:06}  Lock_time: 0.{:06} Rows_sent: {small}  Rows_examined: {big}",
            n.below(1_000_000),
            n.below(1_000_000)
        ),
        11 => format!(
            "{date} {clock}, Info                  CBS    Session: {small}_{big} initialized by client WindowsUpdateAgent."
        ),
        12 => format!(
            "May 17 {clock} lb haproxy[{small}]: {ip}:{} [17/May/2026:{clock}.{small:03}] https~ app/srv{} 0/0/1/{small}/{small} 200 {big} - - ---- 1/1/0/0/0 0/0 \"POST {path} HTTP/2.0\"",
            1024 + n.below(60_000),
            n.below(9)
        ),
        13 => format!(
            "{date}T{clock}.{:06}Z app/my-alb/{} {ip}:{} 10.0.0.1:80 0.001 0.{small:03} 0.000 200 200 {small} {big} \"GET https://shop.example:443{path} HTTP/1.1\" \"curl/7.88.1\" ECDHE-RSA-AES128-GCM-SHA256 TLSv1.2 \"Root=1-{}-{}\"",
            n.below(1_000_000),
            n.hex(16),
            1024 + n.below(60_000),
            n.hex(8),
            n.hex(24)
        ),
        14 => format!(
            "{date}T{clock}.{:06}Z DEBUG http_request{{method=GET uri={path} version=HTTP/1.1}}: tower_http::trace: finished processing request latency={small} ms status=200",
            n.below(1_000_000)
        ),
        15 => format!(
            "{date} {clock},{small:03} - {word}.tasks - WARNING - retry {} of 5 for job {} in {small}.0 seconds",
            n.below(5),
            n.uuid()
        ),
        16 => format!(
            "{date} {clock},{small:03} [myid:{}] - INFO  [/{ip}:2181:FastLeaderElection@{small}] - Notification: 1 (n.leader), 0x{} (n.zxid), LOOKING (n.state)",
            n.below(9),
            n.hex(12)
        ),
        17 => format!(
            "nova-compute.log.1.{date}_{clock} {date} {clock}.{small:03} {small} INFO nova.compute.manager [req-{} {} {} - - -] [instance: {}] VM Started (Lifecycle Event)",
            n.uuid(),
            n.hex(32),
            n.hex(32),
            n.uuid()
        ),
        18 => format!(
            "05-17 {clock}.{small:03}  {small}  {small} D PowerManagerService: acquire lock={big}, flags=0x1, tag=\"View Lock\", name=com.android.systemui, ws=null, uid=10037"
        ),
        19 => format!(
            "- {} 2026.05.17 R{:02}-M1-N{}-C:J{:02}-U{:02} {date}-{clock}.{:06} R02-M1-N0 RAS KERNEL INFO instruction cache parity error corrected",
            1_117_838_570 + small,
            n.below(80),
            n.below(9),
            n.below(20),
            n.below(20),
            n.below(1_000_000)
        ),
        20 => format!(
            "\tat {class}.doFilter({}.java:{small}) ~[spring-security-web-5.{}.{}.jar!/:5.{}.1]",
            class.rsplit('.').next().unwrap(),
            n.below(9),
            n.below(20),
            n.below(9)
        ),
        21 => format!(
            "  {small}: 0x{} - core::ops::function::FnOnce::call_once{{{{vtable.shim}}}}::h{}",
            n.hex(12),
            n.hex(16)
        ),
        22 => format!(
            "Step {}/12 : RUN pip install --no-cache-dir tokenizers==0.{}.{} # sha256:{}",
            n.below(12),
            n.below(20),
            n.below(9),
            n.hex(64)
        ),
        23 => format!("checksum = \"{}\"", n.hex(64)),
        24 => format!(
            "      integrity sha512-{}==",
            n.text("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/", 86)
        ),
        25 => format!(
            "{}  dist/oxg-{}.{}.{}-x86_64-unknown-linux-gnu.tar.gz",
            n.hex(64),
            n.below(9),
            n.below(30),
            n.below(9)
        ),
        26 => format!(
            "{date} {clock} [{word}] event id={} seq={big} partition={small} offset={big} key={} etag=W/\"{}\"",
            n.text("0123456789ABCDEFGHJKMNPQRSTVWXYZ", 26),
            n.hex(8),
            n.hex(32)
        ),
        27 => format!(
            "error[E0308]: mismatched types --> src/{word}.rs:{small}:{} expected `SecretString`, found `&str` for `password`",
            n.below(80)
        ),
        28 => format!(
            "thread '{word}-{small}' panicked at crates/auth/src/token.rs:{small}:{}: called `Result::unwrap()` on an `Err` value: Os {{ code: 2, kind: NotFound, message: \"No such file or directory\" }}",
            n.below(80)
        ),
        _ => format!(
            "{date} {clock} {word} {word}: the {} of {small} items was done; see {path} for more, or ask the {}",
            n.pick(WORDS),
            n.pick(WORDS)
        ),
    }
}
