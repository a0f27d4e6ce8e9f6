//! To the guide's form.

use super::{Conversion, Loss};
use crate::{HostCapability, Manifest};

/// The manifest in the guide's form. One that is in it already stays as it is.
#[must_use]
pub fn to_guide(manifest: &Manifest) -> Conversion {
    let mut losses = Vec::new();
    if let Some(list) = manifest.host_capabilities() {
        for (index, capability) in list.as_slice().iter().enumerate() {
            let implied = match capability {
                HostCapability::HttpPassive => list.contains(HostCapability::FlowInspect),
                HostCapability::AiAnalysis | HostCapability::Spider | HostCapability::Report => {
                    false
                }
                _ => true,
            };
            if !implied {
                let message = format!("the guide's form has no name for {capability}");
                losses.push(Loss::new(format!("capabilities[{index}]"), message));
            }
        }
    }
    // A new manifest has no list; everything else comes along.
    let mut guide =
        Manifest::new(manifest.name.clone(), manifest.version.clone(), manifest.entry.clone());
    guide.schema = manifest.schema.clone();
    guide.description = manifest.description.clone();
    guide.artifact = manifest.artifact.clone();
    guide.trusted = manifest.trusted;
    guide.capabilities = manifest.capabilities.clone();
    guide.sandbox = manifest.sandbox.clone();
    guide.config = manifest.config.clone();
    guide.config_schema = manifest.config_schema.clone();
    guide.signature = manifest.signature.clone();
    Conversion { manifest: guide, losses }
}
