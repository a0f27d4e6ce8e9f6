use std::path::PathBuf;

use oxg_manifest::Capability;
use proc_macro2::{Span, TokenStream};
use quote::{ToTokens as _, quote};
use syn::parse::Parser;
use syn::{Error, Expr, ExprLit, Ident, ImplItem, ItemImpl, Lit, LitStr, Meta, Result};

use crate::manifest::{self, Declared};

/// `impl Plugin for P { … }`, with what the manifest declares beside it.
pub(crate) fn expand(
    args: TokenStream,
    item: TokenStream,
    source: Option<PathBuf>,
) -> Result<TokenStream> {
    let argument = parse_args(args)?;
    let mut plugin = parse_impl(item)?;
    let config = plugin.items.iter().find_map(|item| match item {
        ImplItem::Type(alias) if alias.ident == "Config" => Some(alias.ty.to_token_stream()),
        _ => None,
    });
    let config = config.unwrap_or_else(|| {
        let none = quote!(::oxg_sdk::NoConfig);
        plugin.items.push(ImplItem::Verbatim(quote!(type Config = #none;)));
        none
    });
    let (declared, error) = match manifest::read(argument.as_ref(), source) {
        Ok(declared) => (declared, None),
        Err(error) => (Declared::everything(), Some(error.into_compile_error())),
    };
    let declared = implement(&plugin, &config, &declared);
    Ok(quote!(#error #plugin #declared))
}

fn parse_args(args: TokenStream) -> Result<Option<LitStr>> {
    if args.is_empty() {
        return Ok(None);
    }
    let expected = "expected nothing, or `manifest = \"path/to/manifest.json\"`";
    let meta = Parser::parse2(|input: syn::parse::ParseStream<'_>| input.parse::<Meta>(), args)
        .map_err(|error| Error::new(error.span(), expected))?;
    match meta {
        Meta::NameValue(pair) if pair.path.is_ident("manifest") => match pair.value {
            Expr::Lit(ExprLit { lit: Lit::Str(path), .. }) => Ok(Some(path)),
            other => Err(Error::new_spanned(other, expected)),
        },
        other => Err(Error::new_spanned(other, expected)),
    }
}

fn parse_impl(item: TokenStream) -> Result<ItemImpl> {
    let expected = "`#[oxg_sdk::plugin]` belongs above `impl Plugin for YourPlugin`";
    let plugin: ItemImpl = syn::parse2(item.clone()).map_err(|error| {
        let is_impl = item.clone().into_iter().any(|token| token.to_string() == "impl");
        // A mistake inside of an impl is better told by the parser itself.
        if is_impl { error } else { Error::new_spanned(&item, expected) }
    })?;
    let of_plugin = plugin
        .trait_
        .as_ref()
        .is_some_and(|(path, _)| path.segments.last().is_some_and(|last| last.ident == "Plugin"));
    if of_plugin { Ok(plugin) } else { Err(Error::new_spanned(&plugin.self_ty, expected)) }
}

fn implement(plugin: &ItemImpl, config: &TokenStream, declared: &Declared) -> TokenStream {
    let Declared { path, name, version, capabilities, websocket } = declared;
    let (generics, ty) = (&plugin.generics, &plugin.self_ty);
    let (start, _, clause) = generics.split_for_impl();
    let text = path.as_ref().map_or_else(|| quote!(""), |path| quote!(::core::include_str!(#path)));
    let keys = capabilities.iter().map(|capability| capability.as_str());
    let markers = capabilities.iter().filter_map(|&capability| marker(capability));
    let websocket = websocket.then(|| Ident::new("DeclaresWebSocket", Span::call_site()));
    let markers = markers.chain(websocket);
    quote! {
        impl #start ::oxg_sdk::declared::Declared for #ty #clause {
            const NAME: &'static str = #name;
            const VERSION: &'static str = #version;
            const MANIFEST: &'static str = #text;
            const CAPABILITIES: &'static [&'static str] = &[#(#keys),*];

            fn config_schema() -> ::core::option::Option<::oxg_sdk::__private::Value> {
                // The first trait is there for a type with a schema, and is found first.
                use ::oxg_sdk::__private::{Described as _, Undescribed as _};
                let probe = &::oxg_sdk::__private::Probe::<#config>::NEW;
                probe.config_schema()
            }
        }
        #(impl #start ::oxg_sdk::declared::#markers for #ty #clause {})*
    }
}

/// The trait that stands for a capability.
fn marker(capability: Capability) -> Option<Ident> {
    let name = match capability {
        Capability::Http => "DeclaresHttp",
        Capability::Storage => "DeclaresStorage",
        Capability::Secrets => "DeclaresSecrets",
        Capability::Tasks => "DeclaresTasks",
        Capability::Findings => "DeclaresFindings",
        _ => return None,
    };
    Some(Ident::new(name, Span::call_site()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(args: TokenStream, item: TokenStream) -> String {
        expand(args, item, None).unwrap_err().to_string()
    }

    #[test]
    fn only_an_impl_of_plugin_is_taken() {
        let expected = "belongs above `impl Plugin for YourPlugin`";
        assert!(
            error(
                quote!(),
                quote!(
                    struct P;
                )
            )
            .contains(expected)
        );
        assert!(error(quote!(), quote!(impl P {})).contains(expected));
        assert!(error(quote!(), quote!(impl Display for P {})).contains(expected));
    }

    #[test]
    fn only_the_manifest_argument_is_taken() {
        let item = quote!(impl Plugin for P {});
        for bad in [quote!(path = "x"), quote!(manifest = 3), quote!(manifest), quote!("x")] {
            assert!(error(bad, item.clone()).contains("manifest = "));
        }
    }

    #[test]
    fn a_missing_manifest_is_one_error() {
        let item = quote!(impl Plugin for P {});
        let text = expand(quote!(manifest = "none.json"), item, None).unwrap().to_string();
        assert_eq!(text.matches("compile_error").count(), 1);
        assert!(text.contains("DeclaresSecrets for P"));
    }
}
