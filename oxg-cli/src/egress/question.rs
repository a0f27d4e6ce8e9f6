//! A line of input: what may be reached?

use std::net::IpAddr;

use oxg_protocol::Url;
use oxg_protocol::url::UrlError;
use serde::Deserialize;

/// A URL, and what is known about it.
#[derive(Debug, Deserialize)]
pub(super) struct Question {
    pub(super) url: String,
    /// The addresses of the host, as a name server would give them.
    resolve: Option<Vec<String>>,
    /// The URL whose `Location` this one is.
    redirect_from: Option<String>,
}

impl Question {
    pub(super) fn about(url: String) -> Self {
        Self { url, resolve: None, redirect_from: None }
    }

    /// The URL, read as the broker and its client read it.
    pub(super) fn target(&self) -> Result<Url, UrlError> {
        match &self.redirect_from {
            None => self.url.parse(),
            Some(base) => base.parse::<Url>()?.join(&self.url),
        }
    }

    /// The given addresses; `Err` has the first text that is none.
    pub(super) fn addresses(&self) -> Option<Result<Vec<IpAddr>, &str>> {
        let given = self.resolve.as_ref()?;
        Some(given.iter().map(|text| text.parse().map_err(|_| text.as_str())).collect())
    }
}
