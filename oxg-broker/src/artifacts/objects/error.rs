use object_store::Error;
use oxg_protocol::ErrorCode;

use crate::error::{Refusal, refuse};

/// Why an object store cannot hold artifacts.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ObjectStoreError {
    /// The text does not say where.
    #[error(
        "{location:?} is no place for artifacts: {problem}; expected s3://BUCKET/PREFIX, \
         gs://BUCKET/PREFIX, az://CONTAINER/PREFIX or memory://"
    )]
    Location {
        /// What was given.
        location: String,
        /// What is wrong with it.
        problem: String,
    },
    /// The environment does not say how to reach the store.
    #[error(
        "cannot use {place}: {source}; its settings come from the broker's environment: AWS_*, \
         GOOGLE_* or AZURE_*"
    )]
    Settings {
        /// Which store.
        place: String,
        /// What the client says.
        source: Error,
    },
    /// The store does not let this broker in.
    #[error(
        "{place} refuses the broker: {source}; its credentials must allow to get, put, list and \
         delete objects under the prefix"
    )]
    Denied {
        /// Which store.
        place: String,
        /// What the store says.
        source: Error,
    },
    /// The store was not reached or failed.
    #[error(
        "cannot reach {place}: {source}; check the bucket, the address, the region and the network"
    )]
    Unreachable {
        /// Which store.
        place: String,
        /// What happened.
        source: Error,
    },
    /// The store did not answer.
    #[error("{place} did not answer within {seconds} s; check the address and the network")]
    Silent {
        /// Which store.
        place: String,
        /// How long it had.
        seconds: u64,
    },
    /// The store writes over what it was told not to write over.
    #[error(
        "{place} ignores If-None-Match and If-Match on writes, so that brokers would overwrite each \
         other's artifacts; use a store or version that honours them"
    )]
    NoConditionalWrites {
        /// Which store.
        place: String,
    },
}

impl ObjectStoreError {
    pub(super) fn of(place: &str, source: Error) -> Self {
        let place = place.to_owned();
        match source {
            Error::PermissionDenied { .. } | Error::Unauthenticated { .. } => {
                Self::Denied { place, source }
            }
            Error::NotImplemented { .. } | Error::NotSupported { .. } => {
                Self::NoConditionalWrites { place }
            }
            source => Self::Unreachable { place, source },
        }
    }
}

/// What a plugin hears of it: not the message, which names the operator's buckets.
pub(super) fn store_failed(error: &Error) -> Refusal {
    let detail = match error {
        Error::PermissionDenied { .. } | Error::Unauthenticated { .. } => {
            "the broker may not use its artifact store; the operator must renew its credentials"
        }
        _ => "the broker's artifact store does not answer as it should; try again later",
    };
    refuse(ErrorCode::Unavailable, detail)
}
