//! Tasks, secrets and settings as they are typed.

use std::path::Path;

use oxg_broker::SessionBuilder;
use oxg_broker::secrets::{CommandSource, EnvironmentSource, FileSource};
#[cfg(feature = "vault")]
use oxg_broker::secrets::{VaultSettings, VaultSource};
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
    #[cfg(feature = "vault")]
    Vault(VaultSource),
}

impl Source {
    pub(crate) fn add_to(self, session: SessionBuilder) -> SessionBuilder {
        match self {
            Self::File(source) => session.secret_source(source),
            Self::Environment(source) => session.secret_source(source),
            Self::Command(source) => session.secret_source(source),
            #[cfg(feature = "vault")]
            Self::Vault(source) => session.secret_source(source),
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
    let invalid = |problem: String| CliError::argument("--secrets", problem);
    if let Some(command) = argument.strip_prefix("exec:") {
        let (program, arguments) = words(command).ok_or_else(|| {
            invalid("expected exec:PROGRAM, its arguments behind it, each quote closed".to_owned())
        })?;
        return Ok(Source::Command(CommandSource::new(program, arguments)));
    }
    if let Some(file) = argument.strip_prefix("vault:") {
        return vault(Path::new(file)).map_err(invalid);
    }
    FileSource::open(argument).map(Source::File).map_err(|error| invalid(error.to_string()))
}

/// A program and its arguments, split and unquoted as a POSIX shell does it, without anything else
/// that a shell does.
fn words(command: &str) -> Option<(String, std::vec::IntoIter<String>)> {
    let mut words = shlex::split(command)?.into_iter();
    Some((words.next().filter(|program| !program.is_empty())?, words))
}

#[cfg(feature = "vault")]
fn vault(file: &Path) -> Result<Source, String> {
    let opened = VaultSettings::read(file).and_then(VaultSource::new);
    opened.map(Source::Vault).map_err(|error| error.to_string())
}

#[cfg(not(feature = "vault"))]
fn vault(_: &Path) -> Result<Source, String> {
    Err("this `oxg` was built without the feature `vault`".to_owned())
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
pub(crate) fn json(what: &str, argument: &str) -> Result<Value, CliError> {
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
    fn a_command_is_split_as_a_shell_splits_and_nothing_in_it_is_expanded() {
        let split = |text: &str| {
            words(text).map(|(program, arguments)| {
                std::iter::once(program).chain(arguments).collect::<Vec<_>>()
            })
        };
        for (text, expected) in [
            ("/bin/get", vec!["/bin/get"]),
            ("get -n 'two words' \"a'b\" c\\ d", vec!["get", "-n", "two words", "a'b", "c d"]),
            ("get '$HOME' * `x` ;", vec!["get", "$HOME", "*", "`x`", ";"]),
            ("'/opt/my tools/get'", vec!["/opt/my tools/get"]),
        ] {
            assert_eq!(split(text).unwrap(), expected, "{text}");
        }
        for text in ["", "  ", "''", "get 'open"] {
            assert_eq!(split(text), None, "{text}");
            assert!(secret_source(&format!("exec:{text}")).is_err(), "{text}");
        }
    }

    #[cfg(feature = "vault")]
    #[test]
    fn what_is_wrong_with_a_vault_is_said_at_the_start() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("vault.toml");
        std::fs::write(&path, "address = \"http://vault.test\"\ntoken_env = \"PATH\"\n").unwrap();
        let argument = format!("vault:{}", path.display());
        let error = secret_sources(&[argument]).err().unwrap().to_string();
        assert!(error.contains("Vault: `address` is https://"), "{error}");
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
