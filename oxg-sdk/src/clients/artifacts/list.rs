use std::collections::VecDeque;

use oxg_protocol::artifact::{ArtifactInfo, ArtifactPage};
use oxg_protocol::route;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use crate::clients::{Api, ApiError};

/// Artifacts in the order of their names, fetched page by page.
///
/// ```no_run
/// # async fn example(artifacts: oxg_sdk::clients::ArtifactsClient)
/// # -> Result<(), oxg_sdk::clients::ApiError> {
/// let mut pages = artifacts.list("pages/");
/// while let Some(info) = pages.next().await? {
///     println!("{} {}", info.name, info.size);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct ArtifactList {
    api: Api,
    prefix: String,
    cursor: Option<String>,
    page: VecDeque<ArtifactInfo>,
    at_end: bool,
}

impl ArtifactList {
    pub(super) fn new(api: Api, prefix: &str) -> Self {
        let page = VecDeque::new();
        Self { api, prefix: prefix.to_owned(), cursor: None, page, at_end: false }
    }

    /// The next artifact; `None` behind the last. After an error the same page is asked for again.
    ///
    /// # Errors
    /// [`ApiError`].
    pub async fn next(&mut self) -> Result<Option<ArtifactInfo>, ApiError> {
        while self.page.is_empty() && !self.at_end {
            let encode = |text| utf8_percent_encode(text, NON_ALPHANUMERIC);
            let mut path = format!("{}?prefix={}", route::ARTIFACTS, encode(&self.prefix));
            if let Some(cursor) = &self.cursor {
                path.push_str(&format!("&cursor={}", encode(cursor)));
            }
            let page: ArtifactPage = self.api.get(&path).await?;
            // A cursor that stands still would go round for ever.
            self.at_end = page.cursor.is_none() || page.cursor == self.cursor;
            self.cursor = page.cursor;
            self.page = page.artifacts.into();
        }
        Ok(self.page.pop_front())
    }
}
