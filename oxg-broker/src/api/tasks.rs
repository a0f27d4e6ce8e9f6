//! `/v1/tasks`, the plugin's side of it.

use http::{Request, Response};
use oxg_manifest::Capability;
use oxg_protocol::TaskId;
use oxg_protocol::route::TaskAction;
use oxg_protocol::task::FailRequest;

use super::{Answer, no_content};
use crate::body::{Body, json, read_json};
use crate::call::Call;
use crate::services::Services;

pub(super) async fn lease(call: &Call<'_>, request: Request<Body>) -> Answer {
    call.require(Capability::Tasks)?;
    let wanted = read_json(request, call.session.limits.json_body_bytes).await?;
    let deliveries = call.session.tasks.lease(wanted).await?;
    Ok(Response::new(json(&deliveries)?))
}

pub(super) async fn act(
    services: &Services,
    call: &Call<'_>,
    id: &TaskId,
    action: TaskAction,
    request: Request<Body>,
) -> Answer {
    call.require(Capability::Tasks)?;
    let limit = call.session.limits.json_body_bytes;
    let tasks = &call.session.tasks;
    match action {
        TaskAction::Extend => {
            let extension = tasks.extend(id, &read_json(request, limit).await?)?;
            return Ok(Response::new(json(&extension)?));
        }
        TaskAction::Complete => tasks.complete(id, read_json(request, limit).await?)?,
        TaskAction::Fail => {
            let mut failure: FailRequest = read_json(request, limit).await?;
            failure.reason = services.redactor.redact(&failure.reason).into_owned();
            tasks.fail(id, failure)?;
        }
        TaskAction::Release => tasks.release(id, &read_json(request, limit).await?)?,
        _ => {
            let detail = "this broker does not know the action";
            return Err(crate::error::refuse(oxg_protocol::ErrorCode::NotFound, detail));
        }
    }
    Ok(no_content())
}
