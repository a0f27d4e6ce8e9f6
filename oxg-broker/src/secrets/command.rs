use std::ffi::OsString;
use std::process::Stdio;
use std::time::Duration;

use oxg_protocol::SecretName;
use secrecy::SecretString;
use secrecy::zeroize::Zeroizing;
use tokio::io::AsyncReadExt as _;
use tokio::process::Command;
use tokio::time::timeout;

use super::{FetchedSecret, Fetching, SecretSource, SourceError};

/// The longest value, in bytes: what a redactor can look for.
const MAX_VALUE: usize = oxg_redact::MAX_VALUE_LEN;

/// Secrets from a program: it is started for each, without a shell, with the names of the plugin
/// and of the secret as its last two arguments, and prints the value. One line break at the end is
/// not part of it. Exit code 1 means that there is no such secret.
#[derive(Debug, Clone)]
pub struct CommandSource {
    program: OsString,
    arguments: Vec<OsString>,
    deadline: Duration,
}

impl CommandSource {
    /// The program, and the arguments before the names.
    pub fn new(
        program: impl Into<OsString>,
        arguments: impl IntoIterator<Item = impl Into<OsString>>,
    ) -> Self {
        let arguments = arguments.into_iter().map(Into::into).collect();
        Self { program: program.into(), arguments, deadline: Duration::from_secs(5) }
    }

    /// How long it may take before it is killed. Default 5 s.
    #[must_use]
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    async fn ask(
        &self,
        plugin: &str,
        name: &SecretName,
    ) -> Result<Option<FetchedSecret>, SourceError> {
        let program = self.program.to_string_lossy().into_owned();
        let failed = |source| SourceError::Start { program: program.clone(), source };
        let mut child = Command::new(&self.program)
            .args(&self.arguments)
            .args([plugin, name.as_str()])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .map_err(failed)?;
        let mut value = Zeroizing::new(Vec::with_capacity(MAX_VALUE + 2));
        if let Some(output) = child.stdout.take() {
            let most = MAX_VALUE as u64 + 2;
            output.take(most).read_to_end(&mut value).await.map_err(failed)?;
        }
        if value.len() > MAX_VALUE + 1 {
            return Err(SourceError::Value(MAX_VALUE));
        }
        let status = child.wait().await.map_err(failed)?;
        if status.code() == Some(1) {
            return Ok(None);
        }
        if !status.success() {
            return Err(SourceError::Command { program, status: status.to_string() });
        }
        let text = std::str::from_utf8(&value).ok();
        let text = text.map(|text| text.strip_suffix('\n').unwrap_or(text));
        let text = text.filter(|text| !text.is_empty() && text.len() <= MAX_VALUE);
        text.map(|text| Some(SecretString::from(text).into())).ok_or(SourceError::Value(MAX_VALUE))
    }
}

impl SecretSource for CommandSource {
    fn fetch<'a>(&'a self, plugin: &'a str, name: &'a SecretName) -> Fetching<'a> {
        Box::pin(async move {
            // Dropping the future kills the program.
            let asked = timeout(self.deadline, self.ask(plugin, name)).await;
            asked.unwrap_or(Err(SourceError::Deadline(self.deadline)))
        })
    }
}
