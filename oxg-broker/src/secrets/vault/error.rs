use std::io;
use std::path::PathBuf;

/// Why Vault gives no secret. No message repeats what Vault says: it may be a part of a value.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum VaultError {
    /// The file of the settings is not what it should be.
    #[error("the settings in {} cannot be used: {problem} (line {line})", path.display())]
    Settings {
        /// Which file.
        path: PathBuf,
        /// What is wrong.
        problem: String,
        /// Where, counted from 1.
        line: usize,
    },
    /// A setting cannot be used.
    #[error("`{setting}` {problem}")]
    Setting {
        /// Which.
        setting: &'static str,
        /// What it should be.
        problem: &'static str,
    },
    /// The certificates of `ca_file` cannot be used.
    #[error(transparent)]
    Authorities(Box<crate::BrokerError>),
    /// The environment has no token.
    #[error("the variable {0} with the token is not set")]
    NoToken(String),
    /// The token is not a text that a header field can hold.
    #[error("the token is not one line of text")]
    TokenText,
    /// No connection.
    #[error("cannot reach it: {0}")]
    Unreachable(io::Error),
    /// No TLS.
    #[error("the TLS handshake failed: {0}; `ca_file` names the authorities to trust")]
    Tls(io::Error),
    /// It does not speak HTTP properly, or hung up.
    #[error("it broke the protocol: {0}")]
    Protocol(hyper::Error),
    /// 403.
    #[error("it denies the read (403); renew the token, or let its policy read this path")]
    Denied,
    /// 404 that does not mean an absent secret.
    #[error(
        "it serves nothing there (404); check `mount`, and that the engine is key/value version 2"
    )]
    NoRoute,
    /// 429.
    #[error("it is asked too often (429)")]
    RateLimited,
    /// 472 or 473.
    #[error("the node is a standby that serves no reads ({0}); name the active one")]
    Standby(u16),
    /// 503.
    #[error("it is sealed or under maintenance (503)")]
    Sealed,
    /// A redirect, which is not followed: the token would go with it.
    #[error("it redirects ({0}), which is not followed; name the active node in `address`")]
    Redirect(u16),
    /// Any other answer.
    #[error("it answers with {0}")]
    Status(u16),
    /// More than is read.
    #[error("its answer is larger than {0} bytes")]
    TooLarge(usize),
    /// The answer is not what the API says.
    #[error("its answer is not that of the key/value engine version 2 (line {line})")]
    Answer {
        /// Where.
        line: usize,
    },
}
