//! `/v1/artifacts`.

use http::header::{
    ACCEPT_RANGES, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, ETAG, HeaderMap, HeaderName,
    HeaderValue, IF_MATCH, IF_NONE_MATCH, IF_RANGE, RANGE,
};
use http::{Request, Response, StatusCode};
use http_body_util::BodyExt as _;
use oxg_manifest::{ArtifactAccess, Capability};
use oxg_protocol::artifact::ArtifactInfo;
use oxg_protocol::{ArtifactName, Digest, ErrorCode, Problem, header};

use super::{Answer, json_answer, no_content};
use crate::artifacts::{ByteRange, Conditions};
use crate::body::{Body, Bounded, Bounds, check_size, full};
use crate::call::Call;
use crate::error::{Refusal, refuse};

pub(super) async fn list(call: &Call<'_>, prefix: &str, cursor: Option<&str>) -> Answer {
    require(call, ArtifactAccess::Read)?;
    json_answer(&call.session.artifacts.list(prefix, cursor).await?)
}

pub(super) async fn put(call: &Call<'_>, name: ArtifactName, request: Request<Body>) -> Answer {
    require(call, ArtifactAccess::Write)?;
    let conditions = conditions(request.headers())?;
    let body = bounded(call, request)?;
    stored(&call.session.artifacts.put(name, body, conditions).await?)
}

pub(super) async fn get(call: &Call<'_>, name: &ArtifactName, headers: &HeaderMap) -> Answer {
    require(call, ArtifactAccess::Read)?;
    let info = call.session.artifacts.head(name).await?;
    if let Some(answer) = precondition(headers, &info)? {
        return Ok(answer);
    }
    let mut found = call.session.artifacts.get(name, range(headers, &info)?).await?;
    // Replaced since the look above: what was decided was about the other one.
    conditions_of_read(headers)?.matches.map_or(Ok(()), |wanted| expect(wanted, &found.info))?;
    if found.info.digest != info.digest && headers.contains_key(IF_RANGE) {
        // Whatever it is by now, a part of it does not fit what the reader has.
        found = call.session.artifacts.get(name, None).await?;
    }
    let partial = found.range != (0..found.info.size);
    let mut response = Response::new(found.body);
    describe(response.headers_mut(), &found.info);
    octets(response.headers_mut(), found.range.end - found.range.start);
    if partial {
        *response.status_mut() = StatusCode::PARTIAL_CONTENT;
        let (first, last) = (found.range.start, found.range.end.saturating_sub(1));
        insert(
            response.headers_mut(),
            CONTENT_RANGE,
            &format!("bytes {first}-{last}/{}", found.info.size),
        );
    }
    Ok(response)
}

pub(super) async fn head(call: &Call<'_>, name: &ArtifactName, headers: &HeaderMap) -> Answer {
    require(call, ArtifactAccess::Read)?;
    let info = call.session.artifacts.head(name).await?;
    if let Some(answer) = precondition(headers, &info)? {
        return Ok(answer);
    }
    let mut response = Response::new(full(bytes::Bytes::new()));
    describe(response.headers_mut(), &info);
    octets(response.headers_mut(), info.size);
    Ok(response)
}

pub(super) async fn delete(call: &Call<'_>, name: &ArtifactName, headers: &HeaderMap) -> Answer {
    require(call, ArtifactAccess::Write)?;
    call.session.artifacts.delete(name, conditions(headers)?).await?;
    Ok(no_content())
}

/// The body of a request that brings bytes, within its bounds.
pub(super) fn bounded(call: &Call<'_>, request: Request<Body>) -> Result<Body, Refusal> {
    let bounds = Bounds {
        bytes: call.session.limits.artifact_bytes,
        deadline: call.deadline,
        idle: std::time::Duration::from_millis(call.session.limits.idle_ms),
    };
    check_size(request.body(), bounds.bytes)?;
    Ok(Bounded::new(request.into_body(), bounds).boxed_unsync())
}

/// The answer to a call that stored `info`.
pub(super) fn stored(info: &ArtifactInfo) -> Answer {
    let mut response = json_answer(info)?;
    *response.status_mut() = StatusCode::CREATED;
    describe(response.headers_mut(), info);
    Ok(response)
}

