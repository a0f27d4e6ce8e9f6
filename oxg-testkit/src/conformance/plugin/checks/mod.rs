//! What is looked for in a transcript, beyond counting.

mod again;
mod calls;
mod leases;

use serde::Deserialize;

use super::run::Observed;
use super::transcript::Exchange;
use crate::conformance::Failure;

/// What a case can have checked, by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Check {
    /// Each call carries the token, once, in the right field.
    Bearer,
    /// A version that is stated is 1.x.
    Version,
    /// A deadline that is stated is a number of at most ten minutes.
    Deadline,
    /// Each request is HTTP/1.1 as RFC 9112 has it.
    WellFormed,
    /// Each call is one that the protocol has; none is `CONNECT`.
    KnownCalls,
    /// Lease calls ask for what they may.
    LeaseRequests,
    /// The broker takes each call for well-formed.
    NoRefusals,
    /// Each line of findings and logs is taken.
    LinesAccepted,
    /// A holder says once what became of its task.
    OneWord,
    /// After `lease_lost` a lease token is not used again.
    NoWordAfterLoss,
    /// Words about one lease are one word, repeated.
    SameWordAgain,
    /// A lease is extended before it ends, while the task is under way.
    ExtendsInTime,
    /// A call that was denied is not made again.
    DeniedOnce,
    /// A call that was put off comes again no sooner than the broker asked.
    WaitsAsTold,
    /// `fail` says why.
    Reason,
}

impl Check {
    pub(super) fn run(self, observed: &Observed) -> Vec<Failure> {
        let exchanges = &observed.exchanges;
        match self {
            Self::Bearer => each(exchanges, |exchange| calls::bearer(exchange, &observed.tokens)),
            Self::Version => each(exchanges, calls::version),
            Self::Deadline => each(exchanges, calls::deadline),
            Self::WellFormed => {
                let malformed = observed
                    .malformed
                    .first()
                    .map(|error| Failure::new("each request is well-formed HTTP/1.1", error));
                malformed.into_iter().collect()
            }
            Self::KnownCalls => each(exchanges, calls::known_call),
            Self::LeaseRequests => each(exchanges, calls::lease_request),
            Self::NoRefusals => each(exchanges, calls::no_refusal),
            Self::LinesAccepted => each(exchanges, calls::lines_accepted),
            Self::OneWord => leases::each_lease(exchanges, leases::one_word),
            Self::NoWordAfterLoss => leases::each_lease(exchanges, leases::no_word_after_loss),
            Self::SameWordAgain => leases::each_lease(exchanges, leases::same_word_again),
            Self::ExtendsInTime => leases::extends_in_time(observed),
            Self::DeniedOnce => again::denied_once(exchanges),
            Self::WaitsAsTold => again::waits_as_told(exchanges),
            Self::Reason => each(exchanges, calls::reason),
        }
    }
}

/// The first failure: others are mostly the same.
fn each(exchanges: &[Exchange], check: impl Fn(&Exchange) -> Result<(), Failure>) -> Vec<Failure> {
    exchanges.iter().find_map(|exchange| check(exchange).err()).into_iter().collect()
}
