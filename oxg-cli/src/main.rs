//! The command `oxg`: run plugins for 0xGen on one machine, against a broker of their own.

mod args;
mod broker;
mod demo;
mod egress;
mod ending;
mod error;
mod files;
mod report;
mod run;
mod terminal;

use std::process::ExitCode;

use clap::Parser as _;

use args::{Args, Command};
use error::CliError;

fn main() -> ExitCode {
    let args = Args::parse();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let result = match runtime {
        Ok(runtime) => runtime.block_on(async {
            match args.command {
                Command::Demo(demo) => demo::demo(demo).await.map(ExitCode::from),
                Command::Run(run) => run::run(run).await.map(ExitCode::from),
                Command::Broker(command) => broker::run(command).await,
                Command::Egress(command) => egress::run(command).await.map(ExitCode::from),
            }
        }),
        Err(source) => Err(CliError::Machine { what: "start the runtime".to_owned(), source }),
    };
    result.unwrap_or_else(|error| {
        terminal::error(&error);
        error.exit().into()
    })
}
