//! `oxg egress`: what the broker's destination policy says.

mod check;
mod question;

use std::path::PathBuf;

use clap::Subcommand;

use crate::error::{CliError, Exit};

#[derive(Debug, Subcommand)]
pub(crate) enum EgressCommand {
    /// Say of each URL on standard input whether the plugin may reach it, and why.
    #[command(after_help = CHECK_HELP)]
    Check(CheckArgs),
}

const CHECK_HELP: &str = "\
Examples:
  Is this page within the manifest?
    echo https://shop.test/ | oxg egress check --manifest manifest.json

  What if its name resolved to a private address?
    echo '{\"url\": \"https://shop.test/\", \"resolve\": [\"10.0.0.5\"]}' |
      oxg egress check --manifest manifest.json --jsonl --format json

Nothing is dialled. A name is judged by the manifest alone, unless its addresses are given or
--resolve asks for them. Members of a JSON line: `url`; `resolve`, the addresses of its host;
`redirect_from`, the URL whose Location it is. Others are ignored.

Exit codes:
  0  every line was judged, whatever the verdict
  2  wrong usage, or a manifest or line that cannot be read";

#[derive(Debug, clap::Args)]
pub(crate) struct CheckArgs {
    /// The plugin's manifest.
    #[arg(long, value_name = "FILE")]
    manifest: PathBuf,

    /// Read JSON lines instead of URLs.
    #[arg(long)]
    jsonl: bool,

    /// How the verdicts are printed.
    #[arg(long, value_enum, default_value_t = check::Format::Human)]
    format: check::Format,

    /// The method of the requests.
    #[arg(long, value_name = "METHOD", default_value = "GET")]
    method: String,

    /// Judge as if this port of this machine were open to the plugin. Repeatable.
    #[arg(long, value_name = "PORT", value_parser = clap::value_parser!(u16).range(1..))]
    allow_loopback: Vec<u16>,

    /// Resolve names for which no addresses are given.
    #[arg(long)]
    resolve: bool,
}

pub(crate) async fn run(command: EgressCommand) -> Result<Exit, CliError> {
    match command {
        EgressCommand::Check(args) => check::check(args).await,
    }
}
