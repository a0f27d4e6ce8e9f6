//! A clean line costs no allocation.

#![allow(unsafe_code, clippy::unwrap_used, reason = "an allocator cannot be written without")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use oxg_redact::Redactor;

struct Counting;

thread_local! {
    /// What this thread allocated: the harness of the test has threads too.
    static ALLOCATIONS: Cell<usize> = const { Cell::new(0) };
}

// SAFETY: every call goes to the allocator of the system.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.set(ALLOCATIONS.get() + 1);
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
    let counted = ALLOCATIONS.get();
    drop(std::hint::black_box(Box::new(counted)));
    assert!(ALLOCATIONS.get() > counted, "the counter counts");
    let redactor = Redactor::default();
    redactor.register("a-value-of-the-vault-7").unwrap();
    let line = "2026-05-17T10:00:00.123Z INFO auth::token: 12 keys of 3 shards moved, 4 to go, \
                trace=4bf92f3577b34da6a3ce929d0e0e4736 password_hint=none user=admin port=8443";
    assert_eq!(redactor.redact(line), line);
    let mut out = String::with_capacity(line.len());
    let before = ALLOCATIONS.get();
    for _ in 0..100 {
        assert_eq!(redactor.redact(line).len(), line.len());
        out.clear();
        redactor.redact_into(line, &mut out);
    }
    assert_eq!(ALLOCATIONS.get() - before, 0);
}
