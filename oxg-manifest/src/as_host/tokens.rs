//! JSON as Go's `encoding/json` reads it, one token after the other.
//!
//! The grammar is that of RFC 8259, with three liberties of Go's: invalid UTF-8 and lone
//! surrogates become U+FFFD, duplicate keys are no error, and 10000 levels may be nested.
//! Nothing here recurses, so that depth costs no stack.

use std::ops::Range;

/// How deep Go nests objects and arrays before it gives up.
const MAX_DEPTH: usize = 10_000;

/// A token, and what it stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token<'a> {
    ObjectStart,
    ObjectEnd,
    ArrayStart,
    ArrayEnd,
    Key(Text),
    String(Text),
    /// The number as it is written.
    Number(&'a str),
    Bool(bool),
    Null,
}

/// A string as Go understands it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Text {
    pub(super) value: String,
    /// Whether Go replaced something in it by U+FFFD.
    pub(super) replaced: bool,
}

/// Where and why the text is not JSON for Go either.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct SyntaxError {
    pub(super) at: usize,
    pub(super) why: &'static str,
}

/// What may come next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Expect {
    Value,
    /// A value, or the end of the array that has just begun.
    ValueOrEnd,
    /// A key, or the end of the object that has just begun.
    KeyOrEnd,
    Key,
    /// A comma, or the end of the object or array.
    CommaOrEnd,
    /// Nothing: the first value is complete.
    Nothing,
}

/// The tokens of the first value in a text. Go's decoder reads no further.
#[derive(Debug)]
pub(super) struct Tokens<'a> {
    bytes: &'a [u8],
    at: usize,
    expect: Expect,
    /// For each open object or array, whether it is an object.
    open: Vec<bool>,
}

