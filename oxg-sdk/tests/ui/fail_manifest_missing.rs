use oxg_sdk::prelude::*;

struct Lost;

#[oxg_sdk::plugin]
impl Plugin for Lost {
    async fn on_task(&self, ctx: &Context<Self>, _task: Task) -> Result<TaskOutcome> {
        let _ = ctx.secrets();
        Ok(TaskOutcome::done())
    }
}

fn main() {}
