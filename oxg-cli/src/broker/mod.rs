//! `oxg broker`: a broker for other programs, and what a plugin that is a script asks of its own.

mod http;
mod serve;

use std::process::ExitCode;

use clap::Subcommand;

use crate::error::CliError;

#[derive(Debug, Subcommand)]
pub(crate) enum BrokerCommand {
    /// Serve one plugin's manifest until interrupted: a proxy for curl, Python, Node.
    #[command(after_help = serve::HELP)]
    Serve(serve::ServeArgs),
    /// Make one HTTP request, from a script that is a plugin.
    #[command(after_help = http::EXIT_CODES)]
    Http(http::HttpArgs),
}

pub(crate) async fn run(command: BrokerCommand) -> Result<ExitCode, CliError> {
    match command {
        BrokerCommand::Serve(args) => serve::serve(args).await.map(ExitCode::from),
        BrokerCommand::Http(args) => Ok(http::run(args).await),
    }
}
