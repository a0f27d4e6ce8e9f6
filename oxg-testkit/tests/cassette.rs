//! Exchanges with a real server, recorded and replayed.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::thread::JoinHandle;

use oxg_broker::egress::{
    CheckedRequest, Dialer, ScriptedResolver, Sending, Upstream, UpstreamError,
};
use oxg_sdk::clients::http;
use oxg_sdk::http::Method;
use oxg_sdk::prelude::*;
use oxg_testkit::Cassette;
use oxg_testkit::prelude::{Testkit, finding, get, json};
use serde_json::Value;

/// Makes the calls of its task, with the secret, and reports what came back.
#[derive(Default)]
struct Caller;

#[derive(Deserialize)]
struct Call {
    method: String,
    url: String,
    body: Option<Value>,
    /// The broker fills the secret in.
    #[serde(default)]
    by_handle: bool,
}

#[oxg_sdk::plugin(manifest = "tests/support/bound.json")]
impl Plugin for Caller {
    async fn on_task(&self, ctx: &Context<Self>, task: Task) -> Result<TaskOutcome> {
        let secret = ctx.secrets().get("api-token").await?;
        for call in task.input::<Vec<Call>>()? {
            let method = call.method.parse().unwrap_or(Method::GET);
            let mut request = ctx.http().request(method, call.url.as_str());
            request = match call.by_handle {
                true => request
                    .header("x-api-key", http::secret("api-token").bearer())
                    .query_secret("key", &http::secret("api-token")),
                false => request.bearer_auth(&secret),
            };
            if let Some(body) = &call.body {
                request = request.json(body);
            }
            let page = request.send().await?;
            let (status, url) = (page.status().as_u16(), page.url().clone());
            let text = page.text().await?;
            ctx.emit(Finding::info("page", format!("{status} {text}")).target(url.as_str()))
                .await?;
        }
        Ok(TaskOutcome::done())
    }
}

/// The network, but that every target is one server of this machine.
struct Loopback {
    dialer: Dialer,
    port: u16,
}

impl Upstream for Loopback {
    fn send(&self, mut checked: CheckedRequest) -> Sending<'_> {
        Box::pin(async move {
            let url = format!("http://127.0.0.1:{}{}", self.port, checked.url.path_and_query());
            checked.url = url.parse().map_err(|error| UpstreamError::Protocol(Box::new(error)))?;
            checked.addresses = vec![[127, 0, 0, 1].into()];
            self.dialer.send(checked).await
        })
    }
}

/// A server that gives these answers, a connection each, and then says what it was asked.
fn server(answers: &[&str]) -> (u16, JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let answers: Vec<_> = answers.iter().map(|answer| (*answer).to_owned()).collect();
    let serving = move || {
        let mut asked = Vec::new();
        for answer in answers {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = Vec::new();
            let mut buffer = [0; 1024];
            while !is_whole(&request) {
                let count = stream.read(&mut buffer).unwrap();
                assert_ne!(count, 0, "the request has no end");
                request.extend_from_slice(&buffer[..count]);
            }
            asked.push(String::from_utf8(request).unwrap());
            stream.write_all(answer.as_bytes()).unwrap();
        }
        asked
    };
    (port, std::thread::spawn(serving))
}

fn is_whole(request: &[u8]) -> bool {
    let text = String::from_utf8_lossy(request).to_ascii_lowercase();
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    match length {
        Some(length) => body.len() >= length.parse().unwrap(),
        None => !head.contains("transfer-encoding: chunked") || body.ends_with("0\r\n\r\n"),
    }
}

fn recording(path: &Path, port: u16) -> Cassette {
    let names = ScriptedResolver::new().otherwise([[93, 184, 215, 14].into()]);
    let loopback = Loopback { dialer: Dialer::with_web_roots().unwrap(), port };
    Cassette::new(path).recording(true).through(names, loopback)
}

fn calls() -> Value {
    json!([
        { "method": "GET", "url": "https://shop.test/" },
        { "method": "POST", "url": "https://shop.test/login?from=home",
          "body": { "user": "jo", "password": "hunter2-hunter2" } },
        { "method": "GET", "url": "https://shop.test/by-handle", "by_handle": true },
    ])
}

const PAGE: &str = "HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: 15\r\n\
                    connection: close\r\n\r\n<html>\n</html>\n";
const LOGIN: &str = "HTTP/1.1 201 Created\r\ncontent-type: application/json\r\n\
                     set-cookie: session=a8f5f167f44f4964e6c998dee827110c\r\ncontent-length: 55\r\n\
                     connection: close\r\n\r\n\
                     {\"access_token\": \"a8f5f167f44f4964e6c998dee8\", \"ok\": 1}";

