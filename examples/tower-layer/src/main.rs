//! An example plugin: looks for dead links, with tower layers beneath its HTTP client.
//!
//! All tasks together make at most four requests at a time, and begin one every 200 ms; none takes
//! longer than ten seconds. Two of the layers are tower's own, [`pace`] is handwritten.

mod pace;

use oxg_sdk::clients::http::HttpClient;
use oxg_sdk::prelude::*;
use tokio::task::JoinSet;
use tower::ServiceBuilder;
use tower::limit::GlobalConcurrencyLimitLayer;

use pace::PaceLayer;

/// Reports links that lead nowhere.
struct DeadLinks {
    at_a_time: GlobalConcurrencyLimitLayer,
    pace: PaceLayer,
}

impl Default for DeadLinks {
    fn default() -> Self {
        Self {
            at_a_time: GlobalConcurrencyLimitLayer::new(4),
            pace: PaceLayer::new(Duration::from_millis(200)),
        }
    }
}

/// What a task asks for.
#[derive(Deserialize)]
struct Page {
    links: Vec<Url>,
}

impl DeadLinks {
    /// The client of a task, on top of the layers that all of them share. The first layer is the
    /// first to see a request.
    fn http(&self, ctx: &Context<Self>) -> HttpClient {
        let layers = ServiceBuilder::new()
            .layer(self.at_a_time.clone())
            .layer(self.pace.clone())
            .timeout(secs(10));
        ctx.http().layer(&layers.into_inner())
    }
}

#[oxg_sdk::plugin]
impl Plugin for DeadLinks {
    async fn on_task(&self, ctx: &Context<Self>, task: Task) -> Result<TaskOutcome> {
        let page: Page = task.input()?;
        let http = self.http(ctx);
        let mut answers = JoinSet::new();
        for link in page.links {
            // What waits for the layers counts towards the request's own time too.
            answers.spawn(http.get(link).timeout(secs(300)).send());
        }
        while let Some(answer) = answers.join_next().await {
            let answer = answer??;
            if answer.status().is_client_error() {
                let message = format!("the link leads to {}", answer.status());
                ctx.emit(Finding::low("web.link.dead", message).target(answer.url())).await?;
            }
        }
        Ok(TaskOutcome::done())
    }
}

#[oxg_sdk::main]
fn main() -> DeadLinks {
    DeadLinks::default()
}

#[cfg(test)]
mod tests;