impl<'a> Tokens<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0, expect: Expect::Value, open: Vec::new() }
    }

    /// The offset behind the last token.
    pub(super) fn at(&self) -> usize {
        self.at
    }

    /// How many objects and arrays are open.
    pub(super) fn depth(&self) -> usize {
        self.open.len()
    }

    /// The next token and its place; nothing after the first value.
    pub(super) fn next(&mut self) -> Result<Option<(Token<'a>, Range<usize>)>, SyntaxError> {
        if self.expect == Expect::Nothing {
            return Ok(None);
        }
        self.skip_space();
        if self.expect == Expect::CommaOrEnd && self.peek() == Some(b',') {
            self.at += 1;
            self.skip_space();
            let in_object = self.open.last() == Some(&true);
            self.expect = if in_object { Expect::Key } else { Expect::Value };
        }
        let start = self.at;
        let token = self.token()?;
        Ok(Some((token, start..self.at)))
    }

    fn token(&mut self) -> Result<Token<'a>, SyntaxError> {
        let in_object = self.open.last() == Some(&true);
        match (self.peek(), self.expect) {
            (None, _) => Err(self.error("the text ends too early")),
            (Some(b'}'), Expect::KeyOrEnd | Expect::CommaOrEnd) if in_object => {
                self.close();
                Ok(Token::ObjectEnd)
            }
            (Some(b']'), Expect::ValueOrEnd | Expect::CommaOrEnd) if !in_object => {
                self.close();
                Ok(Token::ArrayEnd)
            }
            (Some(b'"'), Expect::Key | Expect::KeyOrEnd) => {
                let key = self.string()?;
                self.skip_space();
                if self.peek() != Some(b':') {
                    return Err(self.error("a colon is missing after the key"));
                }
                self.at += 1;
                self.expect = Expect::Value;
                Ok(Token::Key(key))
            }
            (_, Expect::Key | Expect::KeyOrEnd) => Err(self.error("a key should stand here")),
            (_, Expect::CommaOrEnd) => Err(self.error("a comma or a closing bracket is missing")),
            (Some(first), _) => self.value(first),
        }
    }

    fn value(&mut self, first: u8) -> Result<Token<'a>, SyntaxError> {
        let token = match first {
            b'{' | b'[' => {
                if self.open.len() == MAX_DEPTH {
                    return Err(self.error("more than 10000 objects and arrays are nested"));
                }
                self.at += 1;
                self.open.push(first == b'{');
                let (token, expect) = match first {
                    b'{' => (Token::ObjectStart, Expect::KeyOrEnd),
                    _ => (Token::ArrayStart, Expect::ValueOrEnd),
                };
                self.expect = expect;
                return Ok(token);
            }
            b'"' => Token::String(self.string()?),
            b'-' | b'0'..=b'9' => self.number()?,
            _ => self.word()?,
        };
        self.complete();
        Ok(token)
    }

    fn close(&mut self) {
        self.at += 1;
        self.open.pop();
        self.complete();
    }

    fn complete(&mut self) {
        self.expect = if self.open.is_empty() { Expect::Nothing } else { Expect::CommaOrEnd };
    }

    fn word(&mut self) -> Result<Token<'a>, SyntaxError> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let words: [(&[u8], Token<'a>); 3] =
            [(b"null", Token::Null), (b"true", Token::Bool(true)), (b"false", Token::Bool(false))];
        let found = words.into_iter().find(|(word, _)| rest.starts_with(word));
        let (word, token) = found.ok_or_else(|| self.error("a JSON value should stand here"))?;
        self.at += word.len();
        Ok(token)
    }

    fn number(&mut self) -> Result<Token<'a>, SyntaxError> {
        let start = self.at;
        self.skip_one(b"-");
        if !self.skip_one(b"0") {
            self.digits()?;
        }
        if self.skip_one(b".") {
            self.digits()?;
        }
        if self.skip_one(b"eE") {
            self.skip_one(b"+-");
            self.digits()?;
        }
        // Digits and signs are ASCII.
        let text = self.bytes.get(start..self.at).unwrap_or_default();
        Ok(Token::Number(str::from_utf8(text).unwrap_or_default()))
    }

    fn digits(&mut self) -> Result<(), SyntaxError> {
        let start = self.at;
        while self.skip_one(b"0123456789") {}
        if self.at == start { Err(self.error("a digit should stand here")) } else { Ok(()) }
    }

    fn string(&mut self) -> Result<Text, SyntaxError> {
        self.at += 1;
        let mut text = Text { value: String::new(), replaced: false };
        loop {
            let start = self.at;
            while self.peek().is_some_and(|b| !matches!(b, b'"' | b'\\' | ..=0x1f)) {
                self.at += 1;
            }
            for chunk in self.bytes.get(start..self.at).unwrap_or_default().utf8_chunks() {
                text.value.push_str(chunk.valid());
                // Go replaces byte by byte.
                text.value.extend(chunk.invalid().iter().map(|_| char::REPLACEMENT_CHARACTER));
                text.replaced |= !chunk.invalid().is_empty();
            }
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(text);
                }
                Some(b'\\') => self.escape(&mut text)?,
                Some(_) => return Err(self.error("a string holds a control character")),
                None => return Err(self.error("the text ends inside a string")),
            }
        }
    }

    fn escape(&mut self, text: &mut Text) -> Result<(), SyntaxError> {
        let c = match self.bytes.get(self.at + 1) {
            Some(c @ (b'"' | b'\\' | b'/')) => char::from(*c),
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => return self.unicode_escape(text),
            _ => return Err(self.error("a string holds an unknown escape")),
        };
        text.value.push(c);
        self.at += 2;
        Ok(())
    }

    fn unicode_escape(&mut self, text: &mut Text) -> Result<(), SyntaxError> {
        let error = self.error("four hexadecimal digits should follow \\u");
        let first = self.hex(self.at).ok_or(error)?;
        self.at += 6;
        let second = self.hex(self.at).filter(|low| (0xDC00..0xE000).contains(low));
        let c = match (first, second) {
            (0xD800..0xDC00, Some(low)) => {
                self.at += 6;
                char::from_u32(0x1_0000 + ((first - 0xD800) << 10) + (low - 0xDC00))
            }
            _ => char::from_u32(first),
        };
        text.replaced |= c.is_none();
        text.value.push(c.unwrap_or(char::REPLACEMENT_CHARACTER));
        Ok(())
    }

    /// The value of `\uXXXX` at an offset.
    fn hex(&self, at: usize) -> Option<u32> {
        let digits = self.bytes.get(at..at + 6)?.strip_prefix(b"\\u")?;
        digits.iter().try_fold(0, |value, digit| {
            char::from(*digit).to_digit(16).map(|digit| value << 4 | digit)
        })
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    /// Skips the next byte if it is one of these.
    fn skip_one(&mut self, any_of: &[u8]) -> bool {
        let skip = self.peek().is_some_and(|b| any_of.contains(&b));
        self.at += usize::from(skip);
        skip
    }

    fn skip_space(&mut self) {
        while self.skip_one(b" \t\r\n") {}
    }

    fn error(&self, why: &'static str) -> SyntaxError {
        SyntaxError { at: self.at, why }
    }
}
