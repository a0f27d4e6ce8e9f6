//! `/v1/secrets` and `/v1/leases`.

use http::Response;
use oxg_manifest::Capability;
use oxg_protocol::{LeaseId, SecretName};

use super::{Answer, no_content, no_store};
use crate::body::json;
use crate::call::Call;

pub(super) fn get(call: &Call<'_>, name: &SecretName) -> Answer {
    call.require_secret(name)?;
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
