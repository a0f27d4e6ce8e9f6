//! What can be typed after `oxg conformance`.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::ValueEnum;
use oxg_protocol::{Endpoint, SecretName};

pub(crate) const HELP: &str = "\
Examples:
  A plugin, with a task that it can do:
    oxg conformance --manifest manifest.json --task '{\"url\": \"https://shop.test/\"}' -- ./header-audit

  A broker, with the session that `oxg broker serve` opened and printed:
    oxg conformance --broker \"$OXG_BROKER\" --token-file \"$OXG_TOKEN_FILE\"

  What is tested, and where each rule stands:
    oxg conformance --list

The plugin starts once a case, against a broker of its own, in a workspace of its own. It is not
isolated by the kernel: test only plugins that you trust. Outbound requests reach a page that the
suite makes up, whatever their host.

A list of known failures is exact: a listed case that holds, or is skipped, fails the run too.

Exit codes:
  0  every case holds, is skipped, or fails as is known
  1  at least one case is not as it should be
  2  wrong usage, or a manifest, task, case or list that cannot be read
  3  the plugin cannot be started, or the broker cannot be used
  4  interrupted, or the cases took longer than --timeout together
  5  this machine failed: disk, socket, memory";

#[derive(Debug, clap::Args)]
pub(crate) struct ConformanceArgs {
    /// The plugin, and its arguments, behind `--`. Without a slash it is looked for in PATH.
    #[arg(
        value_name = "PROGRAM",
        last = true,
        required_unless_present_any = ["broker", "list"],
        conflicts_with_all = ["broker", "list"]
    )]
    pub(super) program: Vec<OsString>,

    /// The plugin's manifest.
    #[arg(long, value_name = "FILE", default_value = "manifest.json")]
    pub(super) manifest: PathBuf,

    /// The input of a task that the plugin can complete: JSON, or a file of it. Without it, cases
    /// that need a task are skipped.
    #[arg(long, value_name = "FILE|JSON")]
    pub(super) task: Option<String>,

    /// Settings in place of those in the manifest: a JSON object, or a file of it.
    #[arg(long, value_name = "FILE|JSON")]
    pub(super) config: Option<String>,

    /// Start the plugin in this folder. Default: its workspace; for a script the manifest's folder.
    #[arg(long, value_name = "DIR")]
    pub(super) directory: Option<PathBuf>,

    /// Test this broker instead: a Unix socket, or a port of this machine.
    #[arg(long, value_name = "unix:PATH|http://127.0.0.1:PORT")]
    pub(super) broker: Option<Endpoint>,

    /// With --broker: the file with the session's token. Default: what OXG_TOKEN_FILE names.
    #[arg(long, value_name = "FILE", requires = "broker")]
    pub(super) token_file: Option<PathBuf>,

    /// With --broker: a secret that the session may borrow.
    #[arg(long, value_name = "NAME", requires = "broker")]
    pub(super) secret: Option<SecretName>,

    /// Print the cases and their sources, and run none.
    #[arg(long)]
    pub(super) list: bool,

    /// Only this case, or with a slash at the end this group. Repeatable.
    #[arg(long, value_name = "GROUP/NAME|GROUP/")]
    pub(super) only: Vec<String>,

    /// More cases: the *.toml files in this folder. Repeatable.
    #[arg(long, value_name = "DIR")]
    pub(super) cases: Vec<PathBuf>,

    /// Cases that are known to fail: a file with an id a line; # begins a comment.
    #[arg(long, value_name = "FILE", conflicts_with = "list")]
    pub(super) known_failing: Option<PathBuf>,

    /// How the result is printed.
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub(super) format: Format,

    /// How long all cases together may take.
    #[arg(long, value_name = "SECONDS", default_value_t = 600, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub(super) timeout: u64,

    /// How long one case may take; then the plugin is killed.
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=3_600))]
    pub(super) case_timeout: u64,

    /// How many plugins run at a time. They mostly wait.
    #[arg(long, value_name = "COUNT", default_value_t = 4, value_parser = clap::value_parser!(u8).range(1..=64))]
    pub(super) jobs: u8,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// Lines for a person.
    Human,
    /// One JSON object a line, a line a case.
    Json,
    /// A JUnit document, as build servers read it.
    Junit,
}
