//! From text to the tree.

use std::borrow::Cow;
use std::collections::HashMap;
use std::ops::Range;

use super::problems::Problems;
use super::{Failure, Member, Node, Segment, Value, number, string};
use crate::diagnostic::{DiagnosticKind, Position};
use crate::text::Quoted;

/// How deep objects and arrays may be nested. The outermost is 1 deep.
pub(crate) const MAX_DEPTH: usize = 64;

/// Up to how many keys duplicates are found without a table.
const FEW_KEYS: usize = 16;

/// What came of reading a text.
#[derive(Debug)]
pub(crate) struct Reading<'a> {
    /// The tree, unless reading had to stop. Where it has problems, it has stand-ins.
    pub(crate) root: Option<Node<'a>>,
    pub(crate) problems: Problems,
}

/// Reads one JSON document and nothing after it.
pub(crate) fn read(bytes: &[u8]) -> Reading<'_> {
    let mut problems = Problems::default();
    let root = decode_utf8(bytes, &mut problems)
        .and_then(|(text, at)| document(text, at, &mut problems))
        .map_err(|failure| problems.note(|| failure));
    Reading { root: root.ok(), problems }
}

/// Takes bytes as text; returns it and the offset where the document begins.
fn decode_utf8<'a>(bytes: &'a [u8], problems: &mut Problems) -> Result<(&'a str, usize), Failure> {
    const UTF_16: [&[u8]; 2] = [b"\xFF\xFE", b"\xFE\xFF"];
    const UTF_8: &[u8] = b"\xEF\xBB\xBF";
    let mark = |length| Failure::new(DiagnosticKind::ByteOrderMark).at(0..length);
    if UTF_16.iter().any(|mark| bytes.starts_with(mark)) {
        return Err(mark(2));
    }
    let text = str::from_utf8(bytes).map_err(|error| {
        let at = error.valid_up_to();
        Failure::new(DiagnosticKind::NotUtf8).at(at..at + error.error_len().unwrap_or(1))
    })?;
    if bytes.starts_with(UTF_8) {
        problems.note(|| mark(UTF_8.len()));
        return Ok((text, UTF_8.len()));
    }
    Ok((text, 0))
}

fn document<'a>(text: &'a str, at: usize, problems: &mut Problems) -> Result<Node<'a>, Failure> {
    let mut parser = Parser { text, at, depth: 0, problems };
    let root = parser.value()?;
    if parser.peek().is_some() {
        let found = found_at(text, parser.at);
        let rest = parser.at..text.trim_end().len();
        parser.problems.note(|| Failure::new(DiagnosticKind::TrailingData { found }).at(rest));
    }
    Ok(root)
}

struct Parser<'a, 'p> {
    text: &'a str,
    /// The offset of the next byte.
    at: usize,
    depth: usize,
    problems: &'p mut Problems,
}

