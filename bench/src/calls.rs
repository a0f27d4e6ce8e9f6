//! Time per call, candidate beside candidate: they take turns, a few hundred calls each.

use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use rustix::time::{ClockId, clock_gettime};
use tokio::task::LocalSet;

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
    /// The processor time of the client's thread in each turn, divided by its calls.
    pub processor: Vec<Duration>,
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
            processor: Vec::new(),
            latency: Histogram::new(3)?,
        });
    }
    for round in 0..plan.rounds {
        for place in 0..candidates.len() {
            // Nobody always comes after the same one.
            let at = (round + place) % candidates.len();
            let (began, busy) = (Instant::now(), thread_time()?);
            let latencies = turn(plan, &candidates[at]).await?;
            let (took, busy) = (began.elapsed(), thread_time()?.saturating_sub(busy));
            let calls = u32::try_from(latencies.len())?;
            timings[at].per_call.push(took / calls);
            timings[at].processor.push(busy / calls);
            for latency in latencies {
                timings[at].latency.record(u64::try_from(latency.as_nanos())?)?;
            }
        }
    }
    Ok(timings)
}

/// Each caller is a task, as in a plugin: one that waits costs the others nothing.
async fn turn(plan: Plan, candidate: &Candidate) -> Result<Vec<Duration>> {
    let each = plan.calls.div_ceil(plan.at_a_time);
    let callers = LocalSet::new();
    let calls: Vec<_> = (0..plan.at_a_time)
        .map(|_| {
            let candidate = candidate.clone();
            callers.spawn_local(async move {
                let mut latencies = Vec::with_capacity(each);
                for _ in 0..each {
                    let began = Instant::now();
                    candidate.call().await?;
                    latencies.push(began.elapsed());
                }
                Ok::<_, crate::Error>(latencies)
            })
        })
        .collect();
    callers.await;
    let mut latencies = Vec::new();
    for call in calls {
        latencies.append(&mut call.await??);
    }
    Ok(latencies)
}

/// How long this thread has been on a processor: what else runs on the machine does not count.
fn thread_time() -> Result<Duration> {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Ok(Duration::new(time.tv_sec.try_into()?, time.tv_nsec.try_into()?))
}

/// Rows of markdown: median time per call, and of the client's thread on a processor, each with its
/// ratio to that of `base` (the median over the rounds of the ratio within a round); p50 and p99 of
/// single calls.
#[must_use]
pub fn rows(what: &str, base: &str, timings: &[Timing]) -> String {
    let base = timings.iter().find(|timing| timing.name == base);
    let mut text = String::new();
    for timing in timings {
        let column = |of: fn(&Timing) -> &[Duration]| {
            let own = of(timing).iter().map(Duration::as_secs_f64);
            let theirs = base.map_or(&[][..], of).iter().map(Duration::as_secs_f64);
            let ratio = median(own.clone().zip(theirs).map(|(own, theirs)| own / theirs));
            format!("{:.1} | {ratio:.2}", median(own.map(|seconds| seconds * 1e6)))
        };
        let micro = |nanos: u64| nanos as f64 / 1e3;
        text.push_str(&format!(
            "| {what} | {} | {} | {} | {:.1} | {:.1} |\n",
            timing.name,
            column(|timing| &timing.per_call),
            column(|timing| &timing.processor),
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
