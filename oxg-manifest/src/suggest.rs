//! The known name that an unknown one was probably meant to be.

/// The longest name that is compared, in bytes, so that the work stays bounded.
const MAX: usize = 64;

/// The name in `known` that is nearest to `name`, when it is near enough to be meant.
pub(crate) fn nearest(name: &str, known: &'static [&'static str]) -> Option<&'static str> {
    if name.len() > MAX {
        return None;
    }
    let name = fold(name);
    let (distance, near) =
        known.iter().map(|other| (distance(&name, other), *other)).min_by_key(|(d, _)| *d)?;
    let allowed = (near.len() / 3).clamp(1, 3);
    (distance <= allowed).then_some(near)
}

/// The name in `known` that differs from `name` only by case, as a decoder sees it that folds
/// case over all of Unicode: `ſ` is `s`, and the Kelvin sign is `k`.
pub(crate) fn differs_by_case(name: &str, known: &'static [&'static str]) -> Option<&'static str> {
    if name.len() > MAX {
        return None;
    }
    let name = fold(name);
    known.iter().copied().find(|other| fold(other) == name)
}

fn fold(name: &str) -> String {
    name.chars().flat_map(char::to_uppercase).flat_map(char::to_lowercase).collect()
}

/// How many insertions, deletions, replacements and swaps of neighbours turn `a` into `b`.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, y) in b.iter().enumerate() {
            let replaced = last[j] + usize::from(x != y);
            let mut best = replaced.min(last[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && *x == b[j - 1] && a[i - 1] == *y {
                best = best.min(before[j - 1] + 1);
            }
            row.push(best);
        }
        before = std::mem::replace(&mut last, row);
    }
    last[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN: &[&str] = &["http", "storage", "secrets", "tasks", "findings"];

    #[test]
    fn a_near_name_is_suggested_and_a_far_one_is_not() {
        assert_eq!(nearest("secret", KNOWN), Some("secrets"));
        assert_eq!(nearest("sercets", KNOWN), Some("secrets"));
        assert_eq!(nearest("htpt", KNOWN), Some("http"));
        assert_eq!(nearest("TASK", KNOWN), Some("tasks"));
        assert_eq!(nearest("network", KNOWN), None);
        assert_eq!(nearest("", KNOWN), None);
        assert_eq!(nearest(&"s".repeat(1000), KNOWN), None);
        assert_eq!(nearest("http", &[]), None);
    }

    #[test]
    fn case_is_folded_over_all_of_unicode() {
        assert_eq!(differs_by_case("HTTP", KNOWN), Some("http"));
        assert_eq!(differs_by_case("ſecretſ", KNOWN), Some("secrets"));
        assert_eq!(differs_by_case("tas\u{212a}s", KNOWN), Some("tasks"));
        assert_eq!(differs_by_case("secret", KNOWN), None);
    }
}
