//! An example plugin: reports pages that lack the usual security headers.
//!
//! Each task names a page. The plugin fetches it with a token that the host lends, keeps it as an
//! artifact, and emits a finding for every header that is missing.

use oxg_sdk::prelude::*;

/// Reports pages that lack the usual security headers.
struct HeaderAudit;

/// What the operator can set.
#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Settings {
    /// The headers that every page must have, and how bad it is when one is missing.
    required: Vec<(String, Severity)>,
}

impl Default for Settings {
    fn default() -> Self {
        let required = [
            ("content-security-policy", Severity::Medium),
            ("strict-transport-security", Severity::Medium),
            ("x-content-type-options", Severity::Low),
            ("referrer-policy", Severity::Info),
        ];
        Self {
            required: required.map(|(name, s)| (name.to_owned(), s)).to_vec(),
        }
    }
}

/// What a task asks for.
#[derive(Deserialize)]
struct Scan {
    /// The page to look at.
    url: Url,
}

#[oxg_sdk::plugin]
impl Plugin for HeaderAudit {
    type Config = Settings;

    async fn on_task(&self, ctx: &Context<Self>, task: Task) -> Result<TaskOutcome> {
        let scan: Scan = task.input()?;
        let token = ctx.secrets().get("api-token").await?;
        let request = ctx.http().get(&scan.url).bearer_auth(&token);
        let page = request.timeout(secs(10)).send().await?;
        info!(url = %page.url(), status = page.status().as_u16(), "fetched");

        for (header, severity) in &ctx.config().required {
            if !page.headers().contains_key(header.as_str()) {
                let message = format!("{header} is not set");
                let finding = Finding::new(*severity, "web.header.missing", message);
                ctx.emit(finding.target(page.url()).meta("header", header))
                    .await?;
            }
        }

        let name = format!("{}/page.html", task.id());
        ctx.artifacts().put(name, page.into_body()).await?;
        Ok(TaskOutcome::done())
    }
}

#[oxg_sdk::main]
fn main() -> HeaderAudit {
    HeaderAudit
}
