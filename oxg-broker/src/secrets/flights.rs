//! One look at a time for each secret.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use oxg_protocol::SecretName;
use tokio::sync::Mutex as Turn;

use crate::error::Refusal;

/// What came of a look.
pub(super) type Outcome = Result<(), Refusal>;

/// The looks that are under way. Who comes while one is shares what comes of it; who comes later
/// looks anew.
#[derive(Debug, Default)]
pub(super) struct Flights(Mutex<HashMap<SecretName, Weak<Flight>>>);

/// One look, and once it has landed, its outcome.
#[derive(Debug, Default)]
struct Flight(Turn<Option<Outcome>>);

impl Flights {
    /// Looks, or waits for the look that is under way. If that one is given up, the next in the
    /// line looks in its place.
    pub(super) async fn share(
        &self,
        name: &SecretName,
        look: impl Future<Output = Outcome>,
    ) -> Outcome {
        let flight = self.flight(name);
        let mut landed = flight.0.lock().await;
        if let Some(outcome) = &*landed {
            return outcome.clone();
        }
        let outcome = look.await;
        self.lock().remove(name);
        *landed = Some(outcome.clone());
        outcome
    }

    fn flight(&self, name: &SecretName) -> Arc<Flight> {
        let mut flights = self.lock();
        if let Some(flight) = flights.get(name).and_then(Weak::upgrade) {
            return flight;
        }
        // Those that were given up by everybody.
        flights.retain(|_, flight| flight.strong_count() > 0);
        let flight = Arc::default();
        flights.insert(name.clone(), Arc::downgrade(&flight));
        flight
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<SecretName, Weak<Flight>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
