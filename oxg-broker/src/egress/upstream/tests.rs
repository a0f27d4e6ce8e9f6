use std::sync::atomic::{AtomicUsize, Ordering};

use http_body_util::BodyExt as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::task::AbortOnDropHandle;

use super::*;

/// A target that answers every request with the number of its connection.
async fn target(address: &str, port: u16) -> (u16, Arc<AtomicUsize>, AbortOnDropHandle<()>) {
    let listener = TcpListener::bind((address, port)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let accepted = Arc::new(AtomicUsize::new(0));
    let count = accepted.clone();
    let serving = tokio::spawn(async move {
        let mut connections = tokio::task::JoinSet::new();
        while let Ok((stream, _)) = listener.accept().await {
            let number = count.fetch_add(1, Ordering::SeqCst) + 1;
            connections.spawn(answer(stream, number));
        }
    });
    (port, accepted, AbortOnDropHandle::new(serving))
}

async fn answer(mut stream: TcpStream, number: usize) {
    let mut head = Vec::new();
    while let Ok(byte) = stream.read_u8().await {
        head.push(byte);
        if head.ends_with(b"\r\n\r\n") {
            head.clear();
            let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\n{number}");
            if stream.write_all(answer.as_bytes()).await.is_err() {
                return;
            }
        }
    }
}

fn dialer() -> Dialer {
    Dialer::new(tls::client_config(Vec::new()).unwrap())
}

fn checked(plugin: &str, url: &str, addresses: &[&str]) -> CheckedRequest {
    let url: Url = url.parse().unwrap();
    let mut request = Request::new(full(""));
    let host = url.authority().parse().unwrap();
    request.headers_mut().insert(http::header::HOST, host);
    CheckedRequest {
        plugin: plugin.into(),
        url,
        addresses: addresses.iter().map(|ip| ip.parse().unwrap()).collect(),
        request,
        connect_timeout: Duration::from_secs(10),
        max_head_bytes: 64 << 10,
        ended: CancellationToken::new(),
    }
}

/// The number of the connection that served the request.
async fn served(dialer: &Dialer, checked: CheckedRequest) -> Result<String, UpstreamError> {
    let response = dialer.send(checked).await?;
    let body = response.into_body().collect().await.unwrap().to_bytes();
    Ok(String::from_utf8_lossy(&body).into_owned())
}

#[tokio::test]
async fn a_connection_is_kept_for_the_same_plugin_origin_and_address_only() {
    let (port, accepted, _serving) = target("127.0.0.1", 0).await;
    let (dialer, here) = (dialer(), ["127.0.0.1"]);
    let (shop, other) = (format!("http://shop.test:{port}/"), format!("http://other.test:{port}/"));
    for (plugin, url, number) in [
        ("probe-1", &shop, "1"),
        ("probe-1", &shop, "1"),
        ("probe-2", &shop, "2"),
        ("probe-1", &other, "3"),
        ("probe-1", &shop, "1"),
    ] {
        assert_eq!(served(&dialer, checked(plugin, url, &here)).await.unwrap(), number);
    }
    assert_eq!(accepted.load(Ordering::SeqCst), 3);
}

#[tokio::test]
async fn a_name_that_moved_leaves_the_connections_to_its_old_address_behind() {
    let (port, at_old, _old) = target("127.0.0.1", 0).await;
    let (_, at_new, _new) = target("127.0.0.2", port).await;
    let (dialer, url) = (dialer(), format!("http://shop.test:{port}/"));
    for addresses in [["127.0.0.1"], ["127.0.0.2"], ["127.0.0.2"]] {
        served(&dialer, checked("probe-1", &url, &addresses)).await.unwrap();
    }
    assert_eq!((at_old.load(Ordering::SeqCst), at_new.load(Ordering::SeqCst)), (1, 1));
    // Back again: the old one still waits, and any of the checked addresses will do.
    let both = ["127.0.0.3", "127.0.0.1"];
    assert_eq!(served(&dialer, checked("probe-1", &url, &both)).await.unwrap(), "1");
    assert_eq!(at_old.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn the_second_address_is_dialled_where_the_first_refuses() {
    let (port, _, _serving) = target("127.0.0.2", 0).await;
    let url = format!("http://shop.test:{port}/");
    let addresses = ["127.0.0.1", "127.0.0.2"];
    assert_eq!(served(&dialer(), checked("probe-1", &url, &addresses)).await.unwrap(), "1");
}

#[tokio::test]
async fn connections_are_closed_with_their_session_and_with_the_broker() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let url = format!("http://shop.test:{}/", listener.local_addr().unwrap().port());
    let dialer = dialer();
    for close in [
        (|_: &Dialer, ended: &CancellationToken| ended.cancel()) as fn(&Dialer, &CancellationToken),
        |dialer, _| dialer.close(),
    ] {
        let request = checked("probe-1", &url, &["127.0.0.1"]);
        let ended = request.ended.clone();
        let target = async {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                head.push(stream.read_u8().await.unwrap());
            }
            stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").await.unwrap();
            stream
        };
        let (answer, mut stream) = tokio::join!(served(&dialer, request), target);
        answer.unwrap();
        close(&dialer, &ended);
        assert_eq!(stream.read(&mut [0]).await.unwrap(), 0, "the broker hung up");
    }
}
