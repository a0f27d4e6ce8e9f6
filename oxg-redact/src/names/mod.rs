//! Names of fields, variables and headers: which of them name a secret.

mod table;
mod words;

use table::{Lists, by_end, lists_of};
pub(crate) use words::{ENDS, SERVICES, STEMS};

/// How sure a name makes us that its value is secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Sensitivity {
    /// `key`, the name of a service: only what is random beyond doubt.
    Hint,
    /// `token`, `api_key`: secret if the value looks like it.
    Suspect,
    /// `password`: secret unless the value is plainly none.
    Certain,
}

/// Longest name that is judged, in bytes.
pub(crate) const NAME_MAX: usize = 96;
/// Most words of a name that are looked at.
const WORDS_MAX: usize = 12;

/// Judges a name. Words are told apart by `_`, `-`, `.`, blanks and capitals, so
/// that `tokenizer`, `keyboard`, `author` and `passwordless` are harmless.
pub(crate) fn classify(name: &[u8]) -> Option<Sensitivity> {
    if name.len() > NAME_MAX {
        return None;
    }
    let mut lower = [0; NAME_MAX];
    let mut words: [&[u8]; WORDS_MAX] = [&[]; WORDS_MAX];
    let lower = &mut lower[..name.len()];
    lower.copy_from_slice(name);
    lower.make_ascii_lowercase();
    let mut count = 0;
    for range in Words::new(name) {
        // Of a long name the last words count.
        if count == WORDS_MAX {
            words.rotate_left(1);
            count -= 1;
        }
        words[count] = &lower[range];
        count += 1;
    }
    judge(&words[..count])
}

/// Whether a name alone makes its value suspect.
pub(crate) fn is_sensitive(name: &[u8]) -> bool {
    classify(name).is_some_and(|sensitivity| sensitivity > Sensitivity::Hint)
}

fn judge(words: &[&[u8]]) -> Option<Sensitivity> {
    // A number at the end (`password2`, `API_KEY_1`) numbers the same thing.
    let mut words = words;
    while let [head @ .., last] = words {
        if last.iter().all(u8::is_ascii_digit) {
            words = head;
        } else {
            break;
        }
    }
    let (first, last) = (*words.first()?, *words.last()?);
    if lists_of(last).has(Lists::ABOUT) || words.len() > 1 && lists_of(first).has(Lists::COUNTING) {
        return None;
    }
    let mut found = None;
    for (i, word) in words.iter().enumerate() {
        let next = words.get(i + 1).copied();
        found = found.max(judge_word(word, i.checked_sub(1).map(|p| words[p]), next));
    }
    // `secret_id`, `token_id` and `key_id` are identifiers, but for sessions.
    if last == b"id"
        && !words.iter().any(|w| matches!(*w, b"session" | b"secret" | b"access" | b"reporter"))
    {
        return None;
    }
    found
}

fn judge_word(word: &[u8], previous: Option<&[u8]>, next: Option<&[u8]>) -> Option<Sensitivity> {
    let lists = lists_of(word);
    if lists.has(Lists::CERTAIN) {
        // `pass` and `pin` are verbs and nouns in the middle of a name.
        let weak = matches!(word, b"pass" | b"pin" | b"pw" | b"parola" | b"clave");
        return (!weak || next.is_none()).then_some(Sensitivity::Certain);
    }
    if lists.has(Lists::SUSPECT) {
        // These name something else in the middle of a name, the last also behind a word.
        let weak = matches!(
            word,
            b"auth"
                | b"seed"
                | b"login"
                | b"sas"
                | b"sig"
                | b"signature"
                | b"pat"
                | b"salt"
                | b"sid"
        );
        if word == b"sid" && previous.is_some_and(|p| p != b"connect") {
            return None;
        }
        return (!weak || next.is_none()).then_some(Sensitivity::Suspect);
    }
    let pair = match (word, previous, next) {
        (b"key" | b"keys", Some(of), _) => lists_of(of).has(Lists::KEY_OF),
        (b"session", _, Some(with)) => lists_of(with).has(Lists::SESSION_WITH),
        // The cookie of a framework: `_shop_session`.
        (b"session", Some(_), None) => true,
        // Halves of a pair whose other half is the key.
        (b"id", Some(b"access" | b"reporter"), None) | (b"accessid", ..) => true,
        (b"connection", _, Some(b"string")) | (b"webhook", _, Some(b"url")) => true,
        _ => false,
    };
    if pair {
        return Some(Sensitivity::Suspect);
    }
    let trimmed = word.len() - word.iter().rev().take_while(|b| b.is_ascii_digit()).count();
    let word = &word[..trimmed];
    if let Some(sensitivity) = by_end(word) {
        return Some(sensitivity);
    }
    let key = matches!(word, b"key" | b"keys") && next.is_none();
    (key && !previous.is_some_and(|of| lists_of(of).has(Lists::NO_KEY_OF))
        || lists.has(Lists::SERVICES))
    .then_some(Sensitivity::Hint)
}

