use std::io::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::time::Duration;

use oxg_redact::Redactor;
use tracing::dispatcher;

use super::{RunError, RunSummary, Runtime, signals};
use crate::Plugin;
use crate::channel::BrokerChannel;
use crate::env::Environment;
use crate::exit::Exit;
use crate::failure::chain;
use crate::logging::{self, Form, Levels, LogPipeline, Logging};

/// How long a hook that computes without end can hold up the end of the process.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// Runs `plugin` in the environment that its launcher gave it, and says how it ended.
///
/// Reads the [environment](crate::env), installs logging, a panic hook and signals, and runs on a
/// runtime with a thread for each task that runs at a time and one more. So a hook that computes
/// without awaiting anything holds up neither its own lease nor other tasks; but it hears of a
/// cancellation or a stop only when it awaits. Work that it splits up belongs into `spawn_blocking`.
///
/// The last line on stderr says what to do where the [exit code](crate::exit) is not 0.
pub fn run<P: Plugin>(plugin: P) -> ExitCode {
    main(|| plugin)
}

/// As [`run`]; for `#[oxg_sdk::main]`. A panic in `plugin` is redacted too.
#[doc(hidden)]
pub fn main<P: Plugin>(plugin: impl FnOnce() -> P) -> ExitCode {
    #[cfg(feature = "schema")]
    if let Some(what) = oxg_protocol::env::DESCRIBE.read(|name| std::env::var_os(name)) {
        return super::describe::describe::<P>(&what);
    }
    let redactor = Redactor::default();
    logging::install_panic_hook(redactor.clone());
    let run = catch_unwind(AssertUnwindSafe(|| start(plugin, &redactor)));
    match run.unwrap_or_else(|panic| Err(RunError::Panic(logging::message(panic.as_ref())))) {
        Ok(_) => Exit::Ok.into(),
        Err(error) => {
            let exit = error.exit();
            let text = format!("{}; {}", chain(&error), exit.advice());
            let text = redactor.redact(&text);
            let text = logging::printable(&text);
            let _ = writeln!(std::io::stderr(), "error: {text}");
            exit.into()
        }
    }
}

fn start<P: Plugin>(
    plugin: impl FnOnce() -> P,
    redactor: &Redactor,
) -> Result<RunSummary, RunError> {
    let environment = Environment::of_process()?;
    let logging = set_up_logging(&environment, redactor)?;
    let _flush = Flush(logging.clone());
    let _ = dispatcher::set_global_default(logging.dispatch());
    #[cfg(feature = "log")]
    logging.take_log_records();
    let plugin = plugin();
    let channel = BrokerChannel::builder(&environment.broker)
        .map_err(RunError::Channel)?
        .token(environment.token)
        .redactor(redactor.clone())
        .build();
    let mut run = Runtime::new(plugin, channel).redactor(redactor.clone()).logging(logging);
    if let Some(workspace) = environment.workspace {
        run = run.workspace(workspace);
    }
    let tokio = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(run.threads())
        .enable_all()
        .build()
        .map_err(RunError::Runtime)?;
    let result = tokio.block_on(async {
        let shutdown = signals::shutdown().map_err(RunError::Runtime)?;
        run.run(shutdown).await
    });
    tokio.shutdown_timeout(LAST_WORDS);
    result
}

fn set_up_logging(environment: &Environment, redactor: &Redactor) -> Result<LogPipeline, RunError> {
    let mut logging = Logging::new(redactor.clone()).stderr(Form::Human).broker();
    // A log that says too little is better than a plugin that does not run.
    let levels = environment.log.as_deref().unwrap_or_default();
    let levels = if levels.is_empty() { Ok(Levels::default()) } else { levels.parse() };
    let told = levels.as_ref().err().map(|error| chain(error));
    logging = logging.levels(levels.unwrap_or_default());
    if let Some(directory) = &environment.workspace {
        logging = logging
            .directory(directory)
            .map_err(|source| RunError::Workspace { path: directory.clone(), source })?;
        #[cfg(feature = "otel")]
        {
            logging = logging
                .spans(directory)
                .map_err(|source| RunError::Workspace { path: directory.clone(), source })?;
        }
    }
    let logging = logging.build();
    if let Some(problem) = told {
        dispatcher::with_default(&logging.dispatch(), || {
            tracing::warn!("OXG_LOG cannot be read, so this logs at info: {problem}");
        });
    }
    Ok(logging)
}

/// Writes the last lines however the run ends.
struct Flush(LogPipeline);

impl Drop for Flush {
    fn drop(&mut self) {
        self.0.flush(LAST_WORDS);
    }
}
