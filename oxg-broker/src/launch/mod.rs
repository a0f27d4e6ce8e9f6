//! Starting a plugin: a process of its own, with an environment built from nothing.

mod output;

use std::ffi::{OsStr, OsString};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use oxg_protocol::{Endpoint, env};
use rustix::process::{Pid, Signal, kill_process_group};
use secrecy::{ExposeSecret as _, SecretString};
use tokio::process::{Child, Command};
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_util::task::AbortOnDropHandle;

use oxg_redact::Redactor;

pub use output::OutputLine;
use output::forward;

/// How many lines wait for the host at most; the plugin waits when they are not taken.
const LINES: usize = 256;

/// What a plugin is started with. Its environment holds where the broker is, where its token is,
/// and where it may write; nothing of the host's.
#[derive(Debug)]
pub struct Launch {
    program: PathBuf,
    arguments: Vec<OsString>,
    workspace: PathBuf,
    endpoint: Endpoint,
    token: SecretString,
    token_file: PathBuf,
    redactor: Redactor,
    log: Option<OsString>,
    directory: Option<PathBuf>,
    path: Option<OsString>,
    variables: Vec<(&'static str, Option<OsString>)>,
}

/// Why a plugin could not be started.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LaunchError {
    /// The token could not be put where the plugin reads it.
    #[error("cannot write the token file {}: {source}", path.display())]
    TokenFile {
        /// Where.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The program could not be started.
    #[error("cannot start {}: {source}; is it there, and executable?", program.display())]
    Start {
        /// Which.
        program: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// A running plugin. When it ends or this is dropped, everything that it started is killed, except
/// what left its process group.
#[derive(Debug)]
pub struct PluginProcess {
    child: Child,
    /// Its process group, until its end has been waited for.
    group: Option<Pid>,
    output: mpsc::Receiver<OutputLine>,
    readers: Vec<AbortOnDropHandle<()>>,
}

impl Launch {
    /// `program` is started in `workspace`, which it may write; the token goes into `token_file`,
    /// which only this user can read. Relative paths are those of the host.
    #[must_use]
    pub fn new(
        program: impl Into<PathBuf>,
        workspace: impl Into<PathBuf>,
        endpoint: Endpoint,
        token: SecretString,
        token_file: impl Into<PathBuf>,
        redactor: Redactor,
    ) -> Self {
        Self {
            program: absolute(program.into()),
            arguments: Vec::new(),
            workspace: absolute(workspace.into()),
            endpoint,
            token,
            token_file: absolute(token_file.into()),
            redactor,
            log: None,
            directory: None,
            path: None,
            variables: Vec::new(),
        }
    }

    /// The program that is to be started.
    #[must_use]
    pub fn program(&self) -> &Path {
        &self.program
    }

    /// Arguments of the program. Default: none.
    #[must_use]
    pub fn arguments(mut self, arguments: impl IntoIterator<Item = impl Into<OsString>>) -> Self {
        self.arguments = arguments.into_iter().map(Into::into).collect();
        self
    }

    /// Sets `OXG_LOG`: what the plugin logs.
    #[must_use]
    pub fn log(mut self, filter: impl Into<OsString>) -> Self {
        self.log = Some(filter.into());
        self
    }

    /// Starts the plugin in this directory. Default: the workspace.
    #[must_use]
    pub fn directory(mut self, directory: impl Into<PathBuf>) -> Self {
        self.directory = Some(absolute(directory.into()));
        self
    }

    /// Sets `PATH`: where scripts find programs. Default: there is none.
    #[must_use]
    pub fn path(mut self, path: impl Into<OsString>) -> Self {
        self.path = Some(path.into());
        self
    }

    /// Sets a variable to something else than a launcher does, or takes it away: how tests find out
    /// what a plugin does then.
    #[must_use]
    pub fn variable(mut self, name: &'static str, value: Option<OsString>) -> Self {
        self.variables.push((name, value));
        self
    }

    /// The whole environment of the plugin.
    #[must_use]
    pub fn environment(&self) -> Vec<(&'static str, OsString)> {
        let mut variables = vec![
            (env::BROKER.name, self.endpoint.to_string().into()),
            (env::TOKEN_FILE.name, self.token_file.clone().into()),
        ];
        for name in env::WORKSPACE.spellings() {
            variables.push((name, self.workspace.clone().into()));
        }
        variables.extend(self.path.iter().map(|path| ("PATH", path.clone())));
        variables.extend(self.log.iter().map(|filter| (env::LOG.name, filter.clone())));
        for (name, value) in &self.variables {
            variables.retain(|(known, _)| known != name);
            variables.extend(value.iter().map(|value| (*name, value.clone())));
        }
        variables
    }

    /// Starts the plugin.
    ///
    /// # Errors
    /// [`LaunchError`].
    ///
    /// # Panics
    /// Outside of a Tokio runtime with I/O enabled.
    pub fn spawn(self) -> Result<PluginProcess, LaunchError> {
        write_private(&self.token_file, self.token.expose_secret().as_bytes())
            .map_err(|source| LaunchError::TokenFile { path: self.token_file.clone(), source })?;
        let mut child = Command::new(&self.program)
            .args(&self.arguments)
            .env_clear()
            .envs(self.environment())
            .current_dir(self.directory.as_ref().unwrap_or(&self.workspace))
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(|source| LaunchError::Start { program: self.program.clone(), source })?;
        let (sender, output) = mpsc::channel(LINES);
        let mut readers = Vec::new();
        if let Some(stdout) = child.stdout.take() {
            readers.push(forward(stdout, sender.clone(), &self.redactor));
        }
        if let Some(stderr) = child.stderr.take() {
            readers.push(forward(stderr, sender, &self.redactor));
        }
        let group = child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
        Ok(PluginProcess { child, group, output, readers })
    }
}

impl PluginProcess {
    /// What the plugin writes, line by line; it ends some time after the plugin does. Whoever
    /// takes it and lets it lie holds the plugin up once 256 lines wait.
    pub fn take_output(&mut self) -> mpsc::Receiver<OutputLine> {
        std::mem::replace(&mut self.output, mpsc::channel(1).1)
    }

    /// The process id, until the end of the process has been waited for.
    #[must_use]
    pub fn id(&self) -> Option<u32> {
        self.child.id()
    }

    /// Waits for the end of the process itself.
    ///
    /// # Errors
    /// If the system cannot tell.
    pub async fn wait(&mut self) -> io::Result<ExitStatus> {
        let status = self.child.wait().await;
        // What is left of the group keeps its id from being given to another.
        self.signal(Signal::KILL);
        self.group = None;
        status
    }

    /// Asks the plugin to stop (`SIGTERM`), and leaves the rest to the caller.
    pub fn terminate(&self) {
        self.signal(Signal::TERM);
    }

    /// Asks the plugin to stop (`SIGTERM`), and kills it if it has not after `grace`. Output
    /// that is not taken does not hold it up.
    ///
    /// # Errors
    /// If the system cannot tell how it ended.
    pub async fn stop(&mut self, grace: Duration) -> io::Result<ExitStatus> {
        self.signal(Signal::TERM);
        self.output.close();
        if let Ok(status) = timeout(grace, self.wait()).await {
            return status;
        }
        self.kill().await
    }

    /// Kills the plugin and everything that it started.
    ///
    /// # Errors
    /// If the system cannot tell how it ended.
    pub async fn kill(&mut self) -> io::Result<ExitStatus> {
        self.signal(Signal::KILL);
        self.output.close();
        self.wait().await
    }

    fn signal(&self, signal: Signal) {
        if let Some(group) = self.group {
            let _ = kill_process_group(group, signal);
        }
    }
}

impl Drop for PluginProcess {
    fn drop(&mut self) {
        self.signal(Signal::KILL);
        self.readers.clear();
    }
}

/// The plugin starts in another directory.
fn absolute(path: PathBuf) -> PathBuf {
    std::path::absolute(&path).unwrap_or(path)
}

/// Writes a file that only this user can read, in one step.
fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    use std::io::Write as _;
    use std::os::unix::fs::OpenOptionsExt as _;

    let mut name = path.file_name().unwrap_or(OsStr::new("token")).to_owned();
    name.push(".new");
    let new = path.with_file_name(name);
    // Never into a file, or through a link, that somebody put there.
    match std::fs::remove_file(&new) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file =
        std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&new)?;
    file.write_all(bytes)?;
    std::fs::rename(&new, path)
}
