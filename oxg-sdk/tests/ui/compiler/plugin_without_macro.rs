use oxg_sdk::prelude::*;

struct Undeclared;

impl Plugin for Undeclared {
    type Config = oxg_sdk::NoConfig;
}

fn main() {}
