use crate::Url;
use crate::url::UrlError;

impl Url {
    /// The URL that `reference` means where it stands in this one (RFC 3986, 5.2), as the
    /// `Location` of a redirect does. Dot segments are removed and a fragment is dropped.
    ///
    /// ```
    /// use oxg_protocol::Url;
    ///
    /// let page: Url = "https://shop.test/a/b?c".parse()?;
    /// assert_eq!(page.join("../d?e#f")?.as_str(), "https://shop.test/d?e");
    /// assert_eq!(page.join("//cdn.test/x")?.as_str(), "https://cdn.test/x");
    /// assert!(page.join("javascript:alert(1)").is_err());
    /// # Ok::<(), oxg_protocol::url::UrlError>(())
    /// ```
    ///
    /// # Errors
    /// [`UrlError`] where the result is none: it is read as strictly as any other URL.
    pub fn join(&self, reference: &str) -> Result<Self, UrlError> {
        let (reference, _) = reference.split_once('#').unwrap_or((reference, ""));
        let scheme = self.scheme().as_str();
        if has_scheme(reference) {
            return reference.parse::<Self>()?.without_dot_segments();
        }
        if reference.starts_with("//") {
            return format!("{scheme}:{reference}").parse::<Self>()?.without_dot_segments();
        }
        let (path, query) = match reference.split_once('?') {
            Some((path, query)) => (path, Some(query)),
            None => (reference, None),
        };
        let target = match (path, query) {
            ("", None) => self.path_and_query().to_owned(),
            ("", Some(query)) => format!("{}?{query}", self.path()),
            _ => {
                let base = match path.starts_with('/') {
                    true => "",
                    false => self.path().rfind('/').map_or("/", |at| &self.path()[..=at]),
                };
                with_query(&remove_dot_segments(&format!("{base}{path}")), query)
            }
        };
        format!("{scheme}://{}{target}", self.authority()).parse()
    }

    /// Whether both have the same scheme, host and port (RFC 6454).
    #[must_use]
    pub fn is_same_origin(&self, other: &Self) -> bool {
        (self.scheme(), self.host(), self.port()) == (other.scheme(), other.host(), other.port())
    }

    fn without_dot_segments(self) -> Result<Self, UrlError> {
        let (_, query) = self.path_and_query().split_once('?').unzip();
        let target = with_query(&remove_dot_segments(self.path()), query);
        format!("{}://{}{target}", self.scheme(), self.authority()).parse()
    }
}

/// Whether `reference` begins with a scheme (RFC 3986, 3.1).
fn has_scheme(reference: &str) -> bool {
    let Some((scheme, _)) = reference.split_once(':') else {
        return false;
    };
    scheme.starts_with(|first: char| first.is_ascii_alphabetic())
        && scheme.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'))
}

fn with_query(path: &str, query: Option<&str>) -> String {
    query.map_or_else(|| path.to_owned(), |query| format!("{path}?{query}"))
}

/// RFC 3986, 5.2.4, for a path that starts with a slash.
fn remove_dot_segments(path: &str) -> String {
    let mut kept: Vec<&str> = Vec::new();
    let mut segments = path.split('/').skip(1).peekable();
    while let Some(segment) = segments.next() {
        match segment {
            "." => {}
            ".." => {
                kept.pop();
            }
            other => {
                kept.push(other);
                continue;
            }
        }
        // A dot segment at the end names a directory.
        if segments.peek().is_none() {
            kept.push("");
        }
    }
    format!("/{}", kept.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn joined(reference: &str) -> Result<String, UrlError> {
        let base: Url = "http://a/b/c/d;p?q".parse().unwrap();
        base.join(reference).map(String::from)
    }

    #[test]
    fn the_examples_of_rfc_3986_resolve_as_it_says() {
        for (reference, url) in [
            ("g", "http://a/b/c/g"),
            ("./g", "http://a/b/c/g"),
            ("g/", "http://a/b/c/g/"),
            ("/g", "http://a/g"),
            ("//g", "http://g/"),
            ("?y", "http://a/b/c/d;p?y"),
            ("g?y", "http://a/b/c/g?y"),
            ("#s", "http://a/b/c/d;p?q"),
            ("g#s", "http://a/b/c/g"),
            ("g?y#s", "http://a/b/c/g?y"),
            (";x", "http://a/b/c/;x"),
            ("", "http://a/b/c/d;p?q"),
            (".", "http://a/b/c/"),
            ("./", "http://a/b/c/"),
            ("..", "http://a/b/"),
            ("../g", "http://a/b/g"),
            ("../..", "http://a/"),
            ("../../g", "http://a/g"),
            ("../../../g", "http://a/g"),
            ("/./g", "http://a/g"),
            ("/../g", "http://a/g"),
            ("g.", "http://a/b/c/g."),
            ("..g", "http://a/b/c/..g"),
            ("./g/.", "http://a/b/c/g/"),
            ("g/./h", "http://a/b/c/g/h"),
            ("g/../h", "http://a/b/c/h"),
            ("g;x=1/../y", "http://a/b/c/y"),
            ("g?y/../x", "http://a/b/c/g?y/../x"),
            ("g#s/../x", "http://a/b/c/g"),
            ("https://h/x/../y?z", "https://h/y?z"),
        ] {
            assert_eq!(joined(reference).as_deref(), Ok(url), "{reference:?}");
        }
    }

    #[test]
    fn what_is_no_url_is_refused_after_joining_too() {
        for (reference, error) in [
            ("g:h", UrlError::Scheme),
            ("http:g", UrlError::Scheme),
            ("javascript://a/", UrlError::Scheme),
            ("//user@b/", UrlError::UserInfo),
            ("//b:0/", UrlError::Port),
            ("/a b", UrlError::Character),
            ("\\\\evil.test/", UrlError::Character),
            ("/\\evil.test/", UrlError::Character),
            ("/caf\u{e9}", UrlError::Character),
        ] {
            assert_eq!(joined(reference), Err(error), "{reference:?}");
        }
    }

    proptest! {
        #[test]
        fn a_reference_without_authority_never_leaves_the_origin(reference in "[!-~]{0,40}") {
            let base: Url = "https://shop.test:8443/a/b?c".parse().unwrap();
            let leads_away = reference.starts_with("//") || has_scheme(&reference);
            if let Ok(url) = base.join(&reference) {
                prop_assert!(leads_away || url.is_same_origin(&base), "{url}");
                prop_assert!(!url.path().split('/').any(|part| part == ".." || part == "."));
            }
        }
    }
}
