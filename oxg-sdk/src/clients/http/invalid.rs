use http::HeaderName;
use oxg_protocol::Problem;
use oxg_protocol::inject::{InjectTargetError, MAX_TEMPLATES, TemplateError};

use super::pairs::PairsError;
use crate::channel::describe;

/// Why a request cannot be made. Nothing reached the target.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidRequest {
    /// A field's name or value, or the method, has a character that it cannot have.
    #[error(transparent)]
    Head(http::Error),
    /// The field is the SDK's own.
    #[error("the header {0} is set by the SDK; leave it out")]
    Reserved(HeaderName),
    /// The scheme is not that of the call.
    #[error("http:// and https:// are for requests, ws:// and wss:// for WebSockets")]
    Scheme,
    /// The value cannot be written as JSON.
    #[error("the body cannot be written as JSON")]
    Json(#[source] serde_json::Error),
    /// The value cannot be written as names and values.
    #[error(transparent)]
    Pairs(#[from] PairsError),
    /// A secret that the plugin holds has characters that no header can carry.
    #[error("the secret {0} has characters that no header can carry")]
    Secret(oxg_protocol::SecretName),
    /// The handle of a secret is malformed.
    #[error(transparent)]
    Template(#[from] TemplateError),
    /// No secret can be filled in at such a place.
    #[error(transparent)]
    Place(#[from] InjectTargetError),
    /// Beside a secret by handle stands text that looks like one. The broker would fill it in too,
    /// and whoever wrote that text would choose which secret is sent.
    #[error("{0} holds a text that looks like the handle of a secret; refuse such input")]
    ForeignTemplate(String),
    /// More secrets by handle than a request may hold.
    #[error("a request holds at most {MAX_TEMPLATES} secrets by handle")]
    TooManyTemplates,
    /// The broker cannot take the request.
    #[error("the broker refused the request: {}", describe(.0))]
    Refused(Box<Problem>),
}
