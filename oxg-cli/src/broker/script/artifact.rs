//! `artifact put|get|list|rm`.

use std::path::{Path, PathBuf};

use clap::Subcommand;
use indicatif::{ProgressBar, ProgressStyle};
use oxg_sdk::clients::{ArtifactsClient, Progress};
use serde_json::json;

use super::{Failed, ForTask, connect_for};

#[derive(Debug, Subcommand)]
pub(crate) enum ArtifactCommand {
    /// Store a file under a name; what has that name is replaced as a whole.
    Put {
        /// A relative path, such as pages/start.html.
        name: String,
        /// What to store.
        file: PathBuf,
        #[command(flatten)]
        task: ForTask,
    },
    /// Fetch an artifact. The file appears once its digest is checked.
    Get {
        /// Its name.
        name: String,
        /// Where it goes. What is there is replaced.
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
        #[command(flatten)]
        task: ForTask,
    },
    /// Print a line of JSON for each artifact: name, digest, size.
    List {
        /// Only names that start with this.
        #[arg(long, default_value = "")]
        prefix: String,
        #[command(flatten)]
        task: ForTask,
    },
    /// Remove an artifact.
    Rm {
        /// Its name.
        name: String,
        #[command(flatten)]
        task: ForTask,
    },
}

pub(super) async fn run(command: ArtifactCommand) -> Result<(), Failed> {
    match command {
        ArtifactCommand::Put { name, file, task } => {
            put(&connect_for(&task)?.artifacts(), &name, &file).await
        }
        ArtifactCommand::Get { name, out, task } => {
            get(&connect_for(&task)?.artifacts(), &name, &out).await
        }
        ArtifactCommand::List { prefix, task } => {
            list(&connect_for(&task)?.artifacts(), &prefix).await
        }
        ArtifactCommand::Rm { name, task } => {
            Ok(connect_for(&task)?.artifacts().delete(&name).await?)
        }
    }
}

/// Prints what is stored.
async fn put(artifacts: &ArtifactsClient, name: &str, path: &Path) -> Result<(), Failed> {
    let bar = progress_bar();
    let info = artifacts.put_file(name, path).progress(shown_on(&bar)).await?;
    bar.finish_and_clear();
    println!("{}", json!(info));
    Ok(())
}

async fn get(artifacts: &ArtifactsClient, name: &str, out: &Path) -> Result<(), Failed> {
    let bar = progress_bar();
    artifacts.get(name).await?.progress(shown_on(&bar)).to_file(out).await?;
    bar.finish_and_clear();
    Ok(())
}

async fn list(artifacts: &ArtifactsClient, prefix: &str) -> Result<(), Failed> {
    let mut list = artifacts.list(prefix);
    while let Some(info) = list.next().await? {
        println!("{}", json!(info));
    }
    Ok(())
}

/// A bar on standard error; nothing where that is no terminal.
fn progress_bar() -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:30} {bytes}/{total_bytes} {bytes_per_sec}");
    let bar = ProgressBar::no_length();
    match style {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}

fn shown_on(bar: &ProgressBar) -> impl FnMut(Progress) + Send + 'static {
    let bar = bar.clone();
    move |progress| {
        if let Some(total) = progress.total {
            bar.set_length(total);
        }
        bar.set_position(progress.done);
    }
}
