//! The command `oxg`: run plugins for 0xGen on one machine, against a broker of their own.

mod args;
mod broker;
mod conformance;
mod demo;
mod egress;
mod ending;
mod error;
mod files;
mod manifest;
mod redact;
mod report;
mod run;
mod task_store;
mod terminal;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser as _;

use args::{Args, Command, CtlArgs, CtlCommand};
use broker::BrokerCommand;
use error::CliError;

fn main() -> ExitCode {
    let called_as = std::env::args_os().next().map(PathBuf::from).unwrap_or_default();
    // The name under which scripts know the part for plugins.
    let command = if called_as.file_name() == Some(broker::CTL.as_ref()) {
        let CtlCommand::Broker(command) = CtlArgs::parse().command;
        Command::Broker(BrokerCommand::Script(command))
    } else {
        Args::parse().command
    };
    let result = match command {
        Command::Manifest(args) => return manifest::run(args),
        Command::Redact(args) => redact::redact(&args).map(Into::into),
        Command::Egress(command) => block_on(async { egress::run(command).await.map(Into::into) }),
        Command::Broker(command) => block_on(broker::run(command)),
        Command::Conformance(args) => block_on(conformance::run(*args)),
        Command::Demo(args) => block_on(async { demo::demo(args).await.map(Into::into) }),
        Command::Run(args) => block_on(async { run::run(*args).await.map(Into::into) }),
    };
    result.unwrap_or_else(|error| {
        terminal::error(&error);
        error.exit().into()
    })
}

fn block_on(
    command: impl Future<Output = Result<ExitCode, CliError>>,
) -> Result<ExitCode, CliError> {
    match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime.block_on(command),
        Err(source) => Err(CliError::Machine { what: "start the runtime".to_owned(), source }),
    }
}
