use oxg_sdk::prelude::*;

struct Bare;

#[oxg_sdk::plugin(manifest = "../bare.json")]
impl Plugin for Bare {
    async fn on_start(&self, ctx: &Context<Self>) -> Result {
        let _ = ctx.http();
        let _ = ctx.artifacts();
        Ok(())
    }
}

fn main() {}
