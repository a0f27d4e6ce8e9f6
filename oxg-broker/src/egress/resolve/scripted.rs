//! Names with scripted answers.

use std::collections::{HashMap, VecDeque};
use std::future::ready;
use std::io;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use oxg_protocol::host::HostName;

use super::{Resolve, Resolving};

/// How many look-ups are remembered: the last ones.
const MAX_ASKED: usize = 10_000;

/// A resolver for tests: a name has the answers of a script, one after another, and no other name
/// exists. Clones share the script and what was asked.
///
/// ```
/// use oxg_broker::egress::{Resolve, ScriptedResolver};
/// use oxg_protocol::host::HostName;
///
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// let (shop, far): (HostName, HostName) = ("shop.test".parse()?, "elsewhere.test".parse()?);
/// let (public, private) = ("93.184.215.14".parse()?, "10.0.0.5".parse()?);
/// // A name that is bound anew between two look-ups.
/// let names = ScriptedResolver::new().answer(&shop, [public]).answer(&shop, [private]);
/// assert_eq!(names.resolve(&shop).await?, [public]);
/// assert_eq!(names.resolve(&shop).await?, [private]);
/// assert_eq!(names.resolve(&shop).await?, [private], "the last answer stays");
/// assert!(names.resolve(&far).await.is_err());
/// assert_eq!(names.asked().len(), 4);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct ScriptedResolver(Arc<Mutex<Script>>);

#[derive(Debug, Default)]
struct Script {
    answers: HashMap<HostName, VecDeque<Vec<IpAddr>>>,
    otherwise: Option<Vec<IpAddr>>,
    asked: VecDeque<HostName>,
}

impl ScriptedResolver {
    /// A resolver that knows no name.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The next answer for `name`; the last one is given again and again. An answer may be empty.
    #[must_use]
    pub fn answer(self, name: &HostName, addresses: impl IntoIterator<Item = IpAddr>) -> Self {
        let answer = addresses.into_iter().collect();
        self.lock().answers.entry(name.clone()).or_default().push_back(answer);
        self
    }

    /// The answer for every name that has none of its own.
    #[must_use]
    pub fn otherwise(self, addresses: impl IntoIterator<Item = IpAddr>) -> Self {
        self.lock().otherwise = Some(addresses.into_iter().collect());
        self
    }

    /// The names that were asked for, in order; the last 10,000.
    #[must_use]
    pub fn asked(&self) -> Vec<HostName> {
        self.lock().asked.iter().cloned().collect()
    }

    fn lock(&self) -> MutexGuard<'_, Script> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Script {
    fn next(&mut self, name: &HostName) -> Option<Vec<IpAddr>> {
        if self.asked.len() == MAX_ASKED {
            self.asked.pop_front();
        }
        self.asked.push_back(name.clone());
        match self.answers.get_mut(name) {
            Some(answers) if answers.len() > 1 => answers.pop_front(),
            Some(answers) => answers.front().cloned(),
            None => self.otherwise.clone(),
        }
    }
}

impl Resolve for ScriptedResolver {
    fn resolve<'a>(&'a self, name: &'a HostName) -> Resolving<'a> {
        let answer = self.lock().next(name);
        Box::pin(ready(answer.ok_or_else(|| io::ErrorKind::NotFound.into())))
    }
}
