//! The SDK against brokers that lie, and the broker against plugins that attack.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::time::Duration;

use oxg_broker::Broker;
use oxg_manifest::Manifest;
use oxg_protocol::task::NewTask;
use oxg_sdk::Runtime;
use oxg_sdk::channel::{BrokerChannel, TokenSource};
use oxg_sdk::clients::Clients;
use oxg_sdk::clients::http::HttpClient;
use oxg_sdk::prelude::*;
use oxg_sdk::redact::Redactor;
use oxg_testkit::hostile::{HostileBroker, HostilePlugin};
use secrecy::ExposeSecret as _;
use serde_json::json;
use tokio::time::timeout;

/// Does nothing of its own.
#[derive(Default)]
struct Idle;

#[oxg_sdk::plugin]
impl Plugin for Idle {}

fn channel(hostile: HostileBroker) -> BrokerChannel {
    let connect = move || std::future::ready(Ok(hostile.connect()));
    let token = TokenSource::value("tok-0123456789abcdef").unwrap();
    BrokerChannel::from_connector(connect).token(token).build()
}

#[tokio::test(start_paused = true)]
async fn whatever_a_broker_does_every_call_ends_in_an_error() {
    for hostile in HostileBroker::ALL {
        let channel = channel(hostile);
        let clients = Clients::new(channel.clone(), Redactor::default());
        let (artifacts, tasks) = (clients.artifacts(), clients.tasks());
        let page = HttpClient::new(channel).get("https://shop.test/");
        let id = "0123456789abcdef".parse().unwrap();
        let token = "00000000000000000000000000000000".parse().unwrap();
        let poll = Duration::from_secs(1);
        let calls = async {
            clients.secrets().get("api-token").await.map(drop).expect_err("secret");
            artifacts.put("a.txt", "hello").await.map(drop).expect_err("put");
            if let Ok(artifact) = artifacts.get("a.txt").await {
                artifact.bytes(64).await.map(drop).expect_err("get");
            }
            clients.findings("idle").emit(Finding::low("a.b", "seen")).await.map(drop).ok();
            tasks.lease(1, poll, poll).await.map(drop).ok();
            tasks.extend(&id, &token, poll).await.map(drop).ok();
            tasks.complete(&id, &token, None).await.ok();
            if let Ok(page) = page.send().await {
                page.bytes().await.map(drop).ok();
            }
        };
        let limit = Duration::from_secs(3 * 3600);
        timeout(limit, calls).await.unwrap_or_else(|_| panic!("a call hangs: {hostile:?}"));
    }
}

#[tokio::test(start_paused = true)]
async fn whatever_a_broker_does_the_run_ends() {
    for hostile in HostileBroker::ALL {
        let runtime = Runtime::new(Idle, channel(hostile)).workspace("/nowhere");
        // A broker that lends tasks for ever is stopped as a host stops a plugin.
        let stop = tokio::time::sleep(Duration::from_secs(600));
        let run = timeout(Duration::from_secs(3600), runtime.run(stop)).await;
        let result = run.unwrap_or_else(|_| panic!("the run hangs: {hostile:?}"));
        if hostile != HostileBroker::WrongIds {
            result.expect_err("no session, no run");
        }
    }
}

#[tokio::test]
async fn a_hostile_broker_may_stand_behind_a_unix_socket() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("broker.sock");
    let listener = tokio::net::UnixListener::bind(&path).unwrap();
    let serving = async {
        let (stream, _) = listener.accept().await.unwrap();
        HostileBroker::WrongShape.serve(stream).await;
    };
    let endpoint = oxg_protocol::Endpoint::Unix(path);
    let token = TokenSource::value("tok-0123456789abcdef").unwrap();
    let channel = BrokerChannel::builder(&endpoint).unwrap().token(token).build();
    let calling = async {
        let error = Clients::new(channel, Redactor::default()).session().await.unwrap_err();
        assert!(error.to_string().contains("is not what protocol version 1 says"), "{error}");
    };
    tokio::select! {
        () = calling => {}
        () = serving => panic!("the broker hung up"),
    }
}

#[tokio::test(start_paused = true)]
async fn no_attack_of_a_plugin_passes_and_the_broker_goes_on() {
    let broker = Broker::builder().build().unwrap();
    let manifest = <Idle as oxg_sdk::Declared>::MANIFEST.as_bytes();
    let session = broker.session(Manifest::from_slice(manifest).unwrap()).open().unwrap();
    session.enqueue(NewTask::new(json!({}))).await.unwrap();
    let token = session.token().expose_secret();
    for attack in HostilePlugin::new(token).attacks() {
        let status = attack.run(broker.connect()).await;
        let passed = status.is_some_and(|status| status < 400);
        assert!(!passed, "{} passed: {status:?}", attack.name());
        let token = TokenSource::value(token).unwrap();
        let way = broker.clone();
        let channel = BrokerChannel::from_connector(move || std::future::ready(Ok(way.connect())));
        let clients = Clients::new(channel.token(token).build(), Redactor::default());
        clients.session().await.unwrap();
    }
    assert!(session.artifacts().await.unwrap().is_empty());
    assert_eq!(session.task_counts().queued, 1);
}
