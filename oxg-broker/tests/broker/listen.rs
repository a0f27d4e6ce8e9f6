//! Sockets: who may open them, what they replace, and when they go.

use std::os::unix::fs::PermissionsExt as _;

use bytes::Bytes;
use http_body_util::Empty;
use oxg_broker::{Broker, BrokerError};
use oxg_protocol::Endpoint;
use tokio::net::{TcpStream, UnixStream};

use crate::support::{Plugin, exchange, until, within};

async fn session_over_unix(plugin: &Plugin, path: &std::path::Path) -> u16 {
    let request = plugin.request("GET", "/v1/session");
    let stream = UnixStream::connect(path).await.unwrap();
    exchange(stream, request.body(Empty::<Bytes>::new()).unwrap()).await.status
}

#[tokio::test]
async fn a_unix_socket_is_for_this_user_and_goes_with_its_listener() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("broker.sock");
    let plugin = Plugin::new();
    let listener = plugin.broker.listen_unix(&path).unwrap();
    assert_eq!(*listener.endpoint(), Endpoint::Unix(path.clone()));
    let mode = std::fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert_eq!(session_over_unix(&plugin, &path).await, 200);
    drop(listener);
    assert!(!path.exists());
}

#[tokio::test]
async fn a_socket_that_nobody_serves_is_replaced() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("broker.sock");
    drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
    assert!(path.exists());
    let plugin = Plugin::new();
    let _listener = plugin.broker.listen_unix(&path).unwrap();
    assert_eq!(session_over_unix(&plugin, &path).await, 200);
}

#[tokio::test]
async fn a_socket_in_use_and_a_file_of_another_kind_stay_as_they_are() {
    let directory = tempfile::tempdir().unwrap();
    let plugin = Plugin::new();
    let used = directory.path().join("used.sock");
    let _listener = plugin.broker.listen_unix(&used).unwrap();
    let file = directory.path().join("file");
    std::fs::write(&file, "kept").unwrap();
    let link = directory.path().join("link");
    std::os::unix::fs::symlink(&file, &link).unwrap();
    let other = Broker::builder().build().unwrap();
    for path in [&used, &file, &link, &directory.path().to_owned()] {
        let error = other.listen_unix(path).unwrap_err();
        assert!(matches!(error, BrokerError::Listen { .. }), "{error}");
    }
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "kept");
    assert_eq!(session_over_unix(&plugin, &used).await, 200);
}

#[tokio::test]
async fn a_listener_removes_no_socket_but_its_own() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("broker.sock");
    let (old, new) = (Plugin::new(), Plugin::new());
    let stale = old.broker.listen_unix(&path).unwrap();
    within(old.broker.shutdown()).await;
    let _listener = new.broker.listen_unix(&path).unwrap();
    drop(stale);
    assert_eq!(session_over_unix(&new, &path).await, 200);
}

#[tokio::test]
async fn a_path_that_is_too_long_for_a_socket_is_an_error() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a".repeat(120));
    let broker = Broker::builder().build().unwrap();
    let error = broker.listen_unix(&path).unwrap_err();
    assert!(error.to_string().starts_with("cannot listen on unix:/"), "{error}");
}

#[tokio::test]
async fn tcp_is_served_on_loopback_alone() {
    let plugin = Plugin::new();
    let listener = plugin.broker.listen_tcp("127.0.0.1:0".parse().unwrap()).await.unwrap();
    let Endpoint::Tcp(address) = *listener.endpoint() else {
        panic!("{listener:?}");
    };
    let request = plugin.request("GET", "/v1/session");
    let stream = TcpStream::connect(address).await.unwrap();
    let reply = exchange(stream, request.body(Empty::<Bytes>::new()).unwrap()).await;
    assert_eq!(reply.status, 200);

    for address in ["0.0.0.0:0", "[::]:0", "192.0.2.1:0"] {
        let error = plugin.broker.listen_tcp(address.parse().unwrap()).await.unwrap_err();
        assert!(error.to_string().contains("loopback only"), "{error}");
    }

    drop(listener);
    until(|| std::net::TcpStream::connect(address).is_err()).await;
}

#[tokio::test]
async fn a_stopped_broker_accepts_nothing_more() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("broker.sock");
    let broker = Broker::builder().build().unwrap();
    let _listener = broker.listen_unix(&path).unwrap();
    let _idle = UnixStream::connect(&path).await.unwrap();
    within(broker.shutdown()).await;
    assert!(UnixStream::connect(&path).await.is_err());
}
