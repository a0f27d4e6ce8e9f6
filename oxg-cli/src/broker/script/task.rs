//! `task pull|extend|complete|fail|release`.

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Subcommand;
use oxg_protocol::task::Delivery;
use oxg_sdk::clients::TasksClient;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::lease_file::{LeaseFile, write_private};
use super::{Failed, connect};

/// The longest single poll. A longer wait is several, so that each stays within the limits of the
/// broker.
const POLL: Duration = Duration::from_secs(20);
/// The largest output of a task, in bytes.
const MAX_OUTPUT: u64 = 1 << 20;

#[derive(Debug, Subcommand)]
pub(crate) enum TaskCommand {
    /// Wait for a task and write it to a file as JSON: task_id, kind, attempt, input and more.
    ///
    /// The proof that the task is this script's goes to FILE.lease, which only its owner can read.
    /// The other commands find it there: name them the same FILE.
    Pull {
        /// Where the task goes. What is there is replaced.
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
        /// How long to wait for a task.
        #[arg(long, value_name = "SECONDS", default_value_t = 30, value_parser = clap::value_parser!(u64).range(0..=86_400))]
        wait: u64,
        #[command(flatten)]
        lease: LeaseTime,
    },
    /// Ask for more time, and hear whether to stop: `cancel_requested`, `draining`.
    Extend {
        /// The file that `task pull` wrote.
        file: PathBuf,
        #[command(flatten)]
        lease: LeaseTime,
    },
    /// Say that the task is done.
    Complete {
        /// The file that `task pull` wrote.
        file: PathBuf,
        /// The result: JSON, `@FILE` of it, or `-` for standard input.
        #[arg(long, value_name = "JSON|@FILE|-")]
        output: Option<String>,
    },
    /// Say that the task is not done. Without --retry it is given up.
    Fail {
        /// The file that `task pull` wrote.
        file: PathBuf,
        /// Why, in a sentence.
        #[arg(long)]
        reason: String,
        /// Another attempt may help.
        #[arg(long)]
        retry: bool,
        /// The least time until the next attempt.
        #[arg(long, value_name = "SECONDS", requires = "retry", value_parser = clap::value_parser!(u64).range(0..=600))]
        retry_after: Option<u64>,
    },
    /// Give the task back untouched. It does not count as an attempt.
    Release {
        /// The file that `task pull` wrote.
        file: PathBuf,
    },
}

#[derive(Debug, clap::Args)]
pub(crate) struct LeaseTime {
    /// For how long the task is this script's; another gets it afterwards.
    #[arg(long = "lease", value_name = "SECONDS", default_value_t = 300, value_parser = clap::value_parser!(u64).range(1..=600))]
    seconds: u64,
}

impl LeaseTime {
    fn get(&self) -> Duration {
        Duration::from_secs(self.seconds)
    }
}

pub(super) async fn run(command: TaskCommand) -> Result<(), Failed> {
    let tasks = connect()?.tasks();
    match command {
        TaskCommand::Pull { out, wait, lease } => pull(&tasks, &out, wait, lease.get()).await,
        TaskCommand::Extend { file, lease } => {
            let held = LeaseFile::read(&file)?;
            let extension = tasks.extend(&held.task_id, &held.lease_token, lease.get()).await?;
            println!("{}", json!(extension));
            Ok(())
        }
        TaskCommand::Complete { file, output } => {
            let held = LeaseFile::read(&file)?;
            let output = output.as_deref().map(read_output).transpose()?;
            tasks.complete(&held.task_id, &held.lease_token, output).await?;
            LeaseFile::remove(&file)
        }
        TaskCommand::Fail { file, reason, retry, retry_after } => {
            let held = LeaseFile::read(&file)?;
            let delay = retry_after.map(Duration::from_secs);
            tasks.fail(&held.task_id, &held.lease_token, retry, delay, &reason).await?;
            LeaseFile::remove(&file)
        }
        TaskCommand::Release { file } => {
            let held = LeaseFile::read(&file)?;
            tasks.release(&held.task_id, &held.lease_token).await?;
            LeaseFile::remove(&file)
        }
    }
}

async fn pull(
    tasks: &TasksClient,
    out: &Path,
    seconds: u64,
    lease: Duration,
) -> Result<(), Failed> {
    let end = Instant::now() + Duration::from_secs(seconds);
    let delivery = loop {
        let wait = end.saturating_duration_since(Instant::now()).min(POLL);
        let mut leased = tasks.lease(1, wait, lease).await?;
        if let Some(delivery) = leased.deliveries.pop() {
            break delivery;
        }
        if leased.draining {
            return Err(Failed::Stopping);
        }
        if Instant::now() >= end {
            return Err(Failed::NoTask { seconds });
        }
    };
    if let Err(error) = keep(&delivery, out) {
        // Nobody could do it from here.
        let _ = tasks.release(&delivery.task_id, &delivery.lease_token).await;
        let _ = LeaseFile::remove(out);
        return Err(error);
    }
    Ok(())
}

/// The lease first: where there is a task, there is a way to complete it.
fn keep(delivery: &Delivery, out: &Path) -> Result<(), Failed> {
    let lease =
        LeaseFile { task_id: delivery.task_id.clone(), lease_token: delivery.lease_token.clone() };
    lease.write(out)?;
    let mut task = json!(delivery);
    if let Value::Object(fields) = &mut task {
        fields.remove("lease_token");
    }
    let mut text = serde_json::to_vec_pretty(&task).unwrap_or_default();
    text.push(b'\n');
    write_private(out, &text).map_err(Failed::file("write", out))
}

fn read_output(argument: &str) -> Result<Value, Failed> {
    let mut text = Vec::new();
    let json = match argument.strip_prefix('@') {
        Some(path) => {
            let path = Path::new(path);
            let file = std::fs::File::open(path).map_err(Failed::file("read", path))?;
            file.take(MAX_OUTPUT + 1).read_to_end(&mut text).map_err(Failed::file("read", path))?;
            text.as_slice()
        }
        None if argument == "-" => {
            std::io::stdin()
                .take(MAX_OUTPUT + 1)
                .read_to_end(&mut text)
                .map_err(Failed::file("read", Path::new("standard input")))?;
            text.as_slice()
        }
        None => argument.as_bytes(),
    };
    if json.len() as u64 > MAX_OUTPUT {
        return Err(Failed::Usage(
            "--output: longer than 1 MiB; keep it as an artifact".to_owned(),
        ));
    }
    serde_json::from_slice(json)
        .map_err(|error| Failed::Usage(format!("--output: not JSON: {error}")))
}
