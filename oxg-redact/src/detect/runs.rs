//! Remembers how far long runs of bytes go.

use crate::bytes::ByteSet;

/// Runs shorter than this are not worth remembering.
const LONG: usize = 64;
const SLOTS: usize = 4;

/// Answers how long a run is without reading its bytes again for every place in
/// it that is asked about. What is read stays linear in the text.
#[derive(Default)]
pub(crate) struct Runs {
    slots: [Option<Run>; SLOTS],
    next: usize,
    /// The slot that was of use last.
    last: usize,
}

#[derive(Clone, Copy)]
struct Run {
    set: &'static ByteSet,
    start: usize,
    /// All bytes before are members.
    end: usize,
}

impl Runs {
    /// Length of the run of members of `set` at `at`, at most `max`.
    #[inline]
    pub(crate) fn at(
        &mut self,
        text: &[u8],
        at: usize,
        set: &'static ByteSet,
        max: usize,
    ) -> usize {
        if max > LONG
            && self.slots[self.last].is_some_and(|run| {
                std::ptr::eq(run.set, set) && run.start <= at && at + LONG <= run.end
            })
        {
            return self.long(text, at, set, max);
        }
        let len = set.run(&text[at..], max.min(LONG));
        if len < LONG || len == max { len } else { self.long(text, at, set, max) }
    }

    #[cold]
    fn long(&mut self, text: &[u8], at: usize, set: &'static ByteSet, max: usize) -> usize {
        let known = self.slots.iter().position(|slot| {
            slot.is_some_and(|run| {
                std::ptr::eq(run.set, set) && (run.start..=run.end).contains(&at)
            })
        });
        self.last = known.unwrap_or(self.next);
        if known.is_none() {
            self.next = (self.next + 1) % SLOTS;
        }
        let slot = self.slots[self.last].filter(|_| known.is_some());
        let run = self.slots[self.last].insert(slot.unwrap_or(Run { set, start: at, end: at }));
        let wanted = at.saturating_add(max);
        if run.end < wanted {
            run.end += set.run(&text[run.end..], wanted - run.end);
        }
        run.end.min(wanted) - at
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bytes::{DIGIT, WORD};

    #[test]
    fn the_length_of_a_run_is_the_same_whatever_was_asked_before() {
        let text = [vec![b'1'; 500], vec![b'a'; 300], vec![b' '], vec![b'2'; 100]].concat();
        let mut runs = Runs::default();
        for max in [10, 64, 65, 400, 2000] {
            for at in (0..text.len()).step_by(7) {
                for set in [&DIGIT, &WORD] {
                    assert_eq!(
                        runs.at(&text, at, set, max),
                        set.run(&text[at..], max),
                        "{at} {max}"
                    );
                }
            }
        }
    }
}
