//! `oxg manifest verify`

use std::fmt::Write as _;
use std::path::Path;

use oxg_manifest::signature::{Rules, Verified, Verifier, VerifyError};
use serde_json::{Value, json};

use super::args::VerifyArgs;
use super::input::Input;
use super::style::{print, print_document};
use super::validate::valid;
use super::{Unreadable, Verdict};
use crate::args::Format;
use crate::terminal::{BAD, GOOD, HINT, STRONG, failure, printable};

pub(super) fn run(args: &VerifyArgs) -> Result<Verdict, Unreadable> {
    let input = Input::read_one(&args.file)?;
    let Some(manifest) = valid(&input) else {
        return Ok(Verdict::Bad);
    };
    let rules = if args.as_host { Rules::Host } else { Rules::Strict };
    let path = input.path.as_deref().unwrap_or(Path::new("manifest.json"));
    let mut verifier = Verifier::new(path).rules(rules);
    if let Some(folder) = &args.repo_root {
        verifier = verifier.repository(folder);
    }
    if let Some(file) = &args.allowlist {
        verifier = verifier.allowlist(file);
    }
    let result = verifier.verify(&manifest);
    match args.format {
        Format::Human => match &result {
            Ok(verified) => print(&human(verified)),
            Err(error) if error.is_unreadable() => failure(error),
            Err(error) => {
                print(&format!("{BAD}not verified{BAD:#}  {}\n", printable(&error.to_string())));
            }
        },
        Format::Json => print_document(&format!("{:#}\n", document(rules, &result))),
    }
    Ok(match result {
        Ok(_) => Verdict::Good,
        Err(error) if error.is_unreadable() => Verdict::Unknown,
        Err(_) => Verdict::Bad,
    })
}

fn human(verified: &Verified) -> String {
    let mut out = format!("{GOOD}verified{GOOD:#}  {}\n", shown(&verified.artifact));
    let mut line = |what: &str, detail: &str| {
        // Writing to a string cannot fail.
        let _ = writeln!(out, "  {STRONG}{what:<10}{STRONG:#} {detail}");
    };
    line("sha256", &verified.digest.to_string());
    line("signature", &shown(&verified.signature));
    let key = &verified.key;
    line(&key.source.role().to_string(), &format!("{} ({})", shown(&key.file), key.curve.as_str()));
    line("key sha256", &key.fingerprint.to_string());
    if let Some(allowlist) = &verified.allowlist {
        line("ALLOWLIST", &shown(allowlist));
    }
    match verified.rules.stricter() {
        [] => line("rules", "the host's"),
        stricter => {
            line("rules", "the host's, and stricter:");
            for rule in stricter {
                line("", &format!("{rule} ({})", rule.code()));
            }
        }
    }
    for notice in &verified.notices {
        let _ = writeln!(out, "{HINT}note:{HINT:#} {}", printable(&notice.to_string()));
    }
    out
}

/// The result for a program. `verdict` is `verified`, `not-verified` or `unreadable`.
fn document(rules: Rules, result: &Result<Verified, VerifyError>) -> Value {
    let stricter: Vec<_> = rules.stricter().iter().map(|rule| rule.code()).collect();
    let verified = match result {
        Ok(verified) => verified,
        Err(error) => {
            let verdict = if error.is_unreadable() { "unreadable" } else { "not-verified" };
            return json!({ "verdict": verdict, "stricter_rules": stricter, "error": error.to_string() });
        }
    };
    let notices: Vec<_> = verified
        .notices
        .iter()
        .map(|notice| json!({ "code": notice.code(), "message": notice.to_string() }))
        .collect();
    json!({
        "verdict": "verified",
        "stricter_rules": stricter,
        "artifact": verified.artifact,
        "sha256": verified.digest.to_string(),
        "signature": verified.signature,
        "key": {
            "file": verified.key.file,
            "source": verified.key.source.role().to_string(),
            "curve": verified.key.curve.as_str(),
            "sha256": verified.key.fingerprint.to_string(),
        },
        "repository": verified.repository,
        "allowlist": verified.allowlist,
        "notices": notices,
    })
}

fn shown(path: &Path) -> String {
    printable(&path.display().to_string())
}
