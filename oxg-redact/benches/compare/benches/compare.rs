//! The same lines through `oxg-redact`, through other crates for the purpose, each with its
//! defaults, and through the four regular expressions that small redactors are often made of:
//! e-mail, `key=value`, bearer, any long run of letters and digits.
//!
//! They do not look for the same: what each finds is not compared here.
//!
//! ```text
//! cargo bench --manifest-path oxg-redact/benches/compare/Cargo.toml
//! ```

use std::borrow::Cow;
use std::hint::black_box;

use divan::Bencher;
use divan::counter::BytesCount;
use oxg_redact::Redactor;
use regex::Regex;

#[path = "../../../tests/support/lines.rs"]
mod lines;

fn main() {
    divan::main();
}

const TEXT_LEN: usize = 1 << 20;

/// Ordinary lines, one in a hundred with a secret.
fn log_lines() -> Vec<String> {
    let mut numbers = lines::Numbers::new(7);
    let mut all = Vec::new();
    let mut len = 0;
    while len < TEXT_LEN {
        let mut line = lines::line(&mut numbers);
        if numbers.below(100) == 0 {
            let secret = numbers.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", 16);
            line.push_str(&format!(" api_key={secret} for jo@example.org"));
        }
        len += line.len();
        all.push(line);
    }
    all
}

fn bytes(lines: &[String]) -> BytesCount {
    BytesCount::new(lines.iter().map(String::len).sum::<usize>())
}

#[divan::bench]
fn oxg_redact(bencher: Bencher<'_, '_>) {
    let (redactor, lines) = (Redactor::default(), log_lines());
    bencher.counter(bytes(&lines)).bench(|| {
        for line in &lines {
            black_box(redactor.redact(black_box(line)));
        }
    });
}

const PATTERNS: [&str; 4] = [
    r"(?i)[a-z0-9._%+-]+@[a-z0-9.-]+\.[a-z]{2,}",
    r#"(?i)\b(?:password|passwd|secret|token|api[_-]?key)\b\s*[=:]\s*["']?[^\s"',;&]+"#,
    r"(?i)\bbearer\s+[a-z0-9._~+/-]+=*",
    r"\b[A-Za-z0-9]{32,}\b",
];

#[divan::bench]
fn four_regular_expressions(bencher: Bencher<'_, '_>) {
    let patterns = PATTERNS.map(|pattern| Regex::new(pattern).expect("the pattern is valid"));
    let lines = log_lines();
    bencher.counter(bytes(&lines)).bench(|| {
        for line in &lines {
            let mut text = Cow::Borrowed(black_box(line.as_str()));
            for pattern in &patterns {
                if let Cow::Owned(replaced) = pattern.replace_all(&text, "[REDACTED]") {
                    text = Cow::Owned(replaced);
                }
            }
            black_box(text);
        }
    });
}

#[divan::bench]
fn redact_secret(bencher: Bencher<'_, '_>) {
    let registry =
        redact_secret::DetectorRegistry::with_built_in([]).expect("no detector is given");
    let lines = log_lines();
    bencher.counter(bytes(&lines)).bench_local(|| {
        for line in &lines {
            let redacted = redact_secret::scan_and_redact(
                black_box(line),
                &registry,
                &redact_secret::DefaultPolicy,
                &redact_secret::default_placeholder_formatter,
            );
            black_box(redacted.is_ok());
        }
    });
}

#[divan::bench]
fn rtb_redact(bencher: Bencher<'_, '_>) {
    let lines = log_lines();
    bencher.counter(bytes(&lines)).bench(|| {
        for line in &lines {
            black_box(rtb_redact::string(black_box(line)));
        }
    });
}

#[divan::bench]
fn rlg_redact(bencher: Bencher<'_, '_>) {
    let (redactor, lines) = (rlg_redact::Redactor::with_defaults(), log_lines());
    bencher.counter(bytes(&lines)).bench(|| {
        for line in &lines {
            black_box(redactor.apply(black_box(line)));
        }
    });
}
