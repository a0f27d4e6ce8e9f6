//! What the compiler says to an author who made a mistake.

use std::process::Command;

/// The compiler whose words `ui/compiler/*.stderr` quotes.
const QUOTED: &str = "rustc 1.95.";

#[test]
fn mistakes_are_told_in_words_of_the_author() {
    let cases = trybuild::TestCases::new();
    cases.pass("tests/ui/pass_*.rs");
    cases.compile_fail("tests/ui/fail_*.rs");
    // Here the compiler frames our message in words of its own, which change between versions.
    let rustc = std::env::var("RUSTC").unwrap_or_else(|_| "rustc".to_owned());
    let version = Command::new(rustc).arg("--version").output().unwrap();
    if String::from_utf8_lossy(&version.stdout).starts_with(QUOTED) {
        cases.compile_fail("tests/ui/compiler/*.rs");
    }
}
