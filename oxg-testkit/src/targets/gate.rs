//! Events that wait until the test lets them go.

use tokio::sync::watch;

/// Holds what comes to it until the test opens it. A clone is the same gate.
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// use oxg_testkit::Gate;
///
/// let gate = Gate::new();
/// let held = async { gate.pass().await };
/// let test = async {
///     gate.reached().await; // something stands before the gate
///     gate.open();
/// };
/// tokio::join!(held, test);
/// # });
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Gate(watch::Sender<State>);

#[derive(Debug, Default)]
struct State {
    reached: usize,
    open: bool,
}

impl Gate {
    /// A closed gate.
    #[must_use]
    pub fn new() -> Self {
        Self(watch::Sender::new(State::default()))
    }

    /// Waits until something stands, or has stood, before the gate.
    pub async fn reached(&self) {
        self.reached_by(1).await;
    }

    /// Waits until so many have come to the gate.
    pub async fn reached_by(&self, count: usize) {
        // The sender lives as long as `self`.
        let _ = self.0.subscribe().wait_for(|state| state.reached >= count).await;
    }

    /// Lets everything pass, now and later.
    pub fn open(&self) {
        self.0.send_modify(|state| state.open = true);
    }

    /// Comes to the gate, and waits until it is open.
    pub async fn pass(&self) {
        let mut state = self.0.subscribe();
        self.0.send_modify(|state| state.reached += 1);
        let _ = state.wait_for(|state| state.open).await;
    }
}

impl Default for Gate {
    fn default() -> Self {
        Self::new()
    }
}
