//! How long it takes to read a manifest. The guide's example is to take less than 50 µs, and the
//! time for each byte must not grow with the length.
//!
//! `cargo bench -p oxg-manifest`

use divan::counter::BytesCount;
use divan::{Bencher, black_box};
use oxg_manifest::{MAX_MANIFEST_BYTES, Manifest};

const GUIDE: &str = include_str!("../tests/data/guide.json");

fn main() {
    divan::main();
}

#[divan::bench]
fn the_guides_example(bencher: Bencher<'_, '_>) {
    bencher
        .counter(BytesCount::of_str(GUIDE))
        .bench(|| Manifest::from_slice(black_box(GUIDE.as_bytes())));
}

/// The guide's example with a list of so many hosts.
fn with_hosts(count: usize) -> String {
    let hosts: Vec<String> =
        (0..count).map(|index| format!("\"h{index}.example.com:8443\"")).collect();
    let outbound = "\"outbound\": [\"broker\"]";
    GUIDE.replace(outbound, &format!("{outbound}, \"hosts\": [{}]", hosts.join(", ")))
}

#[divan::bench(args = [10, 100, 1_000, 10_000])]
fn many_hosts(bencher: Bencher<'_, '_>, count: usize) {
    let text = with_hosts(count);
    bencher
        .counter(BytesCount::of_str(&text))
        .bench(|| Manifest::from_slice(black_box(text.as_bytes())));
}

/// As many errors as are listed, in a text as long as is read.
#[divan::bench(args = [64 * 1024, 256 * 1024, MAX_MANIFEST_BYTES])]
fn nothing_but_errors(bencher: Bencher<'_, '_>, length: usize) {
    let mut text = with_hosts(0).replace("\"hosts\": []", "\"hosts\": [\"a b\"");
    text.truncate(text.find("\"a b\"").unwrap_or(0));
    while text.len() + 16 < length {
        text.push_str("\"a b\", ");
    }
    text.push_str("\"a\"]}}}");
    bencher
        .counter(BytesCount::of_str(&text))
        .bench(|| Manifest::check(black_box(text.as_bytes()), "manifest.json"));
}
