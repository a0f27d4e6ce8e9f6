//! The `ALLOWLIST`: which artifacts may run, by digest.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use super::path::{clean, relative};
use super::{Rules, Sha256Digest, VerifyError};

/// The longest line, in bytes; the host's reader takes no longer one.
const MAX_LINE: usize = 64 * 1024;

/// What is wrong with a line of an `ALLOWLIST`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AllowlistError {
    /// Not exactly a hash and a path.
    #[error("expected a SHA-256 and a path without spaces, found {found} words")]
    Words {
        /// How many words there are.
        found: usize,
    },
    /// The first word is not 64 bytes long, or not hexadecimal.
    #[error("the first word is not a SHA-256 in 64 hexadecimal digits")]
    Hash,
    /// The path has another hash in an earlier line, of which the host takes the last.
    #[error("the path has another hash on line {first}; keep one of the two")]
    SecondHash {
        /// The earlier line.
        first: usize,
    },
    /// The line is too long for the host.
    #[error("the line is longer than 65536 bytes")]
    TooLong,
}

struct Listed {
    hash: String,
    line: usize,
}

/// Makes sure that the `ALLOWLIST` at `path`, with the content `text`, has `artifact` with
/// `digest`. Both paths are absolute and clean.
pub(super) fn check(
    path: &Path,
    text: &[u8],
    artifact: &Path,
    digest: Sha256Digest,
    rules: Rules,
) -> Result<(), VerifyError> {
    let entries = parse(text, rules).map_err(|(line, problem)| VerifyError::Allowlist {
        path: path.to_owned(),
        line,
        problem,
    })?;
    let artifact = relative(path.parent().unwrap_or(path), artifact);
    let allowlist = path.to_owned();
    match entries.get(&artifact) {
        None => Err(VerifyError::NotListed { allowlist, artifact, digest }),
        Some(Listed { hash, .. }) if *hash == digest.to_string() => Ok(()),
        Some(Listed { hash, .. }) => {
            Err(VerifyError::DigestMismatch { allowlist, artifact, listed: hash.clone(), digest })
        }
    }
}

fn parse(text: &[u8], rules: Rules) -> Result<HashMap<PathBuf, Listed>, (usize, AllowlistError)> {
    let mut entries: HashMap<PathBuf, Listed> = HashMap::new();
    // What is not UTF-8 becomes U+FFFD and so never matches a path.
    for (index, line) in String::from_utf8_lossy(text).split('\n').enumerate() {
        let number = index + 1;
        if line.len() >= MAX_LINE {
            return Err((number, AllowlistError::TooLong));
        }
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let mut words = line.split_whitespace();
        let (Some(hash), Some(path), None) = (words.next(), words.next(), words.next()) else {
            let found = line.split_whitespace().count();
            return Err((number, AllowlistError::Words { found }));
        };
        let hash = hash.to_lowercase();
        let is_hex = || hash.bytes().all(|byte| byte.is_ascii_hexdigit());
        if hash.len() != 64 || rules.is_strict() && !is_hex() {
            return Err((number, AllowlistError::Hash));
        }
        let listed = Listed { hash, line: number };
        let path = clean(Path::new(path));
        if let Some(earlier) = entries.get(&path)
            && rules.is_strict()
            && earlier.hash != listed.hash
        {
            return Err((number, AllowlistError::SecondHash { first: earlier.line }));
        }
        entries.insert(path, listed);
    }
    Ok(entries)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digest() -> Sha256Digest {
        Sha256Digest::of(b"artifact")
    }

    fn check_text(text: &str, rules: Rules) -> Result<(), VerifyError> {
        let artifact = Path::new("/repository/plugins/a/main.go");
        check(
            Path::new("/repository/plugins/ALLOWLIST"),
            text.as_bytes(),
            artifact,
            digest(),
            rules,
        )
    }

    #[test]
    fn the_artifact_is_found_by_its_path_from_the_list() {
        let hash = digest().to_string();
        for line in [
            format!("{hash} a/main.go"),
            format!("# comment\r\n\n  {}\t ./a//b/../main.go \r\n", hash.to_uppercase()),
        ] {
            for rules in [Rules::Strict, Rules::Host] {
                assert!(check_text(&line, rules).is_ok(), "{line}");
            }
        }
        for line in ["".to_owned(), format!("{hash} main.go"), format!("#{hash} a/main.go")] {
            assert!(
                matches!(check_text(&line, Rules::Host), Err(VerifyError::NotListed { .. })),
                "{line}"
            );
        }
    }

    #[test]
    fn a_line_that_is_not_a_hash_and_a_path_spoils_the_list() {
        let hash = digest().to_string();
        for (line, expected) in [
            (hash.clone(), AllowlistError::Words { found: 1 }),
            (format!("{hash} a/main.go more"), AllowlistError::Words { found: 3 }),
            (format!("{} b", &hash[1..]), AllowlistError::Hash),
        ] {
            let text = format!("{hash} a/main.go\n{line}");
            for rules in [Rules::Strict, Rules::Host] {
                match check_text(&text, rules) {
                    Err(VerifyError::Allowlist { line: 2, problem, .. }) => {
                        assert_eq!(problem, expected);
                    }
                    other => panic!("{line}: {other:?}"),
                }
            }
        }
    }

    #[test]
    fn what_the_host_lets_pass_is_refused_unless_its_rules_are_asked_for() {
        let hash = digest().to_string();
        let odd = format!("{} b\n{hash} a/main.go", "x".repeat(64));
        let twice = format!("{} a/main.go\n{hash} a/main.go", "0".repeat(64));
        for text in [odd, twice] {
            assert!(check_text(&text, Rules::Strict).is_err(), "{text}");
            assert!(check_text(&text, Rules::Host).is_ok(), "{text}");
        }
    }

    #[test]
    fn another_hash_means_that_the_artifact_was_changed() {
        let text = format!("{} a/main.go", "0".repeat(64));
        assert!(matches!(
            check_text(&text, Rules::Strict),
            Err(VerifyError::DigestMismatch { .. })
        ));
    }
}
