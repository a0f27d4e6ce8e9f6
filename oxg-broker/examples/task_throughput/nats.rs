//! A `nats-server` of its own.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_nats::jetstream::consumer::{AckPolicy, pull};
use async_nats::jetstream::stream::{Config, RetentionPolicy, StorageType};
use futures_util::StreamExt as _;
use oxg_broker::tasks::NatsTasks;

use crate::{Failed, TASKS, measure, print};

/// Ends with the process.
struct Server {
    process: Child,
    url: String,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

pub(crate) async fn measure_all(place: &Path) -> Result<(), Failed> {
    let directory = place.join(format!("oxg-task-throughput-nats-{}", std::process::id()));
    let result = match start(&directory) {
        Ok(server) => measure_server(&server).await,
        Err(error) => {
            println!(
                "nats-server cannot be started ({error}); Debian: apt-get install nats-server"
            );
            Ok(())
        }
    };
    let _ = std::fs::remove_dir_all(&directory);
    result
}

fn start(directory: &Path) -> std::io::Result<Server> {
    let free = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?;
    let start = |program: &str| {
        let mut command = Command::new(program);
        command.args(["-js", "-a", "127.0.0.1", "-p", &free.port().to_string(), "-sd"]);
        command.arg(directory).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command.spawn()
    };
    let process = start("nats-server").or_else(|_| start("/usr/sbin/nats-server"))?;
    Ok(Server { process, url: format!("nats://{free}") })
}

async fn measure_server(server: &Server) -> Result<(), Failed> {
    for _ in 0..100 {
        if async_nats::connect(&server.url).await.is_ok() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    for holders in [1, 16, 64, 256] {
        measure_queue(server, holders).await?;
        measure("nats tasks", Arc::new(NatsTasks::connect(&server.url).await?), holders).await?;
    }
    Ok(())
}

/// What the server does by itself. It acknowledges before it calls `fsync`.
async fn measure_queue(server: &Server, holders: u32) -> Result<(), Failed> {
    let count = TASKS.min(holders * 500);
    let client = async_nats::connect(&server.url).await?;
    let context = async_nats::jetstream::new(client);
    let stream = context
        .create_stream(Config {
            name: "queue".to_owned(),
            retention: RetentionPolicy::WorkQueue,
            storage: StorageType::File,
            ..Config::default()
        })
        .await?;
    let consumer = stream
        .create_consumer(pull::Config {
            durable_name: Some("holders".to_owned()),
            ack_policy: AckPolicy::Explicit,
            max_ack_pending: 10_000,
            ..pull::Config::default()
        })
        .await?;
    let started = Instant::now();
    let publishing: Vec<_> = (0..holders)
        .map(|holder| {
            let context = context.clone();
            tokio::spawn(async move {
                for n in (holder..count).step_by(holders as usize) {
                    context.publish("queue", format!("{{\"n\":{n}}}").into()).await?.await?;
                }
                Ok::<(), Failed>(())
            })
        })
        .collect();
    let messages = consumer.messages().await?.take(count as usize);
    let mut acknowledged = messages
        .map(|message| async move { message?.double_ack().await })
        .buffer_unordered(holders as usize);
    while let Some(done) = acknowledged.next().await {
        done?;
    }
    for publisher in publishing {
        publisher.await??;
    }
    print("nats queue", holders, count, started.elapsed());
    context.delete_stream("queue").await?;
    Ok(())
}
