//! `oxg broker`: what a plugin that is a script does through its broker.

mod http;

use std::process::ExitCode;

use clap::Subcommand;

#[derive(Debug, Subcommand)]
pub(crate) enum BrokerCommand {
    /// Make one HTTP request.
    #[command(after_help = http::EXIT_CODES)]
    Http(http::HttpArgs),
}

pub(crate) async fn run(command: BrokerCommand) -> ExitCode {
    match command {
        BrokerCommand::Http(args) => http::run(args).await,
    }
}
