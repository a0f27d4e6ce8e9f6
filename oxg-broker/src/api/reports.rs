//! `/v1/findings` and `/v1/logs`: NDJSON, line by line.

use std::time::SystemTime;

use http::header::CONTENT_TYPE;
use http::{HeaderValue, Request, Response};
use oxg_manifest::Capability;
use oxg_protocol::finding::{Finding, Receipt};
use oxg_protocol::log::LogRecord;
use oxg_protocol::{ErrorCode, TaskId, header};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::Answer;
use crate::body::{Body, full, read_all};
use crate::call::Call;
use crate::error::{Refusal, refuse};
use crate::findings::Reporter;
use crate::services::Services;

/// The most lines in one call: each is answered with one that may be longer.
const MAX_LINES: usize = 8192;

pub(super) async fn findings(
    services: &Services,
    call: &Call<'_>,
    request: Request<Body>,
) -> Answer {
    call.require(Capability::Findings)?;
    let reporter = Reporter {
        plugin: &call.session.info.plugin,
        plugin_id: &call.session.plugin_id,
        task: call.task_id.as_ref().map_or("", TaskId::as_str),
    };
    let answer = each_line(call, request, |finding: Finding| {
        match services.findings.keep(reporter, finding) {
            Ok(id) => Receipt::Accepted(id),
            Err(problem) => Receipt::Rejected(*problem),
        }
    })
    .await?;
    services.findings.on_disk().await?;
    Ok(answer)
}

pub(super) async fn logs(services: &Services, call: &Call<'_>, request: Request<Body>) -> Answer {
    each_line(call, request, |record: LogRecord| match keep_log(services, call, record) {
        Ok(()) => Value::Object(Map::new()),
        Err(problem) => serde_json::json!({ "rejected": *problem }),
    })
    .await
}

fn keep_log(services: &Services, call: &Call<'_>, mut record: LogRecord) -> Result<(), Refusal> {
    record.msg = services.redactor.redact(&record.msg).into_owned();
    record.target = services.redactor.redact(&record.target).into_owned();
    // An id is chosen by the plugin, and may be what a secret looks like in hexadecimal.
    record.trace_id = record.trace_id.filter(|id| {
        matches!(services.redactor.redact(&id.to_string()), std::borrow::Cow::Borrowed(_))
    });
    if humantime::parse_rfc3339(&record.ts).is_err() {
        record.ts = humantime::format_rfc3339_millis(SystemTime::now()).to_string();
    }
    redact_fields(services, &mut record.fields);
    record.spans.iter_mut().for_each(|span| redact_fields(services, span));
    // Who speaks is known from the token; what the record claims does not count.
    record.plugin = Some(call.session.info.plugin.clone());
    record.run_id = Some(call.session.info.run_id.clone());
    services.logs.append(&record).map_err(|error| {
        refuse(
            ErrorCode::Unavailable,
            format!("the record could not be written ({})", error.kind()),
        )
    })
}

fn redact_fields(services: &Services, fields: &mut Map<String, Value>) {
    let mut value = Value::Object(std::mem::take(fields));
    services.redactor.redact_json(&mut value);
    if let Value::Object(clean) = value {
        *fields = clean;
    }
}

/// Answers each line of the body with a line.
async fn each_line<T: DeserializeOwned, R: Serialize>(
    call: &Call<'_>,
    request: Request<Body>,
    mut keep: impl FnMut(T) -> R,
) -> Answer {
    let bytes = read_all(request.into_body(), call.session.limits.json_body_bytes).await?;
    let lines = bytes.split(|byte| *byte == b'\n').filter(|line| !line.trim_ascii().is_empty());
    if lines.clone().nth(MAX_LINES).is_some() {
        return Err(refuse(
            ErrorCode::PayloadTooLarge,
            format!("a call takes at most {MAX_LINES} lines; send the rest in another"),
        ));
    }
    let mut answer = Vec::new();
    for line in lines {
        let written = match serde_json::from_slice(line) {
            Ok(record) => serde_json::to_writer(&mut answer, &keep(record)),
            Err(error) => {
                let detail =
                    format!("the line is not what this call takes (column {})", error.column());
                let problem = *refuse(ErrorCode::InvalidRequest, detail);
                serde_json::to_writer(&mut answer, &Receipt::Rejected(problem))
            }
        };
        written.map_err(|_| refuse(ErrorCode::Internal, "the answer could not be written"))?;
        answer.push(b'\n');
    }
    let mut response = Response::new(full(answer));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(header::NDJSON));
    Ok(response)
}
