use oxg_protocol::session::SessionInfo;
use oxg_protocol::version::feature;
use oxg_protocol::{ProtocolVersion, route};

use super::RunError;
use crate::Declared;
use crate::clients::Api;

/// Opens the session, and makes sure that broker and plugin fit.
pub(super) async fn open<P: Declared>(api: &Api) -> Result<SessionInfo, RunError> {
    let session: SessionInfo = api.get(route::SESSION).await.map_err(RunError::Session)?;
    if !ProtocolVersion::CURRENT.understands(session.protocol) {
        return Err(RunError::Version { broker: session.protocol });
    }
    if session.plugin != P::NAME {
        return Err(RunError::WrongPlugin { session: session.plugin, plugin: P::NAME });
    }
    for needed in P::CAPABILITIES.iter().filter_map(|name| feature_of(name)) {
        if !session.features.iter().any(|offered| offered == needed) {
            return Err(RunError::MissingFeature(needed));
        }
    }
    for declared in P::CAPABILITIES {
        if !session.capabilities.iter().any(|granted| granted == declared) {
            tracing::warn!(
                capability = declared,
                "the manifest declares the capability, but the broker does not grant it"
            );
        }
    }
    Ok(session)
}

fn feature_of(capability: &str) -> Option<&'static str> {
    Some(match capability {
        "http" => feature::EGRESS,
        "secrets" => feature::SECRETS,
        "storage" => feature::ARTIFACTS,
        "tasks" => feature::TASKS,
        "findings" => feature::FINDINGS,
        _ => return None,
    })
}
