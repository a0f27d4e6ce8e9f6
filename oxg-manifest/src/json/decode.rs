//! From the tree to serde's types.

use std::slice;

use serde::de::{self, Deserialize, DeserializeSeed, IntoDeserializer, Visitor};

use super::{Failure, Member, Node, Value};

/// Reads a type from the tree, with the place of whatever is wrong.
pub(crate) fn from_node<'de, T: Deserialize<'de>>(node: &Node<'_>) -> Result<T, Failure> {
    T::deserialize(node).map_err(|failure| failure.at(node.span()))
}

impl Node<'_> {
    /// This value, where something else should stand.
    fn found(&self) -> String {
        match &self.value {
            Value::Null => "null".to_owned(),
            Value::Bool(value) => value.to_string(),
            Value::Number(number) => format!("the number {number}"),
            Value::String(text) => format!("the string {}", crate::text::Quoted(text)),
            Value::Array(_) => "an array".to_owned(),
            Value::Object(_) => "an object".to_owned(),
            Value::Damaged | Value::Removed => "something else".to_owned(),
        }
    }

    fn wrong_type(&self, expected: &str) -> Failure {
        if matches!(self.value, Value::Damaged | Value::Removed) {
            return Failure::damaged();
        }
        Failure::wrong_type(expected, self.found())
    }

    fn visit_object<'de, V: Visitor<'de>>(
        &self,
        known: Option<&'static [&'static str]>,
        visitor: V,
    ) -> Result<V::Value, Failure> {
        match &self.value {
            Value::Object(members) => {
                visitor.visit_map(Members { rest: members.iter(), known, current: None })
            }
            _ => Err(self.wrong_type("an object")),
        }
    }
}

impl<'de> de::Deserializer<'de> for &Node<'_> {
    type Error = Failure;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        match &self.value {
            Value::Null => visitor.visit_unit(),
            Value::Bool(value) => visitor.visit_bool(*value),
            Value::Number(number) => match (number.as_u64(), number.as_i64(), number.as_f64()) {
                (Some(number), _, _) => visitor.visit_u64(number),
                (None, Some(number), _) => visitor.visit_i64(number),
                (None, None, Some(number)) => visitor.visit_f64(number),
                (None, None, None) => Err(self.wrong_type("a number of ordinary size")),
            },
            Value::String(text) => visitor.visit_str(text),
            Value::Array(items) => visitor.visit_seq(Items { rest: items.iter(), index: 0 }),
            Value::Object(_) => self.visit_object(None, visitor),
            Value::Damaged | Value::Removed => Err(Failure::damaged()),
        }
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        match &self.value {
            Value::Bool(value) => visitor.visit_bool(*value),
            _ => Err(self.wrong_type("true or false")),
        }
    }

    fn deserialize_u64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        match &self.value {
            Value::Number(number) => match whole(number) {
                Some(whole) => visitor.visit_u64(whole),
                None => Err(self.wrong_type("a whole number")),
            },
            _ => Err(self.wrong_type("a whole number")),
        }
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        match &self.value {
            Value::Array(_) => self.deserialize_any(visitor),
            _ => Err(self.wrong_type("an array")),
        }
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        self.visit_object(None, visitor)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Failure> {
        self.visit_object(Some(fields), visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Failure> {
        match &self.value {
            Value::String(text) => {
                let variant: de::value::StrDeserializer<'_, Failure> = (**text).into_deserializer();
                visitor.visit_enum(variant)
            }
            _ => {
                let quoted: Vec<_> = variants.iter().map(|name| format!("{name:?}")).collect();
                Err(self.wrong_type(&quoted.join(" or ")))
            }
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        match &self.value {
            Value::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Failure> {
        visitor.visit_newtype_struct(self)
    }

    serde::forward_to_deserialize_any! {
        i8 i16 i32 i64 i128 u8 u16 u32 u128 f32 f64 char str string bytes byte_buf unit unit_struct
        tuple tuple_struct identifier ignored_any
    }
}

/// The number as a whole one, in whichever way it is written: to JSON Schema, `1.0` and `1e2` are
/// whole numbers. Those above 2^53 that are written with a fraction or an exponent are not: a
/// reader that keeps them as a float has lost digits.
fn whole(number: &serde_json::Number) -> Option<u64> {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    number.as_u64().or_else(|| {
        let float = number.as_f64()?;
        let is_whole = float.fract() == 0.0 && (0.0..=EXACT).contains(&float);
        // In this range the cast is exact.
        is_whole.then_some(float as u64)
    })
}

struct Items<'n, 'a> {
    rest: slice::Iter<'n, Node<'a>>,
    index: usize,
}

impl<'de> de::SeqAccess<'de> for Items<'_, '_> {
    type Error = Failure;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Failure> {
        let (node, index) = loop {
            let Some(node) = self.rest.next() else {
                return Ok(None);
            };
            self.index += 1;
            if !matches!(node.value, Value::Removed) {
                break (node, self.index - 1);
            }
        };
        match seed.deserialize(node) {
            Ok(item) => Ok(Some(item)),
            Err(failure) => Err(failure.at(node.span()).in_item(index)),
        }
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.rest.len())
    }
}

struct Members<'n, 'a> {
    rest: slice::Iter<'n, Member<'a>>,
    /// The keys that may be there, when not all may.
    known: Option<&'static [&'static str]>,
    current: Option<&'n Member<'a>>,
}

impl<'de> de::MapAccess<'de> for Members<'_, '_> {
    type Error = Failure;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Failure> {
        let Some(member) = self.rest.next() else {
            return Ok(None);
        };
        self.current = Some(member);
        let key = &*member.key;
        // Before serde compares the key, so that every unknown one is refused alike.
        if let Some(known) = self.known.filter(|known| !known.contains(&key)) {
            return Err(Failure::unknown_field(key, known).at(member.key_at..member.key_end));
        }
        let key: de::value::StrDeserializer<'_, Failure> = key.into_deserializer();
        seed.deserialize(key).map(Some).map_err(|failure| failure.at(member.key_at..member.key_end))
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Failure> {
        let Some(Member { key, node, .. }) = self.current.take() else {
            return Err(de::Error::custom("a value was asked for before its key"));
        };
        seed.deserialize(node).map_err(|failure| failure.at(node.span()).in_key(key))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.rest.len())
    }
}
