use proc_macro2::{Ident, Span, TokenStream};
use quote::quote;
use syn::parse::Parser as _;
use syn::{Error, FnArg, ItemFn, LitStr, Result};

/// `async fn name(t: Testkit<P>) { … }` becomes a `#[test]` that the testkit runs.
pub(crate) fn expand(args: TokenStream, item: TokenStream) -> Result<TokenStream> {
    let transport = transport(args)?;
    let function: ItemFn = syn::parse2(item).map_err(|error| {
        Error::new(error.span(), "`#[oxg_testkit::test]` belongs above an `async fn`")
    })?;
    let signature = &function.sig;
    if signature.asyncness.is_none() {
        return Err(Error::new(signature.fn_token.span, "a test of the testkit is an `async fn`"));
    }
    let mut inputs = signature.inputs.iter();
    let (Some(FnArg::Typed(kit)), None) = (inputs.next(), inputs.next()) else {
        return Err(Error::new(
            signature.ident.span(),
            "a test of the testkit takes one argument: `t: Testkit<YourPlugin>`",
        ));
    };
    let (attributes, name) = (&function.attrs, &signature.ident);
    let (output, body) = (&signature.output, &function.block);
    Ok(quote! {
        #[::core::prelude::v1::test]
        #(#attributes)*
        fn #name() #output {
            ::oxg_testkit::__private::run(
                ::oxg_testkit::Transport::#transport,
                |#kit| async move #body,
            )
        }
    })
}

/// The variant that `transport = "…"` names.
fn transport(args: TokenStream) -> Result<Ident> {
    let mut transport = Ident::new("Memory", Span::call_site());
    let parser = syn::meta::parser(|meta| {
        if !meta.path.is_ident("transport") {
            return Err(
                meta.error("the one argument is `transport = \"memory\"`, \"unix\" or \"tcp\"")
            );
        }
        let name: LitStr = meta.value()?.parse()?;
        let variant = match name.value().as_str() {
            "memory" => "Memory",
            "unix" => "Unix",
            "tcp" => "Tcp",
            _ => {
                return Err(Error::new(
                    name.span(),
                    "a transport is \"memory\", \"unix\" or \"tcp\"",
                ));
            }
        };
        transport = Ident::new(variant, name.span());
        Ok(())
    });
    parser.parse2(args)?;
    Ok(transport)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_async_fn_of_one_argument_is_taken() {
        let test = quote!(
            async fn works(t: Testkit<P>) {
                t.done();
            }
        );
        let text = expand(TokenStream::new(), test).unwrap().to_string();
        assert!(text.contains("| t : Testkit < P > | async move"), "{text}");
        let unix = quote!(transport = "unix");
        let text = expand(
            unix,
            quote!(
                async fn works(t: Testkit<P>) {}
            ),
        );
        assert!(text.unwrap().to_string().contains("Transport :: Unix"));
        for bad in [quote!(transport = "pigeon"), quote!(transport), quote!(port = 1)] {
            assert!(transport(bad).is_err());
        }
        for bad in [
            quote!(
                fn works(t: Testkit<P>) {}
            ),
            quote!(
                async fn works() {}
            ),
            quote!(
                async fn works(&self) {}
            ),
            quote!(
                async fn works(a: A, b: B) {}
            ),
        ] {
            assert!(expand(TokenStream::new(), bad).is_err());
        }
    }
}
