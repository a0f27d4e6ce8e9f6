//! The dispatcher: who calls, what for, may they, and what became of it.

mod artifacts;
mod on_drop;
mod reports;
mod route;
mod secrets;
mod tasks;
mod uploads;

use std::borrow::Cow;
use std::sync::Arc;

use http::header::{
    AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue,
    PROXY_AUTHORIZATION,
};
use http::{Method, Request, Response};
use http_body_util::BodyExt as _;
use oxg_protocol::audit::{Decision, EventType};
use oxg_protocol::{
    ArtifactName, ErrorCode, Problem, ProtocolVersion, TraceParent, header, route as path,
};
use tokio::time::{Instant, timeout_at};

use crate::audit::Entry;
use crate::body::{Body, Holding, full, json, problem_response};
use crate::call::Call;
use crate::error::{Refusal, refuse};
use crate::gate::{REFUSED_PATH, Violation};
use crate::random;
use crate::services::Services;
use crate::sessions::SessionState;
use on_drop::OnDrop;
use route::Route;

/// The answer to a call, or why there is none.
pub(crate) type Answer = Result<Response<Body>, Refusal>;

/// The reason in the audit of a call that was given up with its connection.
const UNANSWERED: &str = "ended before its answer: the plugin went away, or the broker stopped";

/// Answers one request. `violation` says what was wrong with its bytes, if they were refused.
pub(crate) async fn answer(
    services: &Services,
    request: Request<Body>,
    violation: Option<Violation>,
) -> Response<Body> {
    // Long enough that it never passes for a card number, which the audit would redact.
    let request_id = random::hex::<16>().unwrap_or_default();
    let malformed = violation.filter(|_| request.uri().path() == REFUSED_PATH);
    let result = match malformed {
        Some(violation) => {
            let code = match violation {
                Violation::HeadTooLarge(_) => ErrorCode::PayloadTooLarge,
                _ => ErrorCode::InvalidRequest,
            };
            let entry = Entry::new(EventType::Api, Decision::Deny, violation.to_string())
                .with("request_id", request_id.as_str());
            services.audit.record("", entry).and(Err(refuse(code, violation.to_string())))
        }
        None => authenticated(services, request, &request_id).await,
    };
    let mut response = result.unwrap_or_else(|mut problem| {
        clean(services, &mut problem);
        problem.request_id = Some(request_id.clone());
        problem_response(&problem)
    });
    if let Ok(value) = HeaderValue::from_str(&request_id) {
        response.headers_mut().insert(header::REQUEST_ID, value);
    }
    response
}

async fn authenticated(services: &Services, request: Request<Body>, request_id: &str) -> Answer {
    let is_egress = request.uri().authority().is_some();
    if !is_egress && request.uri().path() == path::HEALTH && request.method() == Method::GET {
        return Ok(Response::new(full("ok\n")));
    }
    let field = if is_egress { PROXY_AUTHORIZATION } else { AUTHORIZATION };
    let session = match authenticate(services, request.headers(), &field) {
        Some(session) => session,
        None => {
            let entry = Entry::new(EventType::Authentication, Decision::Deny, "no valid token")
                .with("request_id", request_id);
            services.audit.record("", entry)?;
            return Err(refuse(ErrorCode::Unauthenticated, "no valid token"));
        }
    };
    let mut call = Call {
        audit: &services.audit,
        session: &session,
        deadline: Instant::now() + session.limits.deadline(None),
        request_id,
        task_id: request
            .headers()
            .get(header::TASK_ID)
            .and_then(|id| id.to_str().ok()?.parse().ok()),
        trace: trace(request.headers(), is_egress),
        slot: None,
    };
    audited(services, &mut call, request).await
}

