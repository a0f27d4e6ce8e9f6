//! `oxg broker serve`: a broker without a plugin of its own, for whoever has the token.

use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;

use oxg_broker::{Broker, Listener};
use oxg_manifest::Manifest;
use secrecy::ExposeSecret as _;
use tokio::signal::unix::{SignalKind, signal};

use crate::args::ArtifactArgs;
use crate::error::{CliError, Exit};
use crate::run::input;
use crate::task_store::TaskStoreArgs;
use crate::terminal;

pub(super) const HELP: &str = "\
It prints two lines for a shell, and serves until SIGINT or SIGTERM:
  OXG_BROKER=http://127.0.0.1:40123
  OXG_TOKEN_FILE=/tmp/oxg-a1b2c3/token

Example, in another terminal with these two set:
  curl -x \"$OXG_BROKER\" --proxy-header \"Proxy-Authorization: Bearer $(cat \"$OXG_TOKEN_FILE\")\" \\
    http://shop.test/

Exit codes:
  0  it was asked to stop
  2  wrong usage, or a manifest, secret or certificate that cannot be read
  5  this machine failed: disk, socket, memory";

#[derive(Debug, clap::Args)]
pub(crate) struct ServeArgs {
    /// The manifest that says what is allowed.
    #[arg(long, value_name = "FILE")]
    manifest: PathBuf,

    /// Where to listen: a Unix socket, or a TCP port of this machine; port 0 takes any free one.
    #[arg(long, value_name = "unix:PATH|tcp:ADDRESS", default_value = "tcp:127.0.0.1:0")]
    listen: Listen,

    /// Let this port of this machine be reached. Repeatable; printed and audited.
    #[arg(long, value_name = "PORT", value_parser = clap::value_parser!(u16).range(1..))]
    allow_loopback: Vec<u16>,

    /// Trust the certificate authorities in this PEM file as well. Repeatable.
    #[arg(long = "ca", value_name = "FILE")]
    authorities: Vec<PathBuf>,

    /// A secret that may be used. With `@`, the file's content without the last line break; a value
    /// typed here can be seen by others on this machine. Repeatable.
    #[arg(long = "secret", value_name = "NAME=VALUE|NAME=@FILE")]
    secrets: Vec<String>,

    /// Where secrets come from that no --secret gives, as for `oxg run`. Repeatable, asked in order.
    #[arg(long = "secrets", value_name = "FILE|env|exec:PROGRAM|vault:FILE")]
    secret_sources: Vec<String>,

    /// Keep findings, audit, logs, artifacts and tasks in this folder; made if it is not there. One
    /// broker at a time uses it.
    #[arg(long, value_name = "DIR")]
    keep: Option<PathBuf>,

    #[command(flatten)]
    task_store: TaskStoreArgs,

    #[command(flatten)]
    artifacts: ArtifactArgs,
}

/// Where a broker shall listen.
#[derive(Debug, Clone)]
enum Listen {
    Unix(PathBuf),
    Tcp(SocketAddr),
}

impl FromStr for Listen {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let tcp = || text.strip_prefix("tcp:")?.parse().ok().map(Self::Tcp);
        let unix = || text.strip_prefix("unix:").filter(|path| !path.is_empty());
        tcp()
            .or_else(|| unix().map(|path| Self::Unix(path.into())))
            .ok_or_else(|| "expected unix:PATH or tcp:127.0.0.1:PORT".to_owned())
    }
}

pub(super) async fn serve(args: ServeArgs) -> Result<Exit, CliError> {
    let manifest = Manifest::read(&args.manifest)?;
    let mut builder = Broker::builder().redactor(terminal::redactor().clone());
    if let Some(keep) = &args.keep {
        builder = builder.directory(keep);
    }
    builder = args.task_store.add_to(builder).await?;
    for file in &args.authorities {
        builder = builder.ca_file(file)?;
    }
    let broker = args.artifacts.apply(builder).await?.build()?;
    let mut session = broker.session(manifest);
    for (name, value) in input::secrets(&args.secrets)? {
        session = session.secret(name, value);
    }
    for source in input::secret_sources(&args.secret_sources)? {
        session = source.add_to(session);
    }
    for port in &args.allow_loopback {
        session = session.allow_loopback(*port);
        terminal::progress("policy", &format!("port {port} of this machine is open"));
    }
    let session = session.open()?;
    let private = tempfile::Builder::new().prefix("oxg-").tempdir();
    let private = private.map_err(|source| failed("make a folder for the token", source))?;
    let token = private.path().join("token");
    write_private(&token, session.token().expose_secret())
        .map_err(|source| failed("write the token", source))?;

    let mut interrupted = signal(SignalKind::interrupt()).map_err(no_signals)?;
    let mut terminated = signal(SignalKind::terminate()).map_err(no_signals)?;
    let listener: Listener = match &args.listen {
        Listen::Unix(path) => broker.listen_unix(path)?,
        Listen::Tcp(address) => broker.listen_tcp(*address).await?,
    };
    let lines = format!("OXG_BROKER={}\nOXG_TOKEN_FILE={}\n", listener.endpoint(), token.display());
    let mut out = io::stdout();
    out.write_all(lines.as_bytes())
        .and_then(|()| out.flush())
        .map_err(|source| failed("write to standard output", source))?;
    tokio::select! {
        _ = interrupted.recv() => {}
        _ = terminated.recv() => {}
    }
    drop(listener);
    broker.shutdown().await;
    Ok(Exit::Done)
}

/// Writes a file that only this user can read.
fn write_private(path: &std::path::Path, text: &str) -> io::Result<()> {
    use std::os::unix::fs::OpenOptionsExt as _;

    let mut file =
        std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(text.as_bytes())
}

fn no_signals(source: io::Error) -> CliError {
    failed("listen for signals", source)
}

fn failed(what: &str, source: io::Error) -> CliError {
    CliError::Machine { what: what.to_owned(), source }
}