impl<'a> Parser<'a, '_> {
    /// Skips white space and comments; the byte after them, if any.
    fn peek(&mut self) -> Option<u8> {
        loop {
            let rest = self.text.as_bytes().get(self.at..).unwrap_or_default();
            let space = |b: &&u8| matches!(**b, b' ' | b'\t' | b'\n' | b'\r');
            self.at += rest.iter().take_while(space).count();
            let rest = self.text.get(self.at..).unwrap_or_default();
            let Some(length) = comment(rest) else {
                return rest.as_bytes().first().copied();
            };
            let span = self.at..self.at + length;
            self.problems.note(|| Failure::new(DiagnosticKind::Comment).at(span));
            self.at += length;
        }
    }

    fn value(&mut self) -> Result<Node<'a>, Failure> {
        let next = self.peek();
        let at = self.at;
        let value = match next {
            Some(b'{') => self.nested(Self::object)?,
            Some(b'[') => self.nested(Self::array)?,
            Some(b'"') => {
                let known = self.problems.count();
                let string = self.string()?;
                if self.problems.count() > known { Value::Damaged } else { Value::String(string) }
            }
            Some(b'-' | b'0'..=b'9') => self.number(),
            _ => self.word()?,
        };
        Ok(Node { at, end: self.at, value })
    }

    /// Reads a value and says of what is wrong in it where it stands.
    fn value_in(&mut self, segment: impl Fn() -> Segment) -> Result<Node<'a>, Failure> {
        let known = self.problems.count();
        let result = self.value();
        self.problems.place(known, &segment);
        result.map_err(|mut failure| {
            failure.push(segment());
            failure
        })
    }

    fn string(&mut self) -> Result<Cow<'a, str>, Failure> {
        let (string, end) = string::read(self.text, self.at, self.problems)?;
        self.at = end;
        Ok(string)
    }

    fn number(&mut self) -> Value<'a> {
        match number::read(self.text, self.at) {
            Ok((number, end)) => {
                self.at = end;
                Value::Number(number)
            }
            Err(failure) => {
                let part = |b: &u8| b.is_ascii_alphanumeric() || b"+-._".contains(b);
                let rest = self.text.as_bytes().get(self.at..).unwrap_or_default();
                let end = self.at + rest.iter().take_while(|b| part(b)).count();
                self.problems.note(|| failure.at(self.at..end));
                self.at = end;
                Value::Damaged
            }
        }
    }

    fn word(&mut self) -> Result<Value<'a>, Failure> {
        let word = word_at(self.text, self.at);
        let value = match word {
            "null" => Value::Null,
            "true" => Value::Bool(true),
            "false" => Value::Bool(false),
            "NaN" | "Infinity" => {
                let kind = DiagnosticKind::NotANumber { found: word.to_owned() };
                let span = self.at..self.at + word.len();
                self.problems.note(|| Failure::new(kind).at(span));
                Value::Damaged
            }
            // Words of other languages, whose meaning leaves no doubt where the value ends.
            "True" | "False" | "None" | "undefined" if self.depth > 0 => {
                let failure = self.unexpected("a JSON value");
                self.problems.note(|| failure);
                Value::Damaged
            }
            _ => return Err(self.unexpected("a JSON value")),
        };
        self.at += word.len();
        Ok(value)
    }

    /// Reads the inside of an object or array, whose opening bracket is next.
    fn nested(
        &mut self,
        inside: fn(&mut Self) -> Result<Value<'a>, Failure>,
    ) -> Result<Value<'a>, Failure> {
        if self.depth == MAX_DEPTH {
            let kind = DiagnosticKind::TooDeep { limit: MAX_DEPTH };
            return Err(Failure::new(kind).at(self.at..self.at + 1));
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
            let index = items.len();
            items.push(self.value_in(|| Segment::Index(index))?);
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
            members.extend(self.member()?);
            if !self.comma(b'}', "\",\" or \"}\"")? {
                self.remove_duplicates(&mut members);
                return Ok(Value::Object(members));
            }
        }
    }

    /// Reads a key and its value; nothing when the key is damaged.
    fn member(&mut self) -> Result<Option<Member<'a>>, Failure> {
        if self.peek() != Some(b'"') {
            return Err(self.unexpected("a key in double quotes"));
        }
        let key_at = self.at;
        let known = self.problems.count();
        let key = self.string()?;
        let damaged = self.problems.count() > known;
        let key_end = self.at;
        if self.peek() != Some(b':') {
            return Err(self.unexpected("\":\" after the key"));
        }
        self.at += 1;
        let node = self.value_in(|| Segment::Key(key.clone().into_owned()))?;
        Ok((!damaged).then_some(Member { key_at, key_end, key, node }))
    }

    /// After an item: whether a comma, and so another item, follows.
    fn comma(&mut self, close: u8, expected: &'static str) -> Result<bool, Failure> {
        let next = self.peek();
        let comma_at = self.at;
        match next {
            Some(byte) if byte == close => {
                self.at += 1;
                return Ok(false);
            }
            Some(b',') => self.at += 1,
            // What begins with a quote can only be the next item.
            Some(b'"') => {
                let failure = self.unexpected(expected);
                self.problems.note(|| failure);
                return Ok(true);
            }
            _ => return Err(self.unexpected(expected)),
        }
        if self.peek() == Some(close) {
            let span = comma_at..comma_at + 1;
            self.problems.note(|| Failure::new(DiagnosticKind::TrailingComma).at(span));
            self.at += 1;
            return Ok(false);
        }
        Ok(true)
    }

    /// Notes every key that was there before, and keeps the first.
    fn remove_duplicates(&mut self, members: &mut Vec<Member<'a>>) {
        let repeated: Vec<(usize, Range<usize>)> = if members.len() <= FEW_KEYS {
            let first = |index: usize, member: &Member<'_>| {
                members[..index].iter().find(|earlier| earlier.key == member.key)
            };
            let pair = |(index, member)| {
                first(index, member).map(|first| (index, first.key_at..first.key_end))
            };
            members.iter().enumerate().filter_map(pair).collect()
        } else {
            let mut seen: HashMap<&str, Range<usize>> = HashMap::with_capacity(members.len());
            let mut repeated = Vec::new();
            for (index, member) in members.iter().enumerate() {
                match seen.get(&*member.key) {
                    Some(first) => repeated.push((index, first.clone())),
                    None => {
                        seen.insert(&member.key, member.key_at..member.key_end);
                    }
                }
            }
            repeated
        };
        let Some(&(from, _)) = repeated.first() else {
            return;
        };
        let mut repeated = repeated.into_iter().peekable();
        let later = members.split_off(from);
        for (index, member) in (from..).zip(later) {
            let Some((_, first)) = repeated.next_if(|(repeated, _)| *repeated == index) else {
                members.push(member);
                continue;
            };
            let text = self.text.as_bytes();
            self.problems.note(|| {
                let first = Position::of(text, first.start);
                let kind = DiagnosticKind::DuplicateKey { key: member.key.into_owned(), first };
                Failure::new(kind).at(member.key_at..member.key_end)
            });
        }
    }

    fn unexpected(&self, expected: &'static str) -> Failure {
        let length = match word_at(self.text, self.at).len() {
            0 => self
                .text
                .get(self.at..)
                .and_then(|rest| rest.chars().next())
                .map_or(0, char::len_utf8),
            length => length,
        };
        let found = found_at(self.text, self.at);
        let kind = DiagnosticKind::Syntax { expected, found };
        Failure::new(kind).at(self.at..self.at + length)
    }
}

/// The length of the comment that a text begins with.
fn comment(text: &str) -> Option<usize> {
    if text.starts_with("//") {
        return Some(text.find('\n').unwrap_or(text.len()));
    }
    let inside = text.strip_prefix("/*")?;
    Some(inside.find("*/").map_or(text.len(), |end| end + 4))
}

/// The run of ASCII letters, digits and underscores at an offset.
pub(super) fn word_at(text: &str, at: usize) -> &str {
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
