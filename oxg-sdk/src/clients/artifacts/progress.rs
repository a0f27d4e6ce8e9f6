use std::fmt;

/// How far a transfer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Progress {
    /// Bytes that were transferred.
    pub done: u64,
    /// Bytes in all, where that is known.
    pub total: Option<u64>,
}

/// Who is told of it; nobody by default.
#[derive(Default)]
pub(super) struct Observer(Option<Box<dyn FnMut(Progress) + Send>>);

impl Observer {
    pub(super) fn new(tell: impl FnMut(Progress) + Send + 'static) -> Self {
        Self(Some(Box::new(tell)))
    }

    pub(super) fn tell(&mut self, done: u64, total: Option<u64>) {
        if let Some(tell) = &mut self.0 {
            tell(Progress { done, total });
        }
    }
}

impl fmt::Debug for Observer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Observer")
    }
}
