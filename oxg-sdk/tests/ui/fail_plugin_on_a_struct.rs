#[oxg_sdk::plugin]
struct Lost;

fn main() {}
