//! What stands between the plugin and the broker: it writes down, and answers where a case says so.

use std::convert::Infallible;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, PROXY_AUTHORIZATION};
use http::{HeaderValue, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use oxg_broker::Broker;
use oxg_protocol::{Problem, header};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep};

use super::call::Call;
use super::case::{Answer, Event, PluginCase, ProblemAnswer, Reply, Rule};
use super::transcript::{Answered, Exchange, Transcript};
use super::wire::{Replacement, Wire};

/// The largest body that passes, in bytes.
const MAX_BODY: usize = 64 << 20;

type Answering = Response<Full<Bytes>>;

/// What stands between the plugin and the broker.
pub(super) struct Tap {
    broker: Broker,
    rules: Vec<(Rule, AtomicUsize)>,
    lease_ms: Option<u64>,
    tokens: Tokens,
    pub(super) transcript: Transcript,
    /// What was no HTTP request.
    pub(super) malformed: Mutex<Vec<String>>,
    hangs: AtomicBool,
    events: mpsc::Sender<Event>,
    begin: Instant,
}

/// The plugin's token may be another one than the broker's.
pub(super) struct Tokens {
    of_broker: SecretString,
    valid: Mutex<SecretString>,
}

impl Tokens {
    pub(super) fn new(of_broker: &SecretString) -> Self {
        Self { of_broker: of_broker.clone(), valid: Mutex::new(of_broker.clone()) }
    }

    /// The value of a field as the broker must see it.
    fn translate(&self, value: &HeaderValue) -> Option<HeaderValue> {
        let valid = self.valid.lock().unwrap_or_else(PoisonError::into_inner);
        let (valid, of_broker) = (valid.expose_secret(), self.of_broker.expose_secret());
        if valid == of_broker {
            return None;
        }
        let given = value.to_str().ok()?.split_once(' ')?.1;
        let token = if given == valid { of_broker } else { "stale" };
        HeaderValue::try_from(format!("Bearer {token}")).ok()
    }
}

impl Tap {
    pub(super) fn new(
        broker: Broker,
        case: &PluginCase,
        tokens: Tokens,
        events: mpsc::Sender<Event>,
    ) -> Self {
        Self {
            broker,
            rules: case.broker.iter().map(|rule| (rule.clone(), AtomicUsize::new(0))).collect(),
            lease_ms: case.lease_ms,
            tokens,
            transcript: Transcript::default(),
            malformed: Mutex::default(),
            hangs: AtomicBool::new(false),
            events,
            begin: Instant::now(),
        }
    }

    /// Since the start of the run.
    pub(super) fn now(&self) -> Duration {
        self.begin.elapsed()
    }

    /// Only this token is valid from now on.
    pub(super) fn renew_token(&self, token: SecretString) {
        *self.tokens.valid.lock().unwrap_or_else(PoisonError::into_inner) = token;
    }

    /// No call is answered from now on.
    pub(super) fn hang(&self) {
        self.hangs.store(true, Ordering::Release);
    }

