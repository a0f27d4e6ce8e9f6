//! `finding emit`.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use clap::Subcommand;
use oxg_protocol::{Finding, ProtocolVersion, Severity};

use super::{Failed, ForTask, connect_for};

/// The largest file of findings, in bytes.
const MAX_FILE: u64 = 16 << 20;

#[derive(Debug, Subcommand)]
pub(crate) enum FindingCommand {
    /// Report one finding, or a file of them. Prints the id under which each is kept.
    ///
    /// The same finding of the same task is kept once, however often it is reported.
    Emit {
        /// What kind of finding it is, dotted: web.header.missing.
        #[arg(long = "type", value_name = "TYPE", required_unless_present = "from")]
        kind: Option<String>,
        /// What was found, in a sentence.
        #[arg(long, required_unless_present = "from")]
        message: Option<String>,
        /// How bad it is: info, low, med, high or crit.
        #[arg(long, default_value_t = Severity::Info)]
        severity: Severity,
        /// Where it was found, usually a URL.
        #[arg(long)]
        target: Option<String>,
        /// What proves it.
        #[arg(long)]
        evidence: Option<String>,
        /// Anything else. Repeatable.
        #[arg(long = "meta", value_name = "KEY=VALUE")]
        metadata: Vec<String>,
        /// Report the findings in this file instead, one JSON object a line; `-` is standard input.
        #[arg(long, value_name = "FILE|-", conflicts_with_all = ["kind", "message", "target", "evidence", "metadata"])]
        from: Option<PathBuf>,
        #[command(flatten)]
        task: ForTask,
    },
}

pub(super) async fn run(command: FindingCommand) -> Result<(), Failed> {
    let FindingCommand::Emit { kind, message, severity, target, evidence, metadata, from, task } =
        command;
    let findings = match from {
        Some(path) => read(&path)?,
        None => {
            let mut finding =
                Finding::new(severity, kind.unwrap_or_default(), message.unwrap_or_default());
            finding.target = target;
            finding.evidence = evidence;
            for pair in &metadata {
                let (key, value) = pair
                    .split_once('=')
                    .ok_or_else(|| Failed::Usage("--meta: expected KEY=VALUE".to_owned()))?;
                finding = finding.meta(key, value);
            }
            vec![finding]
        }
    };
    let clients = connect_for(&task)?;
    let session = clients.session().await?;
    if !ProtocolVersion::CURRENT.understands(session.protocol) {
        return Err(Failed::Version { broker: session.protocol });
    }
    let plugin = session.plugin;
    for id in clients.findings(plugin).emit_all(findings).await? {
        println!("{id}");
    }
    Ok(())
}

fn read(path: &Path) -> Result<Vec<Finding>, Failed> {
    let mut text = Vec::new();
    let read = if path == Path::new("-") {
        std::io::stdin().take(MAX_FILE + 1).read_to_end(&mut text)
    } else {
        std::fs::File::open(path).and_then(|file| file.take(MAX_FILE + 1).read_to_end(&mut text))
    };
    read.map_err(Failed::file("read", path))?;
    if text.len() as u64 > MAX_FILE {
        return Err(Failed::Usage("--from: longer than 16 MiB; report it in parts".to_owned()));
    }
    let lines = text.split(|byte| *byte == b'\n').enumerate();
    let lines = lines.filter(|(_, line)| !line.trim_ascii().is_empty());
    let parse = |(index, line): (usize, &[u8])| {
        serde_json::from_slice(line)
            .map_err(|error| Failed::Usage(format!("--from: line {}: {error}", index + 1)))
    };
    lines.map(parse).collect()
}
