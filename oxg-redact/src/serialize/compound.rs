//! Lists, maps and structs on their way through a [`Redacting`] serializer.

use std::cell::Cell;

use serde::ser::{
    Serialize, SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant, SerializeTuple,
    SerializeTupleStruct, SerializeTupleVariant, Serializer,
};

use super::{Name, Place, Redacting};

/// A value within another one.
pub(super) struct Part<'a, T: ?Sized> {
    pub(super) value: &'a T,
    pub(super) place: Place<'a>,
}

impl<T: Serialize + ?Sized> Serialize for Part<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.value.serialize(Redacting { inner: serializer, place: self.place })
    }
}

/// A list, map or struct that is being written.
pub(super) struct Compound<'a, C> {
    inner: C,
    place: Place<'a>,
    /// What the last key of a map says about its value.
    key: Name,
}

impl<'a, C> Compound<'a, C> {
    pub(super) fn new(inner: C, place: Place<'a>) -> Self {
        Self { inner, place: Place { key: None, ..place }, key: Name::Plain }
    }
}

macro_rules! lists {
    ($($list:ident: $method:ident),*) => {$(
        impl<C: $list> $list for Compound<'_, C> {
            type Ok = C::Ok;
            type Error = C::Error;

            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), C::Error> {
                self.inner.$method(&Part { value, place: self.place })
            }

            fn end(self) -> Result<C::Ok, C::Error> {
                self.inner.end()
            }
        }
    )*};
}

macro_rules! structs {
    ($($kind:ident),*) => {$(
        impl<C: $kind> $kind for Compound<'_, C> {
            type Ok = C::Ok;
            type Error = C::Error;

            fn serialize_field<T: Serialize + ?Sized>(
                &mut self,
                name: &'static str,
                value: &T,
            ) -> Result<(), C::Error> {
                let place = self.place.field(name);
                self.inner.serialize_field(name, &Part { value, place })
            }

            fn skip_field(&mut self, name: &'static str) -> Result<(), C::Error> {
                self.inner.skip_field(name)
            }

            fn end(self) -> Result<C::Ok, C::Error> {
                self.inner.end()
            }
        }
    )*};
}

lists!(
    SerializeSeq: serialize_element,
    SerializeTuple: serialize_element,
    SerializeTupleStruct: serialize_field,
    SerializeTupleVariant: serialize_field
);
structs!(SerializeStruct, SerializeStructVariant);

impl<C: SerializeMap> SerializeMap for Compound<'_, C> {
    type Ok = C::Ok;
    type Error = C::Error;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), C::Error> {
        let name = Cell::new(Name::Plain);
        let place = Place { redactor: self.place.redactor, name: Name::Plain, key: Some(&name) };
        self.inner.serialize_key(&Part { value: key, place })?;
        self.key = if self.place.name == Name::Never { Name::Never } else { name.get() };
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), C::Error> {
        let place = Place { name: self.key, ..self.place };
        self.inner.serialize_value(&Part { value, place })
    }

    fn end(self) -> Result<C::Ok, C::Error> {
        self.inner.end()
    }
}