/// The words of a name, as ranges.
struct Words<'a> {
    name: &'a [u8],
    at: usize,
}

impl<'a> Words<'a> {
    fn new(name: &'a [u8]) -> Self {
        Self { name, at: 0 }
    }
}

impl Iterator for Words<'_> {
    type Item = std::ops::Range<usize>;

    fn next(&mut self) -> Option<Self::Item> {
        while self.name.get(self.at).is_some_and(|b| !b.is_ascii_alphanumeric()) {
            self.at += 1;
        }
        let start = self.at;
        while let Some(byte) = self.name.get(self.at) {
            if !byte.is_ascii_alphanumeric() {
                break;
            }
            let begins = self.at > start && byte.is_ascii_uppercase() && {
                let after_small = self.name[self.at - 1].is_ascii_lowercase();
                let before_small = self.name.get(self.at + 1).is_some_and(u8::is_ascii_lowercase);
                // `APIKey` is `API` and `Key`; the plural of `APIKEYs` is no word.
                after_small || before_small && self.name[self.at - 1].is_ascii_uppercase()
            };
            if begins {
                break;
            }
            self.at += 1;
        }
        (self.at > start).then_some(start..self.at)
    }
}

#[cfg(test)]
mod tests {
    use super::words::{CERTAIN, SUSPECT};
    use super::*;

    #[test]
    fn names_of_secrets_are_known_however_they_are_written() {
        for name in [
            "password",
            "DB_PASSWORD",
            "dbPassword",
            "userPassword2",
            "spring.datasource.password",
            "PGPASSWORD",
            "mysql-pwd",
            "client_secret",
            "clientSecret",
            "passphrase",
            "secret_key_base",
        ] {
            assert_eq!(classify(name.as_bytes()), Some(Sensitivity::Certain), "{name}");
        }
        for name in [
            "token",
            "access_token",
            "accessToken",
            "X-Api-Key",
            "apikey",
            "APIKey",
            "authToken",
            "session_id",
            "AccountKey",
            "private-key",
            "JSESSIONID",
            "Authorization",
            "sig",
        ] {
            assert_eq!(classify(name.as_bytes()), Some(Sensitivity::Suspect), "{name}");
        }
    }

    #[test]
    fn names_that_only_contain_a_sensitive_word_are_harmless() {
        for name in [
            "tokenizer",
            "keyboard",
            "author",
            "token_count",
            "max_tokens",
            "passwordless",
            "passenger",
            "compass",
            "monkey",
            "primary_key",
            "foreign_key",
            "keyspace",
            "password_hint",
            "password_reset_url",
            "token_type",
            "secretary",
            "authority",
            "session",
            "public_key",
            "key",
            "cache_key",
            "sort-key",
            "bypass",
            "tokenize",
            "authenticated",
            "pinned",
            "tokenExpiry",
        ] {
            assert!(!is_sensitive(name.as_bytes()), "{name}");
        }
    }

    #[test]
    fn every_listed_word_holds_a_stem() {
        let ends = ENDS.iter().map(|(end, _)| *end);
        for word in CERTAIN.iter().chain(SUSPECT).copied().chain(ends) {
            let found = STEMS.iter().any(|stem| word.contains(stem));
            assert!(found || matches!(word, "pw" | "pat"), "{word}");
        }
    }
}
