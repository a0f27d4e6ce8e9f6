//! `/v1/secrets` and `/v1/leases`.

use http::Response;
use oxg_manifest::Capability;
use oxg_protocol::{LeaseId, SecretName};

use super::{Answer, no_content, no_store};
use crate::body::json;
use crate::call::Call;
use crate::secrets::not_granted;

pub(super) fn get(call: &Call<'_>, name: &SecretName) -> Answer {
    call.require(Capability::Secrets)?;
    let declared = call.session.manifest.capabilities.secrets.as_ref();
    let allowed =
        declared.zip(name.as_str().parse().ok()).filter(|(secrets, name)| secrets.allows(name));
    if allowed.is_none() {
        let mut refusal = not_granted(name);
        refusal.capability = Some(Capability::Secrets.as_str().to_owned());
        refusal.manifest_hint = declared
            .zip(name.as_str().parse().ok())
            .map(|(secrets, name)| secrets.names_line_with(&name));
        return Err(refusal);
    }
    Ok(no_store(Response::new(json(&call.session.secrets.lend(name)?)?)))
}

pub(super) fn renew(call: &Call<'_>, id: &LeaseId) -> Answer {
    call.require(Capability::Secrets)?;
    Ok(no_store(Response::new(json(&call.session.secrets.renew(id)?)?)))
}

pub(super) fn give_back(call: &Call<'_>, id: &LeaseId) -> Answer {
    call.session.secrets.give_back(id);
    Ok(no_content())
}
