//! Whether a type has a JSON Schema, found out without a bound on it.
//!
//! On a `&Probe<T>`, `config_schema()` is the method of [`Described`] where that is implemented, as it
//! needs no further reference, and else that of [`Undescribed`].

use std::marker::PhantomData;

use serde_json::Value;

#[doc(hidden)]
#[derive(Debug)]
pub struct Probe<T>(PhantomData<T>);

impl<T> Probe<T> {
    #[doc(hidden)]
    pub const NEW: Self = Self(PhantomData);
}

#[doc(hidden)]
pub trait Described {
    fn config_schema(&self) -> Option<Value>;
}

#[cfg(feature = "schema")]
impl<T: schemars::JsonSchema> Described for Probe<T> {
    fn config_schema(&self) -> Option<Value> {
        let settings = schemars::generate::SchemaSettings::draft2020_12();
        Some(settings.into_generator().into_root_schema_for::<T>().to_value())
    }
}

#[doc(hidden)]
pub trait Undescribed {
    fn config_schema(&self) -> Option<Value>;
}

impl<T> Undescribed for &Probe<T> {
    fn config_schema(&self) -> Option<Value> {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::NoConfig;

    struct Plain;

    #[test]
    fn a_type_without_a_schema_has_none() {
        let probe = &Probe::<Plain>::NEW;
        assert_eq!(probe.config_schema(), None);
    }

    #[test]
    fn a_type_with_a_schema_has_it_when_the_feature_is_on() {
        let probe = &Probe::<NoConfig>::NEW;
        let schema = probe.config_schema();
        assert_eq!(schema.is_some(), cfg!(feature = "schema"));
        if let Some(schema) = schema {
            assert_eq!(schema["additionalProperties"], false);
        }
    }
}
