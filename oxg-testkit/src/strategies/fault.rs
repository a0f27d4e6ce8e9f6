use std::time::Duration;

use proptest::collection::vec;
use proptest::prelude::*;

use crate::{Answer, Fault};

/// Answers of a target, one after another, some of them bad: up to 6, each with at most 2 faults. Time
/// must be the test's own.
pub fn fault_schedules() -> impl Strategy<Value = Vec<Answer>> {
    vec(answers(), 1..6)
}

fn answers() -> impl Strategy<Value = Answer> {
    let statuses = prop_oneof![4 => Just(200), 1 => 201..=599_u16];
    (statuses, "[a-z ]{0,40}", vec(faults(), 0..=2)).prop_map(|(status, body, faults)| {
        faults.into_iter().fold(Answer::new(status).body(body), Answer::fault)
    })
}

fn faults() -> impl Strategy<Value = Fault> {
    let times = || (0..7_200_000_u64).prop_map(Duration::from_millis);
    prop_oneof![
        times().prop_map(Fault::Delay),
        (0..40_usize).prop_map(Fault::Truncate),
        Just(Fault::Reset),
        (0..80_u64).prop_map(Fault::Length),
        vec(any::<u8>(), 0..40).prop_map(|bytes| Fault::Garbage(bytes.into())),
        (1..10_usize, times()).prop_map(|(bytes, every)| Fault::Trickle { bytes, every }),
        (0..40_usize).prop_map(Fault::StallAfter),
        Just(Fault::Stall),
    ]
}
