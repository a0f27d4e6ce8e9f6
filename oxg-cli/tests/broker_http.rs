//! `oxg broker http` in a plugin that is a script, against the real broker.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Command, Output};
use std::thread;

const MANIFEST: &str = r#"{
  "name": "sample", "version": "0.1.0", "entry": "./sample.sh",
  "capabilities": { "http": { "outbound": ["broker"] }, "storage": { "workspace": true } }
}"#;
const OXG: &str = env!("CARGO_BIN_EXE_oxg");

/// A site that answers every request with what it was sent; under `/missing` with 404.
fn echo() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut bytes = [0; 8192];
            let mut seen = String::new();
            while !seen.contains("\r\n\r\n") || (seen.contains("POST") && !seen.ends_with("end")) {
                let read = stream.read(&mut bytes).unwrap();
                seen.push_str(std::str::from_utf8(&bytes[..read]).unwrap());
            }
            let status = if seen.contains("/missing") { "404 Not Found" } else { "200 OK" };
            let length = seen.len();
            write!(
                stream,
                "HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{seen}"
            )
            .unwrap();
        }
    });
    port
}

/// Runs a script in which `$oxg` is `oxg broker http` and `$site` the target; gives what it left
/// in its workspace as `out`.
fn script(body: &str) -> String {
    let directory = tempfile::tempdir().unwrap();
    let port = echo();
    std::fs::write(directory.path().join("manifest.json"), MANIFEST).unwrap();
    let entry = directory.path().join("sample.sh");
    let text = format!(
        "#!/bin/sh\noxg='{OXG} broker http'\nsite=http://127.0.0.1:{port}\ncd \"$OXG_WORKSPACE\"\n{body}\n"
    );
    std::fs::write(&entry, text).unwrap();
    std::fs::set_permissions(&entry, std::fs::Permissions::from_mode(0o755)).unwrap();
    let keep = directory.path().join("kept");
    let output = Command::new(OXG)
        .args(["run", directory.path().to_str().unwrap(), "--task", "{}"])
        .args(["--allow-loopback", &port.to_string(), "--keep", keep.to_str().unwrap()])
        .output()
        .unwrap();
    let out = std::fs::read_to_string(keep.join("workspace/out"));
    out.unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&output.stderr)))
}

fn bare(arguments: &[&str]) -> Output {
    Command::new(OXG).args(["broker", "http"]).args(arguments).env_clear().output().unwrap()
}

#[test]
fn a_request_goes_through_the_broker_and_the_body_comes_back() {
    let out = script("$oxg POST $site/a?b -H 'X-Probe: 1' -d 'the end' > out");
    assert!(out.starts_with("POST /a?b HTTP/1.1\r\n"), "{out}");
    assert!(out.to_lowercase().contains("\r\nx-probe: 1\r\n") && out.ends_with("\r\n\r\nthe end"));
}

#[test]
fn a_file_is_written_whole_or_not_at_all_and_fail_minds_the_status() {
    let out = script(
        "echo old > page; $oxg --fail GET $site/missing -o page; echo $? > out; cat page >> out
         $oxg GET $site/missing -o page; echo $? >> out; head -n 1 page >> out; ls -A | wc -l >> out",
    );
    assert_eq!(out.replace('\r', ""), "1\nold\n0\nGET /missing HTTP/1.1\n2\n");
}

#[test]
fn a_denial_says_why_and_has_a_code_of_its_own() {
    let out = script("$oxg GET http://127.0.0.1:9/ 2> out; echo $? >> out");
    assert!(
        out.starts_with("error: the broker denied the request") && out.ends_with("\n77\n"),
        "{out}"
    );
}

#[test]
fn outside_of_a_plugin_it_says_what_is_missing() {
    let output = bare(&["GET", "http://shop.test/"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("OXG_BROKER is not set"));
    assert_eq!(bare(&["GET", "http://shop.test/", "-H", "no colon"]).status.code(), Some(2));
    assert_eq!(bare(&["BAD METHOD", "http://shop.test/"]).status.code(), Some(2));
}
