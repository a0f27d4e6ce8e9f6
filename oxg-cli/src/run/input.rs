//! Tasks, secrets and settings as they are typed.

use std::path::Path;

use oxg_broker::SessionBuilder;
use oxg_broker::secrets::{CommandSource, EnvironmentSource, FileSource};
use oxg_protocol::SecretName;
use oxg_protocol::task::NewTask;
use secrecy::{ExposeSecret as _, SecretString, zeroize::Zeroize as _};
use serde_json::{Map, Value};

use crate::error::CliError;
use crate::terminal;

/// The largest file that is read, in bytes.
const MAX_FILE: u64 = 16 << 20;

pub(crate) fn tasks(arguments: &[String]) -> Result<Vec<NewTask>, CliError> {
    let mut tasks = Vec::new();
    for argument in arguments {
        match json("--task", argument)? {
            Value::Array(inputs) => tasks.extend(inputs.into_iter().map(NewTask::new)),
            input => tasks.push(NewTask::new(input)),
        }
    }
    if tasks.is_empty() {
        return Err(CliError::argument("--task", "the array is empty; name at least one task"));
    }
    Ok(tasks)
}

pub(crate) fn config(argument: &str) -> Result<Map<String, Value>, CliError> {
    match json("--config", argument)? {
        Value::Object(settings) => Ok(settings),
        _ => Err(CliError::argument("--config", "settings are a JSON object")),
    }
}

pub(crate) fn secrets(arguments: &[String]) -> Result<Vec<(SecretName, SecretString)>, CliError> {
    arguments.iter().map(|argument| secret(argument)).collect()
}

/// A source of secrets, as `--secrets` names it.
pub(crate) enum Source {
    File(FileSource),
    Environment(EnvironmentSource),
    Command(CommandSource),
}

impl Source {
    pub(crate) fn add_to(self, session: SessionBuilder) -> SessionBuilder {
        match self {
            Self::File(source) => session.secret_source(source),
            Self::Environment(source) => session.secret_source(source),
            Self::Command(source) => session.secret_source(source),
        }
    }
}

pub(crate) fn secret_sources(arguments: &[String]) -> Result<Vec<Source>, CliError> {
    arguments.iter().map(|argument| secret_source(argument)).collect()
}

fn secret_source(argument: &str) -> Result<Source, CliError> {
    if argument == "env" {
        return Ok(Source::Environment(EnvironmentSource::of_process()));
    }
    if let Some(program) = argument.strip_prefix("exec:") {
        return Ok(Source::Command(CommandSource::new(program, [""; 0])));
    }
    let opened = FileSource::open(argument).map(Source::File);
    opened.map_err(|error| CliError::argument("--secrets", error.to_string()))
}

/// No message of this function repeats what was typed: it may be the secret.
fn secret(argument: &str) -> Result<(SecretName, SecretString), CliError> {
    let invalid = |problem: String| CliError::argument("--secret", problem);
    let (name, value) = argument
        .split_once('=')
        .ok_or_else(|| invalid("expected NAME=VALUE or NAME=@FILE".to_owned()))?;
    let name: SecretName = name.parse().map_err(|error| invalid(format!("{error}")))?;
    let value = match value.strip_prefix('@') {
        None => SecretString::from(value),
        Some(path) => {
            let mut text = read("--secret", Path::new(path))?;
            let value = SecretString::from(text.trim_end_matches(['\r', '\n']));
            text.zeroize();
            value
        }
    };
    // What is printed from here on does not repeat it. One that is refused is warned about later.
    let _ = terminal::redactor().register(value.expose_secret());
    Ok((name, value))
}

/// JSON as typed, or from a file.
fn json(what: &str, argument: &str) -> Result<Value, CliError> {
    let typed = serde_json::from_str(argument);
    if let Ok(value) = typed {
        return Ok(value);
    }
    let (place, result) = if argument.trim_start().starts_with(['{', '[', '"']) {
        (what.to_owned(), typed)
    } else {
        let text = read(what, Path::new(argument))?;
        (format!("{what} {argument}"), serde_json::from_str(&text))
    };
    result.map_err(|error| CliError::argument(place, format!("not JSON: {error}")))
}

fn read(what: &str, path: &Path) -> Result<String, CliError> {
    let read = || {
        if std::fs::metadata(path)?.len() > MAX_FILE {
            return Err(std::io::Error::other(format!("it is larger than {MAX_FILE} bytes")));
        }
        std::fs::read_to_string(path)
    };
    read().map_err(|error| {
        CliError::argument(what, format!("cannot read {}: {error}", path.display()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owned(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|text| (*text).to_owned()).collect()
    }

    #[test]
    fn tasks_come_typed_from_files_and_in_arrays() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("tasks.json");
        std::fs::write(&path, "[1, 2]").unwrap();
        let arguments = owned(&["{\"a\": 1}", path.to_str().unwrap()]);
        let inputs: Vec<_> =
            tasks(&arguments).unwrap().into_iter().map(|task| task.input).collect();
        assert_eq!(inputs, [serde_json::json!({"a": 1}), 1.into(), 2.into()]);
        assert_eq!(tasks(&owned(&["3"])).unwrap()[0].input, 3);
        assert!(tasks(&owned(&["[]"])).is_err());
    }

    #[test]
    fn what_is_wrong_with_a_secret_is_said_without_the_secret() {
        for argument in ["hunter2-hunter2", "Bad Name=hunter2-hunter2"] {
            let error = secrets(&owned(&[argument])).unwrap_err();
            assert!(!error.to_string().contains("hunter2"), "{error}");
        }
    }

    #[test]
    fn a_secret_file_is_read_without_its_last_line_break() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("token");
        std::fs::write(&path, "a=b\n").unwrap();
        let (name, value) = secret(&format!("t=@{}", path.display())).unwrap();
        assert_eq!((name.as_str(), value.expose_secret()), ("t", "a=b"));
    }
}
