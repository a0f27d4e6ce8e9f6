//! Time per call, candidate beside candidate: they take turns, a few hundred calls each.

use std::time::{Duration, Instant};

use futures_util::future::try_join_all;
use hdrhistogram::Histogram;

use crate::Result;
use crate::clients::Candidate;

/// How much is measured.
#[derive(Debug, Clone, Copy)]
pub struct Plan {
    /// Turns of each candidate.
    pub rounds: usize,
    /// Calls of a turn.
    pub calls: usize,
    /// Calls under way at a time.
    pub at_a_time: usize,
}

/// What one candidate needed.
pub struct Timing {
    /// Whose it is.
    pub name: &'static str,
    /// The time of each turn, divided by its calls.
    pub per_call: Vec<Duration>,
    /// The time of each call, in nanoseconds.
    pub latency: Histogram<u64>,
}

/// Lets `candidates` take turns. The first turn of each is not counted.
pub async fn measure(plan: Plan, candidates: &[Candidate]) -> Result<Vec<Timing>> {
    let mut timings = Vec::new();
    for candidate in candidates {
        turn(plan, candidate).await?;
        timings.push(Timing {
            name: candidate.name,
            per_call: Vec::new(),
            latency: Histogram::new(3)?,
        });
    }
    for round in 0..plan.rounds {
        for place in 0..candidates.len() {
            // Nobody always comes after the same one.
            let at = (round + place) % candidates.len();
            let began = Instant::now();
            let latencies = turn(plan, &candidates[at]).await?;
            let took = began.elapsed();
            let calls = u32::try_from(latencies.len())?;
            timings[at].per_call.push(took / calls);
            for latency in latencies {
                timings[at].latency.record(u64::try_from(latency.as_nanos())?)?;
            }
        }
    }
    Ok(timings)
}

async fn turn(plan: Plan, candidate: &Candidate) -> Result<Vec<Duration>> {
    let each = plan.calls.div_ceil(plan.at_a_time);
    let caller = || async {
        let mut latencies = Vec::with_capacity(each);
        for _ in 0..each {
            let began = Instant::now();
            candidate.call().await?;
            latencies.push(began.elapsed());
        }
        Ok::<_, crate::Error>(latencies)
    };
    let latencies = try_join_all((0..plan.at_a_time).map(|_| caller())).await?;
    Ok(latencies.concat())
}

/// Rows of markdown: median time per call, its ratio to that of `base` (the median over the rounds
/// of the ratio within a round), p50 and p99 of single calls.
#[must_use]
pub fn rows(what: &str, base: &str, timings: &[Timing]) -> String {
    let base = timings.iter().find(|timing| timing.name == base);
    let mut text = String::new();
    for timing in timings {
        let ratios = base.into_iter().flat_map(|base| {
            let pairs = timing.per_call.iter().zip(&base.per_call);
            pairs.map(|(own, base)| own.as_secs_f64() / base.as_secs_f64())
        });
        let micro = |nanos: u64| nanos as f64 / 1e3;
        text.push_str(&format!(
            "| {what} | {} | {:.1} | {:.2} | {:.1} | {:.1} |\n",
            timing.name,
            median(timing.per_call.iter().map(|time| time.as_secs_f64() * 1e6)),
            median(ratios),
            micro(timing.latency.value_at_quantile(0.5)),
            micro(timing.latency.value_at_quantile(0.99)),
        ));
    }
    text
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
