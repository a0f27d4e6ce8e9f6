//! `oxg manifest config-schema`

use std::ffi::OsString;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use oxg_manifest::edit::set_config_schema;
use oxg_manifest::{ConfigSchema, Manifest};
use oxg_protocol::env;
use serde_json::Value;
use tokio::io::AsyncReadExt as _;
use tokio::process::Command;

use super::args::ConfigSchemaArgs;
use super::format::replace;
use super::input::Input;
use super::style::print_document;
use super::validate::valid;
use super::{Unreadable, Verdict};
use crate::run::inherited_from_cargo;
use crate::terminal;

/// The longest answer of a program, in bytes.
const MAX_ANSWER: u64 = 1024 * 1024;

/// How a plugin ends that was built without the feature: as one that was not started as a plugin.
const NOT_STARTED_AS_PLUGIN: i32 = 64;

pub(super) fn run(args: &ConfigSchemaArgs) -> Result<Verdict, Unreadable> {
    let input = Input::read_one(&args.manifest)?;
    let Some(manifest) = valid(&input) else {
        return Ok(Verdict::Bad);
    };
    let path = input.path.as_deref().ok_or_else(|| {
        Unreadable("--manifest: name a file; the plugin beside it is asked".to_owned())
    })?;
    let Some(schema) = ask(path, args)? else {
        terminal::failure(
            &"the plugin's settings have no schema; derive JsonSchema for its `Config`",
        );
        return Ok(Verdict::Bad);
    };
    if args.check {
        return Ok(check(&manifest, &schema, &input.name));
    }
    if !args.write {
        print_document(&format!("{:#}\n", schema.as_value()));
        return Ok(Verdict::Good);
    }
    match set_config_schema(&input.text, &schema) {
        Ok(text) if text.as_bytes() == input.text => {}
        Ok(text) => replace(path, &text).map_err(|error| {
            Unreadable(format!("{}: it cannot be written: {error}", input.name))
        })?,
        Err(error) => {
            terminal::failure(&format_args!("the schema has no place in the manifest: {error}"));
            return Ok(Verdict::Bad);
        }
    }
    Ok(Verdict::Good)
}

fn check(manifest: &Manifest, schema: &ConfigSchema, name: &str) -> Verdict {
    if manifest.config_schema.as_ref() == Some(schema) {
        return Verdict::Good;
    }
    terminal::failure(&format_args!(
        "{name}: configSchema is not that of the plugin; run `oxg manifest config-schema --write`"
    ));
    Verdict::Bad
}

/// The schema that the program says; `None` when it says that there is none.
fn ask(manifest: &Path, args: &ConfigSchemaArgs) -> Result<Option<ConfigSchema>, Unreadable> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Unreadable(format!("cannot start: {error}")))?;
    let limit = Duration::from_secs(args.timeout);
    let answer = runtime.block_on(async {
        tokio::time::timeout(limit, answer(command(manifest, &args.program))).await
    });
    let answer = answer.unwrap_or_else(|_| {
        Err(format!(
            "the program did not answer in {} s; give it more with --timeout",
            args.timeout
        ))
    });
    let answer = answer.map_err(Unreadable)?;
    let not_a_schema = |why: &dyn std::fmt::Display| {
        Unreadable(format!("what the program printed is not a JSON Schema: {why}"))
    };
    match serde_json::from_slice(&answer).map_err(|error| not_a_schema(&error))? {
        Value::Null => Ok(None),
        value => ConfigSchema::try_from(value).map(Some).map_err(|error| not_a_schema(&error)),
    }
}

fn command(manifest: &Path, program: &[OsString]) -> Command {
    let mut command = match program {
        [program, arguments @ ..] => {
            let mut command = Command::new(program);
            command.args(arguments);
            command
        }
        [] => {
            let mut command =
                Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
            command.args(["run", "--quiet", "--features", "schema"]);
            let folder = manifest.parent().filter(|folder| !folder.as_os_str().is_empty());
            command.current_dir(folder.unwrap_or(Path::new(".")));
            for name in inherited_from_cargo() {
                command.env_remove(name);
            }
            command
        }
    };
    command.env(env::DESCRIBE.name, env::CONFIG_SCHEMA);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).kill_on_drop(true);
    command
}

/// What the program prints before it exits with 0.
async fn answer(mut command: Command) -> Result<Vec<u8>, String> {
    let program = command.as_std().get_program().to_owned();
    let mut child = command
        .spawn()
        .map_err(|error| format!("cannot start {}: {error}", Path::new(&program).display()))?;
    let mut answer = Vec::new();
    if let Some(stdout) = child.stdout.take() {
        let read = stdout.take(MAX_ANSWER + 1).read_to_end(&mut answer).await;
        read.map_err(|error| format!("the program's answer was lost: {error}"))?;
    }
    if answer.len() as u64 > MAX_ANSWER {
        return Err(format!("the program printed more than {MAX_ANSWER} bytes"));
    }
    let status = child.wait().await.map_err(|error| format!("the program was lost: {error}"))?;
    match status.code() {
        Some(0) => Ok(answer),
        Some(NOT_STARTED_AS_PLUGIN) => Err(
            "the program was built without the feature `schema` of oxg-sdk; build it with that \
             feature"
                .to_owned(),
        ),
        _ => Err(format!("the program failed ({status}); it may say why above")),
    }
}
