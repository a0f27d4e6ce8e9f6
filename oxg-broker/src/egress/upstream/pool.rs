//! Connections that wait for their next request.

use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use tokio::time::{Instant, sleep};
use tokio_util::task::AbortOnDropHandle;

use super::h1::Connection;
use super::h2::Multiplexed;

/// How long a connection waits for its next request.
const IDLE: Duration = Duration::from_secs(15);
/// How often those that waited too long are looked for.
const SWEEP: Duration = Duration::from_secs(5);
/// The most waiting connections of one key, and of all.
const MAX_IDLE_PER_KEY: usize = 256;
const MAX_IDLE: usize = 1024;

/// Whose connection it is, and where it leads. Only a request with the same key may use it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Key {
    /// One run of one plugin: what a target ties to a connection stays with it.
    pub(super) plugin: Arc<str>,
    /// Scheme, host and port; the host is the name in the certificate as well.
    pub(super) origin: Arc<str>,
    /// The checked address that was dialled.
    pub(super) address: IpAddr,
}

/// Connections that wait for their next request; bounded in number and time.
#[derive(Debug, Default)]
pub(super) struct Pool(Mutex<Waiting>);

#[derive(Debug, Default)]
struct Waiting {
    idle: HashMap<Key, VecDeque<Idle<Connection>>>,
    shared: HashMap<Key, Idle<Multiplexed>>,
    /// Closes what waited too long, while there is something that waits.
    sweeper: Option<AbortOnDropHandle<()>>,
    closed: bool,
}

#[derive(Debug)]
struct Idle<C> {
    connection: C,
    since: Instant,
}

/// A connection that has served before.
#[derive(Debug)]
pub(super) enum Pooled {
    Http1(Connection, Key),
    Http2(Multiplexed),
}

/// Where a connection goes after its exchange.
#[derive(Debug)]
pub(super) struct Home {
    pub(super) pool: Weak<Pool>,
    pub(super) key: Key,
}

impl Home {
    pub(super) fn give_back(self, connection: Connection) {
        if let Some(pool) = self.pool.upgrade() {
            pool.give_back(self.key, connection);
        }
    }
}

impl Pool {
    /// A connection with one of `keys`, the one that was used last.
    pub(super) fn take(&self, keys: impl Iterator<Item = Key>) -> Option<Pooled> {
        let mut waiting = self.lock();
        for key in keys {
            if let Some(shared) = waiting.shared.get_mut(&key) {
                if shared.connection.is_open() {
                    shared.since = Instant::now();
                    return Some(Pooled::Http2(shared.connection.clone()));
                }
                waiting.shared.remove(&key);
            }
            while let Some(idle) = waiting.idle.get_mut(&key).and_then(VecDeque::pop_back) {
                if idle.since.elapsed() < IDLE && idle.connection.is_free() {
                    return Some(Pooled::Http1(idle.connection, key));
                }
            }
            waiting.idle.remove(&key);
        }
        None
    }

    fn give_back(self: &Arc<Self>, key: Key, connection: Connection) {
        let mut waiting = self.lock();
        if waiting.closed {
            return;
        }
        waiting.make_room();
        let of_key = waiting.idle.entry(key).or_default();
        if of_key.len() >= MAX_IDLE_PER_KEY {
            of_key.pop_front();
        }
        of_key.push_back(Idle { connection, since: Instant::now() });
        waiting.sweep_later(self);
    }

    /// Makes the connection the one of `key`, unless there is one; that of the key.
    pub(super) fn share(self: &Arc<Self>, key: Key, connection: Multiplexed) -> Multiplexed {
        let mut waiting = self.lock();
        match waiting.shared.get(&key) {
            Some(other) if other.connection.is_open() => return other.connection.clone(),
            _ if waiting.closed => return connection,
            _ => {}
        }
        waiting.make_room();
        let since = Instant::now();
        waiting.shared.insert(key, Idle { connection: connection.clone(), since });
        waiting.sweep_later(self);
        connection
    }

