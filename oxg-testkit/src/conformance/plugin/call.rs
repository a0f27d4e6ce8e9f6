//! What a request of a plugin asks for.

use std::fmt;

use http::Method;
use serde::Deserialize;

/// The calls that a plugin can make.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Call {
    Session,
    Lease,
    Extend,
    Complete,
    Fail,
    Release,
    Enqueue,
    Secret,
    Artifact,
    Findings,
    Logs,
    Egress,
    Connect,
    Other,
}

impl Call {
    pub(super) fn of(method: &Method, uri: &http::Uri) -> Self {
        if method == Method::CONNECT {
            return Self::Connect;
        }
        if uri.scheme().is_some() {
            return Self::Egress;
        }
        let segments: Vec<_> = uri.path().split('/').skip(1).collect();
        match segments.as_slice() {
            ["v1", "session", ..] => Self::Session,
            ["v1", "tasks"] => Self::Enqueue,
            ["v1", "tasks", "lease"] => Self::Lease,
            ["v1", "tasks", _, "extend"] => Self::Extend,
            ["v1", "tasks", _, "complete"] => Self::Complete,
            ["v1", "tasks", _, "fail"] => Self::Fail,
            ["v1", "tasks", _, "release"] => Self::Release,
            ["v1", "secrets" | "leases", ..] => Self::Secret,
            ["v1", "artifacts" | "uploads", ..] => Self::Artifact,
            ["v1", "findings"] => Self::Findings,
            ["v1", "logs"] => Self::Logs,
            _ => Self::Other,
        }
    }

    /// Whether a holder says with it what became of its task.
    pub(super) fn is_word(self) -> bool {
        matches!(self, Self::Complete | Self::Fail | Self::Release)
    }
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self {
            Self::Session => "GET /v1/session",
            Self::Lease => "POST /v1/tasks/lease",
            Self::Extend => "POST /v1/tasks/{id}/extend",
            Self::Complete => "POST /v1/tasks/{id}/complete",
            Self::Fail => "POST /v1/tasks/{id}/fail",
            Self::Release => "POST /v1/tasks/{id}/release",
            Self::Enqueue => "POST /v1/tasks",
            Self::Secret => "a call of /v1/secrets or /v1/leases",
            Self::Artifact => "a call of /v1/artifacts or /v1/uploads",
            Self::Findings => "POST /v1/findings",
            Self::Logs => "POST /v1/logs",
            Self::Egress => "an outbound request",
            Self::Connect => "CONNECT",
            Self::Other => "a call that the protocol does not have",
        };
        f.write_str(text)
    }
}

/// Some calls, as a case names them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Calls {
    /// Every call.
    Any,
    /// What a plugin does for a task: secrets, artifacts, findings, outbound requests.
    Work,
    /// `complete`, `fail` and `release`.
    Words,
    Session,
    Lease,
    Extend,
    Complete,
    Fail,
    Release,
    Secret,
    Artifact,
    Findings,
    Logs,
    Egress,
    Connect,
}

impl Calls {
    pub(super) fn cover(self, call: Call) -> bool {
        match self {
            Self::Any => true,
            Self::Work => {
                matches!(call, Call::Secret | Call::Artifact | Call::Findings | Call::Egress)
            }
            Self::Words => call.is_word(),
            Self::Session => call == Call::Session,
            Self::Lease => call == Call::Lease,
            Self::Extend => call == Call::Extend,
            Self::Complete => call == Call::Complete,
            Self::Fail => call == Call::Fail,
            Self::Release => call == Call::Release,
            Self::Secret => call == Call::Secret,
            Self::Artifact => call == Call::Artifact,
            Self::Findings => call == Call::Findings,
            Self::Logs => call == Call::Logs,
            Self::Egress => call == Call::Egress,
            Self::Connect => call == Call::Connect,
        }
    }
}

impl fmt::Display for Calls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => f.write_str("calls of any kind"),
            Self::Work => f.write_str("calls for a task"),
            Self::Words => f.write_str("calls of complete, fail and release"),
            Self::Session => Call::Session.fmt(f),
            Self::Lease => Call::Lease.fmt(f),
            Self::Extend => Call::Extend.fmt(f),
            Self::Complete => Call::Complete.fmt(f),
            Self::Fail => Call::Fail.fmt(f),
            Self::Release => Call::Release.fmt(f),
            Self::Secret => f.write_str("calls of /v1/secrets"),
            Self::Artifact => f.write_str("calls of /v1/artifacts"),
            Self::Findings => Call::Findings.fmt(f),
            Self::Logs => Call::Logs.fmt(f),
            Self::Egress => f.write_str("outbound requests"),
            Self::Connect => Call::Connect.fmt(f),
        }
    }
}
