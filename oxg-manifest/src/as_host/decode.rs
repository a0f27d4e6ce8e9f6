//! From tokens to the host's structure, by the rules of Go's `encoding/json`.

use std::collections::HashSet;
use std::ops::Range;

use super::difference::Difference;
use super::tokens::{SyntaxError, Text, Token, Tokens};
use super::{HostManifest, HostReading, HostSignature, MAX_DIFFERENCES};

const TOP: &[&str] =
    &["name", "version", "entry", "artifact", "trusted", "capabilities", "config", "signature"];
const SIGNATURE: &[&str] = &["signature", "certificate", "publicKey"];

pub(super) type Step<T> = Result<T, SyntaxError>;
pub(super) type Place = Range<usize>;

pub(super) fn decode(bytes: &[u8]) -> HostReading {
    let mut decoder = Decoder {
        bytes,
        tokens: Tokens::new(bytes),
        manifest: HostManifest::default(),
        elements: Vec::new(),
        refusal: None,
        differences: Vec::new(),
    };
    // Go looks at the syntax of the whole value before it decodes any of it.
    let whole = syntax(bytes).and_then(|()| decoder.document());
    if let Err(SyntaxError { at, why }) = whole {
        decoder.refuse(format!("it is not JSON: {why}"), "", at..at + 1);
    }
    let Decoder { manifest, refusal, differences, .. } = decoder;
    HostReading { manifest, refusal, differences }
}

fn syntax(bytes: &[u8]) -> Step<()> {
    let mut tokens = Tokens::new(bytes);
    while tokens.next()?.is_some() {}
    Ok(())
}

pub(super) struct Decoder<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) tokens: Tokens<'a>,
    pub(super) manifest: HostManifest,
    /// What the list of capabilities has held in memory: Go reuses it for a second list.
    elements: Vec<String>,
    refusal: Option<String>,
    differences: Vec<crate::report::Notice>,
}

impl<'a> Decoder<'a> {
    fn document(&mut self) -> Step<()> {
        match self.token()? {
            (Token::Null, place) => self.ignored_null("", place),
            (Token::ObjectStart, _) => self.object("", TOP, Self::top_field)?,
            (token, place) => {
                self.wrong_type(&token, "an object", "", &place);
                self.skip(&token)?;
            }
        }
        let rest = self.bytes.get(self.tokens.at()..).unwrap_or_default();
        if let Some(start) = rest.iter().position(|b| !matches!(b, b' ' | b'\t' | b'\r' | b'\n')) {
            let place = self.tokens.at() + start..self.bytes.len();
            let message = "the host does not read what follows the first JSON value";
            self.differs(Difference::IgnoresTrailing, message.to_owned(), "", place);
        }
        Ok(())
    }

    /// Reads the members of an object that has begun. `known` are its fields.
    fn object(
        &mut self,
        path: &str,
        known: &'static [&'static str],
        read: fn(&mut Self, &'static str) -> Step<()>,
    ) -> Step<()> {
        let mut seen: HashSet<&str> = HashSet::new();
        loop {
            let (key, place) = match self.token()? {
                (Token::Key(key), place) => (key, place),
                _ => return Ok(()),
            };
            self.replaced(&key, path, &place);
            let Some(field) = field(&key.value, known) else {
                let message = format!("the host does not know the field {:?}", shown(&key.value));
                self.refuse(message, path, place);
                let (token, _) = self.token()?;
                self.skip(&token)?;
                continue;
            };
            if field != key.value {
                let message = format!("the host takes {:?} for {field:?}", shown(&key.value));
                self.differs(Difference::FoldsKey, message, path, place.clone());
            }
            if !seen.insert(field) {
                self.repeated(field, path, place);
            }
            read(self, field)?;
        }
    }

    pub(super) fn repeated(&mut self, field: &str, path: &str, place: Place) {
        if path.is_empty() && matches!(field, "config" | "signature") {
            let message = format!("{field:?} is there again; the host merges the two");
            self.differs(Difference::MergesObjects, message, path, place);
        } else {
            let message = format!("{field:?} is there again; the host takes this one");
            self.differs(Difference::TakesLast, message, path, place);
        }
    }

    fn top_field(&mut self, field: &'static str) -> Step<()> {
        match field {
            "trusted" => self.trusted(),
            "capabilities" => self.capabilities(),
            "config" => self.config(),
            "signature" => self.signature(),
            _ => {
                let Some(text) = self.text(field)? else { return Ok(()) };
                let manifest = &mut self.manifest;
                match field {
                    "name" => manifest.name = text,
                    "version" => manifest.version = text,
                    "entry" => manifest.entry = text,
                    _ => manifest.artifact = text,
                }
                Ok(())
            }
        }
    }

    fn signature_field(&mut self, field: &'static str) -> Step<()> {
        let path = format!("signature.{field}");
        let Some(text) = self.text(&path)? else { return Ok(()) };
        let signature = self.manifest.signature.get_or_insert_default();
        match field {
            "signature" => signature.signature = text,
            "certificate" => signature.certificate = text,
            _ => signature.public_key = text,
        }
        Ok(())
    }

    /// Reads a string; nothing when the field stays as it was.
    fn text(&mut self, path: &str) -> Step<Option<String>> {
        match self.token()? {
            (Token::String(text), place) => {
                self.replaced(&text, path, &place);
                Ok(Some(text.value))
            }
            (Token::Null, place) => {
                self.ignored_null(path, place);
                Ok(None)
            }
            (token, place) => {
                self.wrong_type(&token, "a string", path, &place);
                self.skip(&token)?;
                Ok(None)
            }
        }
    }

