//! `oxg run`: one plugin, its own broker, some tasks.

pub(crate) mod input;
mod program;
pub(crate) mod script;
mod settings;
mod supervise;

pub(crate) use program::inherited_from_cargo;

use std::path::{Path, PathBuf};
use std::time::Duration;

use oxg_broker::Broker;
use oxg_broker::launch::Launch;
use oxg_broker::tasks::MemoryTasks;
use oxg_manifest::Manifest;
use oxg_protocol::SecretName;
use oxg_protocol::task::NewTask;
use secrecy::SecretString;
use serde_json::{Map, Value};

use crate::args::{ArtifactArgs, OutputArgs, RunArgs};
use crate::error::{CliError, Exit};
use crate::files::Files;
use crate::report::{self, Report};
use crate::task_store::TaskStoreArgs;
use crate::terminal;
use input::Source;

/// Everything that a run needs, checked.
pub(crate) struct Plan {
    pub(crate) directory: PathBuf,
    pub(crate) manifest: Manifest,
    pub(crate) program: Option<PathBuf>,
    pub(crate) release: bool,
    pub(crate) tasks: Vec<NewTask>,
    pub(crate) task_store: TaskStoreArgs,
    pub(crate) secrets: Vec<(SecretName, SecretString)>,
    pub(crate) secret_sources: Vec<Source>,
    pub(crate) loopback_ports: Vec<u16>,
    pub(crate) authorities: Vec<PathBuf>,
    pub(crate) config: Map<String, Value>,
    pub(crate) timeout: Duration,
    pub(crate) log: Option<String>,
    pub(crate) artifacts: ArtifactArgs,
}

pub(crate) async fn run(args: RunArgs) -> Result<Exit, CliError> {
    let manifest = Manifest::read(args.directory.join("manifest.json"))?;
    // First: no error from here on repeats one.
    let secrets = input::secrets(&args.secrets)?;
    let config = args.config.as_deref().map(input::config).transpose()?.unwrap_or_default();
    settings::check(&manifest, &config)?;
    let plan = Plan {
        tasks: input::tasks(&args.tasks)?,
        task_store: args.task_store,
        secrets,
        secret_sources: input::secret_sources(&args.secret_sources)?,
        config,
        directory: args.directory,
        manifest,
        program: args.program,
        release: args.release,
        loopback_ports: args.allow_loopback,
        authorities: args.authorities,
        timeout: Duration::from_secs(args.timeout),
        log: args.log,
        artifacts: args.artifacts,
    };
    let report = execute(plan, &args.output).await?;
    report::print(&report, args.output.format);
    Ok(report.exit())
}

/// Builds, starts, watches and stops the plugin, and says what came of it.
pub(crate) async fn execute(plan: Plan, output: &OutputArgs) -> Result<Report, CliError> {
    let program = match &plan.program {
        Some(program) => absolute(program)?,
        None => program::find(&plan.directory, &plan.manifest, plan.release).await?,
    };
    let files = Files::prepare(output.keep.as_deref())?;
    let mut builder = Broker::builder()
        .directory(&files.directory)
        .redactor(terminal::redactor().clone())
        // The tasks of this run alone: nothing is left of them for a later one.
        .tasks(MemoryTasks::new());
    builder = plan.task_store.add_to(builder).await?;
    for file in &plan.authorities {
        builder = builder.ca_file(file)?;
    }
    let broker = plan.artifacts.apply(builder).await?.build()?;
    let mut session = broker.session(plan.manifest.clone()).config(plan.config);
    for (name, value) in plan.secrets {
        session = session.secret(name, value);
    }
    for source in plan.secret_sources {
        session = source.add_to(session);
    }
    for port in &plan.loopback_ports {
        session = session.allow_loopback(*port);
    }
    let session = session.open()?;
    for task in plan.tasks {
        session.enqueue(task).await?;
    }

    let listener = broker.listen_unix(files.private.path().join("broker.sock"))?;
    terminal::progress("broker", &listener.endpoint().to_string());
    for port in &plan.loopback_ports {
        terminal::progress("policy", &format!("port {port} of this machine is open to the plugin"));
    }
    for name in session.unredacted_secrets() {
        let warning = format!(
            "the secret {name} is not lent: it is too short or too common to be removed from logs and findings"
        );
        terminal::progress("warning", &warning);
    }

    let mut launch = Launch::new(
        program,
        &files.workspace,
        listener.endpoint().clone(),
        session.token().clone(),
        files.private.path().join("token"),
        broker.redactor().clone(),
    );
    if let Some(filter) = plan.log {
        launch = launch.log(filter);
    }
    if script::is_script(launch.program()) {
        launch = script::prepare(launch, &plan.directory, files.private.path())?;
    }
    let variables: Vec<_> = launch.environment().into_iter().map(|(name, _)| name).collect();
    let process = launch.spawn()?;
    let id = process.id().map_or_else(String::new, |id| format!("process {id}, "));
    let environment = variables.join(" ");
    terminal::progress("plugin", &format!("{id}environment: {environment}"));
    terminal::progress("", report::NOT_ISOLATED);

    let ending = supervise::supervise(process, &session, plan.timeout).await?;
    drop(listener);
    let report =
        Report::gather(&plan.manifest, &broker, &session, ending, files, &plan.artifacts).await?;
    broker.shutdown().await;
    Ok(report)
}

fn absolute(program: &Path) -> Result<PathBuf, CliError> {
    std::fs::canonicalize(program).map_err(|error| {
        CliError::argument("--program", format!("cannot read {}: {error}", program.display()))
    })
}
