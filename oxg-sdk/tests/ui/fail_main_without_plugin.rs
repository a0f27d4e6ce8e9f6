#[oxg_sdk::main]
fn main() {}
