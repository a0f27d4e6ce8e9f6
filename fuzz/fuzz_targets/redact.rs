//! Any bytes, in any pieces: no panic, a second pass changes nothing, a stream in pieces gives what
//! it gives in one, no registered value is left, and the output stays within its bound.

#![no_main]

use libfuzzer_sys::fuzz_target;
use oxg_redact::{MAX_MARKER_LEN, Policy, Redactor};

const KNOWN: &str = "kn0wn value\nof two lines";

fuzz_target!(|input: (bool, u8, &[u8])| {
    let (strict, size, bytes) = input;
    let policy = if strict { Policy::Strict } else { Policy::Default };
    let redactor = Redactor::builder()
        .policy(policy)
        .known_value(KNOWN)
        .token_format("acme_", 8)
        .never("diagnosis")
        .build()
        .expect("the value is fit to be registered");

    let once = redactor.redact_bytes(bytes);
    assert_eq!(redactor.redact_bytes(&once), once);
    assert!(!redactor.contains_known(&once));

    let text = String::from_utf8_lossy(bytes);
    let findings = redactor.scan(&text).findings().len();
    assert!(redactor.redact(&text).len() <= text.len() + findings * MAX_MARKER_LEN);

    let streamed = |size: usize| {
        let mut stream = redactor.stream();
        let mut out = Vec::new();
        for piece in bytes.chunks(size) {
            stream.push(piece, &mut out);
        }
        stream.finish(&mut out);
        out
    };
    assert_eq!(streamed(usize::from(size) + 1), streamed(bytes.len().max(1)));
});
