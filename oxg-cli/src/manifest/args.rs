//! What can be typed after `oxg manifest`.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Subcommand, ValueEnum};
use oxg_manifest::FilePath;
use oxg_manifest::lint::Lint;

use crate::args::Format;

/// Check, explain, compare and rewrite manifests.
#[derive(Debug, clap::Args)]
pub(crate) struct ManifestArgs {
    #[command(subcommand)]
    pub(crate) command: ManifestCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ManifestCommand {
    /// Say all that is wrong with manifests, and what deserves a look.
    #[command(after_help = "\
Errors make a manifest invalid. Warnings and notes do not; `--allow CODE` takes one away, and
`--deny-warnings` makes warnings count.

Exit codes:
  0  every manifest is valid
  1  at least one is invalid
  2  at least one could not be read, or wrong usage")]
    Validate(ValidateArgs),
    /// Print the JSON Schema of the manifest.
    Schema(SchemaArgs),
    /// Say in plain language what a plugin may do, for the person who must approve it.
    #[command(after_help = "\
Exit codes:
  0  explained; with --as-host: the host accepts the file
  1  the manifest is invalid; with --as-host: the host refuses the file
  2  the file could not be read, or wrong usage")]
    Explain(ExplainArgs),
    /// Say whether a new manifest asks for more than the old one.
    #[command(after_help = "\
What counts is what is granted, not what is written. To ask for less is not to ask for more.

Exit codes:
  0  the new manifest does not ask for more
  1  it asks for more, or one of the two is invalid
  2  a file could not be read, or wrong usage")]
    Diff(DiffArgs),
    /// Lay manifests out in their canonical form. Every value stays what it is.
    #[command(after_help = "\
With `-`, standard input is laid out on standard output. A file that is laid out already is not
written.

Exit codes:
  0  done; with --check: all are laid out already
  1  a manifest is invalid and stays as it is; with --check: at least one is not laid out
  2  a file could not be read or written, or wrong usage")]
    Fmt(FmtArgs),
    /// Rewrite a manifest in the other form, and say what that form cannot express.
    #[command(after_help = "\
The result goes to standard output, and what is lost to standard error.

Exit codes:
  0  converted
  1  the manifest is invalid, cannot be converted, or would lose something without --lossy
  2  the file could not be read, or wrong usage")]
    Convert(ConvertArgs),
    /// Check the signature of a plugin's artifact, and the ALLOWLIST.
    #[command(after_help = VERIFY_HELP)]
    Verify(VerifyArgs),
    /// Sign a plugin's artifact with a P-256 key.
    #[command(after_help = SIGN_HELP)]
    Sign(SignArgs),
    /// Ask a plugin for the JSON Schema of its settings, and keep it in the manifest.
    #[command(after_help = CONFIG_SCHEMA_HELP)]
    ConfigSchema(ConfigSchemaArgs),
}

const CONFIG_SCHEMA_HELP: &str = "\
The program is started with OXG_DESCRIBE=config-schema and prints the schema of its settings, which
its `Config` has with `#[derive(JsonSchema)]` and the feature `schema` of oxg-sdk. Without a
program, it is `cargo run --quiet --features schema` in the manifest's folder.

Exit codes:
  0  printed or written; with --check: the manifest has the schema
  1  the plugin has no schema, or the manifest is invalid; with --check: the manifest has another
  2  the program could not be asked, a file could not be read or written, or wrong usage";

const VERIFY_HELP: &str = "\
The host's rules, and stricter ones on top, each of which is named in the result. What the host
would not start (no go.mod, no ALLOWLIST) is a note here and an error with --as-host.

Exit codes:
  0  the artifact is the one that was signed and, where there is an ALLOWLIST, listed
  1  it is not, or the manifest is invalid
  2  a file could not be read, or wrong usage";

const SIGN_HELP: &str = "\
The signature is ASN.1 DER ECDSA over SHA-256 in base64, as `cosign sign-blob` writes it. It goes to
the file that the manifest names, or beside the artifact. A passphrase that is not given is asked
for on the terminal.

Examples:
    openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -aes256 -out plugin.key
    openssl pkey -in plugin.key -pubout -out plugin.pub
    oxg manifest sign . --key plugin.key

Exit codes:
  0  signed
  1  the manifest is invalid or names another key
  2  a file could not be read or written, or wrong usage";

#[derive(Debug, clap::Args)]
pub(crate) struct ValidateArgs {
    /// A manifest, or the folder of one; `-` reads standard input.
    #[arg(value_name = "FILE|DIR", required = true)]
    pub(crate) files: Vec<PathBuf>,

    /// How the result is printed.
    #[arg(long, value_enum, default_value_t = ReportFormat::Human)]
    pub(crate) format: ReportFormat,

    /// Do not tell of this lint. Repeatable.
    #[arg(long, value_name = "CODE")]
    pub(crate) allow: Vec<Lint>,

    /// Let warnings make a manifest invalid.
    #[arg(long)]
    pub(crate) deny_warnings: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct SchemaArgs {
    /// The dialect of JSON Schema.
    #[arg(long, value_enum, default_value_t = Draft::Draft07)]
    pub(crate) draft: Draft,
}

#[derive(Debug, clap::Args)]
pub(crate) struct ExplainArgs {
    /// The manifest, or its folder; `-` reads standard input.
    #[arg(value_name = "FILE|DIR", default_value = ".")]
    pub(crate) file: PathBuf,

