//! Which program a plugin's folder stands for.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use oxg_manifest::Manifest;
use serde::Deserialize;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::Command;

use crate::error::CliError;
use crate::terminal;

/// What cargo says of each thing that it built.
#[derive(Debug, Deserialize)]
struct Message {
    reason: String,
    executable: Option<PathBuf>,
    target: Option<Target>,
}

#[derive(Debug, Deserialize)]
struct Target {
    name: String,
}

/// The program of `directory`: built with cargo if there is a `Cargo.toml`, else the entry.
pub(crate) async fn find(
    directory: &Path,
    manifest: &Manifest,
    release: bool,
) -> Result<PathBuf, CliError> {
    let cargo = directory.join("Cargo.toml");
    if cargo.is_file() {
        return build(&cargo, manifest, release).await;
    }
    let entry = directory.join(manifest.entry.as_path());
    std::fs::canonicalize(&entry).map_err(|source| CliError::Build {
        problem: format!(
            "{} is named as `entry` in manifest.json and cannot be read: {source}",
            entry.display()
        ),
    })
}

async fn build(cargo: &Path, manifest: &Manifest, release: bool) -> Result<PathBuf, CliError> {
    terminal::progress("build", &format!("cargo build, {}", cargo.display()));
    let failed = |problem: String| CliError::Build { problem };
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(["build", "--message-format", "json-render-diagnostics", "--manifest-path"]);
    command.arg(cargo).args(release.then_some("--release"));
    command.stdin(Stdio::null()).stdout(Stdio::piped()).kill_on_drop(true);
    for name in inherited_from_cargo() {
        command.env_remove(name);
    }
    let mut child = command.spawn().map_err(|error| {
        failed(format!("cannot start cargo: {error}; is a Rust tool-chain installed?"))
    })?;

    let mut programs = Vec::new();
    if let Some(stdout) = child.stdout.take() {
        let mut lines = BufReader::new(stdout).lines();
        while let Ok(Some(line)) = lines.next_line().await {
            let Ok(message) = serde_json::from_str::<Message>(&line) else {
                continue;
            };
            if let ("compiler-artifact", Some(program), Some(target)) =
                (message.reason.as_str(), message.executable, message.target)
            {
                programs.push((target.name, program));
            }
        }
    }
    let status = child.wait().await.map_err(|error| failed(format!("cargo was lost: {error}")))?;
    if !status.success() {
        return Err(failed("the plugin does not compile; cargo says why above".to_owned()));
    }
    let entry = manifest.entry.as_path().file_name();
    let named = programs.iter().position(|(name, _)| entry == Some(name.as_ref()));
    match (named, programs.len()) {
        (Some(index), _) => Ok(programs.swap_remove(index).1),
        (None, 1) => Ok(programs.swap_remove(0).1),
        (None, 0) => {
            Err(failed("cargo built no program here; a plugin has a src/main.rs".to_owned()))
        }
        (None, _) => Err(failed(format!(
            "cargo built several programs and none has the name of `entry` in manifest.json, {:?}",
            manifest.entry.as_path()
        ))),
    }
}

/// Variables that `cargo run` sets for its program. A cargo below must not see them: build scripts
/// that watch them would run again.
pub(crate) fn inherited_from_cargo() -> Vec<OsString> {
    let names = std::env::vars_os().map(|(name, _)| name);
    names
        .filter(|name| {
            let name = name.to_string_lossy();
            ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_", "CARGO_CRATE_"]
                .iter()
                .any(|prefix| name.starts_with(prefix))
        })
        .collect()
}
