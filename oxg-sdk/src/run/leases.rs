use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use oxg_protocol::session::SessionInfo;
use oxg_protocol::task::{Deliveries, Delivery};
use oxg_protocol::{ErrorCode, route};
use tokio::task::{JoinError, JoinSet};
use tokio::time::{Instant, Sleep, sleep, timeout};
use tracing::Instrument;
use tracing::instrument::WithSubscriber;

use super::heartbeat::LeaseEnd;
use super::report::{Ended, Report};
use super::work::deliver;
use super::{RunError, RunSummary, Shared, StopReason};
use crate::Plugin;
use crate::clients::ApiError;
use crate::logging::TASK_TARGET;
use crate::random;

/// Failed leases in a row before the broker counts as lost.
const MAX_FAILURES: u32 = 7;
/// The pause after the first failed lease; it doubles with each.
const FIRST_PAUSE: Duration = Duration::from_millis(200);
/// The longest pause, whatever the broker asks for.
const MAX_PAUSE: Duration = Duration::from_secs(60);
/// How long a lease that is under way is waited for once nothing else is left to do: the broker
/// may have lent tasks already, and they are to be given back.
const SETTLE: Duration = Duration::from_millis(500);
/// How long the tasks of a run may take to give up after the grace period.
const GIVE_UP: Duration = Duration::from_secs(5);
/// How long a broker that lost tasks may take to say that it is still there.
const LAST_LOOK: Duration = Duration::from_secs(2);

type Leasing = Pin<Box<dyn Future<Output = (Instant, Result<Deliveries, ApiError>)> + Send>>;

/// Leases tasks and does them, a bounded number at a time, until the run is to stop.
pub(super) struct Leases<P: Plugin> {
    shared: Arc<Shared<P>>,
    running: JoinSet<Ended>,
    leasing: Option<Leasing>,
    failures: u32,
    /// Before the next lease.
    pause: Duration,
    /// Set once no more tasks are wanted.
    stopping: Option<StopReason>,
    /// What ends the run once `stopping` is set: the grace period, then less.
    timer: Option<Pin<Box<Sleep>>>,
    summary: RunSummary,
}

enum Event {
    Shutdown,
    Draining,
    Leased(Instant, Result<Deliveries, ApiError>),
    Ended(Result<Ended, JoinError>),
    TimeIsUp,
}

impl<P: Plugin> Leases<P> {
    pub(super) fn new(shared: Arc<Shared<P>>) -> Self {
        Self {
            shared,
            running: JoinSet::new(),
            leasing: None,
            failures: 0,
            pause: Duration::ZERO,
            stopping: None,
            timer: None,
            summary: RunSummary::default(),
        }
    }

    pub(super) async fn run(
        mut self,
        mut shutdown: Pin<&mut (impl Future<Output = ()> + Send)>,
    ) -> Result<RunSummary, RunError> {
        let shared = Arc::clone(&self.shared);
        let mut draining = std::pin::pin!(shared.draining.fired());
        loop {
            self.lease_more();
            if self.leasing.is_none() && self.running.is_empty() {
                break;
            }
            match self.next(shutdown.as_mut(), draining.as_mut()).await {
                Event::Shutdown => self.stop(StopReason::Shutdown),
                Event::Draining => self.stop(StopReason::Draining),
                Event::Leased(at, Ok(leased)) => self.take(at, leased).await,
                Event::Leased(_, Err(error)) => {
                    if let Err(error) = self.failed(error) {
                        self.give_up().await;
                        return Err(error);
                    }
                }
                Event::Ended(ended) => self.count(ended),
                Event::TimeIsUp => {
                    self.give_up().await;
                    break;
                }
            }
        }
        self.summary.reason = self.stopping.unwrap_or_default();
        if self.summary.lost > 0 {
            is_broker_there(&self.shared).await?;
        }
        Ok(self.summary)
    }

    /// Starts a lease call where there is room for more tasks and none is under way.
    fn lease_more(&mut self) {
        let running = u32::try_from(self.running.len()).unwrap_or(u32::MAX);
        let room = self.shared.settings.concurrency.saturating_sub(running);
        if room == 0 || self.leasing.is_some() || self.stopping.is_some() {
            return;
        }
        let tasks = self.shared.tasks();
        let (poll, lease) = (self.shared.settings.poll, self.shared.settings.lease);
        let pause = std::mem::take(&mut self.pause);
        self.leasing = Some(Box::pin(async move {
            sleep(pause).await;
            let leased = tasks.lease(room, poll, lease).await;
            (Instant::now(), leased)
        }));
    }

    async fn next(
        &mut self,
        mut shutdown: Pin<&mut (impl Future<Output = ()> + Send)>,
        mut draining: Pin<&mut (impl Future<Output = ()> + Send)>,
    ) -> Event {
        // After a stop only its grace period counts; a shutdown may still follow a drain.
        let may_stop = self.stopping != Some(StopReason::Shutdown);
        let may_drain = self.stopping.is_none();
        if self.stopping.is_some() && self.running.is_empty() {
            self.timer = Some(Box::pin(sleep(SETTLE)));
        }
        poll_fn(|cx| {
            if may_stop && shutdown.as_mut().poll(cx).is_ready() {
                return Poll::Ready(Event::Shutdown);
            }
            if may_drain && draining.as_mut().poll(cx).is_ready() {
                return Poll::Ready(Event::Draining);
            }
            if let Some(leasing) = &mut self.leasing
                && let Poll::Ready((at, leased)) = leasing.as_mut().poll(cx)
            {
                self.leasing = None;
                return Poll::Ready(Event::Leased(at, leased));
            }
            if let Poll::Ready(Some(ended)) = self.running.poll_join_next(cx) {
                return Poll::Ready(Event::Ended(ended));
            }
            match &mut self.timer {
                Some(timer) => timer.as_mut().poll(cx).map(|()| Event::TimeIsUp),
                None => Poll::Pending,
            }
        })
        .await
    }

