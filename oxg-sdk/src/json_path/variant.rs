//! Variants of enums.

use serde::de::{self, DeserializeSeed, IntoDeserializer as _, Unexpected, Visitor};
use serde_json::Value;

use super::Mismatch;
use super::node::Node;

/// A variant: its name alone, or an object with its name as the only key.
pub(super) struct Variant<'a> {
    pub(super) name: &'a str,
    pub(super) content: Option<&'a Value>,
}

impl<'de> de::EnumAccess<'de> for Variant<'_> {
    type Error = Mismatch;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Self), Mismatch> {
        let name: de::value::StrDeserializer<'_, Mismatch> = self.name.into_deserializer();
        Ok((seed.deserialize(name)?, self))
    }
}

impl Variant<'_> {
    fn content<T>(self, read: impl FnOnce(Node<'_>) -> Result<T, Mismatch>) -> Result<T, Mismatch> {
        match self.content {
            Some(content) => read(Node(content)).map_err(|error| error.in_key(self.name)),
            None => Err(de::Error::invalid_type(
                Unexpected::UnitVariant,
                &"an object with the variant as its key",
            )),
        }
    }
}

impl<'de> de::VariantAccess<'de> for Variant<'_> {
    type Error = Mismatch;

    fn unit_variant(self) -> Result<(), Mismatch> {
        match self.content {
            None => Ok(()),
            Some(_) => self.content(|node| serde::Deserialize::deserialize(node)),
        }
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Mismatch> {
        self.content(|node| seed.deserialize(node))
    }

    fn tuple_variant<V: Visitor<'de>>(self, _len: usize, visitor: V) -> Result<V::Value, Mismatch> {
        self.content(|node| de::Deserializer::deserialize_any(node, visitor))
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Mismatch> {
        self.content(|node| de::Deserializer::deserialize_any(node, visitor))
    }
}
