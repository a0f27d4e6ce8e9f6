//! What can be typed.

use std::path::{Path, PathBuf};

use clap::{Parser, Subcommand, ValueEnum};
use oxg_broker::BrokerBuilder;
use oxg_manifest::PluginName;

use crate::broker::{BrokerCommand, ScriptCommand};
use crate::egress::EgressCommand;
use crate::error::CliError;

const EXIT_CODES: &str = "\
Exit codes:
  0  every task was completed
  1  at least one task failed; the others' results are kept
  2  wrong usage, or a manifest, task or secret that cannot be read
  3  the plugin could not be built or started
  4  the plugin failed: it exited non-zero, hung, or was killed
  5  this machine failed: disk, socket, memory";

/// Run and develop plugins for 0xGen, each against a broker of its own.
#[derive(Debug, Parser)]
#[command(name = "oxg", version, after_help = "Start with `oxg demo`.")]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Speak with the broker, from a script that is a plugin.
#[derive(Debug, Parser)]
#[command(name = "0xgenctl", version)]
pub(crate) struct CtlArgs {
    #[command(subcommand)]
    pub(crate) command: CtlCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum CtlCommand {
    /// Speak with the broker.
    #[command(subcommand)]
    Broker(ScriptCommand),
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Show the whole thing at work: a flawed web site, a broker, and the plugin `header-audit`.
    #[command(after_help = "\
The demo exits with 0 when the plugin did what it should, the one denied task included.

It builds the example with cargo from this source tree, so it needs the tree and a Rust tool-chain.")]
    Demo(DemoArgs),
    /// Serve a broker, or speak with one from a script that is a plugin.
    #[command(subcommand)]
    Broker(BrokerCommand),
    /// Run a plugin on tasks, with a broker of its own.
    #[command(after_help = EXIT_CODES, after_long_help = RUN_HELP)]
    Run(Box<RunArgs>),
    /// Test a plugin, or a broker, in any language, against the protocol.
    #[command(after_help = crate::conformance::HELP)]
    Conformance(Box<crate::conformance::ConformanceArgs>),
    /// Check, explain, compare and rewrite manifests.
    Manifest(crate::manifest::ManifestArgs),
    /// Copy standard input to standard output without secrets and personal data.
    #[command(after_help = "\
Examples:
  journalctl -u shop | oxg redact
  oxg redact --jsonl msg < run.log

It knows formats and names; what it finds is replaced by a marker such as [REDACTED_SECRET].")]
    Redact(RedactArgs),
    /// Ask the destination policy of the broker.
    #[command(subcommand)]
    Egress(EgressCommand),
}

const RUN_HELP: &str = "\
Examples:
  Run the plugin of this folder on one task:
    oxg run . --task '{\"url\": \"https://shop.test/\"}'

  Against a server on this machine, with a secret from a file:
    oxg run . --task tasks.json --allow-loopback 8080 --secret api-token=@token.txt

A folder with a Cargo.toml is built with cargo. Otherwise the manifest's `entry` is started,
or what --program names.

The plugin starts with an environment that holds where its broker, its token and its workspace
are, and nothing else. It is not isolated by the kernel yet: run only plugins that you trust.

Exit codes:
  0  every task was completed
  1  at least one task failed; the others' results are kept
  2  wrong usage, or a manifest, task or secret that cannot be read
  3  the plugin could not be built or started
  4  the plugin failed: it exited non-zero, hung, or was killed
  5  this machine failed: disk, socket, memory";

#[derive(Debug, clap::Args)]
pub(crate) struct DemoArgs {
    #[command(flatten)]
    pub(crate) output: OutputArgs,
}

#[derive(Debug, clap::Args)]
pub(crate) struct RunArgs {
    /// The plugin's folder: the one with manifest.json.
    #[arg(value_name = "DIR")]
    pub(crate) directory: PathBuf,

    /// A task's input: JSON, or a file of it. An array is several tasks. Repeatable.
    #[arg(long = "task", value_name = "FILE|JSON", required = true)]
    pub(crate) tasks: Vec<String>,

    /// Let the plugin reach this port of this machine. Repeatable; printed and audited.
    #[arg(long, value_name = "PORT", value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) allow_loopback: Vec<u16>,

    /// Trust the certificate authorities in this PEM file as well. Repeatable.
    #[arg(long = "ca", value_name = "FILE")]
    pub(crate) authorities: Vec<PathBuf>,

