//! A clean line costs no allocation. This file has one test, for the counter
//! counts what every thread of the process does.

#![allow(unsafe_code, clippy::unwrap_used, reason = "an allocator cannot be written without")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};

use oxg_redact::Redactor;

struct Counting;

static ALLOCATIONS: AtomicUsize = AtomicUsize::new(0);

// SAFETY: every call goes to the allocator of the system.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        // SAFETY: the caller keeps the contract, which is the same.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, ptr: *mut u8, layout: Layout) {
        // SAFETY: as above.
        unsafe { System.dealloc(ptr, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[test]
fn a_clean_line_is_not_copied_and_allocates_nothing() {
    let redactor = Redactor::default();
    redactor.register("a-value-of-the-vault-7").unwrap();
    let line = "2026-05-17T10:00:00.123Z INFO auth::token: 12 keys of 3 shards moved, 4 to go, \
                trace=4bf92f3577b34da6a3ce929d0e0e4736 password_hint=none user=admin port=8443";
    assert_eq!(redactor.redact(line), line);
    let mut out = String::with_capacity(line.len());
    let before = ALLOCATIONS.load(Ordering::Relaxed);
    for _ in 0..100 {
        assert_eq!(redactor.redact(line).len(), line.len());
        out.clear();
        redactor.redact_into(line, &mut out);
    }
    assert_eq!(ALLOCATIONS.load(Ordering::Relaxed) - before, 0);
}