    /// Say how the host's decoder reads the same bytes, and where that differs.
    #[arg(long)]
    pub(crate) as_host: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct DiffArgs {
    /// The manifest that is approved, or its folder.
    #[arg(value_name = "OLD")]
    pub(crate) old: PathBuf,

    /// The manifest that wants approval, or its folder.
    #[arg(value_name = "NEW")]
    pub(crate) new: PathBuf,

    /// How the result is printed.
    #[arg(long, value_enum, default_value_t = DiffFormat::Human)]
    pub(crate) format: DiffFormat,
}

#[derive(Debug, clap::Args)]
pub(crate) struct FmtArgs {
    /// A manifest, or the folder of one; `-` reads standard input.
    #[arg(value_name = "FILE|DIR", required = true)]
    pub(crate) files: Vec<PathBuf>,

    /// Write nothing, but name the files that are not laid out.
    #[arg(long)]
    pub(crate) check: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct ConvertArgs {
    /// The manifest, or its folder; `-` reads standard input.
    #[arg(value_name = "FILE|DIR", default_value = ".")]
    pub(crate) file: PathBuf,

    /// The form to convert to.
    #[arg(long, value_enum)]
    pub(crate) to: TargetForm,

    /// Convert even if something is lost.
    #[arg(long)]
    pub(crate) lossy: bool,

    /// The file that is signed, for the host's form.
    #[arg(long, value_name = "PATH")]
    pub(crate) artifact: Option<FilePath>,

    /// The file of its signature, for the host's form.
    #[arg(long, value_name = "PATH")]
    pub(crate) signature: Option<FilePath>,

    /// The file of the public key that checks the signature.
    #[arg(long, value_name = "PATH", requires = "signature", conflicts_with = "certificate")]
    pub(crate) public_key: Option<FilePath>,

    /// The file of the certificate that checks the signature.
    #[arg(long, value_name = "PATH", requires = "signature")]
    pub(crate) certificate: Option<FilePath>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct VerifyArgs {
    /// The manifest, or its folder.
    #[arg(value_name = "FILE|DIR", default_value = ".")]
    pub(crate) file: PathBuf,

    /// The repository. Default: the nearest folder upwards with a go.mod.
    #[arg(long, value_name = "DIR")]
    pub(crate) repo_root: Option<PathBuf>,

    /// The ALLOWLIST. Default: the nearest one upwards.
    #[arg(long, value_name = "FILE")]
    pub(crate) allowlist: Option<PathBuf>,

    /// Check by the host's rules alone.
    #[arg(long)]
    pub(crate) as_host: bool,

    /// How the result is printed.
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub(crate) format: Format,
}

#[derive(Debug, clap::Args)]
pub(crate) struct SignArgs {
    /// The manifest, or its folder.
    #[arg(value_name = "FILE|DIR", default_value = ".")]
    pub(crate) file: PathBuf,

    /// The private key: PKCS#8 in PEM, plain or encrypted.
    #[arg(long, value_name = "FILE")]
    pub(crate) key: PathBuf,

    /// The first line of this file is the key's passphrase.
    #[arg(long, value_name = "FILE", conflicts_with = "passphrase_env")]
    pub(crate) passphrase_file: Option<PathBuf>,

    /// This variable of the environment holds the key's passphrase.
    #[arg(long, value_name = "NAME")]
    pub(crate) passphrase_env: Option<String>,

    /// Where the signature goes.
    #[arg(long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,

    /// Replace a signature that is there.
    #[arg(long)]
    pub(crate) force: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct ConfigSchemaArgs {
    /// The manifest, or its folder.
    #[arg(long, value_name = "FILE|DIR", default_value = ".")]
    pub(crate) manifest: PathBuf,

    /// Write the schema into the manifest. The rest of its text stays as it is.
    #[arg(long)]
    pub(crate) write: bool,

    /// Write nothing, but say whether the manifest has the schema.
    #[arg(long, conflicts_with = "write")]
    pub(crate) check: bool,

    /// How long the program may take, in seconds. Cargo may have to build it first.
    #[arg(long, value_name = "SECONDS", default_value_t = 600, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub(crate) timeout: u64,

    /// The plugin's program, and what it is called with.
    #[arg(last = true, value_name = "PROGRAM")]
    pub(crate) program: Vec<OsString>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ReportFormat {
    /// Excerpts for a person.
    Human,
    /// One JSON object.
    Json,
    /// SARIF 2.1.0, for code scanners.
    Sarif,
    /// GitHub's workflow commands.
    Github,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum DiffFormat {
    /// For a person.
    Human,
    /// One JSON object.
    Json,
    /// SARIF 2.1.0, for code scanners.
    Sarif,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum TargetForm {
    /// With capabilities as a list of `CAP_…`.
    Host,
    /// With capabilities as an object.
    Guide,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Draft {
    /// Draft 07.
    #[value(name = "07")]
    Draft07,
    /// Draft 2020-12.
    #[value(name = "2020-12")]
    Draft202012,
}
