use std::time::Duration;

use oxg_redact::Redactor;
use tokio::sync::Semaphore;

use super::budget::Budget;
use super::connector::Connector;
use super::deadline::Deadline;
use super::limit::Limit;
use super::pool::Pool;
use super::problem::Problems;
use super::retry::Retry;
use super::stamp::Stamp;
use super::{BrokerChannel, TokenSource};

/// Puts a [`BrokerChannel`] together.
#[must_use]
pub struct ChannelBuilder {
    connector: Connector,
    token: TokenSource,
    redactor: Redactor,
    deadline: Duration,
    retries: u32,
    concurrency: usize,
    idle: usize,
}

impl ChannelBuilder {
    pub(super) fn new(connector: Connector) -> Self {
        Self {
            connector,
            token: TokenSource::none(),
            redactor: Redactor::default(),
            deadline: Duration::from_secs(30),
            retries: 2,
            concurrency: 64,
            idle: 64,
        }
    }

    /// The token that proves whose calls these are. Default: none.
    pub fn token(mut self, token: TokenSource) -> Self {
        self.token = token;
        self
    }

    /// The redactor that must know the token before it is used.
    pub fn redactor(mut self, redactor: Redactor) -> Self {
        self.redactor = redactor;
        self
    }

    /// The deadline of a call that states none. Default 30 s.
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// How often one call may be made again. Default 2; 0 turns retries off.
    pub fn retries(mut self, most: u32) -> Self {
        self.retries = most;
        self
    }

    /// Calls that wait for their answer at a time, those of the run loop aside. Default 64.
    pub fn concurrency(mut self, most: usize) -> Self {
        self.concurrency = most.max(1);
        self
    }

    /// Idle connections that are kept. Default 64, as many as calls at a time: fewer would be closed and
    /// dialled again under load.
    pub fn idle_connections(mut self, most: usize) -> Self {
        self.idle = most;
        self
    }

    /// The channel. Nothing is dialled yet.
    #[must_use]
    pub fn build(self) -> BrokerChannel {
        let Self { connector, token, redactor, deadline, retries, concurrency, idle } = self;
        let host = connector.host.clone();
        let pool = Pool::new(connector, idle);
        let stamp = Stamp::new(pool, token.clone(), redactor.clone(), host);
        let next = Problems { next: stamp };
        let retry = Retry { next, most: retries, budget: Budget::default(), token, redactor };
        let places = Semaphore::new(concurrency.min(Semaphore::MAX_PERMITS));
        let limit = Limit { next: retry, places };
        BrokerChannel::from_steps(Deadline { next: limit, default: deadline })
    }
}

impl std::fmt::Debug for ChannelBuilder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ChannelBuilder").finish_non_exhaustive()
    }
}
