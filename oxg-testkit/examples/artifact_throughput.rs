//! Prints how long artifacts take to the broker and back, beside `sha256sum` and `cp` of the same
//! file.
//!
//! `cargo run --release -p oxg-testkit --example artifact_throughput [DIRECTORY]`
//!
//! Broker and plugin speak over a Unix socket, as two processes would. The directory holds up to
//! four copies of a file of 1 GiB for as long as it runs.

use std::fmt::Display;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use oxg_broker::Broker;
use oxg_manifest::Manifest;
use oxg_redact::Redactor;
use oxg_sdk::channel::{BrokerChannel, TokenSource};
use oxg_sdk::clients::{ArtifactsClient, Clients};
use secrecy::ExposeSecret as _;

type Failed = Box<dyn std::error::Error + Send + Sync>;

const MANIFEST: &str = r#"{
  "name": "throughput", "version": "0.1.0", "entry": "./throughput",
  "capabilities": { "storage": { "workspace": true, "artifacts": "read-write" } }
}"#;

fn main() -> Result<(), Failed> {
    // Two threads, and those for files: what a plugin and its broker have at least.
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(measure_all())
}

async fn measure_all() -> Result<(), Failed> {
    let place = std::env::args_os().nth(1).map_or_else(std::env::temp_dir, PathBuf::from);
    let directory = tempfile::Builder::new().prefix("oxg-artifacts-").tempdir_in(place)?;
    let broker = Broker::builder().directory(directory.path().join("broker")).build()?;
    let session = broker.session(Manifest::from_slice(MANIFEST.as_bytes())?).open()?;
    let listener = broker.listen_unix(directory.path().join("sock"))?;
    let redactor = Redactor::default();
    let channel = BrokerChannel::builder(listener.endpoint())?
        .token(TokenSource::value(session.token().expose_secret())?)
        .redactor(redactor.clone())
        .build();
    let artifacts = Clients::new(channel, redactor).artifacts();

    println!("size     what                           seconds   of sha256sum+cp   memory, most");
    for (name, size, rounds) in
        [("1 KiB", 1 << 10, 300), ("64 MiB", 64 << 20, 10), ("1 GiB", 1 << 30, 3)]
    {
        let file = directory.path().join("file");
        fill(&file, size)?;
        let mut times = Times::new();
        for _ in 0..rounds {
            times.round(&artifacts, directory.path(), &file).await?;
        }
        times.print(name);
    }
    drop(listener);
    broker.shutdown().await;
    Ok(())
}

/// The best time of each, in one row of rounds: what else the machine does hits all of them.
struct Times {
    plain: Duration,
    durable: Duration,
    put: Duration,
    get: Duration,
    memory: String,
}

impl Times {
    fn new() -> Self {
        let most = Duration::MAX;
        Self { plain: most, durable: most, put: most, get: most, memory: String::new() }
    }

    async fn round(
        &mut self,
        artifacts: &ArtifactsClient,
        directory: &Path,
        file: &Path,
    ) -> Result<(), Failed> {
        let (copy, back) = (directory.join("copy"), directory.join("back"));
        let arguments = [file.display(), copy.display()];
        self.plain = self.plain.min(shell("sha256sum < \"$1\" && cp \"$1\" \"$2\"", arguments)?);
        std::fs::remove_file(&copy)?;
        let arguments = [file.display(), copy.display()];
        let durable = "sha256sum < \"$1\" && cp \"$1\" \"$2\" && sync \"$2\"";
        self.durable = self.durable.min(shell(durable, arguments)?);
        std::fs::remove_file(&copy)?;

        // The most from here on.
        let _ = std::fs::write("/proc/self/clear_refs", "5");
        let started = Instant::now();
        artifacts.put_file("file", file).await?;
        self.put = self.put.min(started.elapsed());
        let started = Instant::now();
        artifacts.get("file").await?.to_file(&back).await?;
        self.get = self.get.min(started.elapsed());
        self.memory = most_memory().unwrap_or_default();
        std::fs::remove_file(&back)?;
        artifacts.delete("file").await?;
        Ok(())
    }

    fn print(&self, name: &str) {
        for (what, time) in [
            ("sha256sum + cp", self.plain),
            ("sha256sum + cp + sync", self.durable),
            ("put_file, durable", self.put),
            ("get, to_file, durable", self.get),
        ] {
            let ratio = self.plain.as_secs_f64() / time.as_secs_f64();
            let seconds = time.as_secs_f64();
            println!("{name:<7}  {what:<28}  {seconds:>8.4}   {ratio:>12.2} x    {}", self.memory);
        }
    }
}

/// How long `script` takes, with a shell to start it.
fn shell(script: &str, arguments: [impl Display; 2]) -> Result<Duration, Failed> {
    let started = Instant::now();
    let arguments = arguments.map(|argument| argument.to_string());
    let output = Command::new("sh").args(["-c", script, "sh"]).args(arguments).output()?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned().into());
    }
    Ok(started.elapsed())
}

/// Bytes that do not compress (xorshift64).
fn fill(path: &Path, size: u64) -> Result<(), Failed> {
    let mut file = std::io::BufWriter::new(std::fs::File::create(path)?);
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    for _ in 0..size / 8 {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        file.write_all(&state.to_le_bytes())?;
    }
    file.into_inner()?.sync_all()?;
    Ok(())
}

/// The most memory that this process had at a time, as the kernel says it.
fn most_memory() -> Option<String> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.trim().to_owned())
}
