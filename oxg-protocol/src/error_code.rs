//! The codes with which a broker refuses or fails a call.

use std::str::FromStr;

macro_rules! codes {
    ($($(#[$doc:meta])* $variant:ident = $code:literal, $status:literal, $title:literal;)*) => {
        /// Why the broker refused or failed a call: the `CODE` of `urn:oxg:error:CODE` and of the
        /// header `oxg-error`.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum ErrorCode {
            $($(#[$doc])* $variant,)*
        }

        impl ErrorCode {
            /// Every code of this protocol version.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// The code as it stands on the wire.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $code),* }
            }

            /// The HTTP status that goes with the code.
            #[must_use]
            pub const fn status(self) -> u16 {
                match self { $(Self::$variant => $status),* }
            }

            /// A few words for a person: the `title` of the problem.
            #[must_use]
            pub const fn title(self) -> &'static str {
                match self { $(Self::$variant => $title),* }
            }
        }
    };
}

codes! {
    /// No valid token came with the call.
    Unauthenticated = "unauthenticated", 401, "no valid token";
    /// The session is over.
    TokenExpired = "token_expired", 401, "the session has expired";
    /// The peers have no protocol version in common.
    VersionUnsupported = "version_unsupported", 400, "protocol version not supported";
    /// The manifest does not declare the capability.
    CapabilityDenied = "capability_denied", 403, "capability not declared";
    /// The manifest, or the broker's address policy, does not cover the destination.
    DestinationDenied = "destination_denied", 403, "destination not allowed";
    /// The request is malformed.
    InvalidRequest = "invalid_request", 400, "invalid request";
    /// There is no such thing, or not for this plugin.
    NotFound = "not_found", 404, "not found";
    /// The thing exists already, or is in another state.
    Conflict = "conflict", 409, "conflict";
    /// `If-Match` or `If-None-Match` does not hold.
    PreconditionFailed = "precondition_failed", 412, "precondition failed";
    /// The bytes do not have the digest that was claimed.
    DigestMismatch = "digest_mismatch", 422, "digest mismatch";
    /// The range or the offset is outside the content.
    RangeNotSatisfiable = "range_not_satisfiable", 416, "range not satisfiable";
    /// A limit on size was passed.
    PayloadTooLarge = "payload_too_large", 413, "payload too large";
    /// Too many calls; `retry_after_ms` says when to come back.
    RateLimited = "rate_limited", 429, "too many calls";
    /// The call's deadline passed first.
    DeadlineExceeded = "deadline_exceeded", 504, "deadline exceeded";
    /// The target could not be resolved or dialled.
    UpstreamUnreachable = "upstream_unreachable", 502, "target unreachable";
    /// The TLS handshake with the target failed.
    UpstreamTls = "upstream_tls", 502, "TLS with the target failed";
    /// The target does not speak HTTP properly.
    UpstreamProtocol = "upstream_protocol", 502, "the target broke the protocol";
    /// The lease token is not the current one: the work belongs to another holder now.
    LeaseLost = "lease_lost", 409, "lease lost";
    /// The secret is not granted to this plugin, or does not exist.
    SecretNotGranted = "secret_not_granted", 403, "secret not granted";
    /// The broker cannot serve now.
    Unavailable = "unavailable", 503, "broker unavailable";
    /// The broker is stopping: finish and go.
    Draining = "draining", 503, "broker is draining";
    /// The broker failed.
    Internal = "internal", 500, "internal error";
}

text_traits!(ErrorCode);

impl ErrorCode {
    /// Prefix of a problem's `type`.
    pub const URN_PREFIX: &str = "urn:oxg:error:";

    /// Whether the same call, if it is idempotent, may succeed a moment later.
    ///
    /// A denial never is: no retry can change the manifest.
    #[must_use]
    pub const fn is_transient(self) -> bool {
        matches!(self, Self::RateLimited | Self::Unavailable)
    }

    /// Whether the broker refused the call by policy.
    #[must_use]
    pub const fn is_denial(self) -> bool {
        matches!(self, Self::CapabilityDenied | Self::DestinationDenied | Self::SecretNotGranted)
    }
}

/// A text that is no code of this protocol version.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown error code {0:?}")]
pub struct UnknownErrorCode(String);

impl FromStr for ErrorCode {
    type Err = UnknownErrorCode;

    fn from_str(text: &str) -> Result<Self, UnknownErrorCode> {
        let code = text.strip_prefix(Self::URN_PREFIX).unwrap_or(text);
        Self::ALL
            .iter()
            .copied()
            .find(|known| known.as_str() == code)
            .ok_or_else(|| UnknownErrorCode(code.chars().take(64).collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_reads_back_bare_and_as_urn() {
        for &code in ErrorCode::ALL {
            assert_eq!(code.as_str().parse(), Ok(code));
            assert_eq!(format!("{}{code}", ErrorCode::URN_PREFIX).parse(), Ok(code));
            assert!((400..600).contains(&code.status()));
        }
        assert_eq!(ErrorCode::ALL.len(), 22);
    }

    #[test]
    fn a_denial_is_never_transient() {
        assert!(ErrorCode::ALL.iter().all(|code| !(code.is_denial() && code.is_transient())));
    }
}
