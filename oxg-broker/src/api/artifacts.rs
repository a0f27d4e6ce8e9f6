//! `/v1/artifacts`.

use http::header::{
    CONTENT_LENGTH, CONTENT_TYPE, ETAG, HeaderMap, HeaderName, HeaderValue, IF_MATCH, IF_NONE_MATCH,
};
use http::{Request, Response, StatusCode};
use http_body_util::BodyExt as _;
use oxg_manifest::{ArtifactAccess, Capability};
use oxg_protocol::artifact::ArtifactInfo;
use oxg_protocol::{ArtifactName, Digest, ErrorCode, Problem, header};

use super::{Answer, no_content};
use crate::artifacts::Conditions;
use crate::body::{Body, Bounded, Bounds, check_size, full, json};
use crate::call::Call;
use crate::error::{Refusal, refuse};

pub(super) fn list(call: &Call<'_>, prefix: &str, cursor: Option<&str>) -> Answer {
    require(call, ArtifactAccess::Read)?;
    Ok(Response::new(json(&call.session.artifacts.list(prefix, cursor))?))
}

pub(super) async fn put(call: &Call<'_>, name: ArtifactName, request: Request<Body>) -> Answer {
    require(call, ArtifactAccess::Write)?;
    let conditions = conditions(request.headers())?;
    let bounds = Bounds {
        bytes: call.session.limits.artifact_bytes,
        deadline: call.deadline,
        idle: std::time::Duration::from_millis(call.session.limits.idle_ms),
    };
    check_size(request.body(), bounds.bytes)?;
    let body = Bounded::new(request.into_body(), bounds).boxed_unsync();
    let info = call.session.artifacts.put(name, body, conditions).await?;
    let mut response = Response::new(json(&info)?);
    *response.status_mut() = StatusCode::CREATED;
    describe(response.headers_mut(), &info);
    Ok(response)
}

pub(super) async fn get(call: &Call<'_>, name: &ArtifactName) -> Answer {
    require(call, ArtifactAccess::Read)?;
    let (info, body) = call.session.artifacts.get(name).await?;
    let mut response = Response::new(body);
    describe(response.headers_mut(), &info);
    octets(response.headers_mut(), &info);
    Ok(response)
}

pub(super) fn head(call: &Call<'_>, name: &ArtifactName) -> Answer {
    require(call, ArtifactAccess::Read)?;
    let info = call.session.artifacts.head(name)?;
    let mut response = Response::new(full(bytes::Bytes::new()));
    describe(response.headers_mut(), &info);
    octets(response.headers_mut(), &info);
    Ok(response)
}

pub(super) fn delete(call: &Call<'_>, name: &ArtifactName) -> Answer {
    require(call, ArtifactAccess::Write)?;
    call.session.artifacts.delete(name)?;
    Ok(no_content())
}

fn require(call: &Call<'_>, wanted: ArtifactAccess) -> Result<(), Refusal> {
    call.require(Capability::Storage)?;
    let storage = call.session.manifest.capabilities.storage.as_ref();
    let granted = storage.map(oxg_manifest::StorageCapability::artifact_access);
    if granted.is_some_and(|granted| granted == ArtifactAccess::ReadWrite || granted == wanted) {
        return Ok(());
    }
    let problem = Problem::new(
        ErrorCode::CapabilityDenied,
        "manifest.json does not allow this use of artifacts",
    )
    .with_capability(Capability::Storage.as_str())
    .with_manifest_hint("\"artifacts\": \"read-write\"");
    Err(Box::new(problem))
}

fn conditions(headers: &HeaderMap) -> Result<Conditions, Refusal> {
    let invalid = |detail: &str| refuse(ErrorCode::InvalidRequest, detail);
    let text = |name: HeaderName| {
        let mut values = headers.get_all(&name).iter();
        match (values.next(), values.next()) {
            (None, _) => Ok(None),
            (Some(value), None) => Ok(Some(value.to_str().unwrap_or_default())),
            _ => Err(invalid("a condition or digest is given once")),
        }
    };
    let create_only = match text(IF_NONE_MATCH)? {
        None => false,
        Some("*") => true,
        Some(_) => return Err(invalid("If-None-Match takes `*` here")),
    };
    let replaces = match text(IF_MATCH)? {
        None => None,
        Some(tag) => {
            let digest = tag.strip_prefix('"').and_then(|tag| tag.strip_suffix('"'));
            let digest = digest.and_then(|tag| tag.parse().ok());
            Some(digest.ok_or_else(|| invalid("If-Match takes one ETag of an artifact"))?)
        }
    };
    let digest = match text(HeaderName::from_static(header::REPR_DIGEST))? {
        None => None,
        Some(value) => {
            Some(Digest::from_repr_digest(value).map_err(|error| invalid(&error.to_string()))?)
        }
    };
    Ok(Conditions { create_only, replaces, digest })
}

fn describe(headers: &mut HeaderMap, info: &ArtifactInfo) {
    for (name, text) in [
        (ETAG, info.digest.to_etag()),
        (HeaderName::from_static(header::REPR_DIGEST), info.digest.to_repr_digest()),
    ] {
        if let Ok(value) = HeaderValue::from_str(&text) {
            headers.insert(name, value);
        }
    }
}

fn octets(headers: &mut HeaderMap, info: &ArtifactInfo) {
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
    headers.insert(CONTENT_LENGTH, info.size.into());
}
