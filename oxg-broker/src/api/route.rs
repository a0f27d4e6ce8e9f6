//! What a request asks for.

use http::Method;
use oxg_protocol::audit::EventType;
use oxg_protocol::route::{self, TaskAction};
use oxg_protocol::{ArtifactName, Digest, ErrorCode, LeaseId, SecretName, TaskId, UploadId};

use crate::error::{Refusal, refuse};

/// A call of the API, its path already parsed.
#[derive(Debug)]
pub(crate) enum Route {
    Session,
    GetSecret(SecretName),
    WatchSecret(SecretName),
    RenewLease(LeaseId),
    GiveBackLease(LeaseId),
    ListArtifacts { prefix: String, cursor: Option<String> },
    PutArtifact(ArtifactName),
    GetArtifact(ArtifactName),
    HeadArtifact(ArtifactName),
    DeleteArtifact(ArtifactName),
    BeginUpload,
    AppendUpload(UploadId),
    ShowUpload(UploadId),
    CloseUpload { id: UploadId, name: ArtifactName, digest: Digest },
    CancelUpload(UploadId),
    LeaseTasks,
    Task(TaskId, TaskAction),
    Findings,
    Logs,
}

impl Route {
    pub(crate) fn parse(method: &Method, uri: &http::Uri) -> Result<Self, Refusal> {
        let unknown = || {
            let detail = format!("there is no call {method} {}", uri.path());
            refuse(ErrorCode::NotFound, detail)
        };
        let path = uri.path().strip_prefix("/v1/").ok_or_else(unknown)?;
        if let Some(name) = path.strip_prefix("artifacts/") {
            return Self::artifact(method, name, unknown);
        }
        let segments: Vec<_> = path.split('/').collect();
        match (method.as_str(), segments.as_slice()) {
            ("GET", ["session"]) | ("POST", ["session", "renew"]) => Ok(Self::Session),
            ("GET", ["secrets", name]) => Ok(Self::GetSecret(parse(name)?)),
            ("GET", ["secrets", name, "watch"]) => Ok(Self::WatchSecret(parse(name)?)),
            ("POST", ["leases", id, "renew"]) => Ok(Self::RenewLease(parse(id)?)),
            ("DELETE", ["leases", id]) => Ok(Self::GiveBackLease(parse(id)?)),
            ("GET", ["artifacts"]) => Self::list(uri.query().unwrap_or_default()),
            ("POST", ["uploads"]) => Ok(Self::BeginUpload),
            ("PATCH", ["uploads", id]) => Ok(Self::AppendUpload(parse(id)?)),
            ("GET", ["uploads", id]) => Ok(Self::ShowUpload(parse(id)?)),
            ("PUT", ["uploads", id]) => Self::close(parse(id)?, uri.query().unwrap_or_default()),
            ("DELETE", ["uploads", id]) => Ok(Self::CancelUpload(parse(id)?)),
            ("POST", ["tasks", "lease"]) => Ok(Self::LeaseTasks),
            ("POST", ["tasks", id, action]) => {
                let action = TaskAction::from_segment(action).ok_or_else(unknown)?;
                Ok(Self::Task(parse(id)?, action))
            }
            ("POST", ["findings"]) => Ok(Self::Findings),
            ("POST", ["logs"]) => Ok(Self::Logs),
            _ => Err(unknown()),
        }
    }

    fn artifact(
        method: &Method,
        encoded: &str,
        unknown: impl FnOnce() -> Refusal,
    ) -> Result<Self, Refusal> {
        let name = decode(encoded)?;
        let name =
            name.parse().map_err(|error| refuse(ErrorCode::InvalidRequest, format!("{error}")))?;
        match method.as_str() {
            "PUT" => Ok(Self::PutArtifact(name)),
            "GET" => Ok(Self::GetArtifact(name)),
            "HEAD" => Ok(Self::HeadArtifact(name)),
            "DELETE" => Ok(Self::DeleteArtifact(name)),
            _ => Err(unknown()),
        }
    }

    fn list(query: &str) -> Result<Self, Refusal> {
        let [prefix, cursor] = parameters(query, ["prefix", "cursor"])?;
        Ok(Self::ListArtifacts { prefix: prefix.unwrap_or_default(), cursor })
    }

