//! How many bytes a second go through the redactor.
//!
//! ```text
//! cargo bench -p oxg-redact
//! ```

#![allow(missing_docs, clippy::unwrap_used, reason = "a benchmark")]

use std::hint::black_box;

use divan::Bencher;
use divan::counter::BytesCount;
use oxg_redact::Redactor;

#[path = "../tests/support/lines.rs"]
mod lines;

use lines::{Numbers, line};

fn main() {
    divan::main();
}

const TEXT_LEN: usize = 1 << 20;

/// Ordinary lines, one in a hundred with a secret.
fn log_lines() -> Vec<String> {
    let mut numbers = Numbers::new(7);
    let mut lines = Vec::new();
    let mut len = 0;
    while len < TEXT_LEN {
        let mut text = line(&mut numbers);
        if numbers.below(100) == 0 {
            let secret = numbers.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", 16);
            text.push_str(&format!(" api_key={secret} for jo@example.org"));
        }
        len += text.len();
        lines.push(text);
    }
    lines
}

fn bytes(lines: &[String]) -> BytesCount {
    BytesCount::new(lines.iter().map(String::len).sum::<usize>())
}

#[divan::bench]
fn log_lines_one_by_one(bencher: Bencher<'_, '_>) {
    let (redactor, lines) = (Redactor::default(), log_lines());
    bencher.counter(bytes(&lines)).bench(|| {
        for line in &lines {
            black_box(redactor.redact(black_box(line)));
        }
    });
}

#[divan::bench]
fn log_lines_into_one_buffer(bencher: Bencher<'_, '_>) {
    let (redactor, lines) = (Redactor::default(), log_lines());
    let mut out = String::new();
    bencher.counter(bytes(&lines)).bench_local(|| {
        for line in &lines {
            out.clear();
            redactor.redact_into(black_box(line), &mut out);
            black_box(&out);
        }
    });
}

#[divan::bench]
fn a_clean_line_of_200_bytes(bencher: Bencher<'_, '_>) {
    let redactor = Redactor::default();
    let mut line = "2026-05-17T10:00:00.123Z  INFO order::worker: the queue was drained in 12 ms, \
                    all 128 items went to shard 7 of replica eu-west-1b and the index of the last \
                    one is 99812; next round begins in 30 seconds"
        .to_owned();
    line.truncate(200);
    bencher.counter(BytesCount::new(line.len())).bench(|| {
        black_box(redactor.redact(black_box(&line)).len());
    });
}

fn with_values(count: usize) -> Redactor {
    let redactor = Redactor::default();
    let mut numbers = Numbers::new(11);
    let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";
    let values: Vec<String> = (0..count)
        .map(|_| {
            let len = 16 + usize::try_from(numbers.below(32)).unwrap();
            numbers.text(alphabet, len)
        })
        .collect();
    assert!(redactor.register_all(values.iter().map(String::as_str)).is_empty());
    redactor
}

#[divan::bench(args = [500, 5_000])]
fn exact_stage(bencher: Bencher<'_, '_>, values: usize) {
    let (redactor, text) = (with_values(values), log_lines().join("\n"));
    bencher.counter(BytesCount::new(text.len())).bench(|| {
        assert!(!redactor.contains_known(black_box(text.as_bytes())));
    });
}

const HOSTILE: &[&str] = &[
    "password=",
    "password:",
    "password: ",
    "token\":\"",
    "key.",
    "\"secret\",",
    "--password ",
    "pass_",
    "eyJ",
    "eyJhbGciOiJI.",
    "glpat-",
    "sk-",
    "SG.",
    "xoxb-",
    "AKIA",
    "ghp_",
    "s.",
    "-us1",
    "://",
    "a://b:",
    "a@b.cc/",
    "@",
    "a@a.",
    "'a@b.",
    "curl -u a:b ",
    " -u a:bcd",
    "-----BEGIN PRIVATE KEY-----",
    "-----BEGIN ",
    "-----END PRIVATE KEY-----",
    "4111 1111 ",
    "1 2 3 ",
    "1234-",
    "+1 2 ",
    "(415) ",
    "555-0132 ",
    "GB82 ",
    "AB 12 ",
    "078-05-",
    "phone ",
    "Bearer ",
    "Basic YTpi ",
    "a",
    "1",
    " ",
    "\\\"",
    "%3D",
    "[REDACTED_SECRET]",
    "\u{1b}[1m",
];

#[divan::bench(args = HOSTILE)]
fn a_hostile_line_of_a_megabyte(bencher: Bencher<'_, '_>, piece: &str) {
    let (redactor, line) = (Redactor::default(), piece.repeat(TEXT_LEN / piece.len()));
    bencher.counter(BytesCount::new(line.len())).bench(|| {
        black_box(redactor.redact(black_box(&line)).len());
    });
}
