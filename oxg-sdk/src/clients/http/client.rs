use http::Method;

use super::{IntoUrl, RequestBuilder};
use crate::channel::BrokerChannel;
use crate::clients::Scope;

/// Makes requests to targets, through the broker.
///
/// ```no_run
/// # async fn example(http: oxg_sdk::clients::http::HttpClient) -> oxg_sdk::Result {
/// use std::time::Duration;
///
/// let page = http
///     .get("https://shop.test/")
///     .timeout(Duration::from_secs(10))
///     .send()
///     .await?;
/// println!("{} {}", page.status(), page.url());
/// let text = page.text().await?;
/// # let _ = text;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct HttpClient {
    pub(super) channel: BrokerChannel,
    pub(super) scope: Scope,
}

impl HttpClient {
    /// A client over `channel` that is bound to no task.
    #[must_use]
    pub fn new(channel: BrokerChannel) -> Self {
        Self::scoped(channel, Scope::default())
    }

    pub(crate) fn scoped(channel: BrokerChannel, scope: Scope) -> Self {
        Self { channel, scope }
    }

    /// Starts a request. A bad URL shows when it is sent.
    pub fn request(&self, method: Method, url: impl IntoUrl) -> RequestBuilder {
        RequestBuilder::new(self.clone(), method, url.into_url())
    }

    /// Starts a `GET`.
    pub fn get(&self, url: impl IntoUrl) -> RequestBuilder {
        self.request(Method::GET, url)
    }

    /// Starts a `HEAD`.
    pub fn head(&self, url: impl IntoUrl) -> RequestBuilder {
        self.request(Method::HEAD, url)
    }

    /// Starts a `POST`.
    pub fn post(&self, url: impl IntoUrl) -> RequestBuilder {
        self.request(Method::POST, url)
    }

    /// Starts a `PUT`.
    pub fn put(&self, url: impl IntoUrl) -> RequestBuilder {
        self.request(Method::PUT, url)
    }

    /// Starts a `DELETE`.
    pub fn delete(&self, url: impl IntoUrl) -> RequestBuilder {
        self.request(Method::DELETE, url)
    }
}
