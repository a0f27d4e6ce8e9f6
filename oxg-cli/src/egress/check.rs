//! `oxg egress check`: the policy's verdict on URLs, before a plugin runs.

use std::io::{self, Write};

use clap::ValueEnum;
use oxg_broker::egress::{Resolve as _, SystemResolver};
use oxg_broker::policy::{Denial, Policy};
use oxg_manifest::Manifest;
use oxg_protocol::{ErrorCode, Host, Url};
use serde::Serialize;
use tokio::io::{AsyncBufRead, AsyncBufReadExt as _, AsyncReadExt as _, BufReader};
use tokio::time::timeout;

use super::CheckArgs;
use super::question::Question;
use crate::error::{CliError, Exit};
use crate::terminal::{BAD, GOOD, printable};

/// The longest line of input, in bytes.
const MAX_LINE: u64 = 1 << 20;

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// Lines for a person.
    Human,
    /// One JSON object a line, in the order of the input.
    Json,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Verdict {
    Allow,
    Deny,
}

/// What is said of one line.
#[derive(Debug, PartialEq, Eq, Serialize)]
struct Answer {
    url: String,
    verdict: Verdict,
    /// The code with which the broker would refuse; none where it would not.
    code: Option<&'static str>,
    reason: String,
}

pub(super) async fn check(args: CheckArgs) -> Result<Exit, CliError> {
    let manifest = Manifest::read(&args.manifest)?;
    let policy = Policy::new(manifest.capabilities.http, args.allow_loopback.clone());
    let mut input = BufReader::new(tokio::io::stdin());
    let mut number = 0_u64;
    while let Some(line) = next_line(&mut input).await? {
        number += 1;
        let question = if args.jsonl {
            serde_json::from_slice(&line).map_err(|error| {
                CliError::argument(format!("line {number}"), format!("not a JSON line: {error}"))
            })?
        } else {
            Question::about(String::from_utf8_lossy(&line).into_owned())
        };
        let (verdict, code, reason) = match judge(&policy, &args, &question).await {
            Ok(reason) => (Verdict::Allow, None, reason),
            Err((code, reason)) => (Verdict::Deny, Some(code.as_str()), reason),
        };
        let answer = Answer { url: question.url, verdict, code, reason };
        if let Err(source) = print(&answer, args.format) {
            // Whoever reads has seen enough, as `head` has.
            if source.kind() == io::ErrorKind::BrokenPipe {
                return Ok(Exit::Done);
            }
            return Err(CliError::Machine { what: "write to standard output".to_owned(), source });
        }
    }
    Ok(Exit::Done)
}

/// The next line without its end.
async fn next_line(input: &mut (impl AsyncBufRead + Unpin)) -> Result<Option<Vec<u8>>, CliError> {
    let mut line = Vec::new();
    let read = input.take(MAX_LINE).read_until(b'\n', &mut line).await;
    read.map_err(|source| CliError::Machine { what: "read standard input".to_owned(), source })?;
    if line.is_empty() {
        return Ok(None);
    }
    if line.pop_if(|byte| *byte == b'\n').is_some() {
        line.pop_if(|byte| *byte == b'\r');
    } else if line.len() as u64 == MAX_LINE {
        let problem = format!("a line is longer than {MAX_LINE} bytes");
        return Err(CliError::argument("standard input", problem));
    }
    Ok(Some(line))
}

/// Why it is allowed, or with which code and why not.
async fn judge(
    policy: &Policy,
    args: &CheckArgs,
    question: &Question,
) -> Result<String, (ErrorCode, String)> {
    let denied = |denial: Denial| (denial.code(), denial.to_string());
    let url = question
        .target()
        .map_err(|error| (ErrorCode::InvalidRequest, format!("the URL is not valid: {error}")))?;
    policy.check_manifest(&args.method, &url).map_err(denied)?;
    let addresses = match (url.host(), question.addresses()) {
        (Host::Name(_), Some(given)) => given.map_err(|text| {
            (ErrorCode::DestinationDenied, format!("{text:?} is not the text of an IP address"))
        })?,
        (Host::Name(_), None) if args.resolve => resolve(&url).await?,
        (Host::Name(_), None) => {
            let allowance = policy.allowance(&url);
            return Ok(format!("{allowance}; its addresses are checked once they are known"));
        }
        (host, _) => host.ip().into_iter().collect(),
    };
    policy.check_addresses(&url, &addresses).map_err(denied)?;
    Ok(policy.allowance(&url).to_owned())
}

async fn resolve(url: &Url) -> Result<Vec<std::net::IpAddr>, (ErrorCode, String)> {
    let Some(name) = url.host().name() else {
        return Ok(url.host().ip().into_iter().collect());
    };
    let limit = std::time::Duration::from_millis(oxg_protocol::Limits::default().dns_ms);
    let found = timeout(limit, SystemResolver.resolve(name)).await;
    let failed =
        |why: String| (ErrorCode::UpstreamUnreachable, format!("{name} cannot be resolved: {why}"));
    found
        .map_err(|_| failed(format!("no answer in {} s", limit.as_secs())))?
        .map_err(|error| failed(error.to_string()))
}

fn print(answer: &Answer, format: Format) -> io::Result<()> {
    let mut out = anstream::stdout().lock();
    if format == Format::Json {
        let line = serde_json::to_string(answer).map_err(io::Error::other)?;
        return writeln!(out, "{line}");
    }
    let (url, reason) = (printable(&answer.url), printable(&answer.reason));
    match answer.code {
        None => writeln!(out, "{GOOD}allow{GOOD:#}  {url}  {reason}"),
        Some(code) => writeln!(out, "{BAD}deny{BAD:#}   {url}  {code}: {reason}"),
    }
}
