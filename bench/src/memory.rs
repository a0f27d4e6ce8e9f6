//! What the broker's process takes: idle, busy, and with 10 GiB on the way through it.

use std::time::Duration;

use http::Uri;
use tokio::time::sleep;

use crate::Result;
use crate::load::{self, Client, Way};
use crate::process::Memory;

const GIB: u64 = 1 << 30;

/// Measures the broker of process `pid`, which `way` leads to, and gives a table in markdown.
pub async fn measure(pid: u32, way: &Way, target: &str, seconds: u64, gib: u64) -> Result<String> {
    let uri = |size: u64| format!("{target}/bytes/{size}").parse::<Uri>();
    let mut table = Table::default();
    table.row("just started", Memory::of(pid)?);

    let mut idle = Vec::new();
    for _ in 0..1000 {
        let mut client = Client::new(way.clone(), uri(1 << 10)?);
        client.exchange(0, &mut 0).await?;
        idle.push(client);
    }
    table.row("1,000 idle connections, each after one request", Memory::of(pid)?);
    drop(idle);
    sleep(Duration::from_millis(500)).await;

    let page = uri(10 << 20)?;
    let busy = load::run(way, &page, 256, Duration::from_secs(seconds));
    let sample = async {
        sleep(Duration::from_secs(seconds) / 2).await;
        Memory::of(pid)
    };
    let (busy, sampled) = tokio::join!(busy, sample);
    let busy = busy?;
    table.row("256 busy connections, 10 MiB each", sampled?);
    if busy.failures > 0 {
        table.text.push_str(&format!("\n{} requests failed.\n", busy.failures));
    }

    for (what, down, up) in [("10 GiB to the plugin", gib, 0), ("10 GiB to the target", 0, gib)] {
        let mut client = Client::new(way.clone(), uri(down * GIB)?);
        let began = std::time::Instant::now();
        let mut received = 0;
        let exchange = client.exchange(up * GIB, &mut received);
        tokio::pin!(exchange);
        let mut early = None;
        loop {
            tokio::select! {
                result = &mut exchange => break result?,
                // At 1 GB/s about the first GiB.
                () = sleep(Duration::from_secs(1)), if early.is_none() => {
                    early = Some(Memory::of(pid)?);
                }
            }
        }
        let rate = (gib * GIB) as f64 / began.elapsed().as_secs_f64() / 1e6;
        table.row(&format!("{what}: after 1 s"), early.unwrap_or(Memory::of(pid)?));
        table.row(&format!("{what}: at the end ({rate:.0} MB/s)"), Memory::of(pid)?);
    }
    Ok(table.text)
}

#[derive(Default)]
struct Table {
    text: String,
}

impl Table {
    fn row(&mut self, what: &str, memory: Memory) {
        let mib = |bytes: u64| bytes as f64 / f64::from(1 << 20);
        self.text.push_str(&format!(
            "| {what} | {:.1} | {:.1} | {:.1} |\n",
            mib(memory.resident),
            mib(memory.proportional),
            mib(memory.peak)
        ));
    }
}
