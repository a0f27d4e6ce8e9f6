//! One run of the plugin, from its start to its end.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use oxg_broker::launch::PluginProcess;
use oxg_broker::{Broker, Session, TaskView};
use oxg_protocol::SecretName;
use oxg_protocol::task::NewTask;
use secrecy::{ExposeSecret as _, SecretString};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, sleep_until, timeout};

use super::PluginSuite;
use super::case::{Event, PluginCase};
use super::site::Site;
use super::socket::Socket;
use super::start::{canaries, launch};
use super::tap::{Tap, Tokens};
use super::transcript::Exchange;
use crate::conformance::ConformanceError;
use crate::run::files;
use crate::targets::resolver;

/// How long the broker is away in [`Event::Restart`].
const AWAY: Duration = Duration::from_secs(1);
/// How long a plugin may take to end once it is to, where the case does not say.
pub(super) const GRACE: Duration = Duration::from_secs(20);
/// How long a plugin that takes no tasks runs before it is asked to end.
const IDLE: Duration = Duration::from_secs(2);
/// How long the last lines of output are waited for.
const LAST_LINES: Duration = Duration::from_millis(500);
/// The most output that is kept, in lines of at most 8 KiB.
const MAX_LINES: usize = 4096;

/// What a run showed.
pub(super) struct Observed {
    pub(super) exchanges: Vec<Exchange>,
    pub(super) malformed: Vec<String>,
    pub(super) exit: Exit,
    /// When the plugin ended, since its start.
    pub(super) ended: Duration,
    /// What the plugin was to end for, and when, since its start.
    pub(super) cause: Option<(&'static str, Duration)>,
    pub(super) tasks: Vec<TaskView>,
    pub(super) output: Vec<String>,
    pub(super) files: BTreeMap<PathBuf, Vec<u8>>,
    /// The session's token, and its successor if there was one.
    pub(super) tokens: Vec<SecretString>,
    pub(super) secrets: BTreeMap<SecretName, String>,
    /// Whether it was asked to end by a signal.
    pub(super) signalled: bool,
}

impl Observed {
    /// Whether the plugin ended by a signal that nobody sent.
    pub(super) fn crashed(&self) -> bool {
        matches!(self.exit, Exit::Status(status) if status.code().is_none()) && !self.signalled
    }

