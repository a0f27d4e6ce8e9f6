//! Memory that an artifact takes while it passes. Alone in its process: others would count.

#![cfg(target_os = "linux")]

use std::fs::File;
use std::io::Write as _;

use oxg_broker::Broker;
use oxg_manifest::Manifest;
use oxg_redact::Redactor;
use oxg_sdk::channel::{BrokerChannel, TokenSource};
use oxg_sdk::clients::Clients;
use secrecy::ExposeSecret as _;

const MANIFEST: &str = r#"{
  "name": "memory", "version": "0.1.0", "entry": "./memory",
  "capabilities": { "storage": { "workspace": true, "artifacts": "read-write" } }
}"#;

/// In MiB.
const ARTIFACT: u64 = 128;

/// Plugin and broker hold a few pieces of 8 MiB between them, whatever the size: less than a third of
/// the artifact.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_artifact_never_passes_through_memory_as_a_whole() {
    let directory = tempfile::tempdir().unwrap();
    let broker = Broker::builder().directory(directory.path().join("broker")).build().unwrap();
    let session =
        broker.session(Manifest::from_slice(MANIFEST.as_bytes()).unwrap()).open().unwrap();
    let listener = broker.listen_unix(directory.path().join("sock")).unwrap();
    let redactor = Redactor::default();
    let channel = BrokerChannel::builder(listener.endpoint())
        .unwrap()
        .token(TokenSource::value(session.token().expose_secret()).unwrap())
        .redactor(redactor.clone())
        .build();
    let artifacts = Clients::new(channel, redactor).artifacts();
    let file = directory.path().join("file");
    let mut content = File::create(&file).unwrap();
    for block in 0..ARTIFACT {
        content.write_all(&vec![u8::try_from(block).unwrap(); 1 << 20]).unwrap();
    }

    let before = most_memory().unwrap();
    artifacts.put_file("file", &file).await.unwrap();
    artifacts.get("file").await.unwrap().to_file(directory.path().join("back")).await.unwrap();
    let grown = most_memory().unwrap() - before;
    assert!(grown < ARTIFACT / 3, "{grown} MiB for an artifact of {ARTIFACT} MiB");

    drop(listener);
    broker.shutdown().await;
}

/// The most memory that this process had at a time (proc(5), `VmHWM`), in MiB.
fn most_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.trim().trim_end_matches(" kB").parse::<u64>().ok()? / 1024)
}
