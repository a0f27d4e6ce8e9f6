use oxg_sdk::prelude::*;

struct Misspelled;

#[oxg_sdk::plugin(manifest = "misspelled.json")]
impl Plugin for Misspelled {
    async fn on_task(&self, ctx: &Context<Self>, _task: Task) -> Result<TaskOutcome> {
        let _ = ctx.secrets();
        Ok(TaskOutcome::done())
    }
}

fn main() {}