    fn close(id: UploadId, query: &str) -> Result<Self, Refusal> {
        let (Some(name), Some(digest)) = parameters(query, ["name", "digest"])?.into() else {
            let detail = "closing an upload takes `name` and `digest`";
            return Err(refuse(ErrorCode::InvalidRequest, detail));
        };
        Ok(Self::CloseUpload { id, name: parse(&name)?, digest: parse(&digest)? })
    }

    /// Under which event the audit knows the call.
    pub(crate) fn event(&self) -> EventType {
        match self {
            Self::Session => EventType::Session,
            Self::GetSecret(_)
            | Self::WatchSecret(_)
            | Self::RenewLease(_)
            | Self::GiveBackLease(_) => EventType::Secret,
            Self::ListArtifacts { .. }
            | Self::PutArtifact(_)
            | Self::GetArtifact(_)
            | Self::HeadArtifact(_)
            | Self::DeleteArtifact(_)
            | Self::BeginUpload
            | Self::AppendUpload(_)
            | Self::ShowUpload(_)
            | Self::CloseUpload { .. }
            | Self::CancelUpload(_) => EventType::Artifact,
            Self::LeaseTasks | Self::Task(..) => EventType::Task,
            Self::Findings => EventType::Finding,
            Self::Logs => EventType::Api,
        }
    }

    /// Whether a success is no decision: polling, keeping alive, and the log itself.
    pub(crate) fn is_routine(&self) -> bool {
        matches!(
            self,
            Self::AppendUpload(_)
                | Self::ShowUpload(_)
                | Self::LeaseTasks
                | Self::Task(_, TaskAction::Extend)
                | Self::Logs
        )
    }
}

/// A segment as the name or id that it must be.
fn parse<T: std::str::FromStr<Err: std::fmt::Display>>(segment: &str) -> Result<T, Refusal> {
    segment.parse().map_err(|error: T::Err| refuse(ErrorCode::InvalidRequest, error.to_string()))
}

/// The values of a query's parameters. Each stands there once at most, and no other does.
fn parameters<const N: usize>(
    query: &str,
    names: [&str; N],
) -> Result<[Option<String>; N], Refusal> {
    let mut values = [const { None }; N];
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let place = names.iter().position(|known| *known == name);
        match place.and_then(|place| values.get_mut(place)) {
            Some(place @ None) => *place = Some(decode(value)?),
            _ => {
                let detail = format!("the call takes `{}`, each once", names.join("` and `"));
                return Err(refuse(ErrorCode::InvalidRequest, detail));
            }
        }
    }
    Ok(values)
}

fn decode(text: &str) -> Result<String, Refusal> {
    route::decode(text).ok_or_else(|| refuse(ErrorCode::InvalidRequest, "the path is not UTF-8"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn route(method: &str, path: &str) -> Result<Route, ErrorCode> {
        let method = method.parse().unwrap();
        Route::parse(&method, &path.parse().unwrap()).map_err(|refusal| refusal.code())
    }

    #[test]
    fn an_artifact_name_is_decoded_once_and_then_checked() {
        assert!(matches!(
            route("PUT", "/v1/artifacts/a/b%20c.txt"),
            Ok(Route::PutArtifact(name)) if name.as_str() == "a/b c.txt"
        ));
        for path in [
            "/v1/artifacts/a/%2e%2e/b",
            "/v1/artifacts/%252e",
            "/v1/artifacts/",
            "/v1/artifacts/%ff",
        ] {
            assert!(matches!(route("GET", path), Err(ErrorCode::InvalidRequest)), "{path}");
        }
    }

    #[test]
    fn what_there_is_not_is_not_found() {
        for (method, path) in [
            ("GET", "/"),
            ("GET", "/v2/session"),
            ("PUT", "/v1/session"),
            ("POST", "/v1/tasks/t-1/eat"),
            ("PATCH", "/v1/artifacts/a"),
            ("GET", "/v1/secrets/a/b/c"),
        ] {
            assert!(matches!(route(method, path), Err(ErrorCode::NotFound)), "{method} {path}");
        }
    }
}
