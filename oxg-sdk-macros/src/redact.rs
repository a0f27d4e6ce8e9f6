use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::punctuated::Punctuated;
use syn::{
    Attribute, Data, DeriveInput, Error, Field, Fields, Ident, Member, Result, Token, parse_quote,
};

/// What becomes of a field's value.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Policy {
    /// The redactor decides.
    Engine,
    /// It is never shown, and counts as a secret.
    Secret,
    /// It is never shown, and counts as personal data.
    Pii,
    /// It is shown as it is.
    Show,
}

/// `impl Debug` without what a field's policy hides.
pub(crate) fn expand(item: TokenStream) -> Result<TokenStream> {
    let input: DeriveInput = syn::parse2(item)?;
    let arms = match &input.data {
        Data::Struct(data) => vec![arm(&input.ident, quote!(Self), &data.fields)?],
        Data::Enum(data) => data
            .variants
            .iter()
            .map(|variant| {
                forbid(&variant.attrs)?;
                let ident = &variant.ident;
                arm(ident, quote!(Self::#ident), &variant.fields)
            })
            .collect::<Result<_>>()?,
        Data::Union(_) => {
            let message = "`Redact` is for structs and enums: a union does not say what it holds";
            return Err(Error::new_spanned(&input.ident, message));
        }
    };
    forbid(&input.attrs)?;
    let ident = &input.ident;
    let mut generics = input.generics.clone();
    for parameter in generics.type_params_mut() {
        parameter.bounds.push(parse_quote!(::core::fmt::Debug));
    }
    let (implemented, types, clause) = generics.split_for_impl();
    // An enum without variants has no values, and a reference to one does not match on nothing.
    let body =
        if arms.is_empty() { quote!(match *self {}) } else { quote!(match self { #(#arms)* }) };
    Ok(quote! {
        #[automatically_derived]
        impl #implemented ::core::fmt::Debug for #ident #types #clause {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                #body
            }
        }
    })
}

/// The arm of one shape of the type.
fn arm(name: &Ident, path: TokenStream, fields: &Fields) -> Result<TokenStream> {
    let mut patterns = Vec::new();
    let mut calls = Vec::new();
    for (index, field) in fields.iter().enumerate() {
        let policy = policy(field)?;
        let binding = format_ident!("field_{index}");
        let member = field.ident.clone().map_or_else(|| Member::from(index), Member::from);
        // `r#type` is how Rust spells the name `type`.
        let label = field.ident.as_ref().map(|ident| ident.to_string());
        let label = label.map(|label| label.trim_start_matches("r#").to_owned());
        let shown = match policy {
            Policy::Secret => quote!(&::oxg_sdk::__private::HIDDEN_SECRET),
            Policy::Pii => quote!(&::oxg_sdk::__private::HIDDEN_PII),
            Policy::Show => quote!(#binding),
            Policy::Engine => {
                let label = label.as_deref().unwrap_or_default();
                quote!(&::oxg_sdk::__private::Guarded::new(#label, #binding))
            }
        };
        patterns.push(match policy {
            Policy::Secret | Policy::Pii => quote!(#member: _),
            Policy::Show | Policy::Engine => quote!(#member: #binding),
        });
        calls.push(match label {
            Some(label) => quote!(.field(#label, #shown)),
            None => quote!(.field(#shown)),
        });
    }
    let name = name.to_string();
    let write = match fields {
        Fields::Named(_) => quote!(f.debug_struct(#name) #(#calls)* .finish()),
        Fields::Unnamed(_) => quote!(f.debug_tuple(#name) #(#calls)* .finish()),
        Fields::Unit => quote!(f.write_str(#name)),
    };
    Ok(quote!(#path { #(#patterns),* } => #write,))
}

fn policy(field: &Field) -> Result<Policy> {
    let expected = "expected one of `secret`, `pii`, `show`";
    let mut found = Policy::Engine;
    for attribute in field.attrs.iter().filter(|attribute| attribute.path().is_ident("redact")) {
        let words = attribute
            .parse_args_with(Punctuated::<Ident, Token![,]>::parse_terminated)
            .map_err(|error| Error::new(error.span(), expected))?;
        if words.is_empty() {
            return Err(Error::new_spanned(attribute, expected));
        }
        for word in words {
            let policy = match word.to_string().as_str() {
                "secret" => Policy::Secret,
                "pii" => Policy::Pii,
                "show" => Policy::Show,
                _ => return Err(Error::new(word.span(), expected)),
            };
            if found != Policy::Engine {
                return Err(Error::new(word.span(), "a field has one policy"));
            }
            found = policy;
        }
    }
    Ok(found)
}

/// A policy above a type or a variant would be taken for one of all its fields.
fn forbid(attributes: &[Attribute]) -> Result<()> {
    match attributes.iter().find(|attribute| attribute.path().is_ident("redact")) {
        Some(attribute) => {
            Err(Error::new_spanned(attribute, "`#[redact(…)]` belongs above a field"))
        }
        None => Ok(()),
    }
}
