//! What a test needs, with one `use`.

pub use oxg_protocol::Severity::{self, Critical, High, Info, Low, Medium};
pub use serde_json::json;

pub use crate::{
    Answer, Call, Cassette, Conversation, Fault, Gate, Run, Testkit, allowed, denied, finding, get,
    request,
};
