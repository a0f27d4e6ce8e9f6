use std::io;
use std::path::PathBuf;

use oxg_protocol::{ErrorCode, ProtocolVersion};

use crate::Failure;
use crate::channel::ChannelError;
use crate::clients::ApiError;
use crate::config::ConfigError;
use crate::env::EnvError;
use crate::exit::Exit;

/// Why a run could not begin, or ended before its time.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RunError {
    /// The process was not started as a plugin.
    #[error("this program is a 0xGen plugin and was not started as one")]
    Environment(#[from] EnvError),
    /// There is no workspace although the manifest declares `storage`.
    #[error("the manifest declares storage, but OXG_WORKSPACE is not set")]
    NoWorkspace,
    /// The workspace cannot be written.
    #[error("cannot write to the workspace {}", .path.display())]
    Workspace {
        /// The workspace.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The asynchronous runtime or its signals cannot be set up.
    #[error("cannot set up the runtime")]
    Runtime(#[source] io::Error),
    /// The channel cannot be built.
    #[error("cannot set up the channel to the broker")]
    Channel(#[source] ChannelError),
    /// The broker does not open the session.
    #[error("cannot open the session")]
    Session(#[source] ApiError),
    /// The broker speaks another major version.
    #[error(
        "the broker speaks protocol version {broker}, this plugin {}",
        ProtocolVersion::CURRENT
    )]
    Version {
        /// The broker's version.
        broker: ProtocolVersion,
    },
    /// The broker lacks a feature that the plugin needs.
    #[error("the broker does not offer the feature {0:?}, which the plugin needs")]
    MissingFeature(&'static str),
    /// The token belongs to another plugin.
    #[error("the session is for the plugin {session:?}, but this is {plugin:?}")]
    WrongPlugin {
        /// Whom the token belongs to.
        session: String,
        /// This plugin.
        plugin: &'static str,
    },
    /// The settings are not what the plugin takes.
    #[error("{0}")]
    Config(#[from] ConfigError),
    /// `on_start` failed.
    #[error("the plugin could not start: {0}")]
    Start(Failure),
    /// The broker went away. Tasks that were running were given up.
    #[error("the broker is lost")]
    BrokerLost(#[source] ApiError),
    /// The broker refuses to lease tasks.
    #[error("the broker leases no tasks")]
    Lease(#[source] ApiError),
    /// The plugin panicked outside of a hook.
    #[error("the plugin panicked: {0}")]
    Panic(String),
}

impl RunError {
    /// The exit code that goes with the error.
    #[must_use]
    pub fn exit(&self) -> Exit {
        match self {
            Self::Environment(_) => Exit::Usage,
            Self::Config(_) => Exit::Config,
            Self::NoWorkspace | Self::Workspace { .. } => Exit::Io,
            Self::Runtime(_) | Self::Panic(_) => Exit::Software,
            Self::Start(failure) if failure.is_retryable() => Exit::TempFail,
            Self::Start(_) => Exit::Software,
            Self::Channel(_) => Exit::Usage,
            Self::Version { .. } | Self::MissingFeature(_) => Exit::Protocol,
            Self::WrongPlugin { .. } => Exit::Data,
            Self::Session(error) | Self::BrokerLost(error) | Self::Lease(error) => of_api(error),
        }
    }
}

fn of_api(error: &ApiError) -> Exit {
    if let ApiError::Channel(ChannelError::Token(_)) = error {
        return Exit::NoPerm;
    }
    match error.code() {
        Some(ErrorCode::Unauthenticated | ErrorCode::TokenExpired) => Exit::NoPerm,
        Some(code) if code.is_denial() => Exit::NoPerm,
        Some(ErrorCode::VersionUnsupported) => Exit::Protocol,
        Some(ErrorCode::RateLimited | ErrorCode::Draining | ErrorCode::Unavailable) => {
            Exit::TempFail
        }
        Some(_) => Exit::Unavailable,
        None if error.is_unreachable() => Exit::Unavailable,
        None => Exit::Data,
    }
}
