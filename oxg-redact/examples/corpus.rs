//! Measures recall and false alarms over labelled texts.
//!
//! ```text
//! cargo run -p oxg-redact --release --example corpus -- [--strict] [--misses] FILE…
//! ```
//!
//! A file holds one JSON object a line, and may be compressed (`.gz`):
//!
//! - `text`: what is redacted,
//! - `secrets`: what must be gone from it; empty if the text must stay as it is,
//! - `kind`, `rule`: what the numbers are counted by,
//! - `scope`: `rule` if the text only tells what one rule must not find. Such a
//!   line is left out.
//!
//! `--strict` takes `Policy::Strict` in place of the default. `--misses` prints each secret that stayed and each text that should have.

#![allow(clippy::print_stdout, reason = "a command that prints")]

use std::collections::BTreeMap;
use std::error::Error;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use flate2::read::GzDecoder;
use oxg_redact::{Policy, Redactor};
use serde::Deserialize;

#[derive(Deserialize)]
struct Row {
    text: String,
    secrets: Vec<String>,
    #[serde(default)]
    kind: String,
    #[serde(default)]
    rule: String,
    #[serde(default)]
    scope: String,
}

#[derive(Default)]
struct Count {
    found: usize,
    of: usize,
}

impl Count {
    fn add(&mut self, found: bool) {
        self.found += usize::from(found);
        self.of += 1;
    }
}

impl std::fmt::Display for Count {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let percent = 100.0 * self.found as f64 / self.of.max(1) as f64;
        write!(f, "{:>5} of {:>5}  {percent:>5.1} %", self.found, self.of)
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut misses = false;
    let mut policy = Policy::Default;
    let mut files = Vec::new();
    for argument in std::env::args_os().skip(1) {
        if argument == "--misses" {
            misses = true;
        } else if argument == "--strict" {
            policy = Policy::Strict;
        } else {
            files.push(PathBuf::from(argument));
        }
    }
    if files.is_empty() {
        return Err("usage: corpus [--strict] [--misses] FILE…".into());
    }
    let redactor = Redactor::builder().policy(policy).build()?;
    for file in &files {
        measure(&redactor, file, misses).map_err(|error| format!("{}: {error}", file.display()))?;
    }
    Ok(())
}

fn open(file: &Path) -> std::io::Result<Box<dyn Read>> {
    let bytes = File::open(file)?;
    let compressed = file.extension().is_some_and(|extension| extension == "gz");
    Ok(if compressed { Box::new(GzDecoder::new(bytes)) } else { Box::new(bytes) })
}

fn measure(redactor: &Redactor, file: &Path, misses: bool) -> Result<(), Box<dyn Error>> {
    let mut recall: BTreeMap<String, Count> = BTreeMap::new();
    let mut untouched = Count::default();
    for line in BufReader::new(open(file)?).lines() {
        let row: Row = serde_json::from_str(&line?)?;
        if row.scope == "rule" {
            continue;
        }
        let redacted = redactor.redact(&row.text);
        if row.secrets.is_empty() {
            let same = redacted == row.text;
            untouched.add(same);
            if misses && !same {
                println!("touched [{}] {:?} -> {redacted:?}", row.rule, row.text);
            }
            continue;
        }
        let left = row.secrets.iter().find(|secret| redacted.contains(secret.as_str()));
        recall.entry(row.kind).or_default().add(left.is_none());
        if let Some(secret) = left.filter(|_| misses) {
            println!("missed [{}] {secret:?} in {:?}", row.rule, row.text);
        }
    }
    println!("{}", file.display());
    for (kind, count) in &recall {
        println!("  recall     {kind:<12} {count}");
    }
    println!("  untouched               {untouched}");
    Ok(())
}
