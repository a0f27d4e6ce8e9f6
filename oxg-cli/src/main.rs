//! The command `oxg`: run plugins for 0xGen on one machine, against a broker of their own.

mod args;
mod demo;
mod ending;
mod error;
mod files;
mod manifest;
mod redact;
mod report;
mod run;
mod terminal;

use std::process::ExitCode;

use clap::Parser as _;

use args::{Args, Command};
use error::{CliError, Exit};

fn main() -> ExitCode {
    let result = match Args::parse().command {
        Command::Manifest(args) => return manifest::run(args),
        Command::Redact(args) => redact::redact(&args),
        Command::Demo(args) => block_on(demo::demo(args)),
        Command::Run(args) => block_on(run::run(*args)),
    };
    match result {
        Ok(exit) => exit.into(),
        Err(error) => {
            terminal::error(&error);
            error.exit().into()
        }
    }
}

fn block_on(command: impl Future<Output = Result<Exit, CliError>>) -> Result<Exit, CliError> {
    match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime.block_on(command),
        Err(source) => Err(CliError::Machine { what: "start the runtime".to_owned(), source }),
    }
}
