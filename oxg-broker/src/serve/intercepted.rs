//! Connections on which something else than the broker may speak.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use http::{Request, Response};
use oxg_protocol::Limits;
use tokio_util::sync::CancellationToken;

use super::serve_connection;
use crate::api::answer;
use crate::body::Body;
use crate::gate::Violation;
use crate::intercept::{Line, Next, Said, Takeover};
use crate::services::Services;

/// Who answers the requests of one connection.
#[derive(Clone)]
pub(super) struct Speaker {
    services: Arc<Services>,
    /// What is to be done with the connection in place of an answer.
    instead: Arc<Mutex<Option<Takeover>>>,
}

impl Speaker {
    pub(super) fn new(services: Arc<Services>) -> Self {
        Self { services, instead: Arc::default() }
    }

    pub(super) fn limits(&self) -> &Limits {
        &self.services.limits
    }

    pub(super) async fn answer(
        &self,
        request: Request<Body>,
        violation: Option<Violation>,
    ) -> Result<Response<Body>, TakenOver> {
        let Some(intercept) = &self.services.intercept else {
            return Ok(answer(&self.services, request, violation).await);
        };
        match intercept.intercept(request, Next::new(&self.services, violation)).await {
            Said::Answer(response) => Ok(response),
            Said::Instead(takeover) => {
                *self.instead.lock().unwrap_or_else(PoisonError::into_inner) = Some(takeover);
                Err(TakenOver)
            }
        }
    }

    fn take(&self) -> Option<Takeover> {
        self.instead.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// Ends a connection's HTTP without another byte.
#[derive(Debug)]
pub(super) struct TakenOver;

impl fmt::Display for TakenOver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the connection was taken over")
    }
}

impl std::error::Error for TakenOver {}

/// Serves HTTP on the line, then does what is to be done in place of an answer.
pub(super) async fn serve_line(services: Arc<Services>, line: Line, stop: CancellationToken) {
    let speaker = Speaker::new(services);
    serve_connection(speaker.clone(), line.share(), stop.clone()).await;
    if let Some(takeover) = speaker.take() {
        let _ = stop.run_until_cancelled(takeover(line)).await;
    }
}