#[tokio::test]
async fn what_was_recorded_from_a_server_is_replayed_without_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cassettes/shop.json");

    let (port, serving) = server(&[PAGE, LOGIN, PAGE]);
    let t = Testkit::new(Caller::default);
    t.cassette(recording(&path, port).secret_from_env("api-token", "CARGO_MANIFEST_DIR"));
    let real_secret = t.secret("api-token");
    assert_eq!(real_secret, std::env::var("CARGO_MANIFEST_DIR").unwrap());
    let first = t.task(calls()).await;
    first.assert_completed();
    t.verify();
    let asked = serving.join().unwrap();
    assert!(asked[0].contains(&format!("authorization: Bearer {real_secret}")), "{asked:?}");

    assert!(asked[2].contains(&format!("x-api-key: Bearer {real_secret}")), "{asked:?}");

    let text = std::fs::read_to_string(&path).unwrap();
    for secret in [real_secret.as_str(), "hunter2", "a8f5f167"] {
        assert!(!text.contains(secret), "{text}");
    }
    assert!(text.contains("\"</html>\""), "the page is there line by line: {text}");

    let t = Testkit::new(Caller::default);
    t.cassette(Cassette::new(&path).recording(false).in_order());
    let second = t.task(calls()).await;
    second.assert_completed();
    assert_eq!(second.sent.len(), 3);
    second.assert_findings([
        finding("page").target("https://shop.test/").message_contains("200 <html>\n</html>"),
        finding("page").message_contains("201"),
        finding("page").message_contains("200 <html>"),
    ]);
    second.assert_no_leaks();
    t.verify();
}

#[tokio::test]
async fn a_replay_fails_for_what_was_not_recorded_and_for_what_was_not_used() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("shop.json");
    let (port, serving) = server(&[PAGE]);
    let t = Testkit::new(Caller::default);
    t.cassette(recording(&path, port));
    t.task(json!([{ "method": "GET", "url": "https://shop.test/a" }])).await.assert_completed();
    t.verify();
    serving.join().unwrap();

    let t = Testkit::new(Caller::default);
    t.http().on(get("https://shop.test/scripted")).reply(200);
    t.cassette(Cassette::new(&path).recording(false));
    let run = t.task(json!([
        { "method": "GET", "url": "https://shop.test/scripted" },
        { "method": "GET", "url": "https://shop.test/b" },
    ]));
    run.await.assert_denied("https://shop.test/b");
    let message = catch_unwind(AssertUnwindSafe(|| t.verify())).unwrap_err();
    let message = message.downcast_ref::<String>().unwrap();
    assert_eq!(
        message.replace(&path.display().to_string(), "shop.json"),
        "the plugin did not send what the test scripted

unexpected request: GET https://shop.test/b
  nearest expectation: GET https://shop.test/scripted
    url: expected https://shop.test/scripted, sent https://shop.test/b
  nearest recording: GET https://shop.test/a
    in shop.json, interaction 1
    url: recorded https://shop.test/a, sent https://shop.test/b
  to record again: OXG_RECORD=1 cargo test

recorded, but never sent: GET https://shop.test/a
  in shop.json, interaction 1
"
    );
}

#[tokio::test]
async fn what_cannot_be_recorded_whole_leaves_the_old_cassette_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("shop.json");
    std::fs::write(&path, "the old one").unwrap();
    let zipped = "HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 1\r\n\
                  connection: close\r\n\r\nx";
    let (port, serving) = server(&[zipped]);
    let t = Testkit::new(Caller::default);
    t.cassette(recording(&path, port));
    t.task(json!([{ "method": "GET", "url": "https://shop.test/a" }])).await;
    serving.join().unwrap();
    let message = catch_unwind(AssertUnwindSafe(|| t.verify())).unwrap_err();
    assert_eq!(
        message.downcast_ref::<String>().unwrap(),
        "the plugin did not send what the test scripted

not recorded: GET https://shop.test/a
  the answer is compressed, so that nothing can be cut out of it
"
    );
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "the old one");
}

#[oxg_testkit::test]
async fn a_cassette_is_not_recorded_while_time_stands_still(t: Testkit<Caller>) {
    let record = || t.cassette(Cassette::new("none.json").recording(true));
    let message = catch_unwind(AssertUnwindSafe(record)).unwrap_err();
    let message = message.downcast_ref::<String>().unwrap();
    assert!(message.contains("can only be recorded in real time"), "{message}");
}
