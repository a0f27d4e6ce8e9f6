//! `oxg broker`: a broker for programs that are no plugins of ours.

mod serve;

use clap::Subcommand;

use crate::error::{CliError, Exit};

#[derive(Debug, Subcommand)]
pub(crate) enum BrokerCommand {
    /// Serve one plugin's manifest until interrupted: a proxy for curl, Python, Node.
    #[command(after_help = serve::HELP)]
    Serve(serve::ServeArgs),
}

pub(crate) async fn run(command: BrokerCommand) -> Result<Exit, CliError> {
    match command {
        BrokerCommand::Serve(args) => serve::serve(args).await,
    }
}
