//! Which calls of the broker an expectation covers.

use std::fmt;

use http::{Method, Request};
use oxg_protocol::route::{self, TaskAction};
use oxg_protocol::{ArtifactName, SecretName, Url};

use crate::path::PathTemplate;
use crate::targets::Template;

/// Calls that a plugin makes of its broker, by method and place.
///
/// Each constructor names one call of the protocol; [`Call::new`] takes any. `{name}` stands for
/// one segment of a path, `{*name}` for all that is left.
#[derive(Debug, Clone)]
#[must_use = "a call does nothing until `Calls::on` takes it"]
pub struct Call {
    /// `None`: any.
    method: Option<Method>,
    place: Place,
    /// As a failure names it.
    text: String,
}

#[derive(Debug, Clone)]
enum Place {
    Anywhere,
    Path(PathTemplate),
    Target(Box<Template>),
}

impl Call {
    /// Every call.
    pub fn any() -> Self {
        Self { method: None, place: Place::Anywhere, text: "any call".to_owned() }
    }

    /// A call of the API, `Call::new("GET", "/v1/secrets/{name}")`. The method `*` is any; the
    /// query does not matter.
    ///
    /// # Panics
    /// If `method` is not a method or `path` does not start with a slash.
    #[track_caller]
    #[allow(clippy::panic, reason = "in a test, a wrong script is a failed test")]
    pub fn new(method: &str, path: &str) -> Self {
        let known = (method != "*").then(|| method.parse::<Method>());
        match known.transpose() {
            Ok(known) if path.starts_with('/') => Self {
                method: known,
                place: Place::Path(PathTemplate::parse(path)),
                text: format!("{method} {path}"),
            },
            _ => {
                panic!("{method:?} {path:?} is not a call: give a method, and a path with a slash")
            }
        }
    }

    /// Any request to a target: `Call::egress("https://shop.test/{*rest}")`. The URL has the holes
    /// that [`get`](crate::get) allows; the query does not matter.
    ///
    /// # Panics
    /// If `url` is not an absolute URL.
    #[track_caller]
    #[allow(clippy::panic, reason = "in a test, a wrong script is a failed test")]
    pub fn egress(url: &str) -> Self {
        let mut place =
            Template::parse(url).unwrap_or_else(|error| panic!("{url:?} is not a URL: {error}"));
        place.any_query();
        Self { method: None, place: Place::Target(Box::new(place)), text: format!("* {url}") }
    }

    /// The start of every run: what the broker grants.
    pub fn session() -> Self {
        Self::new("GET", route::SESSION)
    }

    /// Borrowing the secret `name`.
    ///
    /// # Panics
    /// If it is not the name of a secret.
    #[track_caller]
    pub fn secret(name: &str) -> Self {
        Self::new("GET", &route::secret(&parsed::<SecretName>(name)))
    }

    /// Watching the secret `name`.
    ///
    /// # Panics
    /// If it is not the name of a secret.
    #[track_caller]
    pub fn watch_secret(name: &str) -> Self {
        Self::new("GET", &route::watch_secret(&parsed::<SecretName>(name)))
    }

    /// Renewing a lease on a secret.
    pub fn renew_lease() -> Self {
        Self::new("POST", "/v1/leases/{id}/renew")
    }

    /// Giving a secret back.
    pub fn give_back_lease() -> Self {
        Self::new("DELETE", "/v1/leases/{id}")
    }

    /// Storing the artifact `name` in one call. A longer one is an [upload](Self::begin_upload).
    ///
    /// # Panics
    /// If it is not the name of an artifact. So of the others.
    #[track_caller]
    pub fn put_artifact(name: &str) -> Self {
        Self::artifact("PUT", name)
    }

    /// Reading the artifact `name`.
    #[track_caller]
    pub fn get_artifact(name: &str) -> Self {
        Self::artifact("GET", name)
    }

    /// Asking after the artifact `name`.
    #[track_caller]
    pub fn head_artifact(name: &str) -> Self {
        Self::artifact("HEAD", name)
    }

    /// Deleting the artifact `name`.
    #[track_caller]
    pub fn delete_artifact(name: &str) -> Self {
        Self::artifact("DELETE", name)
    }

    /// Listing artifacts.
    pub fn list_artifacts() -> Self {
        Self::new("GET", route::ARTIFACTS)
    }

    /// Beginning an upload: an artifact that comes in several calls.
    pub fn begin_upload() -> Self {
        Self::new("POST", route::UPLOADS)
    }

    /// Sending a part of an upload.
    pub fn append_upload() -> Self {
        Self::upload("PATCH")
    }

    /// Asking how far an upload is.
    pub fn show_upload() -> Self {
        Self::upload("GET")
    }

    /// Closing an upload, which makes it an artifact.
    pub fn close_upload() -> Self {
        Self::upload("PUT")
    }

    /// Asking for tasks.
    pub fn lease_tasks() -> Self {
        Self::new("POST", route::LEASE_TASKS)
    }

    /// Asking for more time on a task.
    pub fn extend_task() -> Self {
        Self::task(TaskAction::Extend)
    }

    /// Reporting a task done.
    pub fn complete_task() -> Self {
        Self::task(TaskAction::Complete)
    }

    /// Reporting a task not done.
    pub fn fail_task() -> Self {
        Self::task(TaskAction::Fail)
    }

    /// Giving a task back.
    pub fn release_task() -> Self {
        Self::task(TaskAction::Release)
    }

    /// Adding a task.
    pub fn enqueue_task() -> Self {
        Self::new("POST", route::TASKS)
    }

    /// Reporting findings.
    pub fn report_findings() -> Self {
        Self::new("POST", route::FINDINGS)
    }

    /// Sending log records.
    pub fn send_logs() -> Self {
        Self::new("POST", route::LOGS)
    }

    #[track_caller]
    fn artifact(method: &str, name: &str) -> Self {
        Self::new(method, &route::artifact(&parsed::<ArtifactName>(name)))
    }

    fn upload(method: &str) -> Self {
        Self::new(method, &format!("{}/{{id}}", route::UPLOADS))
    }

    fn task(action: TaskAction) -> Self {
        Self::new("POST", &format!("{}/{{id}}/{}", route::TASKS, action.as_str()))
    }

    pub(super) fn covers<B>(&self, request: &Request<B>) -> bool {
        let (method, uri) = (request.method(), request.uri());
        let here = match &self.place {
            Place::Anywhere => true,
            Place::Path(path) => uri.authority().is_none() && path.matches(uri.path()),
            Place::Target(target) => {
                uri.authority().is_some()
                    && uri.to_string().parse::<Url>().is_ok_and(|url| target.matches(&url))
            }
        };
        here && self.method.as_ref().is_none_or(|known| known == method)
    }
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[track_caller]
#[allow(clippy::panic, reason = "in a test, a wrong name is a failed test")]
fn parsed<T: std::str::FromStr<Err: fmt::Display>>(name: &str) -> T {
    name.parse().unwrap_or_else(|error| panic!("{name:?}: {error}"))
}
