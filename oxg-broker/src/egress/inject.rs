//! Secret by handle: what stands in templates is filled in on the way out (see
//! [`oxg_protocol::inject`]), and only for hosts that the secret is bound to.

use http::header::{ACCEPT_ENCODING, HeaderMap, HeaderName, HeaderValue, IF_RANGE, RANGE};
use oxg_manifest::{Capability, HostPattern};
use oxg_protocol::inject::{MAX_TEMPLATES, TemplateError};
use oxg_protocol::{ErrorCode, InjectTarget, SecretName, Template, Url, header};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret as _, SecretString};

use super::scrub::Scrub;
use crate::call::Call;
use crate::error::{Refusal, refuse};
use crate::secrets::not_granted;

/// What RFC 3986, section 2.3, leaves as it is.
const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A request's templates, each checked: granted, bound to the host, and well-formed.
#[derive(Debug, Default)]
pub(super) struct Injection {
    fields: Vec<(HeaderName, Vec<Filled>)>,
    /// Path and query with everything filled in.
    target: Option<SecretString>,
    secrets: Vec<SecretName>,
    /// What the response may hold no more.
    values: Vec<SecretString>,
    scrub_all: bool,
}

/// A header value: what stands before the secret, the secret, what stands after it.
#[derive(Debug)]
struct Filled(String, SecretString, String);

impl Injection {
    /// What `oxg-inject` asks for; nothing where it is absent.
    pub(super) fn plan(
        call: &Call<'_>,
        headers: &HeaderMap,
        url: &Url,
    ) -> Result<Option<Self>, Refusal> {
        let Some(targets) = single(headers, header::INJECT)? else {
            return Ok(None);
        };
        let targets = InjectTarget::parse_list(targets)
            .map_err(|error| invalid(format!("{}: {error}", header::INJECT)))?;
        let mut injection = Self {
            scrub_all: match single(headers, header::SCRUB)? {
                None => false,
                Some(header::SCRUB_ALL) => true,
                Some(_) => {
                    let text = format!("{} takes only {:?}", header::SCRUB, header::SCRUB_ALL);
                    return Err(invalid(text));
                }
            },
            ..Self::default()
        };
        for target in &targets {
            match target {
                InjectTarget::Header(field) => {
                    injection.plan_field(call, headers, field.as_str(), url)?;
                }
                InjectTarget::Query => injection.plan_query(call, url)?,
                _ => return Err(invalid(format!("this broker does not fill {target} in"))),
            }
        }
        Ok(Some(injection))
    }

    fn plan_field(
        &mut self,
        call: &Call<'_>,
        headers: &HeaderMap,
        name: &str,
        url: &Url,
    ) -> Result<(), Refusal> {
        let name: HeaderName =
            name.parse().map_err(|_| invalid(format!("{name:?} is no field name")))?;
        let mut filled = Vec::new();
        for value in headers.get_all(&name) {
            let text = std::str::from_utf8(value.as_bytes())
                .map_err(|_| invalid(format!("the value of {name} is not UTF-8")))?;
            let (range, template) = Template::find(text)
                .map_err(|error| malformed(name.as_str(), error))?
                .ok_or_else(|| no_template(name.as_str()))?;
            let secret = self.take(call, &template, url)?;
            let around = |part: Option<&str>| part.unwrap_or_default().to_owned();
            let (before, after) = (text.get(..range.start), text.get(range.end..));
            filled.push(Filled(around(before), secret, around(after)));
        }
        if filled.is_empty() {
            return Err(no_template(name.as_str()));
        }
        self.fields.push((name, filled));
        Ok(())
    }

    fn plan_query(&mut self, call: &Call<'_>, url: &Url) -> Result<(), Refusal> {
        let (path, query) = url
            .path_and_query()
            .split_once('?')
            .ok_or_else(|| no_template(InjectTarget::Query.as_str()))?;
        let mut target = Zeroizing::new(format!("{path}?"));
        let mut found = false;
        for (index, pair) in query.split('&').enumerate() {
            if index > 0 {
                target.push('&');
            }
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            let template = Template::in_query_value(value)
                .map_err(|error| malformed(InjectTarget::Query.as_str(), error))?;
            let Some(template) = template else {
                target.push_str(pair);
                continue;
            };
            found = true;
            let secret = self.take(call, &template, url)?;
            target.push_str(key);
            target.push('=');
            target.extend(utf8_percent_encode(secret.expose_secret(), UNRESERVED));
        }
        if !found {
            return Err(no_template(InjectTarget::Query.as_str()));
        }
        self.target = Some(target.as_str().into());
        Ok(())
    }

