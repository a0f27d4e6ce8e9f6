//! To the host's form.

use super::{Conversion, Loss};
use crate::{
    ArtifactAccess, Capabilities, Capability, FilePath, HostCapabilities, HostCapability, Manifest,
    SignatureFiles,
};

/// The files that the host's form requires and the guide's may leave out. What is given here goes
/// before what the manifest says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct HostFiles {
    /// The file that is signed.
    pub artifact: Option<FilePath>,
    /// Its signature, and the key or certificate.
    pub signature: Option<SignatureFiles>,
}

/// Why a manifest has no host's form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConvertError {
    /// The host requires an artifact.
    #[error("the host's form requires \"artifact\", the file that is signed; name it")]
    NoArtifact,
    /// The host requires a signature.
    #[error(
        "the host's form requires \"signature\"; name the files of the signature and of its key"
    )]
    NoSignature,
    /// The host requires at least one capability, and none of those granted has a name there.
    #[error("nothing that the manifest grants has a name in the host's form, which requires one")]
    NoCapability,
}

/// The manifest in the host's form. One that is in it already keeps its list.
///
/// # Errors
///
/// When something is missing that the host's form requires.
pub fn to_host(manifest: &Manifest, files: HostFiles) -> Result<Conversion, ConvertError> {
    let artifact = files.artifact.or_else(|| manifest.artifact.clone());
    let signature = files.signature.or_else(|| manifest.signature.clone());
    let (list, losses) = match manifest.host_capabilities() {
        Some(list) => (list.clone(), Vec::new()),
        None => {
            let list = HostCapabilities::new(names(&manifest.capabilities));
            (list.map_err(|_| ConvertError::NoCapability)?, losses(manifest))
        }
    };
    let mut host =
        Manifest::new(manifest.name.clone(), manifest.version.clone(), manifest.entry.clone());
    host.artifact = Some(artifact.ok_or(ConvertError::NoArtifact)?);
    host.signature = Some(signature.ok_or(ConvertError::NoSignature)?);
    host.trusted = manifest.trusted;
    host.config = manifest.config.clone();
    host.set_host_capabilities(list);
    Ok(Conversion { manifest: host, losses })
}

/// The host's names for what is granted.
fn names(capabilities: &Capabilities) -> Vec<HostCapability> {
    let http =
        capabilities.http.as_ref().filter(|http| http.hosts.as_ref().is_none_or(|h| !h.is_empty()));
    let requests = http.is_some_and(|http| http.methods.as_ref().is_none_or(|m| !m.is_empty()));
    let flows = capabilities.flows.unwrap_or(crate::FlowsCapability { passive: false, raw: false });
    [
        (HostCapability::EmitFindings, capabilities.declares(Capability::Findings)),
        (HostCapability::HttpActive, requests),
        (HostCapability::HttpPassive, flows.passive),
        (HostCapability::FlowInspect, flows.passive),
        (HostCapability::FlowInspectRaw, flows.raw),
        (HostCapability::WebSocket, http.is_some_and(|http| http.websocket)),
        (HostCapability::Storage, capabilities.storage.is_some()),
    ]
    .into_iter()
    .filter_map(|(capability, granted)| granted.then_some(capability))
    .collect()
}

/// What the host's form cannot say.
fn losses(manifest: &Manifest) -> Vec<Loss> {
    let mut losses = Vec::new();
    let mut lose = |lost: bool, path: &str, message: &str| {
        if lost {
            losses.push(Loss::new(path, message));
        }
    };
    lose(manifest.schema.is_some(), "$schema", "the host refuses the key");
    lose(manifest.description.is_some(), "description", "the host refuses the key");
    let Capabilities { http, storage, secrets, .. } = &manifest.capabilities;
    if let Some(http) = http {
        let path = "capabilities.http.hosts";
        lose(http.hosts.is_some(), path, "the host's form does not limit hosts");
        // An empty list and CAP_WS alone mean the same.
        let limited = http.methods.as_ref().is_some_and(|methods| !methods.is_empty());
        lose(limited, "capabilities.http.methods", "the host's form does not limit methods");
    }
    if let Some(storage) = storage {
        let path = "capabilities.storage.workspace";
        lose(!storage.workspace, path, "CAP_STORAGE grants the workspace as well");
        let limited = storage.artifact_access() != ArtifactAccess::ReadWrite;
        let path = "capabilities.storage.artifacts";
        lose(limited, path, "CAP_STORAGE grants to read and to write");
    }
    let secret = secrets.as_ref().is_some_and(|secrets| secrets.broker);
    lose(secret, "capabilities.secrets", "the host's form has no name for secrets");
    let no_tasks = !manifest.declares(Capability::Tasks);
    lose(no_tasks, "capabilities.tasks", "the host's form cannot refuse tasks");
    if let Some(sandbox) = &manifest.sandbox {
        let message = "the host's form has no sandbox; the host's own holds";
        lose(sandbox.user.is_some(), "sandbox.user", message);
        lose(!sandbox.mounts.is_empty(), "sandbox.mounts", message);
        lose(true, "sandbox.network", message);
        lose(sandbox.limits.is_some(), "sandbox.limits", message);
    }
    lose(manifest.config_schema.is_some(), "configSchema", "the host refuses the key");
    losses
}
