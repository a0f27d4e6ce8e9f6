//! `log`.

use std::time::SystemTime;

use clap::ValueEnum;
use oxg_protocol::log::{Level, LogRecord};
use serde_json::{Map, Value};

use super::{Failed, ForTask, LeaseFile, connect};

#[derive(Debug, clap::Args)]
pub(crate) struct LogArgs {
    /// What to say. Several words become one line.
    #[arg(required = true, value_name = "MESSAGE")]
    words: Vec<String>,
    /// How much it matters.
    #[arg(long, value_enum, default_value_t = LogLevel::Info)]
    level: LogLevel,
    /// A particular, as text. Repeatable.
    #[arg(long = "field", value_name = "KEY=VALUE")]
    fields: Vec<String>,
    #[command(flatten)]
    task: ForTask,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum LogLevel {
    Trace,
    Debug,
    Info,
    Warn,
    Error,
}

impl From<LogLevel> for Level {
    fn from(level: LogLevel) -> Self {
        match level {
            LogLevel::Trace => Self::Trace,
            LogLevel::Debug => Self::Debug,
            LogLevel::Info => Self::Info,
            LogLevel::Warn => Self::Warn,
            LogLevel::Error => Self::Error,
        }
    }
}

pub(super) async fn run(args: LogArgs) -> Result<(), Failed> {
    let task_id = args.task.file.as_deref().map(LeaseFile::read).transpose()?;
    let record = LogRecord {
        ts: humantime::format_rfc3339_millis(SystemTime::now()).to_string(),
        level: args.level.into(),
        target: "script".to_owned(),
        msg: args.words.join(" "),
        plugin: None,
        run_id: None,
        task_id: task_id.map(|lease| lease.task_id),
        trace_id: None,
        fields: fields(&args.fields)?,
        spans: Vec::new(),
    };
    Ok(connect()?.log(record).await?)
}

fn fields(pairs: &[String]) -> Result<Map<String, Value>, Failed> {
    let pair = |pair: &String| {
        let (key, value) = pair
            .split_once('=')
            .ok_or_else(|| Failed::Usage("--field: expected KEY=VALUE".to_owned()))?;
        Ok((key.to_owned(), Value::from(value)))
    };
    pairs.iter().map(pair).collect()
}
