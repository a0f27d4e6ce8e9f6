//! `secret get`.

use std::io::{IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};

use clap::Subcommand;

use super::lease_file::write_private;
use super::{Failed, ForTask, connect_for};

#[derive(Debug, Subcommand)]
pub(crate) enum SecretCommand {
    /// Borrow a secret that the manifest names.
    ///
    /// The value goes to standard output, without a line break, or to a file that only its owner
    /// can read. It is not shown on a terminal.
    Get {
        /// Its name.
        name: String,
        /// Where the value goes. Default: standard output.
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
        #[command(flatten)]
        task: ForTask,
    },
}

pub(super) async fn run(command: SecretCommand) -> Result<(), Failed> {
    let SecretCommand::Get { name, out, task } = command;
    if out.is_none() && std::io::stdout().is_terminal() {
        let text = "the value would be on the screen; pipe it, or write it with --out FILE";
        return Err(Failed::Usage(text.to_owned()));
    }
    let secret = connect_for(&task)?.secrets().get(&name).await?;
    secret.expose(|value| match &out {
        Some(path) => write_private(path, value.as_bytes()).map_err(Failed::file("write", path)),
        None => {
            let mut stdout = std::io::stdout();
            stdout
                .write_all(value.as_bytes())
                .and_then(|()| stdout.flush())
                .map_err(Failed::file("write", Path::new("standard output")))
        }
    })
}
