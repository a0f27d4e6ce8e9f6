//! The built plugin as a process of its own.

use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::sync::Arc;
use std::time::Duration;

use oxg_broker::launch::{self, Launch};
use oxg_broker::{Broker, Session};
use oxg_redact::{Kind, Redactor};
use serde_json::Value;
use tokio::time::{Instant, sleep_until, timeout};

use crate::calls::Calls;
use crate::cassette::Cassette;
use crate::host::Host;
use crate::run::{Capture, Ended, Run};
use crate::secrets::Secrets;
use crate::targets::Targets;

/// How long the last lines of output are waited for: a process that the plugin left behind may
/// hold its output open.
const LAST_LINES: Duration = Duration::from_secs(1);
/// What stands for the folder of the run in a launcher's arguments.
const FOLDER: &str = "{folder}";

/// A test of a built plugin, in any language: a process with an environment built from nothing,
/// on a Unix socket, against scripted targets.
///
/// ```no_run
/// # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
/// use oxg_testkit::prelude::*;
/// use oxg_testkit::PluginProcess;
///
/// let plugin = PluginProcess::new("target/debug/header-audit", "manifest.json");
/// plugin.http().on(get("https://shop.test/")).reply(200).body("<html>");
/// let run = plugin.task(json!({ "url": "https://shop.test/" })).await;
/// run.assert_completed();
/// run.assert_no_leaks(); // its standard output, standard error and workspace, too
/// # });
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// Dropped, it checks the script as [`Testkit`](crate::Testkit) does. A clone is the same plugin.
#[derive(Clone)]
pub struct PluginProcess {
    host: Arc<Host>,
    program: PathBuf,
    arguments: Vec<String>,
    launcher: Vec<String>,
    path: Option<String>,
    limit: Duration,
}

impl PluginProcess {
    /// The plugin `program` with the manifest in a file. Relative paths are those of the test.
    ///
    /// # Panics
    /// If the manifest cannot be read.
    #[must_use]
    #[track_caller]
    #[allow(clippy::panic, reason = "a plugin without a manifest is a failed test")]
    pub fn new(program: impl Into<PathBuf>, manifest: impl AsRef<Path>) -> Self {
        let path = manifest.as_ref();
        let manifest = std::fs::read(path);
        let manifest = manifest.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        Self {
            host: Arc::new(Host::new(&manifest)),
            program: program.into(),
            arguments: Vec::new(),
            launcher: Vec::new(),
            path: None,
            limit: Duration::from_secs(60),
        }
    }

    /// Arguments of the plugin's. Default: none, as in production.
    #[must_use]
    pub fn arguments(mut self, arguments: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.arguments = arguments.into_iter().map(Into::into).collect();
        self
    }

    /// Starts the plugin through another program: a sandbox, a container runtime. The plugin's
    /// program and arguments follow these. `{folder}` in one stands for the folder of the run,
    /// which holds the broker's socket, the token and the workspace; a container needs it under
    /// the same path. The program is looked for in the test's own `PATH`.
    ///
    /// ```
    /// # use oxg_testkit::PluginProcess;
    /// # fn example(plugin: PluginProcess) -> PluginProcess {
    /// plugin.launcher([
    ///     "podman", "run", "--rm", "--network=none", "--read-only", "--volume={folder}:{folder}",
    ///     "--env=OXG_*", "header-audit:1.0",
    /// ])
    /// # }
    /// ```
    #[must_use]
    pub fn launcher(mut self, command: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.launcher = command.into_iter().map(Into::into).collect();
        self
    }

    /// Sets `PATH` for the plugin: where scripts find programs. Default: there is none.
    #[must_use]
    pub fn path(mut self, path: impl Into<String>) -> Self {
        self.path = Some(path.into());
        self
    }

    /// How long a run may take before the plugin is killed. Default 60 s.
    #[must_use]
    pub fn limit(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }

    /// The scripted targets.
    #[must_use]
    pub fn http(&self) -> &Targets {
        &self.host.targets
    }

    /// Replays a cassette where nothing is scripted; with `OXG_RECORD=1`, records it. It takes the
    /// place of the one before it.
    ///
    /// # Panics
    /// If it cannot be read. While recording: if a secret cannot be read or kept out.
    #[track_caller]
    pub fn cassette(&self, cassette: impl Into<Cassette>) {
        self.host.cassette(cassette.into());
    }

    /// The calls that the plugin makes of its broker: which are expected, and which go wrong.
    #[must_use]
    pub fn calls(&self) -> &Calls {
        &self.host.calls
    }

    /// Where the secrets come from.
    #[must_use]
    pub fn secrets(&self) -> &Secrets {
        &self.host.secrets
    }

    /// The broker itself.
    #[must_use]
    pub fn broker(&self) -> &Broker {
        &self.host.broker
    }

