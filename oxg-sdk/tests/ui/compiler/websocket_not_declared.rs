use oxg_sdk::declared::DeclaresWebSocket;
use oxg_sdk::prelude::*;

struct Plain;

#[oxg_sdk::plugin(manifest = "../plain.json")]
impl Plugin for Plain {}

fn opens_websockets<P: DeclaresWebSocket>() {}

fn main() {
    opens_websockets::<Plain>();
}
