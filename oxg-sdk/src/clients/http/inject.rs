use http::{HeaderMap, HeaderName, HeaderValue};
use oxg_protocol::inject::{InjectField, MAX_TEMPLATES};
use oxg_protocol::{InjectTarget, Template, Url, header};

use super::InvalidRequest;

/// Where a request holds secrets by handle, and how many.
#[derive(Debug, Clone, Default)]
pub(super) struct Injections {
    /// One entry a template, so that a field may stand here twice.
    headers: Vec<InjectField>,
    in_query: usize,
}

impl Injections {
    pub(super) fn add_header(&mut self, field: InjectField) {
        self.headers.push(field);
    }

    pub(super) fn add_query(&mut self) {
        self.in_query += 1;
    }

    pub(super) fn is_empty(&self) -> bool {
        self.headers.is_empty() && self.in_query == 0
    }

    /// Forgets the query's, whose URL a redirect has replaced. What a target writes into its
    /// `Location` is never filled in.
    pub(super) fn forget_query(&mut self) {
        self.in_query = 0;
    }

    /// Removes the fields that hold a template.
    pub(super) fn remove_from(&mut self, headers: &mut HeaderMap) {
        for field in self.headers.drain(..) {
            headers.remove(field.as_str());
        }
    }

    /// Names the places in `oxg-inject`, once it is sure that they hold the plugin's templates and
    /// no others.
    pub(super) fn stamp(&self, url: &Url, headers: &mut HeaderMap) -> Result<(), InvalidRequest> {
        if self.is_empty() {
            return Ok(());
        }
        if self.headers.len() + self.in_query > MAX_TEMPLATES {
            return Err(InvalidRequest::TooManyTemplates);
        }
        let mut targets = Vec::new();
        for field in &self.headers {
            let target = InjectTarget::Header(field.clone());
            if targets.contains(&target) {
                continue;
            }
            let own = self.headers.iter().filter(|other| *other == field).count();
            let found = headers.get_all(field.as_str()).iter().filter(|value| looks_filled(value));
            if found.count() != own {
                return Err(InvalidRequest::ForeignTemplate(format!("the header {target}")));
            }
            targets.push(target);
        }
        if self.in_query > 0 {
            let (_, query) = url.as_str().split_once('?').unwrap_or_default();
            let values = query.split('&').filter_map(|pair| Some(pair.split_once('=')?.1));
            let found = values.filter(|value| !matches!(Template::in_query_value(value), Ok(None)));
            if found.count() != self.in_query {
                return Err(InvalidRequest::ForeignTemplate("the query".to_owned()));
            }
            targets.push(InjectTarget::Query);
        }
        let value = HeaderValue::try_from(InjectTarget::print_list(&targets))
            .map_err(|error| InvalidRequest::Head(error.into()))?;
        headers.insert(HeaderName::from_static(header::INJECT), value);
        Ok(())
    }
}

fn looks_filled(value: &HeaderValue) -> bool {
    // What is not text cannot be read, so it counts.
    value.to_str().map_or(true, |text| !matches!(Template::find(text), Ok(None)))
}
