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

/// Killed with the test.
struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

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

#[test]
fn curl_goes_through_the_broker_where_the_policy_lets_it() {
    if Command::new("curl").arg("--version").output().is_err() {
        eprintln!("SKIPPED: this machine has no curl");
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let manifest = directory.path().join("manifest.json");
    std::fs::write(&manifest, MANIFEST).unwrap();
    let port = target();
    let mut broker = Command::new(env!("CARGO_BIN_EXE_oxg"))
        .args(["broker", "serve", "--allow-loopback", &port.to_string(), "--manifest"])
        .arg(&manifest)
        .stdout(Stdio::piped())
        .spawn()
        .map(Killed)
        .unwrap();
    let mut lines = BufReader::new(broker.0.stdout.take().unwrap()).lines();
    let mut value = |name: &str| {
        let line = lines.next().unwrap().unwrap();
        line.strip_prefix(name).unwrap().to_owned()
    };
    let (proxy, file) = (value("OXG_BROKER="), value("OXG_TOKEN_FILE="));
    let token = std::fs::read_to_string(&file).unwrap();
    let url = format!("http://127.0.0.1:{port}/");
    assert_eq!(curl(&proxy, &token, &url), "hello");
    assert!(curl(&proxy, &token, "http://evil.test/").contains("destination_denied"));
    assert!(curl(&proxy, "wrong", &url).contains("unauthenticated"));
}