    /// The value of a secret: a canary, planted on first use. Those that the manifest names are
    /// planted already.
    ///
    /// # Panics
    /// If `name` is not the name of a secret.
    #[track_caller]
    pub fn secret(&self, name: &str) -> String {
        self.host.secrets.canary(name)
    }

    /// Settings in place of those in the manifest, key by key.
    ///
    /// # Panics
    /// If `settings` is not a JSON object.
    #[track_caller]
    pub fn config(&self, settings: Value) {
        self.host.config(settings);
    }

    /// Runs the plugin on one task, from its start to its end.
    ///
    /// # Panics
    /// If the plugin cannot be started. Outside of a Tokio runtime with real time and I/O.
    pub async fn task(&self, input: Value) -> Run {
        self.tasks([input]).await
    }

    /// Runs the plugin on several tasks, from its start to its end.
    ///
    /// # Panics
    /// As [`task`](Self::task).
    #[allow(clippy::panic, reason = "a plugin that cannot be started is a failed test")]
    pub async fn tasks(&self, inputs: impl IntoIterator<Item = Value>) -> Run {
        let session = self.host.session(inputs.into_iter().collect()).await;
        let folder = tempfile::tempdir().unwrap_or_else(|error| panic!("no folder: {error}"));
        let workspace = folder.path().join("workspace");
        std::fs::create_dir(&workspace).unwrap_or_else(|error| panic!("no workspace: {error}"));
        let listener = self.host.broker.listen_unix(folder.path().join("broker.sock"));
        let listener = listener.unwrap_or_else(|error| panic!("{error}"));
        let capture = Capture::begin(&self.host);

        let (program, arguments) = self.command(folder.path());
        let mut launch = Launch::new(
            program,
            &workspace,
            listener.endpoint().clone(),
            session.token().clone(),
            folder.path().join("token"),
            nothing_redacted(),
        )
        .arguments(arguments);
        if let Some(path) = &self.path {
            launch = launch.path(path);
        }
        let mut process = launch.spawn().unwrap_or_else(|error| panic!("{error}"));
        let (ended, output) = watch(&mut process, &session, self.limit).await;
        let logs = capture.shipped(&self.host);
        let mut run = capture.end(&self.host, &session, &workspace, ended, logs).await;
        run.output = output;
        run
    }

    /// The program to start, and its arguments.
    fn command(&self, folder: &Path) -> (PathBuf, Vec<String>) {
        let folder = folder.to_string_lossy();
        let mut launcher = self.launcher.iter().map(|part| part.replace(FOLDER, &folder));
        let Some(first) = launcher.next() else {
            return (self.program.clone(), self.arguments.clone());
        };
        let program = std::path::absolute(&self.program).unwrap_or_else(|_| self.program.clone());
        let plugin = [program.to_string_lossy().into_owned()];
        (found_in_path(&first), launcher.chain(plugin).chain(self.arguments.clone()).collect())
    }
}

impl std::fmt::Debug for PluginProcess {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PluginProcess")
            .field("program", &self.program)
            .field("launcher", &self.launcher)
            .finish_non_exhaustive()
    }
}

/// Waits for the tasks, then for the plugin, for at most `limit`.
async fn watch(
    process: &mut launch::PluginProcess,
    session: &Session,
    limit: Duration,
) -> (Ended, Vec<String>) {
    let mut lines = process.take_output();
    let (mut output, mut settled) = (Vec::new(), false);
    let deadline = Instant::now() + limit;
    let ended = loop {
        tokio::select! {
            biased;
            Some(line) = lines.recv() => output.push(line),
            status = process.wait() => break status.map_or(Ended::Killed, Ended::Exited),
            () = session.settled(), if !settled => {
                session.drain();
                settled = true;
            }
            () = sleep_until(deadline) => {
                let _: Result<ExitStatus, _> = process.kill().await;
                break Ended::Killed;
            }
        }
    };
    while let Ok(Some(line)) = timeout(LAST_LINES, lines.recv()).await {
        output.push(line);
    }
    (ended, output)
}

/// A test looks for what leaked, so it must see it.
#[allow(clippy::panic, reason = "there is no value that could be refused")]
pub(crate) fn nothing_redacted() -> Redactor {
    let off =
        Kind::ALL.into_iter().fold(Redactor::builder(), |builder, kind| builder.kind(kind, false));
    off.build().unwrap_or_else(|error| panic!("{error}"))
}

fn found_in_path(program: &str) -> PathBuf {
    let folders = std::env::var_os("PATH").unwrap_or_default();
    let mut found = std::env::split_paths(&folders).map(|folder| folder.join(program));
    match program.contains('/') {
        true => program.into(),
        false => found.find(|path| path.is_file()).unwrap_or_else(|| program.into()),
    }
}