/// Answers the call and writes down what became of it: every refusal, and every success but the
/// routine ones and those of egress, which is written down before it happens.
async fn audited(services: &Services, call: &mut Call<'_>, request: Request<Body>) -> Answer {
    let (method, uri) = (request.method().clone(), request.uri().clone());
    let route = match uri.authority() {
        Some(_) => None,
        None => Some(Route::parse(&method, &uri)),
    };
    let (event, about, quiet) = match &route {
        None => (EventType::Egress, ("url", uri.to_string()), true),
        Some(route) => (
            route.as_ref().map_or(EventType::Api, Route::event),
            ("path", uri.path().to_owned()),
            route.as_ref().is_ok_and(Route::is_routine),
        ),
    };
    let is_egress = route.is_none();
    let told = |entry: Entry| entry.with("method", method.as_str()).with(about.0, about.1.as_str());
    let lost = Call { task_id: call.task_id.clone(), slot: None, ..*call };
    let is_routine = quiet && !is_egress;
    let unanswered = (!is_routine).then(|| {
        OnDrop::new(|| {
            let _ = lost.record(told(Entry::new(event, Decision::Info, UNANSWERED)));
        })
    });
    let result = admitted(services, call, route, request).await;
    if let Some(unanswered) = unanswered {
        unanswered.disarm();
    }
    let entry = match &result {
        // Egress was written down before it happened.
        Ok(_) if quiet => return result,
        Ok(_) => Entry::new(event, Decision::Allow, ""),
        Err(problem) => Entry::refused(event, problem),
    };
    // Before the answer leaves: what is not in the audit did not happen.
    call.record(told(entry))?;
    services.audit.on_disk().await?;
    result
}

/// Answers the call if it is well-formed and not one too many, within its deadline.
async fn admitted(
    services: &Services,
    call: &mut Call<'_>,
    route: Option<Result<Route, Refusal>>,
    request: Request<Body>,
) -> Answer {
    let (headers, limits) = (request.headers(), &call.session.limits);
    call.deadline = Instant::now() + limits.deadline(number(headers, header::DEADLINE_MS)?);
    check_version(headers)?;
    let Ok(slot) = call.session.slots.clone().try_acquire_owned() else {
        let limit = limits.concurrent_requests;
        let mut refusal =
            refuse(ErrorCode::RateLimited, format!("{limit} calls are under way; wait for one"));
        refusal.retry_after_ms = Some(100);
        return Err(refusal);
    };
    call.slot = Some(Arc::new(slot));
    let answer = timeout_at(call.deadline, dispatch(services, call, route, request)).await;
    let response = answer.unwrap_or_else(|_| {
        Err(refuse(ErrorCode::DeadlineExceeded, "the call's deadline passed in the broker"))
    })?;
    Ok(response.map(|body| Holding::new(body, call.slot.clone()).boxed_unsync()))
}

async fn dispatch(
    services: &Services,
    call: &Call<'_>,
    route: Option<Result<Route, Refusal>>,
    request: Request<Body>,
) -> Answer {
    if request.method() == Method::CONNECT {
        return Err(refuse(
            ErrorCode::CapabilityDenied,
            "CONNECT is refused: a tunnel cannot be audited; send the request in absolute form",
        ));
    }
    match route {
        None if authenticate(services, request.headers(), &AUTHORIZATION).is_some() => {
            let detail =
                "the session's token is for the broker; send the target credentials of its own";
            Err(refuse(ErrorCode::InvalidRequest, detail))
        }
        None => services.egress.forward(call, request).await,
        Some(route) => serve(services, call, route?, request).await,
    }
}

async fn serve(
    services: &Services,
    call: &Call<'_>,
    route: Route,
    request: Request<Body>,
) -> Answer {
    match route {
        Route::Session => json_answer(&call.session.info),
        Route::GetSecret(name) => secrets::get(call, &name).await,
        Route::WatchSecret(name) => secrets::watch(call, &name).await,
        Route::RenewLease(id) => secrets::renew(call, &id),
        Route::GiveBackLease(id) => secrets::give_back(call, &id),
        Route::ListArtifacts { prefix, cursor } => {
            artifacts::list(call, &prefix, cursor.as_deref()).await
        }
        Route::PutArtifact(name) => {
            refuse_secret_name(services, &name)?;
            artifacts::put(call, name, request).await
        }
        Route::GetArtifact(name) => artifacts::get(call, &name, request.headers()).await,
        Route::HeadArtifact(name) => artifacts::head(call, &name, request.headers()).await,
        Route::DeleteArtifact(name) => artifacts::delete(call, &name, request.headers()).await,
        Route::BeginUpload => uploads::begin(call).await,
        Route::AppendUpload(id) => uploads::append(call, &id, request).await,
        Route::ShowUpload(id) => uploads::show(call, &id),
        Route::CloseUpload { id, name, digest } => {
            refuse_secret_name(services, &name)?;
            uploads::close(call, &id, name, digest, request.headers()).await
        }
        Route::CancelUpload(id) => uploads::cancel(call, &id),
        Route::EnqueueTask => tasks::enqueue(call, request).await,
        Route::LeaseTasks => tasks::lease(call, request).await,
        Route::Task(id, action) => tasks::act(services, call, &id, action, request).await,
        Route::Findings => reports::findings(services, call, request).await,
        Route::Logs => reports::logs(services, call, request).await,
    }
}

