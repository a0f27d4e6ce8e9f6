//! A disk that takes no more: a process that may write only so much into each file.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Stdio;

use oxg_broker::Broker;
use oxg_protocol::ErrorCode;
use serde_json::{Value, json};
use tokio::process::Command;

use crate::support::{Plugin, manifest, within};

const DIRECTORY: &str = "OXG_TEST_FULL_DIRECTORY";
/// In blocks of 512 bytes: 4 MiB.
const LIMIT: &str = "8192";

/// The process with the limit: this program once more. Without the variable it is an empty test.
#[tokio::test]
async fn limited_process() {
    let Some(directory) = std::env::var_os(DIRECTORY) else { return };
    let directory = Path::new(&directory);
    let broker = Broker::builder().directory(directory.join("broker")).build().unwrap();
    let plugin = Plugin::of(broker);

    let (mut accepted, mut refused) = (Vec::new(), None);
    for n in 0..200 {
        let message = format!("{n} {}", "x".repeat(60_000));
        let finding = json!({ "type": "a", "message": message, "severity": "low" });
        let reply = plugin.post("/v1/findings", &finding).await.json::<Value>();
        match reply["accepted"].as_str() {
            Some(id) => accepted.push(id.to_owned()),
            None => {
                refused = Some(reply["rejected"].clone());
                break;
            }
        }
    }
    let refused = refused.expect("4 MiB hold less than 200 findings");
    assert_eq!(refused["type"], "urn:oxg:error:unavailable", "{refused}");
    assert!(refused["detail"].as_str().unwrap().contains("could not be written"), "{refused}");
    // What has room is still kept.
    let small = json!({ "type": "a", "message": "small", "severity": "low" });
    let reply = plugin.post("/v1/findings", &small).await.json::<Value>();
    accepted.extend(reply["accepted"].as_str().map(str::to_owned));

    let (mut enqueued, mut full) = (Vec::new(), None);
    for n in 0..200 {
        let key = format!("k-{n}");
        let task = json!({ "input": "x".repeat(60_000), "idempotency_key": key });
        let reply = plugin.post("/v1/tasks", &task).await;
        match reply.status {
            200 => enqueued.push(key),
            _ => {
                full = Some(reply.code());
                break;
            }
        }
    }
    assert_eq!(full, Some(ErrorCode::Unavailable));
    let kept = json!({ "accepted": accepted, "enqueued": enqueued });
    std::fs::write(directory.join("kept"), kept.to_string()).unwrap();
}

#[tokio::test]
async fn what_a_full_disk_refuses_is_said_and_all_that_was_confirmed_is_there() {
    let directory = tempfile::tempdir().unwrap();
    // Ignored signals stay ignored; the one for this limit would end the process.
    let script = format!("trap '' XFSZ; ulimit -f {LIMIT}; exec \"$0\" \"$@\"");
    let child = Command::new("sh")
        .args(["-c", &script])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", "disk::limited_process", "--nocapture"])
        .env(DIRECTORY, directory.path())
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output();
    let output = within(child).await.unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}{said}", String::from_utf8_lossy(&output.stdout));

    let kept = std::fs::read(directory.path().join("kept")).unwrap();
    let kept: Value = serde_json::from_slice(&kept).unwrap();
    let broker = Broker::builder().directory(directory.path().join("broker")).build().unwrap();
    let findings: BTreeSet<_> =
        broker.findings().unwrap().iter().map(|finding| finding.id.to_string()).collect();
    let accepted = kept["accepted"].as_array().unwrap();
    assert!(accepted.len() > 20, "{}", accepted.len());
    assert_eq!(findings, accepted.iter().map(|id| id.as_str().unwrap().to_owned()).collect());
    let enqueued = kept["enqueued"].as_array().unwrap().len();
    let session = broker.session(manifest()).open().unwrap();
    assert!(enqueued > 5, "{enqueued}");
    assert_eq!(session.task_counts().queued, enqueued);
}
