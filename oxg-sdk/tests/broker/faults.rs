//! What breaks between plugin, broker and target, byte by byte over a real socket.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use oxg_protocol::Endpoint;
use oxg_sdk::channel::{Body, BodyError, BrokerChannel, ChannelError};
use oxg_sdk::clients::http::{HttpClient, HttpError, HttpResponse};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{UnixListener, UnixStream};

/// A broker that reads a head, writes `answer`, and hangs up.
fn broker(directory: &Path, answer: String) -> (HttpClient, Arc<AtomicUsize>) {
    let path = directory.join("broker.sock");
    let listener = UnixListener::bind(&path).unwrap();
    let connections = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&connections);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            count.fetch_add(1, Ordering::SeqCst);
            read_head(&mut stream).await;
            let _ = stream.write_all(answer.as_bytes()).await;
        }
    });
    let endpoint: Endpoint = format!("unix:{}", path.display()).parse().unwrap();
    (HttpClient::new(BrokerChannel::builder(&endpoint).unwrap().build()), connections)
}

async fn read_head(stream: &mut UnixStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) => break,
        }
    }
    String::from_utf8(head).unwrap()
}

async fn get(answer: impl Into<String>) -> Result<HttpResponse, HttpError> {
    let directory = tempfile::tempdir().unwrap();
    let (http, _) = broker(directory.path(), answer.into());
    http.get("http://shop.test/").send().await
}

#[tokio::test]
async fn a_body_that_is_cut_is_never_taken_for_a_whole_one() {
    for answer in [
        "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nshort\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\nshort",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nno number\r\n",
    ] {
        let error = get(answer).await.unwrap().bytes().await.unwrap_err();
        assert!(matches!(error, HttpError::Body(BodyError::Lost(_))), "{answer:?}: {error:?}");
        #[cfg(feature = "workspace")]
        {
            let directory = tempfile::tempdir().unwrap();
            let workspace = oxg_sdk::workspace::Workspace::open(directory.path()).unwrap();
            let page = get(answer).await.unwrap();
            let _ = page.save(&workspace, "page", 1000).await.unwrap_err();
            assert_eq!(std::fs::read_dir(&directory).unwrap().count(), 0, "{answer:?}");
        }
    }
}

#[tokio::test]
async fn ten_thousand_fields_and_garbage_are_errors() {
    let mut many = "HTTP/1.1 200 OK\r\n".to_owned();
    (0..10_000).for_each(|n| many.push_str(&format!("x-{n}: y\r\n")));
    many.push_str("\r\n");
    let garbage = "SSH-2.0-OpenSSH\r\n\r\n".to_owned();
    let lengths = "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab".to_owned();
    for answer in [many, garbage, lengths, String::new()] {
        let error = get(answer).await.unwrap_err();
        let lost = matches!(error, HttpError::BrokerUnavailable(ChannelError::Lost(_)));
        assert!(lost, "{error:?}");
    }
}

#[tokio::test]
async fn a_lost_broker_is_asked_again_only_where_that_does_no_harm() {
    let directory = tempfile::tempdir().unwrap();
    let (http, connections) = broker(directory.path(), String::new());
    let _ = http.post("http://shop.test/").body("x").send().await.unwrap_err();
    assert_eq!(connections.swap(0, Ordering::SeqCst), 1);
    let _ = http.get("http://shop.test/").send().await.unwrap_err();
    assert_eq!(connections.load(Ordering::SeqCst), 3);
}

#[tokio::test]
async fn a_call_that_is_dropped_in_its_upload_ends_the_connection() {
    let (mut broker, plugin) = UnixStream::pair().unwrap();
    let plugin = std::sync::Mutex::new(Some(plugin));
    let channel = BrokerChannel::from_connector(move || {
        let stream = plugin.lock().unwrap().take();
        async move { stream.ok_or_else(|| std::io::ErrorKind::ConnectionRefused.into()) }
    });
    let http = HttpClient::new(channel.build());
    let endless = futures_util::stream::repeat_with(|| Ok::<_, std::io::Error>(vec![b'x'; 4096]));
    let upload = http.post("http://shop.test/").body(Body::from_stream(endless)).send();
    let upload = tokio::spawn(upload);
    let head = read_head(&mut broker).await;
    assert!(head.contains("transfer-encoding: chunked"), "{head}");
    upload.abort();
    let mut rest = Vec::new();
    // Ends, and never with the chunk that would make the body whole.
    let _ = broker.read_to_end(&mut rest).await;
    assert!(!rest.ends_with(b"0\r\n\r\n"));
}
