//! `artifact put|get|list|rm`.

use std::path::{Path, PathBuf};

use clap::Subcommand;
use oxg_sdk::clients::ArtifactsClient;
use serde_json::json;

use super::transfer::{Upload, download, progress_bar};
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
            let artifact = connect_for(&task)?.artifacts().get(&name).await?;
            let bar = progress_bar(artifact.info().size);
            download(artifact.into_body(), &out, &bar).await?;
            bar.finish_and_clear();
            Ok(())
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
    let failed = |source| Failed::File { what: "read", path: path.to_owned(), source };
    let file = tokio::fs::File::open(path).await.map_err(failed)?;
    let size = file.metadata().await.map_err(failed)?.len();
    let bar = progress_bar(size);
    let body = oxg_sdk::channel::Body::wrap(Upload::new(file, size, bar.clone()));
    let info = artifacts.put(name, body).await?;
    bar.finish_and_clear();
    println!("{}", json!(info));
    Ok(())
}

async fn list(artifacts: &ArtifactsClient, prefix: &str) -> Result<(), Failed> {
    let mut cursor = None;
    loop {
        let page = artifacts.list(prefix, cursor.as_deref()).await?;
        for info in &page.artifacts {
            println!("{}", json!(info));
        }
        // A cursor that stands still would never end.
        if page.cursor.is_none() || page.cursor == cursor {
            return Ok(());
        }
        cursor = page.cursor;
    }
}