/// A denial repeats what was asked for, and that may hold a secret.
fn clean(services: &Services, problem: &mut Problem) {
    for text in problem.destination.iter_mut().chain([&mut problem.detail]) {
        if let Cow::Owned(redacted) = services.redactor.redact(text) {
            *text = redacted;
        }
    }
    // A line that names a secret is not one: only values are cut out of it.
    if let Some(hint) = &mut problem.manifest_hint
        && services.redactor.contains_known(hint.as_bytes())
    {
        *hint = services.redactor.redact(hint).into_owned();
    }
}

/// A name stays readable wherever the artifact is listed, so it holds no secret. It is refused, not
/// redacted: the plugin would not find the artifact again.
fn refuse_secret_name(services: &Services, name: &ArtifactName) -> Result<(), Refusal> {
    let report = services.redactor.scan(name.as_str());
    if report.findings().iter().any(|finding| finding.kind.is_secret()) {
        let detail = format!("the name of the artifact holds a secret: {name}");
        return Err(refuse(ErrorCode::InvalidRequest, detail));
    }
    Ok(())
}

/// The session whose bearer token is in `field`.
fn authenticate(
    services: &Services,
    headers: &HeaderMap,
    field: &HeaderName,
) -> Option<Arc<SessionState>> {
    let mut values = headers.get_all(field).iter();
    let (value, None) = (values.next()?, values.next()) else {
        return None;
    };
    let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("bearer") {
        return None;
    }
    services.sessions.authenticate(token)
}

/// The trace that the call belongs to. What is not a `traceparent` counts as none (W3C Trace Context,
/// section 4.3), and so do several.
fn trace(headers: &HeaderMap, is_egress: bool) -> Option<TraceParent> {
    let field = if is_egress { header::TRACEPARENT } else { "traceparent" };
    let mut values = headers.get_all(field).iter();
    let (value, None) = (values.next()?, values.next()) else {
        return None;
    };
    value.to_str().ok()?.parse().ok()
}

/// A peer of another major version would misread us.
fn check_version(headers: &HeaderMap) -> Result<(), Refusal> {
    let Some(value) = headers.get(header::PROTOCOL) else {
        return Ok(());
    };
    let theirs = value.to_str().ok().and_then(|text| text.parse::<ProtocolVersion>().ok());
    let ours = ProtocolVersion::CURRENT;
    if theirs.is_some_and(|theirs| ours.understands(theirs)) {
        return Ok(());
    }
    Err(refuse(ErrorCode::VersionUnsupported, format!("this broker speaks version {ours}")))
}

fn number(headers: &HeaderMap, name: &str) -> Result<Option<u64>, Refusal> {
    let Some(value) = headers.get(name) else {
        return Ok(None);
    };
    // `parse` alone takes a plus sign.
    let digits = |text: &&str| text.bytes().all(|b| b.is_ascii_digit());
    let text = value.to_str().ok().filter(digits);
    let number = text.and_then(|text| text.parse().ok());
    let invalid = || refuse(ErrorCode::InvalidRequest, format!("{name} is not a number"));
    number.map(Some).ok_or_else(invalid)
}

/// The answer that is this value.
fn json_answer(value: &impl serde::Serialize) -> Answer {
    Ok(of_json(json(value)?))
}

/// The answer whose body is JSON.
fn of_json(body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// An answer that no cache may keep.
fn no_store(mut response: Response<Body>) -> Response<Body> {
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

fn no_content() -> Response<Body> {
    let mut response = Response::new(full(bytes::Bytes::new()));
    *response.status_mut() = http::StatusCode::NO_CONTENT;
    response
}