pub(super) fn require(call: &Call<'_>, wanted: ArtifactAccess) -> Result<(), Refusal> {
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

pub(super) fn conditions(headers: &HeaderMap) -> Result<Conditions, Refusal> {
    let create_only = match single(headers, IF_NONE_MATCH)? {
        None => false,
        Some("*") => true,
        Some(_) => return Err(invalid("If-None-Match takes `*` here")),
    };
    let replaces = single(headers, IF_MATCH)?.map(|tag| etag(&IF_MATCH, tag)).transpose()?;
    let digest = match single(headers, HeaderName::from_static(header::REPR_DIGEST))? {
        None => None,
        Some(value) => {
            Some(Digest::from_repr_digest(value).map_err(|error| invalid(&error.to_string()))?)
        }
    };
    Ok(Conditions { create_only, replaces, digest })
}

/// What a reader knows of the artifact already.
struct ReadConditions {
    /// `If-Match`: it must be this one.
    matches: Option<Digest>,
    /// `If-None-Match`: this one need not be sent again.
    known: Option<Digest>,
}

fn conditions_of_read(headers: &HeaderMap) -> Result<ReadConditions, Refusal> {
    let tag = |name: HeaderName| {
        single(headers, name.clone())?.map(|value| etag(&name, value)).transpose()
    };
    Ok(ReadConditions { matches: tag(IF_MATCH)?, known: tag(IF_NONE_MATCH)? })
}

/// The answer that the conditions of a read call for, if it is not the artifact.
fn precondition(
    headers: &HeaderMap,
    info: &ArtifactInfo,
) -> Result<Option<Response<Body>>, Refusal> {
    let conditions = conditions_of_read(headers)?;
    if let Some(wanted) = conditions.matches {
        expect(wanted, info)?;
    }
    if conditions.known != Some(info.digest) {
        return Ok(None);
    }
    let mut response = Response::new(full(bytes::Bytes::new()));
    *response.status_mut() = StatusCode::NOT_MODIFIED;
    describe(response.headers_mut(), info);
    Ok(Some(response))
}

fn expect(wanted: Digest, info: &ArtifactInfo) -> Result<(), Refusal> {
    if info.digest == wanted {
        return Ok(());
    }
    Err(refuse(ErrorCode::PreconditionFailed, "the artifact is another one by now"))
}

/// The range that is asked for; none where `If-Range` names another artifact.
fn range(headers: &HeaderMap, info: &ArtifactInfo) -> Result<Option<ByteRange>, Refusal> {
    if single(headers, IF_RANGE)?.is_some_and(|tag| tag != info.digest.to_etag()) {
        return Ok(None);
    }
    Ok(single(headers, RANGE)?.and_then(ByteRange::parse))
}

fn single(headers: &HeaderMap, name: HeaderName) -> Result<Option<&str>, Refusal> {
    let mut values = headers.get_all(&name).iter();
    match (values.next(), values.next()) {
        (None, _) => Ok(None),
        (Some(value), None) => Ok(Some(value.to_str().unwrap_or_default())),
        _ => Err(invalid("a condition, range or digest is given once")),
    }
}

fn etag(field: &HeaderName, value: &str) -> Result<Digest, Refusal> {
    let digest = value.strip_prefix('"').and_then(|tag| tag.strip_suffix('"'));
    digest
        .and_then(|tag| tag.parse().ok())
        .ok_or_else(|| invalid(&format!("{field} takes one ETag of an artifact")))
}

fn invalid(detail: &str) -> Refusal {
    refuse(ErrorCode::InvalidRequest, detail)
}

fn describe(headers: &mut HeaderMap, info: &ArtifactInfo) {
    insert(headers, ETAG, &info.digest.to_etag());
    insert(headers, HeaderName::from_static(header::REPR_DIGEST), &info.digest.to_repr_digest());
}

fn octets(headers: &mut HeaderMap, length: u64) {
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
    headers.insert(ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    headers.insert(CONTENT_LENGTH, length.into());
}

fn insert(headers: &mut HeaderMap, name: HeaderName, text: &str) {
    if let Ok(value) = HeaderValue::from_str(text) {
        headers.insert(name, value);
    }
}
