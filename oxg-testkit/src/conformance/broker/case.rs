//! A broker case, as it is written down.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

use super::fill;
use crate::conformance::{CaseId, CaseInfo, Kind};

/// One rule for brokers, and the calls that try it, in order.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(in crate::conformance) struct BrokerCase {
    pub(in crate::conformance) id: CaseId,
    must: String,
    source: String,
    /// Without one of these the case cannot be tried.
    #[serde(default)]
    pub(super) needs: Vec<Need>,
    pub(super) call: Vec<CallSpec>,
}

/// What a case cannot do without.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Need {
    /// The session has the capability, the broker the feature.
    Egress,
    Artifacts,
    Uploads,
    Tasks,
    /// And it can enqueue over the API.
    Enqueue,
    Secrets,
    /// The name of a secret that is granted.
    SecretName,
    Findings,
    Logs,
}

/// One request, and what the answer must be.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct CallSpec {
    /// Time before it.
    #[serde(default)]
    pub(super) pause_ms: u64,
    /// `METHOD TARGET`.
    pub(super) send: Option<String>,
    /// The bytes of the request, as they are.
    pub(super) raw: Option<String>,
    /// With `send`: the token in `Authorization`, or in `Proxy-Authorization` where the target is
    /// in absolute form.
    #[serde(default)]
    pub(super) token: Token,
    #[serde(default)]
    pub(super) headers: BTreeMap<String, String>,
    pub(super) json: Option<Map<String, Value>>,
    pub(super) body: Option<String>,
    /// Passes a limit of the session by one byte: the head or the body is that long.
    pub(super) oversize: Option<Oversize>,
    pub(super) expect: ExpectAnswer,
    /// Values of the answer for later calls: JSON pointers into its body, by name.
    #[serde(default)]
    pub(super) save: BTreeMap<String, String>,
    /// The same, from header fields.
    #[serde(default)]
    pub(super) save_headers: BTreeMap<String, String>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Token {
    #[default]
    Good,
    None,
    Wrong,
    /// The good one in two fields.
    Twice,
    /// With another scheme than Bearer.
    Basic,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Oversize {
    Head,
    JsonBody,
}

/// What the answer must be.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct ExpectAnswer {
    /// One of these. Empty: the connection may end without an answer.
    #[serde(deserialize_with = "one_or_many")]
    pub(super) status: Vec<u16>,
    /// One of these is the code of a problem, in `oxg-error` and in the body. Empty: there is none.
    #[serde(default, deserialize_with = "one_or_many")]
    pub(super) code: Vec<String>,
    /// Header fields and their values; `*` is any.
    #[serde(default)]
    pub(super) headers: BTreeMap<String, String>,
    /// Members of the JSON body, by JSON pointer.
    #[serde(default)]
    pub(super) json: BTreeMap<String, Value>,
    /// Members that are there, with any value but null.
    #[serde(default)]
    pub(super) has: Vec<String>,
    /// Members that are not.
    #[serde(default)]
    pub(super) lacks: Vec<String>,
    /// The whole body.
    pub(super) body: Option<String>,
    /// Texts that are nowhere in the answer.
    #[serde(default)]
    pub(super) without: Vec<String>,
    /// The body is NDJSON, and its lines have these members, in order.
    pub(super) lines: Option<Vec<String>>,
    /// The broker closes the connection after it.
    #[serde(default)]
    pub(super) closes: bool,
}

fn one_or_many<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Vec<T>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged, expecting = "expected one value, or a list of them")]
    enum OneOrMany<T> {
        One(T),
        Many(Vec<T>),
    }
    Ok(match OneOrMany::deserialize(deserializer)? {
        OneOrMany::One(value) => vec![value],
        OneOrMany::Many(values) => values,
    })
}

impl BrokerCase {
    pub(in crate::conformance) fn info(&self) -> CaseInfo {
        CaseInfo {
            id: self.id.clone(),
            kind: Kind::Broker,
            must: self.must.clone(),
            source: self.source.clone(),
        }
    }

    /// What is wrong with the case, if something is.
    pub(in crate::conformance) fn flaw(&self) -> Option<String> {
        let mut known: Vec<String> = fill::PREDEFINED.map(str::to_owned).to_vec();
        for (index, call) in self.call.iter().enumerate() {
            let number = index + 1;
            match (&call.send, &call.raw) {
                (Some(_), Some(_)) | (None, None) => {
                    return Some(format!("call {number} has either `send` or `raw`"));
                }
                (Some(send), None) if send.split(' ').count() != 2 => {
                    return Some(format!("call {number}: `send` is METHOD and TARGET"));
                }
                _ => {}
            }
            let structured = !call.headers.is_empty()
                || call.json.is_some()
                || call.body.is_some()
                || call.oversize.is_some()
                || call.token != Token::Good;
            if call.raw.is_some() && structured {
                return Some(format!("call {number}: `raw` is the whole request"));
            }
            if call.json.is_some() && call.body.is_some() {
                return Some(format!("call {number} has either `json` or `body`"));
            }
            let unknown = call.texts().iter().find_map(|text| fill::unknown(text, &known));
            if let Some(name) = unknown {
                return Some(format!("call {number} uses {{{name}}}, and no call before saves it"));
            }
            known.extend(call.save.keys().chain(call.save_headers.keys()).cloned());
        }
        None
    }
}

impl CallSpec {
    /// The texts in which names are replaced by values.
    fn texts(&self) -> Vec<String> {
        let mut texts: Vec<String> = self.headers.values().cloned().collect();
        texts.extend([&self.send, &self.raw, &self.body].into_iter().flatten().cloned());
        texts.extend(self.json.iter().map(|json| Value::Object(json.clone()).to_string()));
        texts.extend(self.expect.headers.values().cloned());
        texts.extend(self.expect.json.values().map(ToString::to_string));
        texts.extend(self.expect.body.clone());
        texts.extend(self.expect.without.iter().cloned());
        texts
    }
}
