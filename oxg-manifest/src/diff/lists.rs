//! Lists that are compared and told.

use std::collections::BTreeSet;

/// Of two lists, each item of the first that is not in the second, with its index, once.
pub(super) fn missing<'a, T: Ord>(these: &'a [T], those: &'a [T]) -> Vec<(usize, &'a T)> {
    let mut seen: BTreeSet<&T> = those.iter().collect();
    these.iter().enumerate().filter(|(_, item)| seen.insert(item)).collect()
}

/// The first few of a list, and how many more.
pub(super) fn join<T: ToString>(items: &[T]) -> String {
    const SHOWN: usize = 8;
    let mut texts: Vec<String> = items.iter().take(SHOWN).map(ToString::to_string).collect();
    if let Some(more) = items.len().checked_sub(SHOWN).filter(|more| *more > 0) {
        texts.push(format!("and {more} more"));
    }
    if texts.is_empty() { "none".to_owned() } else { texts.join(", ") }
}
