//! Every fault of a broker against every call of the SDK: each ends in a typed error, or well, within
//! its deadline, and the page of the book says which.
//!
//! Where the SDK has changed on purpose, `OXG_BLESS=1 cargo test -p oxg-testkit --test catalogue`
//! writes the page's tables anew.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod calls;
mod faults;
mod outcome;

use std::fmt::Write as _;

use oxg_sdk::prelude::*;
use oxg_testkit::Testkit;
use tokio::time::timeout;

use calls::{CALLS, Prepared};
use faults::{FAULTS, Fault};

/// Has every capability, and does nothing of its own.
#[derive(Default)]
struct Idle;

#[oxg_sdk::plugin]
impl Plugin for Idle {}

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/src/broker-faults.md");

async fn outcome(fault: &Fault, call: &calls::Call, times: Option<usize>) -> String {
    let kit = Testkit::new(Idle::default);
    let prepared = Prepared::new(&kit).await;
    fault.put(&kit, (call.pattern)(), times);
    let outcome = timeout(call.limit(), (call.make)(prepared)).await;
    outcome.unwrap_or_else(|_| panic!("{} hangs under {}", call.name, fault.name))
}

/// One row a fault, one column a call.
async fn table(times: Option<usize>) -> String {
    let mut table = String::from("| fault |");
    for call in CALLS {
        write!(table, " {} |", call.name).unwrap();
    }
    table.push('\n');
    table.push_str(&"|---".repeat(CALLS.len() + 1));
    table.push_str("|\n");
    for fault in FAULTS.iter().filter(|fault| times.is_none() || fault.can_be_counted()) {
        write!(table, "| {} |", fault.name).unwrap();
        for call in CALLS {
            write!(table, " {} |", outcome(fault, call, times).await).unwrap();
        }
        table.push('\n');
    }
    table
}

/// The page must have `table` between the marks that are named after it.
fn check(name: &str, table: &str) {
    let page = std::fs::read_to_string(PAGE).unwrap();
    let (begin, end) = (format!("<!-- begin {name} -->\n"), format!("<!-- end {name} -->"));
    let from = page.find(&begin).unwrap() + begin.len();
    let to = page.find(&end).unwrap();
    if std::env::var_os("OXG_BLESS").is_some() {
        let page = format!("{}{table}{}", &page[..from], &page[to..]);
        std::fs::write(PAGE, page).unwrap();
    } else {
        assert_eq!(&page[from..to], table, "docs/src/broker-faults.md tells otherwise");
    }
}

#[tokio::test(start_paused = true)]
async fn a_fault_that_lasts_ends_every_call_in_the_documented_error() {
    check("lasting", &table(None).await);
}

#[tokio::test(start_paused = true)]
async fn a_fault_that_comes_once_ends_every_call_as_documented() {
    check("once", &table(Some(1)).await);
}
