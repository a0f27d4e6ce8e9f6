//! `/v1/tasks`, the plugin's side of it.

use http::Request;
use oxg_manifest::Capability;
use oxg_protocol::route::TaskAction;
use oxg_protocol::task::{CompleteRequest, FailRequest, NewTask};
use oxg_protocol::{ErrorCode, TaskId};

use super::{Answer, json_answer, no_content, of_json};
use crate::body::{Body, json, read_json};
use crate::call::Call;
use crate::error::{BrokerError, refuse};
use crate::services::Services;

/// The longest key or kind, in bytes.
const MAX_TEXT: usize = 256;

/// A plugin adds to its own tasks.
pub(super) async fn enqueue(call: &Call<'_>, request: Request<Body>) -> Answer {
    call.require(Capability::Tasks)?;
    let mut task: NewTask = read_json(request, call.session.limits.json_body_bytes).await?;
    task.traceparent = task.traceparent.or(call.trace);
    let texts = [Some(&task.kind), task.idempotency_key.as_ref()];
    if texts.into_iter().flatten().any(|text| text.is_empty() || text.len() > MAX_TEXT) {
        let detail = format!("`kind` and `idempotency_key` are 1 to {MAX_TEXT} bytes long");
        return Err(refuse(ErrorCode::InvalidRequest, detail));
    }
    let enqueued = match call.session.tasks.enqueue(task).await {
        Ok(enqueued) => enqueued,
        Err(BrokerError::Task(error)) => return Err(error.into()),
        Err(error) => return Err(refuse(ErrorCode::Draining, error.to_string())),
    };
    json_answer(&enqueued)
}

pub(super) async fn lease(call: &Call<'_>, request: Request<Body>) -> Answer {
    call.require(Capability::Tasks)?;
    let wanted = read_json(request, call.session.limits.json_body_bytes).await?;
    let lent = call.session.tasks.lease(wanted).await?;
    let body = json(lent.answer())?;
    Ok(of_json(lent.in_body(body)))
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
            let extension = tasks.extend(id, read_json(request, limit).await?).await?;
            return json_answer(&extension);
        }
        TaskAction::Complete => {
            let mut result: CompleteRequest = read_json(request, limit).await?;
            if let Some(output) = &mut result.output {
                services.redactor.redact_json(output);
            }
            tasks.complete(id, result).await?;
        }
        TaskAction::Fail => {
            let mut failure: FailRequest = read_json(request, limit).await?;
            failure.reason = services.redactor.redact(&failure.reason).into_owned();
            tasks.fail(id, failure).await?;
        }
        TaskAction::Release => tasks.release(id, read_json(request, limit).await?).await?,
        _ => {
            let detail = "this broker does not know the action";
            return Err(refuse(ErrorCode::NotFound, detail));
        }
    }
    Ok(no_content())
}
