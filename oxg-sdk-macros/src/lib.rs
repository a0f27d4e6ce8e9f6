//! The macros of `oxg-sdk` and `oxg-testkit`. Use them through those crates.

mod fixture;
mod main_fn;
mod manifest;
mod plugin;
mod redact;

use proc_macro::TokenStream;

/// Makes an `impl Plugin` a plugin: reads `manifest.json`, and lets the plugin use what it declares.
///
/// The file is looked for beside `Cargo.toml`. Another one is named by a path from there, or from
/// the directory of the source file: `#[oxg_sdk::plugin(manifest = "tests/manifest.json")]`.
///
/// - A mistake in the manifest is a compile error with its line and column.
/// - Using a capability that is not declared is a compile error that names the line to add.
/// - Without a line `type Config = …;` the plugin has no settings.
#[proc_macro_attribute]
pub fn plugin(args: TokenStream, item: TokenStream) -> TokenStream {
    let source = proc_macro::Span::call_site().local_file();
    into_tokens(plugin::expand(args.into(), item.into(), source))
}

/// Makes a function that returns a plugin the program: it runs the plugin and ends with its exit code.
///
/// ```ignore
/// #[oxg_sdk::main]
/// fn main() -> HeaderAudit {
///     HeaderAudit
/// }
/// ```
#[proc_macro_attribute]
pub fn main(args: TokenStream, item: TokenStream) -> TokenStream {
    match main_fn::expand(args.into(), item.into()) {
        Ok(tokens) => tokens.into(),
        Err(error) => main_fn::recover(error).into(),
    }
}

/// Makes an `async fn` that takes a `Testkit` a test: with a broker of its own, no port, no sleep.
///
/// ```ignore
/// #[oxg_testkit::test]
/// async fn reports_a_bare_page(t: Testkit<HeaderAudit>) {
///     let run = t.task(serde_json::json!({ "url": "https://shop.test/" })).await;
/// }
/// ```
#[proc_macro_attribute]
pub fn test(args: TokenStream, item: TokenStream) -> TokenStream {
    into_tokens(fixture::expand(args.into(), item.into()))
}

/// Derives a `Debug` that does not show what must not be seen.
///
/// | above a field | in its place |
/// |---|---|
/// | `#[redact(secret)]` | `[REDACTED_SECRET]` |
/// | `#[redact(pii)]` | `[REDACTED_PII]` |
/// | `#[redact(show)]` | the value as it is |
/// | nothing | the value, redacted; `[REDACTED_SECRET]` where the field's name tells of a secret |
///
/// Derive it in place of `Debug`: a type has one of them.
///
/// ```ignore
/// #[derive(Redact)]
/// struct Login {
///     user: String,
///     #[redact(pii)]
///     born: String,
///     password: String,
/// }
/// ```
#[proc_macro_derive(Redact, attributes(redact))]
pub fn redact(item: TokenStream) -> TokenStream {
    into_tokens(redact::expand(item.into()))
}

fn into_tokens(result: syn::Result<proc_macro2::TokenStream>) -> TokenStream {
    result.unwrap_or_else(syn::Error::into_compile_error).into()
}
