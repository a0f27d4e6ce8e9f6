//! Ordinary log lines and prose hold nothing to redact.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::borrow::Cow;

use oxg_redact::Redactor;

#[path = "support/lines.rs"]
mod lines;
#[path = "support/systems.rs"]
mod systems;

use lines::Numbers;

#[test]
fn ordinary_log_lines_of_many_systems_stay_as_they_are() {
    let redactor = Redactor::default();
    let mut numbers = lines::Numbers::new(1);
    let touched: Vec<String> = (0..30_000)
        .map(|_| lines::line(&mut numbers))
        .filter(|line| matches!(redactor.redact(line), Cow::Owned(_)))
        .map(|line| format!("{line}\n  -> {}", redactor.redact(&line)))
        .collect();
    assert!(touched.is_empty(), "{} touched:\n{}", touched.len(), touched.join("\n"));
}

#[test]
fn lines_in_the_styles_of_many_systems_stay_as_they_are() {
    let redactor = Redactor::default();
    let mut numbers = Numbers::new(3);
    let mut touched = Vec::new();
    for template in systems::TEMPLATES {
        let line = (0..60).find_map(|_| {
            let line = systems::fill(template, &mut numbers);
            let redacted = redactor.redact(&line);
            matches!(redacted, Cow::Owned(_)).then(|| format!("{line}\n  -> {redacted}"))
        });
        touched.extend(line);
    }
    assert!(touched.is_empty(), "{} touched:\n{}", touched.len(), touched.join("\n"));
}

#[test]
fn prose_about_secrets_stays_as_it_is() {
    let redactor = Redactor::default();
    for text in [
        "The password must have at least twelve characters, and the token expires in 30 minutes.",
        "Set the API key in your environment before you run the command.",
        "A session: what it is, how long it lasts, and who may end it.",
        "Passport control opens at 0900 and closes at 1800.",
        "Call the function with a card, a key and a seed; see section 4.1.2 for more.",
        "Basic authentication, bearer tokens and signed cookies are three ways to log in.",
        "Version 1.2.3-rc.4+build.20260517 was released on 2026-05-17 at 10:00.",
        "He keeps the secret: nobody knows the private key: it is in the safe.",
        "In 1999 2000 people came; 300 450 and 600 were served in 3 rooms.",
    ] {
        assert_eq!(redactor.redact(text), text);
    }
}
