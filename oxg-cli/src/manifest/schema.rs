//! `oxg manifest schema`

use oxg_manifest::{SCHEMA_2020_12, SCHEMA_DRAFT_07};

use super::Verdict;
use super::args::{Draft, SchemaArgs};
use super::style::print_document;

pub(super) fn run(args: &SchemaArgs) -> Verdict {
    print_document(match args.draft {
        Draft::Draft07 => SCHEMA_DRAFT_07,
        Draft::Draft202012 => SCHEMA_2020_12,
    });
    Verdict::Good
}
