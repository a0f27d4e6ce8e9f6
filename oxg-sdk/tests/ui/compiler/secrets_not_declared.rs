use oxg_sdk::prelude::*;

struct Bare;

#[oxg_sdk::plugin(manifest = "../bare.json")]
impl Plugin for Bare {
    async fn on_task(&self, ctx: &Context<Self>, _task: Task) -> Result<TaskOutcome> {
        let _ = ctx.secrets();
        Ok(TaskOutcome::done())
    }
}

fn main() {}
