use oxg_sdk::prelude::*;

struct Full;

#[oxg_sdk::plugin(manifest = "../support/manifest.json")]
impl Plugin for Full {
    async fn on_task(&self, ctx: &Context<Self>, task: Task) -> Result<TaskOutcome> {
        let token = ctx.secrets().get("api-token").await?;
        let page = ctx.http().get("https://shop.test/").bearer_auth(&token).send().await?;
        for name in page.headers().keys() {
            ctx.emit(Finding::info("web.header.seen", name.as_str()).target(page.url())).await?;
        }
        ctx.artifacts().put(format!("{}/page", task.id()), page.into_body()).await?;
        Ok(TaskOutcome::done())
    }
}

mod program {
    // Not run here: there is no broker.
    #[oxg_sdk::main]
    fn main() -> super::Full {
        super::Full
    }
}

fn main() {}
