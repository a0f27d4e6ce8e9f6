//! What a secrets file holds. Values go from the file's text to where they are wiped, without a stop
//! in between, and a name that stands there twice is refused.

use std::collections::HashMap;
use std::fmt;

use oxg_protocol::SecretName;
use secrecy::SecretString;
use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};

/// The secrets of a file.
#[derive(Debug, Default)]
pub(super) struct Items {
    for_all: HashMap<SecretName, SecretString>,
    by_plugin: HashMap<String, HashMap<SecretName, SecretString>>,
}

impl Items {
    /// A plugin's own value goes before one for all.
    pub(super) fn take(mut self, plugin: &str, name: &SecretName) -> Option<SecretString> {
        let own = self.by_plugin.get_mut(plugin).and_then(|own| own.remove(name));
        own.or_else(|| self.for_all.remove(name))
    }
}

impl<'de> Deserialize<'de> for Items {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(ItemsVisitor)
    }
}

struct ItemsVisitor;

impl<'de> Visitor<'de> for ItemsVisitor {
    type Value = Items;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("names and values, or plugins with names and values")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Items, A::Error> {
        let mut items = Items::default();
        while let Some(key) = map.next_key::<String>()? {
            let known = match map.next_value()? {
                Item::Value(value) => {
                    let name = key.parse().map_err(Error::custom)?;
                    items.for_all.insert(name, value).is_some()
                }
                Item::Plugin(own) => items.by_plugin.insert(key, own).is_some(),
            };
            if known {
                return Err(Error::custom("a name stands there twice"));
            }
        }
        Ok(items)
    }
}

enum Item {
    Value(SecretString),
    Plugin(HashMap<SecretName, SecretString>),
}

impl<'de> Deserialize<'de> for Item {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ItemVisitor)
    }
}

struct ItemVisitor;

impl<'de> Visitor<'de> for ItemVisitor {
    type Value = Item;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value, or names and values")
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Item, E> {
        Ok(Item::Value(value.into()))
    }

    fn visit_string<E: Error>(self, value: String) -> Result<Item, E> {
        Ok(Item::Value(value.into()))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Item, A::Error> {
        let mut own = HashMap::new();
        while let Some((name, value)) = map.next_entry()? {
            if own.insert(name, value).is_some() {
                return Err(Error::custom("a name stands there twice"));
            }
        }
        Ok(Item::Plugin(own))
    }
}
