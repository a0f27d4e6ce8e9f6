//! What is wrong with a text, as far as it was read.

use super::{Failure, Segment};

/// How many problems are noted. More are only counted, so that a hostile text costs no more.
pub(crate) const MAX_PROBLEMS: usize = 100;

/// The problems that did not stop the reader.
#[derive(Debug, Default)]
pub(crate) struct Problems {
    noted: Vec<Failure>,
    omitted: usize,
}

impl Problems {
    /// Notes a problem, which is only made when there is room for it.
    pub(super) fn note(&mut self, problem: impl FnOnce() -> Failure) {
        if self.noted.len() < MAX_PROBLEMS {
            self.noted.push(problem());
        } else {
            self.omitted += 1;
        }
    }

    /// How many problems there are.
    pub(super) fn count(&self) -> usize {
        self.noted.len() + self.omitted
    }

    /// Says of all problems after the first `known` that they were found in this key or item.
    pub(super) fn place(&mut self, known: usize, segment: impl Fn() -> Segment) {
        for problem in self.noted.iter_mut().skip(known) {
            problem.push(segment());
        }
    }

    pub(crate) fn into_parts(self) -> (Vec<Failure>, usize) {
        (self.noted, self.omitted)
    }
}
