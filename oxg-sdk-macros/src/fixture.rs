use proc_macro2::TokenStream;
use quote::quote;
use syn::spanned::Spanned;
use syn::{Error, FnArg, ItemFn, Result};

/// `async fn name(t: Testkit<P>) { … }` becomes a `#[test]` that the testkit runs.
pub(crate) fn expand(args: TokenStream, item: TokenStream) -> Result<TokenStream> {
    if !args.is_empty() {
        return Err(Error::new(args.span(), "`#[oxg_testkit::test]` takes no arguments"));
    }
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
            ::oxg_testkit::__private::run(|#kit| async move #body)
        }
    })
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
