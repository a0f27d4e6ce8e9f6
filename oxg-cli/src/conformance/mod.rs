//! `oxg conformance`: does a plugin, or a broker, keep to the protocol?

mod args;
mod human;
mod junit;
mod program;

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use oxg_manifest::Manifest;
use oxg_protocol::Endpoint;
use oxg_testkit::conformance::{
    BrokerSuite, CaseFile, CaseId, CaseInfo, Kind, KnownFailing, Outcome, PluginSuite, Report,
    infos,
};
use secrecy::SecretString;

use self::args::Format;
pub(crate) use self::args::{ConformanceArgs, HELP};
use crate::error::CliError;
use crate::run::input;

/// How the command ends. Documented in its help; stable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Conforms = 0,
    Differs = 1,
}

pub(crate) async fn run(args: ConformanceArgs) -> Result<ExitCode, CliError> {
    let mut files = Vec::new();
    for folder in &args.cases {
        files.extend(CaseFile::read_dir(folder)?);
    }
    let all = infos(&files)?;
    if args.list && args.format == Format::Junit {
        return Err(CliError::argument(
            "--format",
            "a list has no JUnit form; choose human or json",
        ));
    }
    if args.list {
        written(list(&selected(&args, all)?, args.format))?;
        return Ok(ExitCode::SUCCESS);
    }
    let kind = if args.broker.is_some() { Kind::Broker } else { Kind::Plugin };
    let of_kind = all.into_iter().filter(|case| case.kind == kind).collect();
    let chosen: Vec<CaseId> = selected(&args, of_kind)?.into_iter().map(|case| case.id).collect();
    let known = match &args.known_failing {
        Some(path) => KnownFailing::read(path)?,
        None => KnownFailing::default(),
    };
    let progress = progress(chosen.len());
    let done = |outcome: &Outcome| {
        progress.set_message(outcome.case.id.to_string());
        progress.inc(1);
    };
    let running = async {
        match &args.broker {
            Some(endpoint) => {
                let suite = broker(&args, endpoint)?.cases(files).only(chosen);
                Ok(suite.run(done).await?)
            }
            None => plugin(&args, files, chosen, done).await,
        }
    };
    // Dropped, it ends every plugin.
    let report = tokio::select! {
        report = running => report,
        _ = tokio::signal::ctrl_c() => Err(CliError::Interrupted),
    };
    progress.finish_and_clear();
    let report = report?.against(&known)?;
    written(print(&report, args.format))?;
    let verdict = if report.conforms() { Verdict::Conforms } else { Verdict::Differs };
    Ok(ExitCode::from(verdict as u8))
}

async fn plugin(
    args: &ConformanceArgs,
    files: Vec<CaseFile>,
    chosen: Vec<CaseId>,
    done: impl FnMut(&Outcome),
) -> Result<Report, CliError> {
    let manifest = Manifest::read(&args.manifest)?;
    let program = program::Program::find(args)?;
    let mut suite = PluginSuite::new(program.file.clone(), manifest)
        .arguments(args.program.iter().skip(1))
        .cases(files)
        .only(chosen)
        .limit(Duration::from_secs(args.case_timeout))
        .total(Duration::from_secs(args.timeout))
        .at_a_time(args.jobs.into());
    if let Some(task) = &args.task {
        suite = suite.task(input::json("--task", task)?);
    }
    if let Some(config) = &args.config {
        suite = suite.config(input::config(config)?);
    }
    if let Some(path) = &program.path {
        suite = suite.path(path);
    }
    if let Some(directory) = &program.directory {
        suite = suite.directory(directory);
    }
    Ok(suite.run(done).await?)
}

fn broker(args: &ConformanceArgs, endpoint: &Endpoint) -> Result<BrokerSuite, CliError> {
    let file = match &args.token_file {
        Some(file) => file.clone(),
        None => std::env::var_os("OXG_TOKEN_FILE").map(PathBuf::from).ok_or_else(|| {
            CliError::argument("--broker", "give the session's token with --token-file FILE")
        })?,
    };
    let mut suite = BrokerSuite::new(endpoint.clone(), token(&file)?)
        .limit(Duration::from_secs(args.case_timeout))
        .total(Duration::from_secs(args.timeout));
    if let Some(name) = &args.secret {
        suite = suite.secret(name.clone());
    }
    Ok(suite)
}

fn token(file: &Path) -> Result<SecretString, CliError> {
    let text = std::fs::read_to_string(file).map_err(|error| {
        CliError::argument("--token-file", format!("cannot read {}: {error}", file.display()))
    })?;
    let text = SecretString::from(text);
    let token = secrecy::ExposeSecret::expose_secret(&text).trim();
    let plain = |byte: u8| byte.is_ascii_graphic();
    if token.is_empty() || !token.bytes().all(plain) {
        let problem = format!("{} holds no token", file.display());
        return Err(CliError::argument("--token-file", problem));
    }
    Ok(token.into())
}

/// The cases that `--only` names; all without it.
fn selected(args: &ConformanceArgs, cases: Vec<CaseInfo>) -> Result<Vec<CaseInfo>, CliError> {
    if args.only.is_empty() {
        return Ok(cases);
    }
    let named = |case: &CaseInfo, wanted: &String| {
        let id = case.id.as_str();
        id == wanted
            || wanted.strip_suffix('/').is_some_and(|group| id.split('/').next() == Some(group))
    };
    if let Some(wanted) =
        args.only.iter().find(|wanted| !cases.iter().any(|case| named(case, wanted)))
    {
        let problem =
            format!("there is no case or group {wanted:?}; `oxg conformance --list` has all");
        return Err(CliError::argument("--only", problem));
    }
    Ok(cases
        .into_iter()
        .filter(|case| args.only.iter().any(|wanted| named(case, wanted)))
        .collect())
}

/// A bar on standard error, if that is a terminal.
fn progress(cases: usize) -> ProgressBar {
    let bar = ProgressBar::new(u64::try_from(cases).unwrap_or(u64::MAX));
    match ProgressStyle::with_template("{pos:>8}/{len}  {wide_msg}") {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}

fn list(cases: &[CaseInfo], format: Format) -> io::Result<()> {
    match format {
        Format::Human => human::list(cases),
        Format::Json => cases.iter().try_for_each(line),
        Format::Junit => Err(io::Error::other("a list has no JUnit form")),
    }
}

fn print(report: &Report, format: Format) -> io::Result<()> {
    match format {
        Format::Human => human::report(report),
        Format::Json => report.outcomes.iter().try_for_each(line),
        Format::Junit => io::stdout().write_all(junit::report(report).as_bytes()),
    }
}

/// One JSON object, on a line.
fn line(value: &impl serde::Serialize) -> io::Result<()> {
    let line = serde_json::to_string(value)?;
    writeln!(io::stdout(), "{line}")
}

/// Whoever reads may have seen enough, as `head` has.
fn written(result: io::Result<()>) -> Result<(), CliError> {
    match result {
        Err(source) if source.kind() != io::ErrorKind::BrokenPipe => {
            Err(CliError::Machine { what: "write to standard output".to_owned(), source })
        }
        _ => Ok(()),
    }
}