    /// Why the broker had no occasion to do what the case is about, if it had none.
    pub(super) fn unused(&self, case: &PluginCase) -> Option<String> {
        let used = |index| self.exchanges.iter().any(|exchange| exchange.rule == Some(index));
        let (_, rule) = case.broker.iter().enumerate().find(|(index, _)| !used(*index))?;
        Some(match rule.skip {
            0 => format!("in this run the plugin made none of: {}", rule.on),
            skip => format!("in this run the plugin made no more than {skip} of: {}", rule.on),
        })
    }
}

/// How the process ended.
#[derive(Debug, Clone, Copy)]
pub(super) enum Exit {
    Status(ExitStatus),
    /// It did not end by itself, and was killed.
    Killed,
}

/// What a run consists of.
struct Running {
    session: Session,
    socket: Socket,
    tap: Arc<Tap>,
    process: PluginProcess,
    events: mpsc::Receiver<Event>,
    token_file: PathBuf,
    cause: Option<(&'static str, Duration)>,
    renewed: Option<SecretString>,
    signalled: bool,
}

/// Runs the plugin once.
pub(super) async fn run(
    suite: &PluginSuite,
    case: &PluginCase,
) -> Result<Observed, ConformanceError> {
    let broker = Broker::builder().resolver(resolver()).upstream(Site::default()).build()?;
    let result = run_against(&broker, suite, case).await;
    broker.shutdown().await;
    result
}

async fn run_against(
    broker: &Broker,
    suite: &PluginSuite,
    case: &PluginCase,
) -> Result<Observed, ConformanceError> {
    let secrets = canaries(suite);
    let mut session = broker.session(suite.manifest.clone()).config(suite.config.clone());
    for (name, value) in &secrets {
        session = session.secret(name.clone(), value.clone().into());
    }
    let session = session.open()?;
    for input in case.tasks.iter().filter(|_| suite.takes_tasks()) {
        session.enqueue(NewTask::new(suite.input(input))).await?;
    }
    let folder = tempfile::Builder::new().prefix("oxg-").tempdir();
    let folder = folder.map_err(ConformanceError::machine("make a folder"))?;
    let workspace = folder.path().join("workspace");
    std::fs::create_dir(&workspace).map_err(ConformanceError::machine("make a workspace"))?;

    let token = session.token().clone();
    let (sender, events) = mpsc::channel(16);
    let tap = Arc::new(Tap::new(broker.clone(), case, Tokens::new(&token), sender));
    let socket = Socket::open(case.start.transport, folder.path(), Arc::clone(&tap)).await;
    let mut socket = socket.map_err(ConformanceError::machine("listen for the plugin"))?;
    if case.start.no_broker {
        socket.go_away().await;
    }
    let token_file = folder.path().join("token");
    let launch = launch(suite, case, &socket, &session, &workspace, &token_file);
    let process = launch.spawn()?;
    let mut running = Running {
        session,
        socket,
        tap,
        process,
        events,
        token_file,
        cause: None,
        renewed: None,
        signalled: false,
    };
    let (exit, output) = running.watch(suite, case).await?;
    let ended = running.tap.now();
    running.socket.go_away().await;
    let mut tokens = vec![token];
    tokens.extend(running.renewed);
    let mut malformed = running.tap.malformed.lock().unwrap_or_else(PoisonError::into_inner);
    Ok(Observed {
        exchanges: running.tap.transcript.exchanges(),
        malformed: std::mem::take(&mut *malformed),
        exit,
        ended,
        cause: running.cause,
        tasks: running.session.tasks(),
        output,
        files: files::read(&workspace),
        tokens,
        secrets,
        signalled: running.signalled,
    })
}

impl Running {
    /// Lets the case happen until the plugin has ended.
    async fn watch(
        &mut self,
        suite: &PluginSuite,
        case: &PluginCase,
    ) -> Result<(Exit, Vec<String>), ConformanceError> {
        let mut lines = self.process.take_output();
        let mut output = Vec::new();
        let begin = Instant::now();
        let limit = begin + suite.limit;
        let within = case.expect.within_ms.map_or(GRACE, Duration::from_millis);
        let ends_by_rule = case.broker.iter().any(|rule| rule.then.is_some_and(Event::ends));
        // A run that the case ends is not ended because its tasks are done.
        let drains = suite.takes_tasks() && !ends_by_rule;
        let mut idle = !suite.takes_tasks();
        let mut deadline = match case.expect.within_ms {
            Some(_) if !ends_by_rule => limit.min(begin + within),
            _ => limit,
        };
        let exit = loop {
            tokio::select! {
                biased;
                Some(line) = lines.recv() => if output.len() < MAX_LINES { output.push(line) },
                status = self.process.wait() => {
                    let status = status.map_err(ConformanceError::machine("wait for the plugin"))?;
                    break Exit::Status(status);
                }
                Some(event) = self.events.recv() => {
                    self.happen(event).await?;
                    if event.ends() {
                        deadline = limit.min(Instant::now() + within);
                    }
                }
                () = self.session.settled(), if drains && self.cause.is_none() => {
                    self.cause = Some(("the broker's draining", self.tap.now()));
                    self.session.drain();
                    deadline = limit.min(Instant::now() + within);
                }
                () = sleep_until(begin + IDLE), if idle => {
                    idle = false;
                    self.happen(Event::Terminate).await?;
                    deadline = limit.min(Instant::now() + within);
                }
                () = sleep_until(deadline) => {
                    let killed = self.process.kill().await;
                    killed.map_err(ConformanceError::machine("kill the plugin"))?;
                    break Exit::Killed;
                }
            }
        };
        while let Ok(Some(line)) = timeout(LAST_LINES, lines.recv()).await {
            if output.len() < MAX_LINES {
                output.push(line);
            }
        }
        Ok((exit, output))
    }

    async fn happen(&mut self, event: Event) -> Result<(), ConformanceError> {
        match event {
            Event::Terminate => self.terminate("SIGTERM"),
            Event::HangAndTerminate => {
                self.tap.hang();
                self.terminate("SIGTERM, with a broker that hangs");
            }
            Event::Vanish => {
                self.cause = Some(("the end of the broker", self.tap.now()));
                self.socket.go_away().await;
            }
            Event::Restart => {
                self.socket.go_away().await;
                sleep(AWAY).await;
                let back = self.socket.come_back().await;
                back.map_err(ConformanceError::machine("listen for the plugin again"))?;
            }
            Event::NewToken => {
                let old = self.session.token().expose_secret();
                let token = SecretString::from(old.chars().rev().collect::<String>());
                let written = replace(&self.token_file, token.expose_secret());
                written.map_err(ConformanceError::machine("write the new token"))?;
                self.tap.renew_token(token.clone());
                self.renewed = Some(token);
            }
        }
        Ok(())
    }

    fn terminate(&mut self, cause: &'static str) {
        self.cause = Some((cause, self.tap.now()));
        self.signalled = true;
        self.process.terminate();
    }
}

/// Puts a new token in the place of the old one, in one step.
fn replace(path: &Path, token: &str) -> std::io::Result<()> {
    use std::io::Write as _;

    let folder = path.parent().unwrap_or(Path::new("."));
    // Only its owner can read it.
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(token.as_bytes())?;
    file.persist(path)?;
    Ok(())
}
