//! What a finding is, and the marker that takes its place.

use std::fmt;

/// What was found.
///
/// Kinds are ordered by weight: where two findings overlap, the text is
/// replaced once, by the marker of the smaller kind in this order.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A value registered with [`Redactor::register`](crate::Redactor::register),
    /// in any of its encoded forms.
    KnownValue,
    /// A private key in PEM armour.
    PrivateKey,
    /// A token whose format names its issuer, such as an access key id.
    Token,
    /// A JSON Web Token (RFC 7519) in compact form.
    Jwt,
    /// The credentials after `Bearer`, `Basic` and the like (RFC 9110, section 11.4).
    Authorization,
    /// The password in the userinfo part of a URL (RFC 3986, section 3.2.1).
    UrlCredential,
    /// A value whose key names a secret, as in `password=…`.
    NamedSecret,
    /// A payment card number (ISO/IEC 7812).
    Card,
    /// An international bank account number (ISO 13616).
    Iban,
    /// A social security number of the United States.
    Ssn,
    /// A national insurance number of the United Kingdom.
    Nino,
    /// The number of a passport that a word announces.
    Passport,
    /// The address of a Bitcoin wallet.
    Wallet,
    /// An e-mail address.
    Email,
    /// A telephone number.
    Phone,
    /// The name of a user or account behind a key such as `user`, or before a
    /// password. Off unless the policy is strict.
    UserName,
    /// An IPv4 or IPv6 address. Off unless the policy is strict.
    IpAddress,
}

impl Kind {
    /// Every kind, in order of weight.
    pub const ALL: [Self; 17] = [
        Self::KnownValue,
        Self::PrivateKey,
        Self::Token,
        Self::Jwt,
        Self::Authorization,
        Self::UrlCredential,
        Self::NamedSecret,
        Self::Card,
        Self::Iban,
        Self::Ssn,
        Self::Nino,
        Self::Passport,
        Self::Wallet,
        Self::Email,
        Self::Phone,
        Self::UserName,
        Self::IpAddress,
    ];

    /// The text that takes the place of a finding of this kind.
    ///
    /// Every secret has the same marker, so that the marker does not tell
    /// which service a credential belonged to. Personal data keeps its kind.
    ///
    /// ```
    /// use oxg_redact::Kind;
    ///
    /// assert_eq!(Kind::Token.marker(), "[REDACTED_SECRET]");
    /// assert_eq!(Kind::Email.marker(), "[REDACTED_EMAIL]");
    /// ```
    #[must_use]
    pub const fn marker(self) -> &'static str {
        match self {
            Self::KnownValue
            | Self::PrivateKey
            | Self::Token
            | Self::Jwt
            | Self::Authorization
            | Self::UrlCredential
            | Self::NamedSecret => "[REDACTED_SECRET]",
            Self::Card => "[REDACTED_CARD]",
            Self::Iban => "[REDACTED_IBAN]",
            Self::Ssn => "[REDACTED_SSN]",
            Self::Nino => "[REDACTED_NINO]",
            Self::Passport => "[REDACTED_PASSPORT]",
            Self::Wallet => "[REDACTED_WALLET]",
            Self::Email => "[REDACTED_EMAIL]",
            Self::Phone => "[REDACTED_PHONE]",
            Self::UserName => "[REDACTED_USER]",
            Self::IpAddress => "[REDACTED_IP]",
        }
    }

    /// Whether this kind is a secret, as opposed to personal data.
    #[must_use]
    pub const fn is_secret(self) -> bool {
        matches!(
            self,
            Self::KnownValue
                | Self::PrivateKey
                | Self::Token
                | Self::Jwt
                | Self::Authorization
                | Self::UrlCredential
                | Self::NamedSecret
        )
    }

    /// The stable name of this kind, in kebab case.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::KnownValue => "known-value",
            Self::PrivateKey => "private-key",
            Self::Token => "token",
            Self::Jwt => "jwt",
            Self::Authorization => "authorization",
            Self::UrlCredential => "url-credential",
            Self::NamedSecret => "named-secret",
            Self::Card => "card",
            Self::Iban => "iban",
            Self::Ssn => "ssn",
            Self::Nino => "nino",
            Self::Passport => "passport",
            Self::Wallet => "wallet",
            Self::Email => "email",
            Self::Phone => "phone",
            Self::UserName => "user-name",
            Self::IpAddress => "ip-address",
        }
    }

    const fn bit(self) -> u32 {
        1 << self as u32
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A set of kinds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct KindSet(u32);

impl KindSet {
    pub(crate) fn of(kinds: impl IntoIterator<Item = Kind>) -> Self {
        Self(kinds.into_iter().fold(0, |bits, kind| bits | kind.bit()))
    }

    pub(crate) const fn has(self, kind: Kind) -> bool {
        self.0 & kind.bit() != 0
    }

    pub(crate) fn set(&mut self, kind: Kind, on: bool) {
        if on {
            self.0 |= kind.bit();
        } else {
            self.0 &= !kind.bit();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_marker_is_recognised_as_a_marker() {
        for kind in Kind::ALL {
            let marker = kind.marker().as_bytes();
            assert_eq!(crate::spans::marker_len(marker), Some(marker.len()));
        }
    }

    #[test]
    fn a_kind_switched_off_leaves_the_others_on() {
        let mut kinds = KindSet::of(Kind::ALL);
        kinds.set(Kind::Email, false);
        assert!(!kinds.has(Kind::Email));
        assert!(Kind::ALL.iter().filter(|k| kinds.has(**k)).count() == Kind::ALL.len() - 1);
    }
}
