//! `oxg demo`: the whole thing at work, on this machine alone.

mod site;

use std::path::{Path, PathBuf};
use std::time::Duration;

use oxg_manifest::Manifest;
use oxg_protocol::task::NewTask;
use serde_json::{Map, json};

use crate::args::DemoArgs;
use crate::ending::Ending;
use crate::error::{CliError, Exit};
use crate::report::{self, Report};
use crate::run::{Plan, execute};
use crate::task_store::TaskStoreArgs;
use crate::terminal;
use site::Site;

/// What the site's account page and the plugin agree on.
const TOKEN: &str = "demo-token-3f1c9a7e5d2b";
/// A destination that the example's manifest does not name.
const DENIED: &str = "https://billing.example/invoices";

pub(crate) async fn demo(args: DemoArgs) -> Result<Exit, CliError> {
    let directory = example()?;
    let manifest = Manifest::read(directory.join("manifest.json"))?;
    let name =
        "api-token".parse().map_err(|error| CliError::argument("demo", format!("{error}")))?;
    let site = Site::start(TOKEN).await?;
    terminal::progress("demo", &format!("the plugin {} audits three pages", manifest.name));
    terminal::progress("site", &format!("{}, flawed on purpose", site.url("/")));

    let urls = [site.url("/"), site.url("/account"), DENIED.to_owned()];
    let plan = Plan {
        directory,
        manifest,
        program: None,
        release: false,
        task_store: TaskStoreArgs::default(),
        tasks: urls.iter().map(|url| NewTask::new(json!({ "url": url }))).collect(),
        secrets: vec![(name, TOKEN.into())],
        secret_sources: Vec::new(),
        loopback_ports: vec![site.port()],
        authorities: Vec::new(),
        config: Map::new(),
        timeout: Duration::from_secs(60),
        log: None,
        artifacts: crate::args::ArtifactArgs::default(),
    };
    let mut report = execute(plan, &args.output).await?;
    site.stop().await;
    let exit = if went_as_planned(&report) { Exit::Done } else { report.exit() };
    report.exit_code = exit as u8;
    report::print(&report, args.output.format);
    Ok(exit)
}

/// Two tasks done, the third one denied.
fn went_as_planned(report: &Report) -> bool {
    let states: Vec<_> = report.tasks.iter().map(|task| task.state).collect();
    report.ending == Ending::Stopped
        && states == ["completed", "completed", "failed"]
        && report.tasks[2].denial.is_some()
}

/// The example in the source tree that this command was built from.
fn example() -> Result<PathBuf, CliError> {
    let tree = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new("."));
    let directory = tree.join("examples").join("header-audit");
    if directory.is_dir() {
        return Ok(directory);
    }
    Err(CliError::argument(
        "demo",
        format!(
            "{} is not there; run the demo from the source tree: cargo run -p oxg-cli -- demo",
            directory.display()
        ),
    ))
}
