//! `oxg broker`: a broker for other programs, and what a plugin that is a script asks of its own.

mod script;
mod serve;

use std::process::ExitCode;

use clap::Subcommand;

use crate::error::CliError;

pub(crate) use script::ScriptCommand;

/// The name under which a plugin's scripts find the commands that are for them.
pub(crate) const CTL: &str = "0xgenctl";

#[derive(Debug, Subcommand)]
pub(crate) enum BrokerCommand {
    /// Serve one plugin's manifest until interrupted: a proxy for curl, Python, Node.
    #[command(after_help = serve::HELP)]
    Serve(serve::ServeArgs),
    #[command(flatten)]
    Script(ScriptCommand),
}

pub(crate) async fn run(command: BrokerCommand) -> Result<ExitCode, CliError> {
    match command {
        BrokerCommand::Serve(args) => serve::serve(args).await.map(Into::into),
        BrokerCommand::Script(command) => Ok(script::run(command).await),
    }
}
