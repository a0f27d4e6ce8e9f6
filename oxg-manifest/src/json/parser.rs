//! From text to the tree.

use std::collections::HashMap;

use super::{Failure, Member, Node, Value, number, string};
use crate::diagnostic::{DiagnosticKind, Position};
use crate::text::Quoted;

/// How deep objects and arrays may be nested. The outermost is 1 deep.
pub(crate) const MAX_DEPTH: usize = 64;

/// Up to how many keys duplicates are found without a table.
const FEW_KEYS: usize = 16;

/// Takes bytes as text: UTF-8, without a byte order mark.
pub(crate) fn decode_utf8(bytes: &[u8]) -> Result<&str, Failure> {
    const MARKS: [&[u8]; 3] = [b"\xEF\xBB\xBF", b"\xFF\xFE", b"\xFE\xFF"];
    if MARKS.iter().any(|mark| bytes.starts_with(mark)) {
        return Err(Failure::new(DiagnosticKind::ByteOrderMark).at(0));
    }
    str::from_utf8(bytes)
        .map_err(|error| Failure::new(DiagnosticKind::NotUtf8).at(error.valid_up_to()))
}

/// Reads one JSON document and nothing after it.
pub(crate) fn parse(text: &str) -> Result<Node<'_>, Failure> {
    let mut parser = Parser { text, at: 0, depth: 0 };
    let root = parser.value()?;
    match parser.peek() {
        None => Ok(root),
        Some(b'/') => Err(parser.unexpected("the end of the file")),
        Some(_) => {
            let found = found_at(text, parser.at);
            Err(Failure::new(DiagnosticKind::TrailingData { found }).at(parser.at))
        }
    }
}

struct Parser<'a> {
    text: &'a str,
    /// The offset of the next byte.
    at: usize,
    depth: usize,
}

impl<'a> Parser<'a> {
    /// Skips white space; the byte after it, if any.
    fn peek(&mut self) -> Option<u8> {
        let rest = self.text.as_bytes().get(self.at..).unwrap_or_default();
        let space = |b: &&u8| matches!(**b, b' ' | b'\t' | b'\n' | b'\r');
        self.at += rest.iter().take_while(space).count();
        self.text.as_bytes().get(self.at).copied()
    }

    fn value(&mut self) -> Result<Node<'a>, Failure> {
        let next = self.peek();
        let at = self.at;
        let value = match next {
            Some(b'{') => self.nested(Self::object)?,
            Some(b'[') => self.nested(Self::array)?,
            Some(b'"') => Value::String(self.string()?),
            Some(b'-' | b'0'..=b'9') => {
                let (number, end) = number::read(self.text, at)?;
                self.at = end;
                Value::Number(number)
            }
            _ => {
                let word = word_at(self.text, at);
                let value = match word {
                    "null" => Value::Null,
                    "true" => Value::Bool(true),
                    "false" => Value::Bool(false),
                    _ => return Err(self.unexpected("a JSON value")),
                };
                self.at += word.len();
                value
            }
        };
        Ok(Node { at, value })
    }

    fn string(&mut self) -> Result<std::borrow::Cow<'a, str>, Failure> {
        let (string, end) = string::read(self.text, self.at)?;
        self.at = end;
        Ok(string)
    }

    /// Reads the inside of an object or array, whose opening bracket is next.
    fn nested(
        &mut self,
        inside: fn(&mut Self) -> Result<Value<'a>, Failure>,
    ) -> Result<Value<'a>, Failure> {
        if self.depth == MAX_DEPTH {
            return Err(Failure::new(DiagnosticKind::TooDeep { limit: MAX_DEPTH }).at(self.at));
        }
        self.depth += 1;
        self.at += 1;
        let value = inside(self)?;
        self.depth -= 1;
        Ok(value)
    }

    fn array(&mut self) -> Result<Value<'a>, Failure> {
        let mut items = Vec::new();
        if self.peek() == Some(b']') {
            self.at += 1;
            return Ok(Value::Array(items));
        }
        loop {
            items.push(self.value().map_err(|failure| failure.in_item(items.len()))?);
            if !self.comma(b']', "\",\" or \"]\"")? {
                return Ok(Value::Array(items));
            }
        }
    }

    fn object(&mut self) -> Result<Value<'a>, Failure> {
        let mut members = Vec::new();
        if self.peek() == Some(b'}') {
            self.at += 1;
            return Ok(Value::Object(members));
        }
        loop {
            members.push(self.member()?);
            if !self.comma(b'}', "\",\" or \"}\"")? {
                self.refuse_duplicates(&members)?;
                return Ok(Value::Object(members));
            }
        }
    }

    fn member(&mut self) -> Result<Member<'a>, Failure> {
        if self.peek() != Some(b'"') {
            return Err(self.unexpected("a key in double quotes"));
        }
        let key_at = self.at;
        let key = self.string()?;
        if self.peek() != Some(b':') {
            return Err(self.unexpected("\":\" after the key"));
        }
        self.at += 1;
        let node = self.value().map_err(|failure| failure.in_key(&key))?;
        Ok(Member { key_at, key, node })
    }

    /// After an item: whether a comma, and so another item, follows.
    fn comma(&mut self, close: u8, expected: &'static str) -> Result<bool, Failure> {
        let next = self.peek();
        let comma_at = self.at;
        if next == Some(close) {
            self.at += 1;
            return Ok(false);
        }
        if next != Some(b',') {
            return Err(self.unexpected(expected));
        }
        self.at += 1;
        if self.peek() == Some(close) {
            return Err(Failure::new(DiagnosticKind::TrailingComma).at(comma_at));
        }
        Ok(true)
    }

    fn refuse_duplicates(&self, members: &[Member<'a>]) -> Result<(), Failure> {
        let duplicate = if members.len() <= FEW_KEYS {
            members.iter().enumerate().find_map(|(index, member)| {
                let first = members[..index].iter().find(|earlier| earlier.key == member.key)?;
                Some((first, member))
            })
        } else {
            let mut seen = HashMap::with_capacity(members.len());
            members.iter().find_map(|member| {
                let first = seen.insert(&*member.key, member)?;
                Some((first, member))
            })
        };
        let Some((first, member)) = duplicate else {
            return Ok(());
        };
        let first = Position::of(self.text.as_bytes(), first.key_at);
        let key = member.key.clone().into_owned();
        Err(Failure::new(DiagnosticKind::DuplicateKey { key, first }).at(member.key_at))
    }

    fn unexpected(&self, expected: &'static str) -> Failure {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let kind = if rest.starts_with("//") || rest.starts_with("/*") {
            DiagnosticKind::Comment
        } else {
            DiagnosticKind::Syntax { expected, found: found_at(self.text, self.at) }
        };
        Failure::new(kind).at(self.at)
    }
}

/// The run of ASCII letters, digits and underscores at an offset.
fn word_at(text: &str, at: usize) -> &str {
    let rest = text.get(at..).unwrap_or_default();
    let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    end.map_or(rest, |end| &rest[..end])
}

/// What stands at an offset, for a message.
pub(super) fn found_at(text: &str, at: usize) -> String {
    let word = word_at(text, at);
    if !word.is_empty() {
        return Quoted(word).to_string();
    }
    match text.get(at..).and_then(|rest| rest.chars().next()) {
        None => "the end of the file".to_owned(),
        Some('"') => "a string".to_owned(),
        Some(c) => Quoted(c.encode_utf8(&mut [0; 4])).to_string(),
    }
}
