//! Where numbers begin, and which detectors look at them.

use super::{Scan, card, iban, ip, national_id, phone};
use crate::bytes::{ALNUM, DIGIT, before};
use crate::kind::Kind;

pub(crate) fn run(scan: &mut Scan<'_>) {
    let personal = [Kind::Card, Kind::Iban, Kind::Ssn, Kind::Nino, Kind::Phone];
    let ips = scan.wants(Kind::IpAddress);
    if !ips && !personal.into_iter().any(|kind| scan.wants(kind)) {
        return;
    }
    let text = scan.text;
    let mut at = 0;
    while let Some(skip) = text[at..].iter().position(|b| DIGIT.has(*b)) {
        at += skip;
        start(scan, at, ips);
        at += DIGIT.run(&text[at..], usize::MAX);
    }
    if ips {
        ip::v6(scan);
    }
}

/// `at` is the first of a run of digits.
fn start(scan: &mut Scan<'_>, at: usize, ips: bool) {
    match before(scan.text, at) {
        Some(last) if ALNUM.has(last) || last == b'_' => {
            // Two letters in front may be a country, or the prefix of a NINO.
            if let Some(from) = at.checked_sub(2) {
                iban::at(scan, from);
                national_id::nino_at(scan, from);
            }
        }
        Some(b'+') => phone::international(scan, at - 1),
        Some(b'(') => phone::north_american(scan, at - 1),
        Some(b'.') => {}
        Some(last) => {
            if last == b' ' && at >= 3 {
                national_id::nino_at(scan, at - 3);
            }
            bare(scan, at, ips);
        }
        None => bare(scan, at, ips),
    }
}

fn bare(scan: &mut Scan<'_>, at: usize, ips: bool) {
    card::at(scan, at);
    national_id::ssn_at(scan, at);
    phone::north_american(scan, at);
    if ips {
        ip::v4(scan, at);
    }
}
