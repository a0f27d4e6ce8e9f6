//! What asking for a secret costs a plugin.
//!
//! ```text
//! cargo bench -p oxg-testkit --bench secrets
//! ```

#![allow(missing_docs, clippy::unwrap_used, clippy::panic, reason = "a benchmark")]

use std::hint::black_box;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use divan::Bencher;
use oxg_broker::{Broker, Listener, Session};
use oxg_manifest::Manifest;
use oxg_sdk::channel::{BrokerChannel, TokenSource};
use oxg_sdk::clients::{Clients, SecretsClient};
use oxg_sdk::redact::Redactor;
use secrecy::ExposeSecret as _;
use tempfile::TempDir;
use tokio::runtime::Runtime;

fn main() {
    divan::main();
}

/// A broker on a Unix socket, and a client of it.
struct Lending {
    secrets: SecretsClient,
    _serving: (Broker, Session, Listener),
    _directory: TempDir,
}

impl Lending {
    async fn new() -> Self {
        let manifest = br#"{
            "name": "bench", "version": "0.1.0", "entry": "./bench",
            "capabilities": { "secrets": { "broker": true, "names": ["api-token"] } }
        }"#;
        let manifest = Manifest::from_slice(manifest).unwrap();
        let directory = tempfile::tempdir().unwrap();
        let broker = Broker::builder().build().unwrap();
        let session = broker.session(manifest);
        let session = session.secret("api-token".parse().unwrap(), "correct-horse-battery".into());
        let session = session.open().unwrap();
        let listener = broker.listen_unix(directory.path().join("broker.sock")).unwrap();
        let channel = BrokerChannel::builder(listener.endpoint())
            .unwrap()
            .token(TokenSource::value(session.token().expose_secret()).unwrap())
            .build();
        let secrets = Clients::new(channel, Redactor::default()).secrets();
        Self { secrets, _serving: (broker, session, listener), _directory: directory }
    }
}

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

/// While the lease is fresh. Polled by hand: a runtime's `block_on` costs more than the call.
#[divan::bench]
fn get_from_the_cache(bencher: Bencher<'_, '_>) {
    let runtime = runtime();
    let lending = runtime.block_on(Lending::new());
    runtime.block_on(lending.secrets.get("api-token")).unwrap();
    let _entered = runtime.enter();
    let mut cx = Context::from_waker(Waker::noop());
    bencher.bench_local(|| {
        let mut get = pin!(lending.secrets.get(black_box("api-token")));
        match get.as_mut().poll(&mut cx) {
            Poll::Ready(secret) => secret.unwrap(),
            Poll::Pending => panic!("the cache asks the broker"),
        }
    });
}

/// Two calls over a Unix socket: the secret is lent, and its lease given back.
#[divan::bench]
fn get_from_the_broker_and_give_back(bencher: Bencher<'_, '_>) {
    let runtime = runtime();
    let lending = runtime.block_on(Lending::new());
    bencher.bench_local(|| {
        runtime.block_on(async {
            black_box(lending.secrets.get("api-token").await.unwrap());
            lending.secrets.revoke("api-token").await.unwrap();
        });
    });
}
