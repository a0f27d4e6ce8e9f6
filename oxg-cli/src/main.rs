//! The command `oxg`: run plugins for 0xGen on one machine, against a broker of their own.

mod args;
mod broker;
mod demo;
mod ending;
mod error;
mod files;
mod report;
mod run;
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
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let result = match runtime {
        Ok(runtime) => runtime.block_on(async {
            match command {
                Command::Broker(command) => broker::run(command).await,
                Command::Demo(demo) => demo::demo(demo).await.map(Into::into),
                Command::Run(run) => run::run(run).await.map(Into::into),
            }
        }),
        Err(source) => Err(CliError::Machine { what: "start the runtime".to_owned(), source }),
    };
    result.unwrap_or_else(|error| {
        terminal::error(&error);
        error.exit().into()
    })
}
