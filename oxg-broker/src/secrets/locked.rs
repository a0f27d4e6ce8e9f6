//! Secrets in memory that the system does not write to its swap space.

use secrecy::{ExposeSecret as _, SecretString};

/// Keeps the memory of this value out of the swap space, where the system lets it: each user has an
/// allowance (`RLIMIT_MEMLOCK`), and past it nothing happens. Whether it worked.
///
/// The pages stay locked for the life of the process: others of its secrets may share them. Copies
/// that are made for an answer are not locked.
pub(super) fn lock_in_memory(value: &SecretString) -> bool {
    let value = value.expose_secret();
    region::lock(value.as_ptr(), value.len()).map(std::mem::forget).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the kernel says is locked, in KiB.
    fn locked() -> u64 {
        let status = std::fs::read_to_string("/proc/self/status").unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmLck:")).unwrap();
        line.trim().trim_end_matches(" kB").parse().unwrap()
    }

    #[test]
    fn a_value_is_locked_where_the_system_lets_it_and_refused_quietly_where_not() {
        let value = SecretString::from("s".repeat(64 << 10));
        let before = locked();
        match lock_in_memory(&value) {
            true => assert!(locked() >= before + 64),
            false => assert_eq!(locked(), before),
        }
        assert!(!lock_in_memory(&"".into()), "there is nothing to lock");
    }
}
