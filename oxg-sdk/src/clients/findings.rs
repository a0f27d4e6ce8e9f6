use std::borrow::Cow;
use std::collections::BTreeMap;

use http::header::CONTENT_TYPE;
use http::{HeaderValue, Method};
use oxg_protocol::finding::Receipt;
use oxg_protocol::{Finding, FindingId, Problem, header, route};
use oxg_redact::Redactor;
use serde_json::Value;

use super::api::MAX_JSON_BYTES;
use super::{Api, ApiError};

/// The longest batch in one call, in bytes.
const MAX_BATCH_BYTES: usize = 512 << 10;

/// Why a finding was not kept.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FindingError {
    /// The broker does not take this one. The others of the batch are kept.
    #[error("the finding {kind:?} was refused: {}", crate::channel::ChannelError::Broker(.problem.clone()))]
    Rejected {
        /// Its type.
        kind: String,
        /// What the broker says.
        problem: Box<Problem>,
    },
    /// The broker answered for another number of findings than were sent.
    #[error("sent {sent} findings, but the broker answered for {answered}")]
    Receipts {
        /// Findings sent.
        sent: usize,
        /// Receipts that came back.
        answered: usize,
    },
    /// The call failed.
    #[error("{0}")]
    Api(#[from] ApiError),
}

/// Reports findings.
///
/// Each is redacted before it leaves. Its id follows from its content and the task, so that a task
/// which is delivered twice reports it once.
#[derive(Debug, Clone)]
pub struct FindingsClient {
    api: Api,
    redactor: Redactor,
    plugin: Cow<'static, str>,
    task: String,
}

impl FindingsClient {
    pub(crate) fn new(
        api: Api,
        redactor: Redactor,
        plugin: impl Into<Cow<'static, str>>,
        task: String,
    ) -> Self {
        Self { api, redactor, plugin: plugin.into(), task }
    }

    /// Reports one finding, and says under which id it is kept.
    ///
    /// # Errors
    /// [`FindingError`].
    pub async fn emit(&self, finding: Finding) -> Result<FindingId, FindingError> {
        let ids = self.emit_all([finding]).await?;
        ids.into_iter().next().ok_or(FindingError::Receipts { sent: 1, answered: 0 })
    }

    /// Reports many, in as few calls as they fit into.
    ///
    /// # Errors
    /// The first error. Findings that the broker refuses keep no others from being sent; another
    /// error does.
    pub async fn emit_all(
        &self,
        findings: impl IntoIterator<Item = Finding>,
    ) -> Result<Vec<FindingId>, FindingError> {
        let mut sent = Sent::default();
        let mut batch = Batch::default();
        // Collected first: the iterator need not be `Send`.
        let findings: Vec<_> = findings.into_iter().collect();
        for finding in findings {
            let finding = self.prepare(finding);
            let line = serde_json::to_vec(&finding).map_err(ApiError::Encode)?;
            if !batch.kinds.is_empty() && batch.lines.len() + line.len() > MAX_BATCH_BYTES {
                self.send(std::mem::take(&mut batch), &mut sent).await?;
            }
            batch.lines.extend_from_slice(&line);
            batch.lines.push(b'\n');
            batch.kinds.push(finding.kind);
        }
        if !batch.kinds.is_empty() {
            self.send(batch, &mut sent).await?;
        }
        sent.refused.map_or(Ok(sent.ids), Err)
    }

    async fn send(&self, batch: Batch, sent: &mut Sent) -> Result<(), FindingError> {
        let options = self.api.options().idempotent(true);
        let mut request = self
            .api
            .request(Method::POST, route::FINDINGS, batch.lines.into(), options)
            .map_err(ApiError::from)?;
        request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(header::NDJSON));
        let answer = self.api.send(request).await.map_err(ApiError::from)?;
        let bytes = answer.into_body().collect(MAX_JSON_BYTES).await.map_err(ApiError::from)?;
        let receipts = serde_json::Deserializer::from_slice(&bytes)
            .into_iter::<Receipt>()
            .collect::<Result<Vec<_>, _>>()
            .map_err(|source| ApiError::Answer { path: route::FINDINGS.to_owned(), source })?;
        if receipts.len() != batch.kinds.len() {
            return Err(FindingError::Receipts {
                sent: batch.kinds.len(),
                answered: receipts.len(),
            });
        }
        for (receipt, kind) in receipts.into_iter().zip(batch.kinds) {
            match receipt {
                Receipt::Accepted(id) => sent.ids.push(id),
                Receipt::Rejected(problem) => {
                    let problem = Box::new(problem);
                    sent.refused.get_or_insert(FindingError::Rejected { kind, problem });
                }
                other => {
                    tracing::warn!(receipt = ?other, "the broker answered with a receipt of a later version");
                }
            }
        }
        Ok(())
    }

    /// The finding without secrets, and with its id.
    fn prepare(&self, mut finding: Finding) -> Finding {
        let clean = |text: &mut String| {
            if let Cow::Owned(redacted) = self.redactor.redact(text) {
                *text = redacted;
            }
        };
        clean(&mut finding.kind);
        clean(&mut finding.message);
        [&mut finding.target, &mut finding.evidence].into_iter().flatten().for_each(clean);
        finding.metadata = self.clean_metadata(std::mem::take(&mut finding.metadata));
        if finding.id.is_none() {
            finding.id = Some(finding.derive_id(&self.plugin, &self.task));
        }
        finding
    }

    /// Redacted by what it holds and by the names that it has.
    fn clean_metadata(&self, metadata: BTreeMap<String, String>) -> BTreeMap<String, String> {
        let fields = metadata.into_iter().map(|(key, value)| (key, Value::from(value)));
        let mut fields = Value::Object(fields.collect());
        self.redactor.redact_json(&mut fields);
        let Value::Object(fields) = fields else {
            return BTreeMap::new();
        };
        let text = |value| match value {
            Value::String(text) => text,
            other => other.to_string(),
        };
        fields.into_iter().map(|(key, value)| (key, text(value))).collect()
    }
}

/// What came of the batches so far.
#[derive(Default)]
struct Sent {
    ids: Vec<FindingId>,
    refused: Option<FindingError>,
}

#[derive(Default)]
struct Batch {
    lines: Vec<u8>,
    kinds: Vec<String>,
}
