use std::cell::RefCell;
use std::fmt;

use oxg_redact::Redactor;

use super::clock::Clock;

/// What lines are written with. One a thread, so that nothing is locked or allocated anew.
#[derive(Default)]
pub(super) struct Scratch {
    pub(super) raw: Raw,
    pub(super) names: Names,
    pub(super) clock: Clock,
    pub(super) message: Text,
    pub(super) fields: Text,
    pub(super) spans: Text,
    pub(super) line: Text,
}

/// A piece of a line, in both its forms.
#[derive(Debug, Default, Clone)]
pub(super) struct Text {
    pub(super) json: String,
    /// Empty where no writer asks for it.
    pub(super) human: String,
}

thread_local! {
    static SCRATCH: RefCell<Scratch> = RefCell::default();
}

/// Lends this thread's scratch, emptied.
pub(super) fn with<T>(work: impl FnOnce(&mut Scratch) -> T) -> T {
    SCRATCH.with(|scratch| match scratch.try_borrow_mut() {
        Ok(mut scratch) => {
            scratch.clear();
            work(&mut scratch)
        }
        // A sink logged, or a value while it was formatted.
        Err(_) => work(&mut Scratch::default()),
    })
}

impl Scratch {
    pub(super) fn clear(&mut self) {
        for text in [&mut self.message, &mut self.fields, &mut self.spans, &mut self.line] {
            text.json.clear();
            text.human.clear();
        }
    }
}

/// A value as it prints, before redaction.
#[derive(Debug, Default)]
pub(super) struct Raw {
    text: String,
    pub(super) truncated: bool,
}

impl Raw {
    /// The longest text that is looked at, in bytes. It is above what a line can hold, so that a
    /// secret is whole when it is looked for.
    pub(super) const MAX: usize = 64 << 10;

    pub(super) fn as_str(&self) -> &str {
        &self.text
    }

    /// What `value` prints.
    pub(super) fn print(&mut self, value: fmt::Arguments<'_>) -> &str {
        self.text.clear();
        self.truncated = false;
        // An error is our own, at the limit, or one of the value's: what it printed stays.
        let _ = fmt::Write::write_fmt(self, value);
        &self.text
    }
}

impl fmt::Write for Raw {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let room = Self::MAX.saturating_sub(self.text.len());
        let part = head(text, room);
        self.text.push_str(part);
        self.truncated |= part.len() < text.len();
        if self.truncated { Err(fmt::Error) } else { Ok(()) }
    }
}

/// The start of `text`: at most `most` bytes, whole characters.
pub(super) fn head(text: &str, most: usize) -> &str {
    if text.len() <= most {
        return text;
    }
    let end = (0..=most).rev().find(|&at| text.is_char_boundary(at)).unwrap_or_default();
    text.get(..end).unwrap_or_default()
}

/// Whether names of fields are sensitive, remembered by where the names lie: they are literals of
/// the program.
pub(super) struct Names([(usize, usize, bool); Names::SLOTS]);

impl Names {
    const SLOTS: usize = 64;

    pub(super) fn is_sensitive(&mut self, name: &'static str) -> bool {
        let (place, length) = (name.as_ptr().addr(), name.len());
        let hash = place.wrapping_mul(0x9e37_79b9) >> 7;
        let Some(slot) = self.0.get_mut(hash % Self::SLOTS) else {
            return Redactor::is_sensitive_name(name);
        };
        if (slot.0, slot.1) != (place, length) {
            *slot = (place, length, Redactor::is_sensitive_name(name));
        }
        slot.2
    }
}

impl Default for Names {
    fn default() -> Self {
        Self([(0, 0, false); Self::SLOTS])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_judged_the_same_however_often_it_is_asked_for() {
        let mut names = Names::default();
        for _ in 0..2 {
            assert!(names.is_sensitive("password"));
            assert!(!names.is_sensitive("pages"));
        }
    }

    #[test]
    fn what_prints_without_end_is_cut() {
        let mut raw = Raw::default();
        let long = "é".repeat(Raw::MAX);
        let length = raw.print(format_args!("x{long}{long}")).len();
        assert!(raw.truncated && length <= Raw::MAX && length > Raw::MAX - 4);
        assert_eq!(raw.print(format_args!("short")), "short");
        assert!(!raw.truncated);
    }
}