    /// Closes what waits, and keeps nothing from here on.
    pub(super) fn close(&self) {
        *self.lock() = Waiting { closed: true, ..Waiting::default() };
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Waiting {
    fn len(&self) -> usize {
        self.idle.values().map(VecDeque::len).sum::<usize>() + self.shared.len()
    }

    /// Closes the connection that has waited longest if there are too many.
    fn make_room(&mut self) {
        if self.len() < MAX_IDLE {
            return;
        }
        let oldest = |(key, all): (&Key, &VecDeque<Idle<Connection>>)| {
            all.front().map(|idle| (idle.since, key.clone()))
        };
        let oldest = self.idle.iter().filter_map(oldest).min_by_key(|(since, _)| *since);
        let shared = self.shared.iter().map(|(key, idle)| (idle.since, key.clone()));
        let shared = shared.min_by_key(|(since, _)| *since);
        match (oldest, shared) {
            (Some((since, key)), shared)
                if shared.as_ref().is_none_or(|(other, _)| since <= *other) =>
            {
                self.idle.get_mut(&key).map(VecDeque::pop_front);
            }
            (_, Some((_, key))) => drop(self.shared.remove(&key)),
            _ => {}
        }
    }

    fn sweep_later(&mut self, pool: &Arc<Pool>) {
        if self.sweeper.is_some() {
            return;
        }
        let pool = Arc::downgrade(pool);
        self.sweeper = Some(AbortOnDropHandle::new(tokio::spawn(async move {
            loop {
                sleep(SWEEP).await;
                let Some(pool) = pool.upgrade() else {
                    return;
                };
                let mut waiting = pool.lock();
                waiting.sweep();
                if waiting.len() == 0 {
                    waiting.sweeper = None;
                    return;
                }
            }
        })));
    }

    /// Closes what waited too long, or cannot serve any more.
    fn sweep(&mut self) {
        self.idle.retain(|_, all| {
            all.retain(|idle| idle.since.elapsed() < IDLE && idle.connection.is_free());
            !all.is_empty()
        });
        self.shared.retain(|_, shared| {
            let idle = shared.connection.is_idle() && shared.since.elapsed() >= IDLE;
            shared.connection.is_open() && !idle
        });
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, DuplexStream, duplex};
    use tokio::time::advance;
    use tokio_util::sync::CancellationToken;

    use super::*;

    fn key(plugin: &str) -> Key {
        Key {
            plugin: plugin.into(),
            origin: "http://shop.test".into(),
            address: [93, 184, 215, 14].into(),
        }
    }

    /// A connection that is ready for a request, and its other end.
    async fn connection() -> (Connection, DuplexStream) {
        let (near, far) = duplex(64);
        let ended = CancellationToken::new();
        let connection = Connection::open(near, 1024, &ended).await.unwrap();
        while !connection.is_free() {
            tokio::task::yield_now().await;
        }
        (connection, far)
    }

    fn take(pool: &Pool, plugin: &str) -> bool {
        pool.take([key(plugin)].into_iter()).is_some()
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_waits_for_so_long_and_is_closed_then() {
        let pool = Arc::new(Pool::default());
        let (connection, mut far) = connection().await;
        pool.give_back(key("a"), connection);
        advance(IDLE - Duration::from_millis(1)).await;
        assert_eq!(pool.lock().len(), 1);
        // Nobody asks for it: it is closed all the same, and nothing goes on running.
        assert_eq!(far.read(&mut [0]).await.unwrap(), 0);
        assert_eq!(pool.lock().len(), 0);
        assert!(pool.lock().sweeper.is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_that_waited_too_long_is_not_taken_even_before_it_is_closed() {
        let pool = Arc::new(Pool::default());
        for (waited, taken) in [(IDLE - Duration::from_millis(1), true), (IDLE, false)] {
            let (connection, _far) = connection().await;
            pool.give_back(key("a"), connection);
            // In place of the sweeper, which has no chance to run in between.
            let mut waiting = pool.lock();
            waiting.idle.get_mut(&key("a")).unwrap()[0].since -= waited;
            drop(waiting);
            assert_eq!(take(&pool, "a"), taken);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_whose_target_hung_up_is_not_taken() {
        let pool = Arc::new(Pool::default());
        let (connection, far) = connection().await;
        pool.give_back(key("a"), connection);
        drop(far);
        tokio::task::yield_now().await;
        assert!(!take(&pool, "a"));
    }

    #[tokio::test(start_paused = true)]
    async fn past_its_bounds_the_pool_closes_what_waited_longest() {
        let pool = Arc::new(Pool::default());
        let mut ends = Vec::new();
        for at in 0..=MAX_IDLE_PER_KEY {
            let (connection, far) = connection().await;
            pool.give_back(key("a"), connection);
            advance(Duration::from_millis(1)).await;
            ends.push(far);
            assert_eq!(pool.lock().len(), (at + 1).min(MAX_IDLE_PER_KEY));
        }
        assert_eq!(ends[0].read(&mut [0]).await.unwrap(), 0);
        for at in MAX_IDLE_PER_KEY..=MAX_IDLE {
            let (connection, far) = connection().await;
            pool.give_back(key(&format!("b{}", at / 100)), connection);
            ends.push(far);
        }
        assert_eq!(pool.lock().len(), MAX_IDLE);
        assert_eq!(ends[1].read(&mut [0]).await.unwrap(), 0);
    }

    #[tokio::test]
    async fn a_closed_pool_keeps_nothing() {
        let pool = Arc::new(Pool::default());
        let (first, mut first_far) = connection().await;
        pool.give_back(key("a"), first);
        pool.close();
        let (second, mut second_far) = connection().await;
        pool.give_back(key("a"), second);
        for far in [&mut first_far, &mut second_far] {
            assert_eq!(far.read(&mut [0]).await.unwrap(), 0);
        }
        assert!(!take(&pool, "a"));
    }
}
