//! Prints how many lease-and-complete round trips a second the task stores make.
//!
//! `cargo run --release -p oxg-broker --example task_throughput [DIRECTORY]`
//!
//! With `--features nats` also those of tasks in a `nats-server` that it starts, and what that
//! server does by itself: a message published and acknowledged by a consumer of a work queue.

#[cfg(feature = "nats")]
#[path = "task_throughput/nats.rs"]
mod nats;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use oxg_broker::tasks::{DurableTasks, Holder, MemoryTasks, TaskStore};
use oxg_manifest::PluginName;
use oxg_protocol::task::NewTask;
use serde_json::json;

const TASKS: u32 = 50_000;
const LEASE: Duration = Duration::from_secs(60);

type Failed = Box<dyn std::error::Error + Send + Sync>;

#[tokio::main]
async fn main() -> Result<(), Failed> {
    let place = std::env::args_os().nth(1).map_or_else(std::env::temp_dir, PathBuf::from);
    println!("store         holders   round trips/s");
    for holders in [1, 16, 64, 256, 512] {
        measure("memory", Arc::new(MemoryTasks::new()), holders).await?;
        let file = place.join(format!("oxg-task-throughput-{}.redb", std::process::id()));
        let result = measure_durable(&file, holders).await;
        std::fs::remove_file(&file)?;
        result?;
    }
    #[cfg(feature = "nats")]
    nats::measure_all(&place).await?;
    Ok(())
}

async fn measure_durable(file: &Path, holders: u32) -> Result<(), Failed> {
    measure("durable", Arc::new(DurableTasks::open(file)?), holders).await
}

/// Each of `holders` leases one task at a time and completes it, until none is left.
async fn measure(name: &str, store: Arc<dyn TaskStore>, holders: u32) -> Result<(), Failed> {
    let plugin: PluginName = "throughput".parse()?;
    let tasks = if name == "memory" { TASKS } else { TASKS.min(holders * 500) };
    fill(&store, &plugin, tasks).await?;
    let started = Instant::now();
    let holding: Vec<_> = (0..holders)
        .map(|_| {
            let (store, plugin) = (store.clone(), plugin.clone());
            tokio::spawn(async move {
                while let Some(lent) = store.lease(&plugin, 1, LEASE).await?.pop() {
                    let holder = Holder { task: lent.task_id, token: lent.lease_token };
                    store.complete(&plugin, holder, Some(json!({ "pages": 1 }))).await?;
                }
                Ok::<(), Failed>(())
            })
        })
        .collect();
    for holder in holding {
        holder.await??;
    }
    print(name, holders, tasks, started.elapsed());
    Ok(())
}

fn print(name: &str, holders: u32, count: u32, time: Duration) {
    let rate = f64::from(count) / time.as_secs_f64();
    println!("{name:<12}  {holders:>7}   {rate:>13.0}");
}

async fn fill(store: &Arc<dyn TaskStore>, plugin: &PluginName, tasks: u32) -> Result<(), Failed> {
    let adding: Vec<_> = (0..64)
        .map(|part| {
            let (store, plugin) = (store.clone(), plugin.clone());
            tokio::spawn(async move {
                for n in (part..tasks).step_by(64) {
                    store.enqueue(&plugin, NewTask::new(json!({ "n": n }))).await?;
                }
                Ok::<(), Failed>(())
            })
        })
        .collect();
    for adding in adding {
        adding.await??;
    }
    Ok(())
}
