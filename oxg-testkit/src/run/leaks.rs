//! Where a canary came out.

use std::fmt::Write as _;

use http::header::{AUTHORIZATION, COOKIE};
use oxg_broker::TaskState;
use oxg_redact::Redactor;
use serde::Serialize;

use super::Run;

pub(super) fn check(run: &Run) -> Result<(), String> {
    let mut found = String::new();
    for (name, canary) in &run.canaries {
        let redactor = Redactor::default();
        if let Err(refused) = redactor.register(canary) {
            let _ = writeln!(found, "  the value of {name} cannot be looked for: {refused}");
            continue;
        }
        for (place, bytes) in surfaces(run) {
            if redactor.contains_known(&bytes) {
                let _ = writeln!(found, "  the secret {name} is in {place}");
            }
        }
    }
    if found.is_empty() { Ok(()) } else { Err(format!("secrets leaked\n{found}")) }
}

/// Everything that left the plugin, and where to.
fn surfaces(run: &Run) -> Vec<(String, Vec<u8>)> {
    let mut surfaces = Vec::new();
    for line in &run.logs {
        surfaces.push((format!("the log: {}", start_of(line)), line.clone().into_bytes()));
    }
    for line in &run.output {
        surfaces.push(("the output".to_owned(), line.clone().into_bytes()));
    }
    for (path, bytes) in &run.files {
        surfaces.push((format!("the file {}", path.display()), bytes.clone()));
    }
    for finding in &run.findings {
        surfaces.push((format!("the finding {}: {}", finding.kind, finding.id), json(finding)));
    }
    for (name, bytes) in &run.artifacts {
        surfaces.push((format!("the artifact {name}"), bytes.clone()));
        surfaces.push(("the name of an artifact".to_owned(), name.as_str().into()));
    }
    for task in &run.tasks {
        let result = match &task.state {
            TaskState::Completed(output) => json(output),
            TaskState::DeadLettered { reason } => reason.clone().into_bytes(),
            _ => Vec::new(),
        };
        surfaces.push((format!("the result of the task {}", task.input), result));
    }
    for sent in &run.sent {
        let origin = sent.url.origin();
        surfaces.push((format!("a URL sent to {origin}"), sent.url.as_str().into()));
        surfaces.push((format!("a body sent to {origin}"), sent.body.clone()));
        for (name, value) in sent.headers.iter().filter(|(name, _)| !carries_credentials(name)) {
            surfaces
                .push((format!("the header {name} sent to {origin}"), value.clone().into_bytes()));
        }
    }
    surfaces
}

/// Whether the header is where a secret belongs.
fn carries_credentials(name: &str) -> bool {
    name == AUTHORIZATION || name == COOKIE || Redactor::is_sensitive_name(name)
}

fn json(value: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(value).unwrap_or_default()
}

fn start_of(line: &str) -> String {
    // The line itself holds the secret: only its first field, the time, and the level are shown.
    line.chars().take(50).collect()
}