    /// Serves one connection of the plugin's.
    pub(super) async fn serve<S>(self: Arc<Self>, stream: S)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let replacement = Replacement::default();
        let wire = Wire::new(stream, replacement.clone());
        let tap = Arc::clone(&self);
        let service = service_fn(move |request| {
            let (tap, replacement) = (Arc::clone(&tap), replacement.clone());
            async move { Ok::<_, Infallible>(tap.answer(request, &replacement).await) }
        });
        let served = http1::Builder::new()
            .timer(TokioTimer::new())
            .serve_connection(TokioIo::new(wire), service)
            .await;
        if let Err(error) = served
            && error.is_parse()
        {
            self.malformed.lock().unwrap_or_else(PoisonError::into_inner).push(error.to_string());
        }
    }

    async fn answer(&self, request: Request<Incoming>, replacement: &Replacement) -> Answering {
        let at = self.now();
        let (head, body) = request.into_parts();
        let call = Call::of(&head.method, &head.uri);
        // Whether a token is valid is decided as the call comes, not after it was held.
        let field = match head.uri.authority() {
            Some(_) => PROXY_AUTHORIZATION,
            None => AUTHORIZATION,
        };
        let translated = head.headers.get(&field).and_then(|value| self.tokens.translate(value));
        let rule = self.rule_for(call);
        // What comes of the call must find the plugin in the midst of it.
        if let Some(event) = rule.and_then(|(_, rule)| rule.then) {
            let _ = self.events.try_send(event);
        }
        let body = match Limited::new(body, MAX_BODY).collect().await {
            Ok(body) => body.to_bytes(),
            Err(_) => return reply(StatusCode::PAYLOAD_TOO_LARGE, "text/plain", Bytes::new()),
        };
        let place = self.transcript.begin(Exchange {
            at,
            call,
            method: head.method.clone(),
            uri: head.uri.clone(),
            headers: head.headers.clone(),
            body: body.clone(),
            rule: rule.map(|(index, _)| index),
            answer: None,
        });
        if let Some((_, rule)) = rule {
            sleep(Duration::from_millis(rule.hold_ms)).await;
        }
        if self.hangs.load(Ordering::Acquire) {
            std::future::pending::<()>().await;
        }
        let mut request = Request::from_parts(head, body);
        if let Some(value) = translated {
            request.headers_mut().insert(field, value);
        }
        let answer = match rule.and_then(|(_, rule)| rule.answer.as_ref()) {
            None => self.forward(call, request).await,
            Some(Answer::Lose) => {
                replacement.set(Bytes::new());
                self.forward(call, request).await
            }
            Some(Answer::Problem(problem)) => problem_answer(problem),
            Some(Answer::Reply(reply)) => reply_answer(reply),
            Some(Answer::Raw(text)) => {
                replacement.set(text.clone());
                reply(StatusCode::OK, "text/plain", Bytes::new())
            }
            Some(Answer::HugeHead(bytes)) => {
                let head = format!("HTTP/1.1 200 OK\r\nx-filler: {}\r\n\r\n", "x".repeat(*bytes));
                replacement.set(head);
                reply(StatusCode::OK, "text/plain", Bytes::new())
            }
            Some(Answer::Stall) => std::future::pending().await,
        };
        self.transcript.answered(place, self.answered(&answer).await);
        answer
    }

    /// The rule that is about this call, if one is.
    fn rule_for(&self, call: Call) -> Option<(usize, &Rule)> {
        self.rules.iter().enumerate().find_map(|(index, (rule, seen))| {
            if !rule.on.cover(call) {
                return None;
            }
            let number = seen.fetch_add(1, Ordering::Relaxed);
            let fires =
                number >= rule.skip && rule.times.is_none_or(|times| number - rule.skip < times);
            fires.then_some((index, rule))
        })
    }

    async fn answered(&self, answer: &Answering) -> Answered {
        let code = answer.headers().get(header::ERROR).and_then(|code| code.to_str().ok());
        let body = answer.body().clone().collect().await;
        Answered {
            at: self.now(),
            status: answer.status().as_u16(),
            code: code.map(str::to_owned),
            body: body.unwrap_or_else(|never| match never {}).to_bytes(),
        }
    }

    /// The answer of the broker.
    async fn forward(&self, call: Call, mut request: Request<Bytes>) -> Answering {
        if let (Some(lease_ms), Call::Lease | Call::Extend) = (self.lease_ms, call) {
            shorten(&mut request, lease_ms);
        }
        self.exchange(request.map(Full::new)).await.unwrap_or_else(|error| {
            let text = format!("the tap lost the broker: {error}");
            reply(StatusCode::BAD_GATEWAY, "text/plain", text.into())
        })
    }

    async fn exchange(&self, request: Request<Full<Bytes>>) -> Result<Answering, hyper::Error> {
        let stream = TokioIo::new(self.broker.connect());
        let (mut sender, connection) = hyper::client::conn::http1::handshake(stream).await?;
        let answer = async {
            let (head, body) = sender.send_request(request).await?.into_parts();
            let body = body.collect().await?.to_bytes();
            Ok(Response::from_parts(head, Full::new(body)))
        };
        let mut answer = std::pin::pin!(answer);
        // Both are one future: when the plugin hangs up, the broker sees it.
        tokio::select! {
            biased;
            answer = &mut answer => answer,
            _ = connection => answer.await,
        }
    }
}

/// Has the call ask for a lease of another length.
fn shorten(request: &mut Request<Bytes>, lease_ms: u64) {
    let Ok(Value::Object(mut wanted)) = serde_json::from_slice(request.body()) else { return };
    wanted.insert("lease_ms".to_owned(), lease_ms.into());
    let body = Bytes::from(Value::Object(wanted).to_string());
    request.headers_mut().remove(http::header::TRANSFER_ENCODING);
    request.headers_mut().insert(CONTENT_LENGTH, body.len().into());
    *request.body_mut() = body;
}

fn problem_answer(answer: &ProblemAnswer) -> Answering {
    let mut problem = Problem::new(answer.code, "the conformance case says so");
    problem.retry_after_ms = answer.retry_after_ms;
    let body = serde_json::to_vec(&problem).unwrap_or_default();
    let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = reply(status, Problem::MEDIA_TYPE, body.into());
    let code = HeaderValue::from_static(answer.code.as_str());
    response.headers_mut().insert(header::ERROR, code);
    response
}

fn reply_answer(answer: &Reply) -> Answering {
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::OK);
    let mut response = reply(status, &answer.content_type, answer.body.clone().into());
    if let Some(code) = answer.code.as_ref().and_then(|code| HeaderValue::try_from(code).ok()) {
        response.headers_mut().insert(header::ERROR, code);
    }
    response
}

fn reply(status: StatusCode, content_type: &str, body: Bytes) -> Answering {
    let mut answer = Response::new(Full::new(body));
    *answer.status_mut() = status;
    if let Ok(value) = HeaderValue::try_from(content_type) {
        answer.headers_mut().insert(CONTENT_TYPE, value);
    }
    answer
}
