//! An example plugin: reports pages that lack the usual security headers.
//!
//! Each task names a page. The plugin fetches it with a token that the host lends, reports what is
//! missing, and keeps the page as an artifact.

use oxg_sdk::prelude::*;

/// Reports pages that lack the usual security headers.
#[derive(Default)]
struct HeaderAudit;

/// What the operator can set, under `config` in manifest.json.
#[derive(Deserialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema))] // for `oxg manifest config-schema`
#[serde(deny_unknown_fields)]
struct Settings {
    /// The headers that every page must have.
    required: Vec<String>,
}

/// What a task asks for.
#[derive(Deserialize)]
struct Scan {
    url: Url,
}

#[oxg_sdk::plugin] // reads ./manifest.json at compile time
impl Plugin for HeaderAudit {
    type Config = Settings;

    async fn on_task(&self, ctx: &Context<Self>, task: Task) -> Result<TaskOutcome> {
        let scan: Scan = task.input()?;
        let token = ctx.secrets().get("api-token").await?;
        let page = ctx.http().get(scan.url).bearer_auth(&token).timeout(secs(10)).send().await?;
        info!(url = %page.url(), status = page.status().as_u16(), "fetched");

        for header in ctx.config().missing(page.headers()) {
            let finding = Finding::low("web.header.missing", format!("{header} is not set"));
            ctx.emit(finding.target(page.url())).await?;
        }
        for cookie in open_cookies(page.headers()) {
            let finding = Finding::medium("web.cookie.open", format!("scripts can read {cookie}"));
            ctx.emit(finding.target(page.url())).await?;
        }
        let name = format!("{}/page.html", task.id());
        ctx.artifacts().put(name, page.into_body()).await?; // streamed, digest-checked
        Ok(TaskOutcome::done())
    }
}

impl Settings {
    fn missing<'a>(&'a self, headers: &'a HeaderMap) -> impl Iterator<Item = &'a String> {
        self.required.iter().filter(|name| !headers.contains_key(name.as_str()))
    }
}

/// The names of the cookies that are set without `HttpOnly`.
fn open_cookies(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    let cookies = headers.get_all("set-cookie").iter().filter_map(|value| value.to_str().ok());
    let open = cookies.filter(|cookie| !cookie.to_ascii_lowercase().contains("httponly"));
    open.filter_map(|cookie| cookie.split('=').next())
}

#[oxg_sdk::main]
fn main() -> HeaderAudit {
    HeaderAudit
}

#[cfg(test)]
mod tests;
