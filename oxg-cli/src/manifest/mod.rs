//! `oxg manifest …`: check, explain, compare and rewrite manifests.

mod args;
mod config_schema;
mod convert;
mod diff;
mod explain;
mod format;
mod input;
mod schema;
mod sign;
mod style;
mod validate;
mod verify;

use std::process::ExitCode;

pub(crate) use args::ManifestArgs;
use args::ManifestCommand;

use crate::terminal;

/// How a manifest command ends. Documented in its help; stable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Valid, verified, or not more than before.
    Good = 0,
    /// Invalid, not verified, asks for more, or something would be lost.
    Bad = 1,
    /// A file could not be read or written.
    Unknown = 2,
}

/// Why a command could not come to a verdict. Its message is one line.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Unreadable(String);

pub(crate) fn run(args: ManifestArgs) -> ExitCode {
    let result = match args.command {
        ManifestCommand::Validate(args) => Ok(validate::run(&args)),
        ManifestCommand::Schema(args) => Ok(schema::run(&args)),
        ManifestCommand::Explain(args) => explain::run(&args),
        ManifestCommand::Diff(args) => diff::run(&args),
        ManifestCommand::Fmt(args) => format::run(&args),
        ManifestCommand::Convert(args) => convert::run(args),
        ManifestCommand::Verify(args) => verify::run(&args),
        ManifestCommand::Sign(args) => sign::run(&args),
        ManifestCommand::ConfigSchema(args) => config_schema::run(&args),
    };
    let verdict = result.unwrap_or_else(|error| {
        terminal::failure(&error);
        Verdict::Unknown
    });
    ExitCode::from(verdict as u8)
}
