//! Values that must not be registered, because removing them would mangle
//! every text.

use crate::kind::Kind;

/// Fewest bytes of a registered value.
pub const MIN_VALUE_LEN: usize = 6;
/// Most bytes of a registered value.
pub const MAX_VALUE_LEN: usize = 16 * 1024;
/// Most values one redactor holds.
pub const MAX_VALUES: usize = 65_536;

/// Why a value was not registered. The value itself is not part of the error.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RefusedValue {
    /// The value is empty or has fewer than [`MIN_VALUE_LEN`] bytes.
    #[error(
        "a value of {len} bytes is too short to be removed wherever it occurs; use one of at least {MIN_VALUE_LEN} bytes"
    )]
    TooShort {
        /// Length of the value in bytes, after what is trimmed of it.
        len: usize,
    },
    /// The value has more than [`MAX_VALUE_LEN`] bytes.
    #[error(
        "a value of {len} bytes is too long; register the secret parts of it, each at most {MAX_VALUE_LEN} bytes"
    )]
    TooLong {
        /// Length of the value in bytes.
        len: usize,
    },
    /// The value is a word or number that ordinary text is full of.
    #[error(
        "the value is a commonplace word or number; replace the secret by one that is hard to guess"
    )]
    Commonplace,
    /// The value is part of a redaction marker, or holds one.
    #[error(
        "the value is part of a redaction marker or holds one; it seems to be redacted already"
    )]
    Marker,
    /// The redactor holds [`MAX_VALUES`] values.
    #[error(
        "the redactor holds {MAX_VALUES} values already; forget those that are no longer in use"
    )]
    Full,
}

/// Refuses a value that is not fit to be removed wherever it occurs.
pub(crate) fn check(value: &str) -> Result<(), RefusedValue> {
    let len = value.len();
    if len < MIN_VALUE_LEN || value.trim().is_empty() {
        return Err(RefusedValue::TooShort { len });
    }
    if len > MAX_VALUE_LEN {
        return Err(RefusedValue::TooLong { len });
    }
    if value.contains("[REDACTED_") || Kind::ALL.iter().any(|k| k.marker().contains(value)) {
        return Err(RefusedValue::Marker);
    }
    if is_commonplace(value) {
        return Err(RefusedValue::Commonplace);
    }
    Ok(())
}

fn is_commonplace(value: &str) -> bool {
    let bytes = value.trim().as_bytes();
    let distinct = {
        let mut seen = [false; 256];
        bytes.iter().for_each(|b| seen[usize::from(*b)] = true);
        seen.iter().filter(|s| **s).count()
    };
    let short_number = bytes.len() < 8 && bytes.iter().all(|b| b.is_ascii_digit() || *b == b'.');
    distinct < 3
        || short_number
        || COMMONPLACE.iter().any(|word| word.as_bytes().eq_ignore_ascii_case(bytes))
}

/// Words that occur in ordinary text and are sometimes put where a secret belongs.
/// Those shorter than [`MIN_VALUE_LEN`] need no entry.
const COMMONPLACE: &[&str] = &[
    "0.0.0.0",
    "00000000",
    "127.0.0.1",
    "12345678",
    "123456789",
    "1234567890",
    "accept",
    "access",
    "account",
    "address",
    "administrator",
    "anonymous",
    "apikey",
    "api-key",
    "api_key",
    "application",
    "application/json",
    "application/octet-stream",
    "application/x-www-form-urlencoded",
    "authorization",
    "bearer",
    "boolean",
    "browser",
    "changeit",
    "changeme",
    "charset",
    "client",
    "config",
    "connection",
    "console",
    "content",
    "content-length",
    "content-type",
    "cookie",
    "credential",
    "credentials",
    "customer",
    "database",
    "default",
    "delete",
    "denied",
    "desktop",
    "development",
    "disabled",
    "docker",
    "domain",
    "enabled",
    "encoding",
    "engine",
    "english",
    "errors",
    "example",
    "example.com",
    "expired",
    "failed",
    "failure",
    "foobar",
    "function",
    "github",
    "google",
    "header",
    "headers",
    "hostname",
    "https://",
    "identity",
    "integer",
    "internal",
    "invalid",
    "keep-alive",
    "letmein",
    "linux",
    "localhost",
    "localhost:8080",
    "location",
    "logged",
    "manager",
    "master",
    "message",
    "method",
    "missing",
    "mobile",
    "monday",
    "mozilla/5.0",
    "multipart/form-data",
    "mysql",
    "network",
    "no-cache",
    "normal",
    "number",
    "object",
    "option",
    "options",
    "origin",
    "passphrase",
    "passwd",
    "password",
    "password1",
    "password123",
    "patched",
    "permission",
    "plugin",
    "plugins",
    "postgres",
    "postgresql",
    "private",
    "process",
    "production",
    "profile",
    "project",
    "public",
    "python",
    "qwerty",
    "random",
    "readonly",
    "redacted",
    "referer",
    "release",
    "remote",
    "replace",
    "request",
    "required",
    "response",
    "return",
    "running",
    "sample",
    "secret",
    "secrets",
    "server",
    "service",
    "session",
    "settings",
    "staging",
    "standard",
    "started",
    "status",
    "stdout",
    "stderr",
    "stopped",
    "string",
    "success",
    "sunday",
    "system",
    "test123",
    "testing",
    "text/html",
    "text/plain",
    "timeout",
    "token",
    "tokens",
    "undefined",
    "unknown",
    "update",
    "updated",
    "user-agent",
    "username",
    "values",
    "version",
    "visitor",
    "warning",
    "welcome",
    "windows",
    "workspace",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_short_and_commonplace_values_are_refused_each_with_its_reason() {
        assert_eq!(check(""), Err(RefusedValue::TooShort { len: 0 }));
        assert_eq!(check("abcde"), Err(RefusedValue::TooShort { len: 5 }));
        assert_eq!(check("       "), Err(RefusedValue::TooShort { len: 7 }));
        for value in ["password", "Localhost", "application/json", "aaaaaaaaaaaa", "123456"] {
            assert_eq!(check(value), Err(RefusedValue::Commonplace), "{value}");
        }
        for value in ["SECRET", "x[REDACTED_SECRET]x", "REDACTED_E"] {
            assert_eq!(check(value), Err(RefusedValue::Marker), "{value}");
        }
        let len = MAX_VALUE_LEN + 1;
        assert_eq!(check(&"ab1".repeat(len)[..len]), Err(RefusedValue::TooLong { len }));
        assert_eq!(check("hunter22"), Ok(()));
    }
}
