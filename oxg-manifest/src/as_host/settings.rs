//! The settings, which Go holds as maps, lists and floats.

use std::collections::{BTreeMap, HashSet};

use super::decode::{Decoder, Place, Step, opens, shown};
use super::difference::Difference;
use super::tokens::Token;

impl<'a> Decoder<'a> {
    pub(super) fn config(&mut self) -> Step<()> {
        match self.token()? {
            (Token::ObjectStart, _) => {}
            (Token::Null, place) => {
                self.ignored_null("config", place);
                self.manifest.config = BTreeMap::new();
                return Ok(());
            }
            (token, place) => {
                self.wrong_type(&token, "an object", "config", &place);
                return self.skip(&token);
            }
        }
        let mut seen = HashSet::new();
        loop {
            let (key, place) = match self.token()? {
                (Token::Key(key), place) => (key, place),
                _ => return Ok(()),
            };
            self.replaced(&key, "config", &place);
            if !seen.insert(key.value.clone()) {
                self.repeated(&shown(&key.value), "config", place);
            }
            let (token, place) = self.token()?;
            self.inside(&token, &place, "config")?;
            let value = self.bytes.get(place.start..self.tokens.at()).unwrap_or_default();
            let value = String::from_utf8_lossy(value).into_owned();
            self.manifest.config.insert(key.value, value);
        }
    }

    /// Reads a value of the settings to its end: Go takes any, as maps, lists and floats.
    fn inside(&mut self, first: &Token<'a>, place: &Place, path: &str) -> Step<()> {
        let outside = self.tokens.depth() - usize::from(opens(first));
        let mut keys: Vec<HashSet<String>> = Vec::new();
        let (mut token, mut place) = (first.clone(), place.clone());
        loop {
            match &token {
                Token::ObjectStart | Token::ArrayStart => keys.push(HashSet::new()),
                Token::ObjectEnd | Token::ArrayEnd => {
                    keys.pop();
                }
                Token::Key(key) => {
                    self.replaced(key, path, &place);
                    let new = keys.last_mut().is_none_or(|keys| keys.insert(key.value.clone()));
                    if !new {
                        self.repeated(&shown(&key.value), path, place.clone());
                    }
                }
                Token::String(text) => self.replaced(text, path, &place),
                Token::Number(number) => self.number(number, path, &place),
                Token::Bool(_) | Token::Null => {}
            }
            if self.tokens.depth() <= outside {
                return Ok(());
            }
            (token, place) = self.token()?;
        }
    }

    fn number(&mut self, number: &str, path: &str, place: &Place) {
        let float: f64 = number.parse().unwrap_or(f64::NAN);
        if !float.is_finite() {
            let message = format!("the host cannot hold the number {}", shown(number));
            self.refuse(message, path, place.clone());
            return;
        }
        // `as` saturates, which no integer of a manifest reaches.
        let exact = number.parse::<i128>().is_ok_and(|integer| float as i128 != integer);
        if exact {
            let message = format!("the host reads {number} as {float}");
            self.differs(Difference::RoundsNumber, message, path, place.clone());
        }
    }
}
