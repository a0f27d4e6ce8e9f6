//! A broker that says yes to everything fails the cases.

use oxg_protocol::Endpoint;
use oxg_testkit::conformance::{BrokerSuite, ConformanceError, Verdict};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

const SESSION: &str = r#"{ "protocol": "1.0", "plugin": "x", "run_id": "87c5efbb0cdc8516",
    "features": ["egress", "secrets", "artifacts", "uploads", "tasks", "task-enqueue", "findings", "logs"],
    "capabilities": ["http", "storage", "secrets", "tasks", "findings"] }"#;

/// Cases that ask for nothing but what such a broker says.
const HOLD: &[&str] = &["session/renewed", "session/scheme-in-any-case", "session/newer-minor"];

/// Answers every request with these words.
async fn serve(answer: String) -> (Endpoint, JoinHandle<()>) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let endpoint = Endpoint::Tcp(listener.local_addr().unwrap());
    let serving = tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let answer = answer.clone();
            tokio::spawn(async move {
                let mut part = [0; 4096];
                if stream.read(&mut part).await.is_ok_and(|count| count > 0) {
                    let _ = stream.write_all(answer.as_bytes()).await;
                }
            });
        }
    });
    (endpoint, serving)
}

fn json(body: &str) -> String {
    let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\noxg-request-id: 1";
    format!("{head}\r\ncontent-length: {}\r\n\r\n{body}", body.len())
}

#[tokio::test]
async fn a_broker_that_says_yes_to_everything_fails_the_cases() {
    let (endpoint, serving) = serve(json(SESSION)).await;
    let suite = BrokerSuite::new(endpoint, "oxg_1".into()).secret("api-token".parse().unwrap());
    let report = suite.run(|_| {}).await.unwrap();
    for outcome in report.outcomes {
        let holds = HOLD.contains(&outcome.case.id.as_str());
        let fails = matches!(outcome.verdict, Verdict::Fails { .. });
        assert!(fails != holds, "{outcome:#?}");
    }
    serving.abort();
}

#[tokio::test]
async fn what_is_no_broker_is_told_from_one_that_does_not_conform() {
    for (answer, words) in [
        ("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi".to_owned(), "its session cannot be read"),
        ("SSH-2.0-OpenSSH\r\n".to_owned(), "malformed"),
        ("HTTP/1.1 401 No\r\ncontent-length: 0\r\n\r\n".to_owned(), "is the token the session's?"),
        (String::new(), "no answer"),
    ] {
        let (endpoint, serving) = serve(answer).await;
        let error = BrokerSuite::new(endpoint, "oxg_1".into()).run(|_| {}).await.unwrap_err();
        assert!(matches!(error, ConformanceError::Unusable { .. }));
        assert!(error.to_string().contains(words), "{error}");
        serving.abort();
    }
}
