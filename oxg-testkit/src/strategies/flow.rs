use oxg_protocol::Finding;
use oxg_sdk::declared::{DeclaresFindings, DeclaresHttp, DeclaresSecrets, DeclaresStorage};
use oxg_sdk::{Context, Failure, Plugin};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use serde::{Deserialize, Serialize};

use super::{findings, texts};

/// The hosts to which the calls of a flow go.
pub const FLOW_HOSTS: [&str; 3] = ["shop.test", "api.shop.test", "evil.test"];
/// The secret that the calls of a flow ask for.
pub const FLOW_SECRET: &str = "api-token";

/// One thing that a plugin does through its broker.
///
/// It is JSON as well, so that a flow can be the input of a task.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "call", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Call {
    /// Gets a page.
    Get {
        /// Which.
        url: String,
    },
    /// Sends a body.
    Post {
        /// Where to.
        url: String,
        /// The body.
        body: String,
    },
    /// Borrows [`FLOW_SECRET`], and logs it, which no log may show.
    Secret,
    /// Stores an artifact.
    Put {
        /// Its name.
        name: String,
        /// Its content.
        content: String,
    },
    /// Reads an artifact, which need not be there.
    Read {
        /// Its name.
        name: String,
    },
    /// Reports a finding.
    Report {
        /// The finding.
        finding: Finding,
    },
    /// Logs a text.
    Log {
        /// The text.
        text: String,
    },
}

impl Call {
    /// Makes the call.
    ///
    /// # Errors
    /// That of the client.
    pub async fn make<P>(&self, ctx: &Context<P>) -> Result<(), Failure>
    where
        P: Plugin + DeclaresHttp + DeclaresSecrets + DeclaresStorage + DeclaresFindings,
    {
        match self {
            Self::Get { url } => {
                ctx.http().get(url.as_str()).send().await?.bytes().await?;
            }
            Self::Post { url, body } => {
                ctx.http().post(url.as_str()).body(body.clone()).send().await?.bytes().await?;
            }
            Self::Secret => {
                let secret = ctx.secrets().get(FLOW_SECRET).await?;
                secret.expose(|value| oxg_sdk::tracing::info!(value, "borrowed {value}"));
            }
            Self::Put { name, content } => {
                ctx.artifacts().put(name.as_str(), content.clone()).await?;
            }
            Self::Read { name } => {
                ctx.artifacts().head(name.as_str()).await?;
            }
            Self::Report { finding } => {
                ctx.emit(finding.clone()).await?;
            }
            Self::Log { text } => oxg_sdk::tracing::info!("{text}"),
        }
        Ok(())
    }
}

/// What a plugin does in one task: up to 12 calls to few hosts and few artifacts, so that calls meet.
pub fn flows() -> impl Strategy<Value = Vec<Call>> {
    vec(calls(), 0..12)
}

fn calls() -> impl Strategy<Value = Call> {
    let urls = || {
        (select(FLOW_HOSTS.to_vec()), "[ab]?")
            .prop_map(|(host, path)| format!("https://{host}/{path}"))
    };
    let names = || select(vec!["a.txt", "b/c.txt", "b/d.txt"]).prop_map(str::to_owned);
    prop_oneof![
        3 => urls().prop_map(|url| Call::Get { url }),
        1 => (urls(), texts()).prop_map(|(url, body)| Call::Post { url, body }),
        1 => Just(Call::Secret),
        2 => (names(), texts()).prop_map(|(name, content)| Call::Put { name, content }),
        1 => names().prop_map(|name| Call::Read { name }),
        2 => findings().prop_map(|finding| Call::Report { finding }),
        1 => texts().prop_map(|text| Call::Log { text }),
    ]
}
