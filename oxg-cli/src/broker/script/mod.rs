//! `oxg broker …`, and the same as `0xgenctl broker …`: the broker for scripts.
//!
//! A script that a launcher started as a plugin does with these commands what a Rust plugin does
//! with the SDK; they are the SDK's clients behind a command line.

mod artifact;
mod exit;
mod finding;
mod http;
mod lease_file;
mod log;
mod secret;
mod task;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Subcommand;
use oxg_sdk::clients::Clients;
use oxg_sdk::env::Environment;

use exit::{BrokerExit, EXIT_CODES, Failed};
use lease_file::LeaseFile;

use crate::terminal;

#[derive(Debug, Subcommand)]
pub(crate) enum ScriptCommand {
    /// Fetch a task, and say what became of it.
    #[command(subcommand, after_help = EXIT_CODES)]
    Task(task::TaskCommand),
    /// Borrow a secret.
    #[command(subcommand, after_help = EXIT_CODES)]
    Secret(secret::SecretCommand),
    /// Keep files with the host, and get them back.
    #[command(subcommand, after_help = EXIT_CODES)]
    Artifact(artifact::ArtifactCommand),
    /// Report what was found.
    #[command(subcommand, after_help = EXIT_CODES)]
    Finding(finding::FindingCommand),
    /// Write a line to the host's log.
    #[command(after_help = EXIT_CODES)]
    Log(log::LogArgs),
    /// Make one HTTP request.
    #[command(after_help = http::EXIT_CODES)]
    Http(http::HttpArgs),
}

/// For which task something is done.
#[derive(Debug, clap::Args)]
pub(crate) struct ForTask {
    /// On behalf of the task that `task pull` put in this file; the audit will say so.
    #[arg(id = "task", long = "task", value_name = "FILE")]
    file: Option<PathBuf>,
}

/// Does it, and says on standard error what to do where that fails.
pub(crate) async fn run(command: ScriptCommand) -> ExitCode {
    let done = match command {
        ScriptCommand::Http(args) => http::run(args).await,
        ScriptCommand::Task(command) => task::run(command).await,
        ScriptCommand::Secret(command) => secret::run(command).await,
        ScriptCommand::Artifact(command) => artifact::run(command).await,
        ScriptCommand::Finding(command) => finding::run(command).await,
        ScriptCommand::Log(args) => log::run(args).await,
    };
    match done {
        Ok(()) => BrokerExit::Done.into(),
        Err(failed) => {
            terminal::error(&failed);
            failed.exit().into()
        }
    }
}

/// The broker that the launcher told of.
fn connect() -> Result<Clients, Failed> {
    Ok(Clients::connect_with(Environment::of_process()?, terminal::redactor().clone())?)
}

/// The same, on behalf of a task.
fn connect_for(task: &ForTask) -> Result<Clients, Failed> {
    let clients = connect()?;
    Ok(match &task.file {
        Some(file) => clients.for_task(LeaseFile::read(file)?.task_id),
        None => clients,
    })
}
