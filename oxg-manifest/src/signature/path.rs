//! Paths by their text alone, as Go's `path/filepath` treats them.

use std::path::{Component, Path, PathBuf};

/// The shortest path that means the same if there are no links: no `.`, and `..` only in front.
pub(super) fn clean(path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => match out.components().next_back() {
                Some(Component::Normal(_)) => {
                    out.pop();
                }
                Some(Component::RootDir | Component::Prefix(_)) => {}
                _ => out.push(component),
            },
            _ => out.push(component),
        }
    }
    if out.as_os_str().is_empty() { PathBuf::from(".") } else { out }
}

/// `target` as seen from `base`; both are absolute and clean.
pub(super) fn relative(base: &Path, target: &Path) -> PathBuf {
    let shared = base.components().zip(target.components()).take_while(|(a, b)| a == b).count();
    let up = base.components().skip(shared).map(|_| Component::ParentDir);
    let path: PathBuf = up.chain(target.components().skip(shared)).collect();
    if path.as_os_str().is_empty() { PathBuf::from(".") } else { path }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clean_path_has_no_detours() {
        for (path, expected) in [
            ("a/./b//c/..", "a/b"),
            ("../a/../..", "../.."),
            ("/../a", "/a"),
            ("a/..", "."),
            ("", "."),
        ] {
            assert_eq!(clean(Path::new(path)), Path::new(expected), "{path}");
        }
    }

    #[test]
    fn a_relative_path_leads_from_base_to_target() {
        for (base, target, expected) in
            [("/a", "/a/b/c", "b/c"), ("/a/b", "/a/c", "../c"), ("/", "/a", "a"), ("/a", "/a", ".")]
        {
            assert_eq!(relative(Path::new(base), Path::new(target)), Path::new(expected));
        }
    }
}