    /// The secret in the template's form, if it may go to this host.
    fn take(
        &mut self,
        call: &Call<'_>,
        template: &Template,
        url: &Url,
    ) -> Result<SecretString, Refusal> {
        if self.values.len() == 2 * MAX_TEMPLATES {
            return Err(invalid(format!("a request holds at most {MAX_TEMPLATES} templates")));
        }
        let name = template.secret();
        call.require_secret(name)?;
        require_bound(call, name, url)?;
        let value = call.session.secrets.value(name).ok_or_else(|| not_granted(name))?;
        let filled = template.fill(value);
        if !self.secrets.contains(name) {
            self.secrets.push(name.clone());
        }
        self.values.extend([value.clone(), filled.clone()]);
        Ok(filled)
    }

    /// The names of the secrets, for the audit.
    pub(super) fn names(&self) -> Vec<String> {
        self.secrets.iter().map(ToString::to_string).collect()
    }

    /// Path and query as they go out, where a secret stands in them.
    pub(super) fn target(&self) -> Option<&SecretString> {
        self.target.as_ref()
    }

    /// Fills the header fields in. The answer is to come plain and whole: what is removed from it
    /// must be found first.
    pub(super) fn fill(&self, headers: &mut HeaderMap) -> Result<(), Refusal> {
        for (name, values) in &self.fields {
            headers.remove(name);
            for Filled(before, secret, after) in values {
                let text = Zeroizing::new(format!("{before}{}{after}", secret.expose_secret()));
                let mut value = HeaderValue::from_str(&text).map_err(|_| {
                    invalid(format!("the secret has a character that {name} cannot hold"))
                })?;
                value.set_sensitive(true);
                headers.append(name, value);
            }
        }
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        headers.remove(RANGE);
        headers.remove(IF_RANGE);
        Ok(())
    }

    /// What removes the secrets from the response.
    pub(super) fn scrub(&self) -> Result<Scrub, Refusal> {
        Scrub::new(&self.values, self.scrub_all).map_err(|reason| {
            invalid(format!(
                "a secret that the broker cannot remove from the answer is not filled in: {reason}"
            ))
        })
    }
}

/// Refuses unless the manifest binds the secret to this host, and the way there is encrypted or
/// does not leave this machine.
fn require_bound(call: &Call<'_>, name: &SecretName, url: &Url) -> Result<(), Refusal> {
    let declared = call.session.manifest.capabilities.secrets.as_ref();
    let named = declared.zip(name.as_str().parse().ok());
    let admits = |pattern: &HostPattern| match url.host().ip() {
        Some(ip) => pattern.matches_ip(ip, url.port()),
        None => pattern.matches_name(&url.host().to_string(), url.port()),
    };
    let bound =
        named.as_ref().is_some_and(|(secrets, name)| secrets.hosts_for(name).iter().any(admits));
    if !bound {
        let detail = format!("the secret \"{name}\" is not bound to {}", url.origin());
        let mut refusal = refuse(ErrorCode::SecretNotGranted, detail);
        refusal.capability = Some(Capability::Secrets.as_str().to_owned());
        refusal.destination = Some(url.origin());
        let pattern = match url.host().ip() {
            Some(ip) => HostPattern::for_ip(ip, url.port()),
            None => HostPattern::for_name(&url.host().to_string(), url.port()),
        };
        refusal.manifest_hint = named
            .zip(pattern.ok())
            .map(|((secrets, name), pattern)| secrets.hosts_line_with(&name, &pattern));
        return Err(refusal);
    }
    if !url.scheme().is_tls() && !call.session.policy.is_opened_loopback(url) {
        let detail =
            format!("a secret is filled in for https:// targets only, not {}", url.origin());
        return Err(invalid(detail));
    }
    Ok(())
}

/// The one value of a field.
fn single<'a>(headers: &'a HeaderMap, name: &str) -> Result<Option<&'a str>, Refusal> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (None, _) => Ok(None),
        (Some(value), None) => value
            .to_str()
            .map(Some)
            .map_err(|_| invalid(format!("the value of {name} is not ASCII"))),
        _ => Err(invalid(format!("{name} is repeated"))),
    }
}

fn invalid(detail: impl Into<String>) -> Refusal {
    refuse(ErrorCode::InvalidRequest, detail)
}

fn malformed(place: &str, error: TemplateError) -> Refusal {
    invalid(format!("{place}: {error}"))
}

fn no_template(place: &str) -> Refusal {
    invalid(format!("{} names {place}, which holds no template", header::INJECT))
}
