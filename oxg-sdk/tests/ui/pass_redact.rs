use oxg_sdk::Redact;

#[derive(Redact)]
struct Login<'a, T> {
    user: &'a str,
    #[redact(secret)]
    code: T,
    #[redact(pii)]
    born: String,
    #[redact(show)]
    token: u8,
    password: Option<&'a str>,
    r#type: u8,
}

#[derive(Redact)]
struct Pair(#[redact(secret)] u32, String);

#[derive(Redact)]
struct Unit;

#[derive(Redact)]
enum Step {
    Start,
    Sign(#[redact(secret)] u32),
    End { left: Pair },
}

#[derive(Redact)]
enum Never {}

fn main() {
    let login = Login {
        user: "jo@example.org",
        code: 4711,
        born: "1970".to_owned(),
        token: 3,
        password: Some("hunter2"),
        r#type: 1,
    };
    assert_eq!(
        format!("{login:?}"),
        "Login { user: \"[REDACTED_EMAIL]\", code: [REDACTED_SECRET], born: [REDACTED_PII], \
         token: 3, password: [REDACTED_SECRET], type: 1 }",
    );
    assert!(format!("{login:#?}").contains("\n    code: [REDACTED_SECRET],"));
    let steps = [Step::Start, Step::Sign(4711), Step::End { left: Pair(4711, "x".to_owned()) }];
    assert_eq!(
        format!("{steps:?} {Unit:?}"),
        "[Start, Sign([REDACTED_SECRET]), End { left: Pair([REDACTED_SECRET], \"x\") }] Unit",
    );
    let _: Option<Never> = None;
}
