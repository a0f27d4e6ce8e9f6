use oxg_sdk::Redact;

#[derive(Redact)]
struct Unknown {
    #[redact(hide)]
    code: u32,
}

#[derive(Redact)]
struct Twice {
    #[redact(secret, show)]
    code: u32,
}

#[derive(Redact)]
struct Empty {
    #[redact()]
    code: u32,
}

#[derive(Redact)]
struct Value {
    #[redact = "secret"]
    code: u32,
}

#[derive(Redact)]
#[redact(secret)]
struct Above {
    code: u32,
}

#[derive(Redact)]
union Union {
    code: u32,
}

fn main() {}
