//! `oxg broker serve` as a proxy for a program that knows nothing of it.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::thread;

const MANIFEST: &str = r#"{
    "name": "probe", "version": "0.1.0", "entry": "./probe",
    "capabilities": { "http": { "outbound": ["broker"], "hosts": ["shop.test"] } }
}"#;

/// A target that answers every request with `hello`.
fn target() -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let _ = stream.read(&mut [0; 4096]);
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello");
        }
    });
    port
}

fn curl(proxy: &str, token: &str, url: &str) -> String {
    let output = Command::new("curl")
        .args(["-sS", "--max-time", "20", "-x", proxy, "--proxy-header"])
        .args([&format!("Proxy-Authorization: Bearer {token}"), url])
        .output()
        .unwrap();
    String::from_utf8(output.stdout).unwrap()
}

/// A broker for the one port of this machine; killed with the test.
struct Proxy {
    broker: Child,
    url: String,
    token_file: String,
    _directory: tempfile::TempDir,
}

impl Proxy {
    fn to(port: u16) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let manifest = directory.path().join("manifest.json");
        std::fs::write(&manifest, MANIFEST).unwrap();
        let mut broker = Command::new(env!("CARGO_BIN_EXE_oxg"))
            .args(["broker", "serve", "--allow-loopback", &port.to_string(), "--manifest"])
            .arg(&manifest)
            .env("TMPDIR", directory.path())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(broker.stdout.take().unwrap()).lines();
        let mut value = |name: &str| {
            let line = lines.next().unwrap().unwrap();
            line.strip_prefix(name).unwrap().to_owned()
        };
        let (url, token_file) = (value("OXG_BROKER="), value("OXG_TOKEN_FILE="));
        Self { broker, url, token_file, _directory: directory }
    }

    /// The output of a program that is told where the proxy is.
    fn output_of(&self, program: &mut Command) -> String {
        let output = program
            .env("OXG_BROKER", &self.url)
            .env("OXG_TOKEN_FILE", &self.token_file)
            .output()
            .unwrap();
        let errors = String::from_utf8_lossy(&output.stderr);
        format!("{}{errors}", String::from_utf8(output.stdout).unwrap())
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        let _ = self.broker.kill();
        let _ = self.broker.wait();
    }
}

/// Whether this machine has the program that `probe` starts; says so if it has not.
fn is_there(probe: &mut Command) -> bool {
    let there = probe.output().is_ok_and(|output| output.status.success());
    if !there {
        eprintln!("SKIPPED: {probe:?} does not run on this machine");
    }
    there
}

/// The program in this language in the chapter on egress, aimed at another target.
fn documented(language: &str, port: u16) -> String {
    let chapter = include_str!("../../docs/src/egress.md");
    let (_, rest) = chapter.split_once(&format!("```{language}\n")).unwrap();
    let (program, _) = rest.split_once("```").unwrap();
    program.replace("shop.test", &format!("127.0.0.1:{port}"))
}

#[test]
fn curl_goes_through_the_broker_where_the_policy_lets_it() {
    if !is_there(Command::new("curl").arg("--version")) {
        return;
    }
    let port = target();
    let proxy = Proxy::to(port);
    let token = std::fs::read_to_string(&proxy.token_file).unwrap();
    let url = format!("http://127.0.0.1:{port}/");
    assert_eq!(curl(&proxy.url, &token, &url), "hello");
    assert!(curl(&proxy.url, &token, "http://evil.test/").contains("destination_denied"));
    assert!(curl(&proxy.url, "wrong", &url).contains("unauthenticated"));
}

#[test]
fn the_documented_python_reaches_a_target_through_the_broker() {
    if !is_there(Command::new("python3").args(["-c", "import requests"])) {
        return;
    }
    let port = target();
    let program = documented("python", port) + "\nprint(page.status_code, page.text)";
    let output = Proxy::to(port).output_of(Command::new("python3").args(["-c", &program]));
    assert_eq!(output, "200 hello\n");
}

#[test]
fn the_documented_javascript_reaches_a_target_through_the_broker() {
    if !is_there(Command::new("node").arg("--version")) {
        return;
    }
    let port = target();
    let program = documented("js", port);
    let node = ["--input-type=module", "-e", &program];
    let output = Proxy::to(port).output_of(Command::new("node").args(node));
    assert_eq!(output, "hello");
}