    fn trusted(&mut self) -> Step<()> {
        match self.token()? {
            (Token::Bool(value), _) => self.manifest.trusted = value,
            (Token::Null, place) => self.ignored_null("trusted", place),
            (token, place) => {
                self.wrong_type(&token, "true or false", "trusted", &place);
                self.skip(&token)?;
            }
        }
        Ok(())
    }

    fn capabilities(&mut self) -> Step<()> {
        const PATH: &str = "capabilities";
        match self.token()? {
            (Token::ArrayStart, _) => {}
            (Token::Null, place) => {
                self.ignored_null(PATH, place);
                self.manifest.capabilities.clear();
                self.elements.clear();
                return Ok(());
            }
            (token, place) => {
                self.wrong_type(&token, "an array of strings", PATH, &place);
                return self.skip(&token);
            }
        }
        let mut length = 0;
        loop {
            let path = format!("{PATH}[{length}]");
            let text = match self.token()? {
                (Token::ArrayEnd, _) => break,
                (Token::String(text), place) => {
                    self.replaced(&text, &path, &place);
                    Some(text.value)
                }
                (Token::Null, place) => {
                    self.ignored_null(&path, place);
                    None
                }
                (token, place) => {
                    self.wrong_type(&token, "a string", &path, &place);
                    self.skip(&token)?;
                    None
                }
            };
            // Without a text, the element keeps what an earlier list has left there.
            match (self.elements.get_mut(length), text) {
                (Some(element), Some(text)) => *element = text,
                (Some(_), None) => {}
                (None, text) => self.elements.push(text.unwrap_or_default()),
            }
            length += 1;
        }
        if length == 0 {
            self.elements.clear();
        }
        self.manifest.capabilities = self.elements.iter().take(length).cloned().collect();
        Ok(())
    }

    fn signature(&mut self) -> Step<()> {
        match self.token()? {
            (Token::ObjectStart, _) => {
                self.manifest.signature.get_or_insert_default();
                self.object("signature", SIGNATURE, Self::signature_field)
            }
            (Token::Null, place) => {
                self.ignored_null("signature", place);
                self.manifest.signature = None::<HostSignature>;
                Ok(())
            }
            (token, place) => {
                self.wrong_type(&token, "an object", "signature", &place);
                self.skip(&token)
            }
        }
    }

    /// Skips the rest of a value whose first token has been read.
    pub(super) fn skip(&mut self, first: &Token<'a>) -> Step<()> {
        let outside = self.tokens.depth() - usize::from(opens(first));
        while self.tokens.depth() > outside {
            self.token()?;
        }
        Ok(())
    }

    pub(super) fn token(&mut self) -> Step<(Token<'a>, Place)> {
        let at = self.tokens.at();
        self.tokens.next()?.ok_or(SyntaxError { at, why: "the text ends too early" })
    }

    pub(super) fn replaced(&mut self, text: &Text, path: &str, place: &Place) {
        if text.replaced {
            let message = format!("the host reads this as {:?}", shown(&text.value));
            self.differs(Difference::ReplacesBytes, message, path, place.clone());
        }
    }

    pub(super) fn ignored_null(&mut self, path: &str, place: Place) {
        let message = "the host reads null as if this were not there".to_owned();
        self.differs(Difference::IgnoresNull, message, path, place);
    }

    pub(super) fn wrong_type(
        &mut self,
        token: &Token<'a>,
        expected: &str,
        path: &str,
        place: &Place,
    ) {
        let found = match token {
            Token::ObjectStart => "an object",
            Token::ArrayStart => "an array",
            Token::String(_) => "a string",
            Token::Number(_) => "a number",
            _ => "true or false",
        };
        let message = format!("the host expects {expected} here, and refuses {found}");
        self.refuse(message, path, place.clone());
    }

    /// Go goes on after such an error, and reports the first in the end.
    pub(super) fn refuse(&mut self, message: String, path: &str, place: Place) {
        self.refusal.get_or_insert_with(|| message.clone());
        self.differs(Difference::Refuses, message, path, place);
    }

    pub(super) fn differs(
        &mut self,
        difference: Difference,
        message: String,
        path: &str,
        place: Place,
    ) {
        if self.differences.len() < MAX_DIFFERENCES {
            self.differences.push(difference.notice(message, path, place));
        }
    }
}

pub(super) fn opens(token: &Token<'_>) -> bool {
    matches!(token, Token::ObjectStart | Token::ArrayStart)
}

/// The field that Go finds for a key: the one of this name, else one that folds to the same.
fn field(key: &str, known: &'static [&'static str]) -> Option<&'static str> {
    let folded = |field: &&str| key.chars().map(fold).eq(field.chars().map(fold));
    known.iter().find(|field| **field == key).or_else(|| known.iter().find(|f| folded(f))).copied()
}

/// Unicode's simple case folding, as far as it concerns ASCII.
fn fold(c: char) -> char {
    match c {
        'ſ' => 's',
        '\u{212a}' => 'k',
        c => c.to_ascii_lowercase(),
    }
}

/// The beginning of a text, for a message.
pub(super) fn shown(text: &str) -> String {
    text.chars().take(60).collect()
}
