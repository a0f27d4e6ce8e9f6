//! `--tasks`: tasks on a server that many brokers share.

use oxg_broker::BrokerBuilder;

use crate::error::CliError;

#[derive(Debug, Default, clap::Args)]
pub(crate) struct TaskStoreArgs {
    /// Keep the plugin's tasks in NATS JetStream, where other brokers may serve them too. With `@`,
    /// the address is the content of a file: there it may have a user and a password, or a token.
    #[cfg(feature = "nats")]
    #[arg(long = "tasks", value_name = "nats://HOST:PORT|@FILE")]
    server: Option<TaskServer>,
}

impl TaskStoreArgs {
    /// The builder with the task store that was asked for, if one was.
    #[cfg(feature = "nats")]
    pub(crate) async fn add_to(&self, builder: BrokerBuilder) -> Result<BrokerBuilder, CliError> {
        use oxg_broker::tasks::NatsTasks;
        use secrecy::ExposeSecret as _;

        Ok(match &self.server {
            Some(TaskServer(server)) => {
                builder.tasks(NatsTasks::connect(server.expose_secret()).await?)
            }
            None => builder,
        })
    }

    /// The builder as it is.
    #[cfg(not(feature = "nats"))]
    pub(crate) async fn add_to(&self, builder: BrokerBuilder) -> Result<BrokerBuilder, CliError> {
        Ok(builder)
    }
}

/// The address of a server, perhaps with a password in it.
#[cfg(feature = "nats")]
#[derive(Debug, Clone)]
struct TaskServer(secrecy::SecretString);

#[cfg(feature = "nats")]
impl std::str::FromStr for TaskServer {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let address = match text.strip_prefix('@') {
            Some(file) => std::fs::read_to_string(file)
                .map_err(|error| format!("cannot read {file}: {error}"))?,
            None if text.contains('@') => {
                return Err(
                    "others on this machine can see it; put it into a file and name that, \
                            as @FILE"
                        .to_owned(),
                );
            }
            None => text.to_owned(),
        };
        let address = address.trim_end();
        if !address.starts_with("nats://") && !address.starts_with("tls://") {
            return Err("expected nats://HOST:PORT or tls://HOST:PORT".to_owned());
        }
        Ok(Self(address.into()))
    }
}

#[cfg(all(test, feature = "nats"))]
mod tests {
    use secrecy::ExposeSecret as _;

    use super::*;

    #[test]
    fn a_password_is_taken_from_a_file_and_never_from_the_command_line() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "nats://u:hidden@host:4222\n").unwrap();
        let server: TaskServer = format!("@{}", file.path().display()).parse().unwrap();
        assert_eq!(server.0.expose_secret(), "nats://u:hidden@host:4222");
        assert!(!format!("{server:?}").contains("hidden"));
        for wrong in ["nats://u:hidden@host", "http://host", "host:4222", "@/nowhere"] {
            let error = wrong.parse::<TaskServer>().unwrap_err();
            assert!(!error.contains("hidden"), "{error}");
        }
    }
}
