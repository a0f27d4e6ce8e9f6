//! URLs with holes in them: `https://shop.test/items/{id}`.

use std::fmt;

use oxg_protocol::Url;
use oxg_protocol::url::UrlError;

use crate::path::PathTemplate;

/// A URL whose path may have parameters, and whose host may start with `*.`.
#[derive(Debug, Clone)]
pub(crate) struct Template {
    text: String,
    /// The URL with something harmless in every hole.
    filled: Url,
    any_subdomain: bool,
    path: PathTemplate,
    query: Query,
}

/// What the query must be.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Query {
    /// Exactly as written; `None` is no query.
    Exactly(Option<String>),
    /// Decided elsewhere, or not at all.
    Any,
}

impl Template {
    pub(crate) fn parse(text: &str) -> Result<Self, UrlError> {
        let (rest, query) = match text.split_once('?') {
            Some((rest, query)) => (rest, Some(query)),
            None => (text, None),
        };
        let host_at = rest.find("://").map_or(0, |at| at + 3);
        let path_at = rest[host_at..].find('/').map_or(rest.len(), |at| host_at + at);
        let (origin, path) = rest.split_at(path_at);
        let any_subdomain = origin[host_at..].starts_with("*.");
        let origin = if any_subdomain { origin.replacen("*.", "any.", 1) } else { origin.into() };
        let path = PathTemplate::parse(path);
        let mut filled = origin + &path.filled();
        if let Some(query) = query {
            filled.push('?');
            filled.push_str(query);
        }
        Ok(Self {
            text: text.to_owned(),
            filled: filled.parse()?,
            any_subdomain,
            path,
            query: Query::Exactly(query.map(str::to_owned)),
        })
    }

    /// From now on the query does not matter here.
    pub(crate) fn any_query(&mut self) {
        self.query = Query::Any;
    }

    pub(crate) fn matches(&self, url: &Url) -> bool {
        let query = url.path_and_query().split_once('?').map(|(_, query)| query);
        self.matches_origin(url)
            && self.path.matches(url.path())
            && match &self.query {
                Query::Exactly(expected) => expected.as_deref() == query,
                Query::Any => true,
            }
    }

    fn matches_origin(&self, url: &Url) -> bool {
        let host = url.host().to_string();
        let expected = self.filled.host().to_string();
        let host = match self.any_subdomain {
            // The place of the label that stands for any.
            true => expected.strip_prefix("any").is_some_and(|parent| {
                host.strip_suffix(parent).is_some_and(|labels| !labels.is_empty())
            }),
            false => host == expected,
        };
        host && self.filled.scheme() == url.scheme() && self.filled.port() == url.port()
    }
}

impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A URL without holes is written as the broker writes it.
        let plain = !self.any_subdomain && !self.path.has_holes();
        f.write_str(if plain { self.filled.as_str() } else { &self.text })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(template: &str, url: &str) -> bool {
        Template::parse(template).unwrap().matches(&url.parse().unwrap())
    }

    #[test]
    fn without_holes_the_whole_url_must_be_the_same() {
        assert!(matches("https://e.test", "https://e.test/"));
        assert!(matches("https://E.test:443/?a=b", "https://e.test/?a=b"));
        for url in
            ["https://e.test/?a=b", "http://e.test/", "https://e.test:8443/", "https://f.test/"]
        {
            assert!(!matches("https://e.test/", url), "{url}");
        }
    }

    #[test]
    fn a_parameter_is_one_segment_that_is_not_empty() {
        let template = "https://e.test/items/{id}/parts";
        assert!(matches(template, "https://e.test/items/7/parts"));
        for path in ["items//parts", "items/7", "items/7/8/parts", "items/7/parts/"] {
            assert!(!matches(template, &format!("https://e.test/{path}")), "{path}");
        }
    }

    #[test]
    fn the_rest_is_any_number_of_segments() {
        for path in ["", "a", "a/b/c"] {
            assert!(matches("https://e.test/{*rest}", &format!("https://e.test/{path}")), "{path}");
        }
        assert!(!matches("https://e.test/files/{*rest}", "https://e.test/other/a"));
    }

    #[test]
    fn a_star_stands_for_subdomains_only() {
        assert!(matches("https://*.e.test/", "https://a.e.test/"));
        assert!(matches("https://*.e.test/", "https://a.b.e.test/"));
        assert!(!matches("https://*.e.test/", "https://e.test/"));
        assert!(!matches("https://*.e.test/", "https://note.test/"));
    }

    #[test]
    fn what_is_no_url_is_refused() {
        for text in ["e.test", "https://", "https://a b/", "https://e.test/#top"] {
            assert!(Template::parse(text).is_err(), "{text}");
        }
    }
}