    /// A secret that the plugin may borrow. With `@`, the file's content without the last line
    /// break; a value typed here can be seen by others on this machine. Repeatable.
    #[arg(long = "secret", value_name = "NAME=VALUE|NAME=@FILE")]
    pub(crate) secrets: Vec<String>,

    /// Where secrets come from that no --secret gives: a JSON or TOML file of names and values that
    /// only its owner can read; `env`, the variables `0XGEN_SECRET_<PLUGIN>__<SECRET>`;
    /// `exec:PROGRAM ARGUMENTS`, quoted as in a shell, which gets the names of plugin and secret
    /// behind its arguments and prints the value; or `vault:FILE`, a TOML file that says where a
    /// HashiCorp Vault is. Repeatable, asked in order.
    #[arg(long = "secrets", value_name = "FILE|env|exec:PROGRAM|vault:FILE")]
    pub(crate) secret_sources: Vec<String>,

    #[command(flatten)]
    pub(crate) task_store: crate::task_store::TaskStoreArgs,

    /// Settings in place of those in the manifest: a JSON object, or a file of it.
    #[arg(long, value_name = "FILE|JSON")]
    pub(crate) config: Option<String>,

    /// Start this program instead of what the folder holds.
    #[arg(long, value_name = "FILE")]
    pub(crate) program: Option<PathBuf>,

    /// Build in release mode.
    #[arg(long, conflicts_with = "program")]
    pub(crate) release: bool,

    /// Stop the plugin after so many seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 300, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub(crate) timeout: u64,

    /// What the plugin logs: a level, or `target=level` pairs.
    #[arg(long, value_name = "FILTER")]
    pub(crate) log: Option<String>,

    #[command(flatten)]
    pub(crate) artifacts: ArtifactArgs,

    #[command(flatten)]
    pub(crate) output: OutputArgs,
}

/// Where artifacts lie, if not with everything else.
#[derive(Debug, Default, clap::Args)]
pub(crate) struct ArtifactArgs {
    /// Keep artifacts in an object store, which several brokers may share: s3://BUCKET/PREFIX,
    /// gs://BUCKET/PREFIX, az://CONTAINER/PREFIX or memory://. Settings and credentials come from the
    /// environment of this command: AWS_*, GOOGLE_*, AZURE_*.
    #[cfg(feature = "object-store")]
    #[arg(long = "artifacts", value_name = "URL")]
    location: Option<String>,
}

impl ArtifactArgs {
    /// Lets the broker keep artifacts there.
    #[cfg(feature = "object-store")]
    pub(crate) async fn apply(&self, broker: BrokerBuilder) -> Result<BrokerBuilder, CliError> {
        let Some(location) = &self.location else {
            return Ok(broker);
        };
        Ok(broker.object_artifacts(oxg_broker::ObjectArtifacts::connect(location).await?))
    }

    /// Where the artifacts of `plugin` are, if the broker keeps everything else in `directory`.
    pub(crate) fn place(&self, directory: &Path, plugin: &PluginName) -> String {
        #[cfg(feature = "object-store")]
        if let Some(location) = &self.location {
            return location.clone();
        }
        directory.join("artifacts").join(plugin.to_string()).display().to_string()
    }

    #[cfg(not(feature = "object-store"))]
    pub(crate) async fn apply(&self, broker: BrokerBuilder) -> Result<BrokerBuilder, CliError> {
        Ok(broker)
    }
}

#[derive(Debug, clap::Args)]
pub(crate) struct RedactArgs {
    /// Read JSON lines, and redact only this field of each object. A line that is no JSON object
    /// is redacted as text. Repeatable.
    #[arg(long = "jsonl", value_name = "FIELD")]
    pub(crate) fields: Vec<String>,

    /// What is looked for.
    #[arg(long, value_enum, default_value_t = Preset::Default)]
    pub(crate) policy: Preset,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Preset {
    /// Everything but IP addresses.
    Default,
    /// Everything; a telling name is enough.
    Strict,
    /// Secrets, payment cards and e-mail addresses.
    LogsOnly,
}

#[derive(Debug, clap::Args)]
pub(crate) struct OutputArgs {
    /// How the result is printed. Progress goes to standard error either way.
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub(crate) format: Format,

    /// Keep findings, audit, logs and artifacts in this folder; made if it is not there.
    #[arg(long, value_name = "DIR")]
    pub(crate) keep: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// Tables for a person.
    Human,
    /// One JSON document.
    Json,
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_consistent() {
        Args::command().debug_assert();
        CtlArgs::command().debug_assert();
    }
}
