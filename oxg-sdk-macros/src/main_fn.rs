use proc_macro2::TokenStream;
use quote::quote;
use syn::spanned::Spanned;
use syn::{Error, ItemFn, Result, ReturnType};

/// `fn main() -> Plugin { … }` becomes a `main` that runs what the function returns.
pub(crate) fn expand(args: TokenStream, item: TokenStream) -> Result<TokenStream> {
    if !args.is_empty() {
        return Err(Error::new(args.span(), "`#[oxg_sdk::main]` takes no arguments"));
    }
    let function: ItemFn = syn::parse2(item).map_err(|error| {
        Error::new(error.span(), "`#[oxg_sdk::main]` belongs above `fn main() -> YourPlugin`")
    })?;
    let signature = &function.sig;
    if signature.ident != "main" {
        return Err(Error::new(
            signature.ident.span(),
            "`#[oxg_sdk::main]` belongs above `fn main`, the program's first function",
        ));
    }
    if let Some(token) = &signature.asyncness {
        return Err(Error::new(
            token.span,
            "`main` only makes the plugin and is not `async`; wait for things in `on_start`",
        ));
    }
    if !signature.inputs.is_empty() || !signature.generics.params.is_empty() {
        return Err(Error::new(
            signature.ident.span(),
            "`main` takes no arguments; a plugin's settings come in `Context::config`",
        ));
    }
    let ReturnType::Type(_, plugin) = &signature.output else {
        return Err(Error::new(
            signature.ident.span(),
            "`main` returns the plugin to run, as in `fn main() -> HeaderAudit { HeaderAudit }`",
        ));
    };
    let (attributes, body) = (&function.attrs, &function.block);
    Ok(quote! {
        #(#attributes)*
        fn main() -> ::std::process::ExitCode {
            fn plugin() -> #plugin #body
            ::oxg_sdk::__private::main(plugin)
        }
    })
}

/// The error alone: without any `main` the compiler would add a second one.
pub(crate) fn recover(error: Error) -> TokenStream {
    let error = error.into_compile_error();
    quote! {
        #error
        #[allow(dead_code)]
        fn main() {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(item: TokenStream) -> String {
        expand(TokenStream::new(), item).unwrap_err().to_string()
    }

    #[test]
    fn only_a_plain_main_that_returns_something_is_taken() {
        assert!(
            expand(
                TokenStream::new(),
                quote!(
                    fn main() -> P {
                        P
                    }
                )
            )
            .is_ok()
        );
        assert!(
            error(quote!(
                fn start() -> P {
                    P
                }
            ))
            .contains("above `fn main`")
        );
        assert!(
            error(quote!(
                async fn main() -> P {
                    P
                }
            ))
            .contains("not `async`")
        );
        assert!(
            error(quote!(
                fn main(a: u8) -> P {
                    P
                }
            ))
            .contains("no arguments")
        );
        assert!(
            error(quote!(
                fn main() {}
            ))
            .contains("returns the plugin")
        );
        assert!(
            error(quote!(
                struct P;
            ))
            .contains("belongs above")
        );
    }
}
