#[oxg_sdk::main]
fn start() -> u8 {
    3
}
