//! The script as the broker's connections see it.

use http::header::{CONTENT_LENGTH, TRANSFER_ENCODING};
use http::{Method, Request, Response, StatusCode};
use http_body_util::BodyExt as _;
use oxg_broker::Body;
use oxg_broker::intercept::{Intercept, Intercepting, Next, Said};
use tokio::time::sleep;

use super::script::Plan;
use super::{Calls, Outage};
use crate::targets::wire::{Step, play};
use crate::targets::{Answer, Fault};

/// Lets the broker fail as the script says.
#[derive(Debug)]
pub(crate) struct FaultyCalls {
    calls: Calls,
    outage: Outage,
}

impl FaultyCalls {
    pub(crate) fn new(calls: Calls, outage: Outage) -> Self {
        Self { calls, outage }
    }
}

impl Intercept for FaultyCalls {
    fn intercept<'a>(&'a self, request: Request<Body>, next: Next<'a>) -> Intercepting<'a> {
        Box::pin(async move {
            if self.outage.is_on() {
                return Said::hang_up();
            }
            let plan = self.calls.script().next(&request);
            carry_out(plan, request, next).await
        })
    }
}

async fn carry_out(mut plan: Plan, request: Request<Body>, next: Next<'_>) -> Said {
    let to_head = request.method() == Method::HEAD;
    if plan.early {
        let (early, late) = plan.faults.into_iter().partition(needs_no_answer);
        plan.faults = late;
        if let Some(said) = before_the_broker(early).await {
            return said;
        }
    }
    let answer = match plan.instead {
        Some(answer) => {
            // A broker reads what it is sent, also where it lies.
            let _ = request.into_body().collect().await;
            answer
        }
        None => {
            let response = next.answer(request).await;
            let passes = match response.status() {
                StatusCode::SWITCHING_PROTOCOLS => !plan.faults.iter().any(leaves_no_answer),
                _ => plan.faults.iter().all(is_wait),
            };
            if passes {
                wait(&plan.faults).await;
                return Said::Answer(response);
            }
            read(response, &plan.faults, to_head).await
        }
    };
    let answer = plan.faults.into_iter().fold(answer, Answer::fault);
    instead(answer.steps(to_head))
}

/// What is said in place of the broker, if the broker never sees the call.
async fn before_the_broker(faults: Vec<Fault>) -> Option<Said> {
    wait(&faults).await;
    faults.into_iter().find(leaves_no_answer).map(|fault| {
        let never_told = Answer::new(200).fault(fault);
        instead(never_told.steps(false))
    })
}

async fn wait(faults: &[Fault]) {
    for fault in faults {
        match fault {
            Fault::Delay(time) => sleep(*time).await,
            Fault::Hold(gate) => gate.pass().await,
            _ => {}
        }
    }
}

fn is_wait(fault: &Fault) -> bool {
    matches!(fault, Fault::Delay(_) | Fault::Hold(_))
}

fn leaves_no_answer(fault: &Fault) -> bool {
    matches!(fault, Fault::Stall | Fault::Reset | Fault::Garbage(_))
}

fn needs_no_answer(fault: &Fault) -> bool {
    is_wait(fault) || leaves_no_answer(fault)
}

fn instead(steps: Vec<Step>) -> Said {
    Said::Instead(Box::new(move |line| Box::pin(play(steps, line))))
}

/// The broker's answer, as far as the faults need it: a body may have no end.
async fn read(response: Response<Body>, faults: &[Fault], to_head: bool) -> Answer {
    let (parts, mut body) = response.into_parts();
    let status = parts.status.as_u16();
    if faults.iter().any(leaves_no_answer) {
        return Answer::new(200);
    }
    let needed = faults.iter().filter_map(bytes_needed).min().unwrap_or(usize::MAX);
    let mut bytes = Vec::new();
    while bytes.len() < needed
        && let Some(Ok(frame)) = body.frame().await
    {
        bytes.extend_from_slice(frame.data_ref().map_or(&[], |data| data));
    }
    let mut headers = parts.headers;
    headers.remove(TRANSFER_ENCODING);
    if !to_head {
        // Told anew, and not always truly.
        headers.remove(CONTENT_LENGTH);
    }
    Answer::new(status).headers(headers).body(bytes)
}

/// How much of a body tells that it was cut short.
fn bytes_needed(fault: &Fault) -> Option<usize> {
    match fault {
        Fault::Truncate(bytes) | Fault::StallAfter(bytes) => Some(bytes.saturating_add(1)),
        _ => None,
    }
}
