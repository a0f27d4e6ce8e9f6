use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use oxg_manifest::PluginName;
use oxg_protocol::task::NewTask;
use redb::{Database, StorageBackend};
use serde_json::json;

use super::DurableTasks;
use super::tables::Tables;
use crate::tasks::{Holder, TaskError, TaskStore as _};
use crate::{Broker, BrokerError};

const LEASE: Duration = Duration::from_secs(60);

fn plugin() -> PluginName {
    "probe".parse().unwrap()
}

/// A disk that can be full. What was written to it outlives the database.
#[derive(Debug, Clone, Default)]
struct Disk(Arc<DiskState>);

#[derive(Debug, Default)]
struct DiskState {
    bytes: Mutex<Vec<u8>>,
    full: AtomicBool,
}

impl Disk {
    fn set_full(&self, full: bool) {
        self.0.full.store(full, Ordering::SeqCst);
    }

    fn check(&self) -> io::Result<()> {
        match self.0.full.load(Ordering::SeqCst) {
            true => Err(io::ErrorKind::StorageFull.into()),
            false => Ok(()),
        }
    }

    fn open(&self) -> DurableTasks {
        let disk = self.clone();
        let open = move || {
            Database::builder().create_with_backend(disk.clone()).map_err(|e| e.to_string())
        };
        DurableTasks::over(Tables::new(open)).unwrap()
    }
}

impl StorageBackend for Disk {
    fn len(&self) -> io::Result<u64> {
        Ok(self.0.bytes.lock().unwrap().len() as u64)
    }

    fn read(&self, offset: u64, len: usize) -> io::Result<Vec<u8>> {
        let start = usize::try_from(offset).unwrap();
        Ok(self.0.bytes.lock().unwrap()[start..start + len].to_vec())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.check()?;
        self.0.bytes.lock().unwrap().resize(usize::try_from(len).unwrap(), 0);
        Ok(())
    }

    fn sync_data(&self, _eventual: bool) -> io::Result<()> {
        self.check()
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.check()?;
        let start = usize::try_from(offset).unwrap();
        self.0.bytes.lock().unwrap()[start..start + data.len()].copy_from_slice(data);
        Ok(())
    }
}

#[tokio::test]
async fn a_lease_is_valid_after_a_restart_until_its_end() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("tasks.redb");
    let store = DurableTasks::open(&file).unwrap();
    for n in 0..2 {
        store.enqueue(&plugin(), NewTask::new(json!(n))).await.unwrap();
    }
    let lent = store.lease(&plugin(), 1, LEASE).await.unwrap().remove(0);
    drop(store);

    let store = DurableTasks::open(&file).unwrap();
    let other = store.lease(&plugin(), 8, LEASE).await.unwrap();
    assert_eq!(other.len(), 1, "the first is still held");
    assert_eq!(other[0].input, json!(1));
    let holder = Holder { task: lent.task_id, token: lent.lease_token };
    let extension = store.extend(&plugin(), holder.clone(), LEASE).await.unwrap();
    assert_eq!(extension.lease_expires_in_ms, 60_000);
    store.complete(&plugin(), holder.clone(), None).await.unwrap();
    drop(store);

    let store = DurableTasks::open(&file).unwrap();
    store.complete(&plugin(), holder, None).await.unwrap();
    let counts = store.counts(&plugin());
    assert_eq!((counts.completed, counts.leased), (1, 1));
}

#[tokio::test]
async fn no_token_is_in_the_file() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("tasks.redb");
    let store = DurableTasks::open(&file).unwrap();
    store.enqueue(&plugin(), NewTask::new(json!("find me"))).await.unwrap();
    let lent = store.lease(&plugin(), 1, LEASE).await.unwrap().remove(0);
    drop(store);
    let bytes = std::fs::read(&file).unwrap();
    let holds = |text: &str| bytes.windows(text.len()).any(|part| part == text.as_bytes());
    assert!(holds("find me"));
    assert!(!holds(lent.lease_token.expose()));
}

#[tokio::test]
async fn nothing_that_a_full_disk_kept_from_being_written_is_acknowledged_or_seen() {
    let disk = Disk::default();
    let store = disk.open();
    store.enqueue(&plugin(), NewTask::new(json!("kept"))).await.unwrap();
    let lent = store.lease(&plugin(), 1, LEASE).await.unwrap().remove(0);
    let holder = Holder { task: lent.task_id, token: lent.lease_token };

    disk.set_full(true);
    for _ in 0..3 {
        let done = store.complete(&plugin(), holder.clone(), None).await;
        assert!(matches!(done, Err(TaskError::Store(_))), "{done:?}");
        let added = store.enqueue(&plugin(), NewTask::new(json!("lost"))).await;
        assert!(matches!(added, Err(TaskError::Store(_))), "{added:?}");
    }
    disk.set_full(false);

    store.settle(&plugin()).await.unwrap();
    assert_eq!(store.counts(&plugin()).open(), 1);
    store.complete(&plugin(), holder, None).await.unwrap();
    drop(store);
    let views = disk.open().views(&plugin());
    assert_eq!(views.len(), 1);
    assert!(views[0].state.is_settled());
}

#[tokio::test]
async fn whoever_waits_with_others_gets_an_answer_of_their_own() {
    let directory = tempfile::tempdir().unwrap();
    let store = Arc::new(DurableTasks::open(&directory.path().join("tasks.redb")).unwrap());
    let calls = (0..500).map(|n| {
        let store = store.clone();
        tokio::spawn(async move {
            let task = NewTask { idempotency_key: Some(n.to_string()), ..NewTask::new(json!(n)) };
            store.enqueue(&plugin(), task).await.unwrap();
            let lent = store.lease(&plugin(), 1, LEASE).await.unwrap().remove(0);
            let holder = Holder { task: lent.task_id, token: lent.lease_token };
            store.complete(&plugin(), holder, Some(lent.input)).await.unwrap();
        })
    });
    for call in calls.collect::<Vec<_>>() {
        call.await.unwrap();
    }
    let counts = store.counts(&plugin());
    assert_eq!((counts.completed, counts.open()), (500, 0));
}

#[test]
fn two_brokers_cannot_have_one_directory() {
    let directory = tempfile::tempdir().unwrap();
    let build = || Broker::builder().directory(directory.path()).build();
    let first = build().unwrap();
    let error = build().unwrap_err();
    assert!(matches!(error, BrokerError::InUse { .. }), "{error}");
    assert!(error.to_string().contains("stop it, or choose another directory"), "{error}");
    drop(first);
    build().unwrap();
}

#[test]
fn a_file_that_is_no_store_is_left_as_it_is() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("tasks.redb");
    std::fs::write(&file, "a shopping list").unwrap();
    let error = DurableTasks::open(&file).unwrap_err();
    assert!(error.to_string().contains("tasks.redb"), "{error}");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "a shopping list");
}

#[test]
fn a_place_that_cannot_be_written_is_named() {
    let directory = tempfile::tempdir().unwrap();
    let blocked = directory.path().join("file");
    std::fs::write(&blocked, "").unwrap();
    let error = Broker::builder().directory(blocked.join("broker")).build().unwrap_err();
    assert!(matches!(error, BrokerError::Directory { .. }), "{error}");
}
