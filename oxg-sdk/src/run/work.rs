use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use oxg_protocol::TraceId;
use oxg_protocol::task::Delivery;
use tokio::task::unconstrained;
use tokio::time::{Instant, sleep, sleep_until};

use super::Shared;
use super::catch::{Panic, catch};
use super::heartbeat::{Heartbeat, LeaseEnd};
use super::report::{Ended, Report};
use crate::signal::Signal;
use crate::{Context, Failure, Plugin, Result, Task, TaskOutcome};

/// How long the broker may take to take a task back.
const RELEASE_DEADLINE: Duration = Duration::from_secs(3);

/// The longest that a hook may take, whatever the settings say.
const LONGEST: Duration = Duration::from_secs(365 * 24 * 3600);
/// How far the broker's clock for a task's deadline may be ahead: it starts when the task is lent,
/// ours when the plugin hears of it.
const AHEAD: Duration = Duration::from_secs(1);

/// Why the hook is over.
enum Verdict {
    Returned(Result<Result<TaskOutcome>, Panic>),
    LeaseLost,
    Deadline,
    Cancelled,
    Aborted,
}

/// Does one task: runs the hook while the lease is kept alive, then tells the broker.
pub(super) async fn deliver<P: Plugin>(
    shared: Arc<Shared<P>>,
    delivery: Delivery,
    trace_id: TraceId,
    leased: Instant,
) -> Ended {
    let tasks = shared.tasks_of(trace_id);
    let expires = leased + Duration::from_millis(delivery.lease_expires_in_ms);
    let expires = Arc::new(LeaseEnd::new(expires));
    let report = Report {
        tasks: &tasks,
        delivery: &delivery,
        redactor: &shared.redactor,
        until: &expires,
        abort: &shared.abort,
    };
    let task = Task::new(delivery.clone(), trace_id, leased);
    let limit = leased.checked_add(shared.settings.hook).unwrap_or(leased + LONGEST);
    let until = task.deadline().map_or(limit, |end| end.min(limit));
    let final_deadline = task.deadline().is_some_and(|end| end <= limit);
    match attempt(&shared, task, &delivery, &expires, until).await {
        Verdict::Returned(Ok(Ok(TaskOutcome(outcome)))) => report.outcome(outcome).await,
        Verdict::Returned(Ok(Err(failure))) => report.failure(&failure).await,
        Verdict::Returned(Err(panic)) => {
            let failure = Failure::permanent(format!("the plugin panicked: {}", panic.text));
            report.failure(&failure).await
        }
        // No lease reaches past the deadline, so it ends with it.
        Verdict::LeaseLost if final_deadline && until <= Instant::now() + AHEAD => {
            tracing::warn!("task failed: its deadline passed");
            Ended::Failed
        }
        Verdict::LeaseLost => {
            tracing::warn!("the lease is lost; the task was given up");
            Ended::Lost
        }
        Verdict::Deadline if final_deadline => {
            let failure = Failure::permanent("the deadline of the task passed");
            report.failure(&failure).await
        }
        Verdict::Deadline => {
            let text = format!("the task took longer than {:?}", shared.settings.hook);
            report.failure(&Failure::retryable(text)).await
        }
        Verdict::Cancelled => {
            let failure = Failure::permanent("the task was cancelled");
            report.failure(&failure).await
        }
        Verdict::Aborted => report.release(RELEASE_DEADLINE).await,
    }
}

/// Runs the hook until it returns or has to end. It is dropped with the call.
async fn attempt<P: Plugin>(
    shared: &Arc<Shared<P>>,
    task: Task,
    delivery: &Delivery,
    expires: &Arc<LeaseEnd>,
    until: Instant,
) -> Verdict {
    let cancel = Signal::default();
    let ctx = Context::for_task(Arc::clone(shared), &task, until, cancel.clone());
    let heartbeat = Heartbeat {
        tasks: shared.tasks_of(task.trace_id()),
        task: delivery.task_id.clone(),
        token: delivery.lease_token.clone(),
        lease: shared.settings.lease,
        expires: Arc::clone(expires),
        cancel: cancel.clone(),
        draining: shared.draining.clone(),
    };
    let heartbeat = heartbeat.start();
    // Else the heart could wait in this thread's queue behind a hook that computes.
    tokio::task::yield_now().await;
    let mut hook = pin!(catch(async { shared.plugin.on_task(&ctx, task).await }));
    // Without a budget: a hook that always has something to do would use it up and never be ended.
    let mut lost = pin!(unconstrained(heartbeat));
    let mut deadline = pin!(unconstrained(sleep_until(until)));
    let mut abort = pin!(unconstrained(shared.abort.fired()));
    let mut cancelled = pin!(unconstrained(async {
        cancel.fired().await;
        sleep(shared.settings.grace).await;
    }));
    poll_fn(|cx| {
        if let Poll::Ready(returned) = hook.as_mut().poll(cx) {
            return Poll::Ready(Verdict::Returned(returned));
        }
        let mut ended = |future: std::pin::Pin<&mut dyn Future<Output = ()>>, verdict| {
            future.poll(cx).is_ready().then_some(verdict)
        };
        ended(lost.as_mut(), Verdict::LeaseLost)
            .or_else(|| ended(deadline.as_mut(), Verdict::Deadline))
            .or_else(|| ended(abort.as_mut(), Verdict::Aborted))
            .or_else(|| ended(cancelled.as_mut(), Verdict::Cancelled))
            .map_or(Poll::Pending, Poll::Ready)
    })
    .await
}
