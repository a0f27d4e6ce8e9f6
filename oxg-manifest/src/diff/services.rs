//! Storage, flows, tasks and findings.

use super::changes::Changes;
use crate::{Capabilities, Capability};

pub(super) fn compare(old: &Capabilities, new: &Capabilities, changes: &mut Changes) {
    let workspace = |c: &Capabilities| c.storage.as_ref().is_some_and(|storage| storage.workspace);
    changes.grant(
        "capabilities.storage.workspace",
        workspace(old),
        workspace(new),
        "keep files in its workspace",
    );
    let access =
        |c: &Capabilities| c.storage.as_ref().map(crate::StorageCapability::artifact_access);
    let (before, after) = (access(old), access(new));
    let path = "capabilities.storage.artifacts";
    let reads = |access: Option<crate::ArtifactAccess>| access.is_some_and(|a| a.can_read());
    let writes = |access: Option<crate::ArtifactAccess>| access.is_some_and(|a| a.can_write());
    changes.grant(path, reads(before), reads(after), "read its artifacts");
    changes.grant(path, writes(before), writes(after), "write artifacts");
    let passive = |c: &Capabilities| c.flows.is_some_and(|flows| flows.passive);
    let raw = |c: &Capabilities| c.flows.is_some_and(|flows| flows.allows_raw());
    let path = "capabilities.flows";
    changes.grant(path, passive(old), passive(new), "see traffic, without credentials and bodies");
    changes.grant(
        "capabilities.flows.raw",
        raw(old),
        raw(new),
        "see traffic as it is, with credentials",
    );
    for (capability, what) in
        [(Capability::Tasks, "pull tasks"), (Capability::Findings, "report findings")]
    {
        let path = format!("capabilities.{capability}");
        changes.grant(&path, old.declares(capability), new.declares(capability), what);
    }
}
