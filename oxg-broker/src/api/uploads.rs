//! `/v1/uploads`.

use http::header::{HeaderMap, HeaderValue, LOCATION};
use http::{Request, StatusCode};
use oxg_manifest::ArtifactAccess;
use oxg_protocol::artifact::Upload;
use oxg_protocol::{ArtifactName, Digest, ErrorCode, UploadId, header, route};

use super::artifacts::{bounded, conditions, require, stored};
use super::{Answer, json_answer, no_content, no_store, number};
use crate::artifacts::Conditions;
use crate::body::Body;
use crate::call::Call;
use crate::error::refuse;

pub(super) async fn begin(call: &Call<'_>) -> Answer {
    require(call, ArtifactAccess::Write)?;
    let upload = call.session.uploads.begin().await?;
    let mut response = described(&upload)?;
    *response.status_mut() = StatusCode::ACCEPTED;
    if let Ok(place) = HeaderValue::from_str(&route::upload(&upload.id)) {
        response.headers_mut().insert(LOCATION, place);
    }
    Ok(response)
}

pub(super) async fn append(call: &Call<'_>, id: &UploadId, request: Request<Body>) -> Answer {
    require(call, ArtifactAccess::Write)?;
    let Some(offset) = number(request.headers(), header::UPLOAD_OFFSET)? else {
        let detail = format!("a piece of an upload states its {}", header::UPLOAD_OFFSET);
        return Err(refuse(ErrorCode::InvalidRequest, detail));
    };
    described(&call.session.uploads.append(id, offset, bounded(call, request)?).await?)
}

pub(super) fn show(call: &Call<'_>, id: &UploadId) -> Answer {
    require(call, ArtifactAccess::Write)?;
    described(&call.session.uploads.progress(id)?)
}

pub(super) async fn close(
    call: &Call<'_>,
    id: &UploadId,
    name: ArtifactName,
    digest: Digest,
    headers: &HeaderMap,
) -> Answer {
    require(call, ArtifactAccess::Write)?;
    let conditions = Conditions { digest: Some(digest), ..conditions(headers)? };
    stored(&call.session.uploads.close(id, name, conditions).await?)
}

pub(super) fn cancel(call: &Call<'_>, id: &UploadId) -> Answer {
    call.session.uploads.cancel(id);
    Ok(no_content())
}

fn described(upload: &Upload) -> Answer {
    let mut response = no_store(json_answer(upload)?);
    response.headers_mut().insert(header::UPLOAD_OFFSET, upload.offset.into());
    Ok(response)
}
