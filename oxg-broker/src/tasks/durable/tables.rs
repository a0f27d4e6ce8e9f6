//! What stands in the file: two rows a task, and the time.

use std::collections::HashMap;
use std::fmt::Display;
use std::path::Path;
use std::sync::Arc;

use oxg_manifest::PluginName;
use redb::{Database, ReadableTable as _, TableDefinition};
use serde::de::DeserializeOwned;

use crate::tasks::clock::{Mark, Moment, Reading};
use crate::tasks::plugins::Plugin;
use crate::tasks::queue::{Change, Number, Queue};
use crate::tasks::record::Record;

type TaskTable = TableDefinition<'static, (&'static str, Number), &'static [u8]>;

/// What never changes of a task, apart from the rest: inputs may be long.
const WORK: TaskTable = TableDefinition::new("work");
const PROGRESS: TaskTable = TableDefinition::new("progress");
const ABOUT: TableDefinition<'static, &'static str, &'static [u8]> = TableDefinition::new("about");
const FORMAT: &str = "format";
const TIME: &str = "time";
/// The version of all this.
const VERSION: &[u8] = b"1";

type Open = Box<dyn FnMut() -> Result<Database, String> + Send>;

pub(super) struct Tables {
    open: Open,
    database: Option<Database>,
}

/// What a file held.
pub(super) struct Loaded {
    pub(super) now: Moment,
    pub(super) queues: HashMap<PluginName, Queue>,
}

/// What is to be written in one commit.
pub(super) struct Rows(Vec<Row>);

struct Row {
    plugin: PluginName,
    number: Number,
    /// `None`: delete it.
    progress: Option<Result<Vec<u8>, serde_json::Error>>,
    /// `None`: as it was.
    work: Option<Result<Vec<u8>, serde_json::Error>>,
}

impl Rows {
    pub(super) fn new() -> Self {
        Self(Vec::new())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Takes what changed in the queue of `plugin`; says whether anything did.
    pub(super) fn take(&mut self, plugin: &Arc<Plugin>) -> bool {
        let mut queue = plugin.queue();
        let changes = queue.take_changes();
        let changed = !changes.is_empty();
        for (number, change) in changes {
            let record = queue.record(number);
            let added = record.filter(|_| change == Change::Added);
            self.0.push(Row {
                plugin: plugin.name.clone(),
                number,
                progress: record.map(|record| serde_json::to_vec(&record.progress)),
                work: added.map(|record| serde_json::to_vec(&*record.work)),
            });
        }
        changed
    }
}

impl Tables {
    pub(super) fn new(open: impl FnMut() -> Result<Database, String> + Send + 'static) -> Self {
        Self { open: Box::new(open), database: None }
    }

    /// Reads everything, and checks that it can be read.
    pub(super) fn load(&mut self) -> Result<Loaded, String> {
        let database = self.database()?;
        prepare(database)?;
        let read = database.begin_read().map_err(text)?;
        let about = read.open_table(ABOUT).map_err(text)?;
        match about.get(FORMAT).map_err(text)? {
            Some(version) if version.value() == VERSION => {}
            _ => return Err("it was written by another version".to_owned()),
        }
        let mark: Option<Mark> =
            about.get(TIME).map_err(text)?.map(|mark| decode(mark.value())).transpose()?;
        let work = read.open_table(WORK).map_err(text)?;
        let progress = read.open_table(PROGRESS).map_err(text)?;
        let mut queues: HashMap<PluginName, Queue> = HashMap::new();
        for row in progress.iter().map_err(text)? {
            let (key, progress) = row.map_err(text)?;
            let (name, number) = key.value();
            let work = work.get((name, number)).map_err(text)?;
            let work = work.ok_or_else(|| format!("task {number} of {name} has no input"))?;
            let work = Arc::new(decode(work.value())?);
            let record = Record::of(work, decode(progress.value())?);
            queues.entry(name.parse().map_err(text)?).or_default().restore(number, record);
        }
        Ok(Loaded { now: Mark::resume(mark.as_ref(), &Reading::now()), queues })
    }

    /// Writes `rows` and the time, and waits until they are on disk.
    pub(super) fn commit(&mut self, rows: &Rows, now: Moment) -> Result<(), String> {
        let result = self.database().and_then(|database| write(database, rows, now));
        if result.is_err() {
            // It may refuse to go on until it is opened anew.
            self.database = None;
        }
        result
    }

    fn database(&mut self) -> Result<&Database, String> {
        if self.database.is_none() {
            self.database = Some((self.open)()?);
        }
        self.database.as_ref().ok_or_else(|| "it is closed".to_owned())
    }
}

/// Opens the file, or makes it.
pub(super) fn open_file(path: &Path) -> Result<Database, String> {
    use std::os::unix::fs::OpenOptionsExt as _;

    let mut options = std::fs::OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false).mode(0o600);
    let file = options.open(path).map_err(text)?;
    Database::builder().create_with_file_format_v3(true).create_file(file).map_err(text)
}

/// Makes the tables of a new file.
fn prepare(database: &Database) -> Result<(), String> {
    let write = database.begin_write().map_err(text)?;
    {
        write.open_table(WORK).map_err(text)?;
        write.open_table(PROGRESS).map_err(text)?;
        let mut about = write.open_table(ABOUT).map_err(text)?;
        if about.get(FORMAT).map_err(text)?.is_none() {
            about.insert(FORMAT, VERSION).map_err(text)?;
        }
    }
    write.commit().map_err(text)
}

fn write(database: &Database, rows: &Rows, now: Moment) -> Result<(), String> {
    let write = database.begin_write().map_err(text)?;
    {
        let mut work = write.open_table(WORK).map_err(text)?;
        let mut progress = write.open_table(PROGRESS).map_err(text)?;
        for row in &rows.0 {
            let key = (row.plugin.as_str(), row.number);
            if let Some(bytes) = &row.work {
                let bytes = bytes.as_ref().map_err(text)?;
                work.insert(key, bytes.as_slice()).map_err(text)?;
            }
            match &row.progress {
                Some(bytes) => {
                    let bytes = bytes.as_ref().map_err(text)?;
                    progress.insert(key, bytes.as_slice()).map_err(text)?;
                }
                None => {
                    work.remove(key).map_err(text)?;
                    progress.remove(key).map_err(text)?;
                }
            }
        }
        let mark = serde_json::to_vec(&Mark::new(now, &Reading::now())).map_err(text)?;
        let mut about = write.open_table(ABOUT).map_err(text)?;
        about.insert(TIME, mark.as_slice()).map_err(text)?;
    }
    write.commit().map_err(text)
}

fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, String> {
    serde_json::from_slice(bytes).map_err(|error| format!("a row cannot be read: {error}"))
}

fn text(error: impl Display) -> String {
    error.to_string()
}