    fn stop(&mut self, reason: StopReason) {
        tracing::info!(running = self.running.len(), "stopping: {reason:?}");
        self.stopping = Some(reason);
        // A broker that drains waits for its tasks; whoever asks the plugin to stop does not.
        if reason == StopReason::Shutdown {
            self.timer = Some(Box::pin(sleep(self.shared.settings.grace)));
        }
    }

    async fn take(&mut self, at: Instant, leased: Deliveries) {
        self.failures = 0;
        if leased.draining && self.stopping.is_none() {
            self.stop(StopReason::Draining);
        }
        // What a shutdown overtakes goes back; what a draining broker lends is still to be done.
        let back = self.stopping == Some(StopReason::Shutdown);
        for delivery in leased.deliveries {
            if back {
                let ended = give_back(&self.shared, &delivery).await;
                self.count(Ok(ended));
            } else {
                self.start(delivery, at);
            }
        }
    }

    fn start(&mut self, delivery: Delivery, at: Instant) {
        let caller = delivery.traceparent;
        let trace_id = caller.map_or_else(random::trace_id, |caller| caller.trace_id);
        let span = tracing::info_span!(
            target: TASK_TARGET,
            "task",
            task_id = delivery.task_id.as_str(),
            %trace_id,
            parent_span_id = caller.map(|caller| tracing::field::display(caller.span_id)),
            kind = delivery.kind.as_str(),
            attempt = delivery.attempt,
        );
        let work = deliver(Arc::clone(&self.shared), delivery, trace_id, at);
        self.running.spawn(work.instrument(span).with_current_subscriber());
    }

    /// An error only where the run is to end with it.
    fn failed(&mut self, error: ApiError) -> Result<(), RunError> {
        if self.stopping.is_some() {
            return Ok(());
        }
        let passing = match error.code() {
            Some(ErrorCode::Draining) => {
                self.stop(StopReason::Draining);
                return Ok(());
            }
            Some(code) => {
                code.is_transient()
                    || matches!(code, ErrorCode::DeadlineExceeded | ErrorCode::Internal)
            }
            None => error.is_unreachable(),
        };
        if !passing {
            return Err(RunError::Lease(error));
        }
        self.failures += 1;
        if self.failures >= MAX_FAILURES {
            return Err(RunError::BrokerLost(error));
        }
        let asked = error.problem().and_then(|problem| problem.retry_after_ms).unwrap_or_default();
        self.pause = (FIRST_PAUSE * 2_u32.saturating_pow(self.failures - 1))
            .max(Duration::from_millis(asked))
            .min(MAX_PAUSE);
        tracing::warn!(failures = self.failures, error = %error, "cannot lease tasks yet");
        Ok(())
    }

    /// Ends what is still running: each task drops its hook and gives itself back.
    async fn give_up(&mut self) {
        self.leasing = None;
        self.shared.abort.fire();
        let waiting = async {
            while let Some(ended) = self.running.join_next().await {
                count(&mut self.summary, ended);
            }
        };
        if timeout(GIVE_UP, waiting).await.is_err() {
            let left = self.running.len();
            tracing::error!(left, "tasks that do not give up are aborted");
            self.running.abort_all();
            self.summary.lost += left as u64;
        }
    }

    fn count(&mut self, ended: Result<Ended, JoinError>) {
        count(&mut self.summary, ended);
    }
}

/// An error where the tasks got lost because the broker did: it said that it drains, and is gone
/// before they are done.
async fn is_broker_there<P: Plugin>(shared: &Shared<P>) -> Result<(), RunError> {
    let api = shared.api();
    match timeout(LAST_LOOK, api.get::<SessionInfo>(route::SESSION)).await {
        Ok(Err(error)) if error.is_unreachable() => Err(RunError::BrokerLost(error)),
        _ => Ok(()),
    }
}

async fn give_back<P: Plugin>(shared: &Shared<P>, delivery: &Delivery) -> Ended {
    let report = Report {
        tasks: &shared.tasks(),
        delivery,
        redactor: &shared.redactor,
        until: &LeaseEnd::new(Instant::now()),
        abort: &shared.abort,
    };
    report.release(SETTLE).await
}

fn count(summary: &mut RunSummary, ended: Result<Ended, JoinError>) {
    match ended {
        Ok(Ended::Completed) => summary.completed += 1,
        Ok(Ended::Failed) => summary.failed += 1,
        Ok(Ended::Released) => summary.released += 1,
        Ok(Ended::Lost) => summary.lost += 1,
        // A panic while a hook was being dropped, say. The broker takes the task back when its lease ends.
        Err(error) => {
            tracing::error!(error = %error, "a task broke down");
            summary.lost += 1;
        }
    }
}
