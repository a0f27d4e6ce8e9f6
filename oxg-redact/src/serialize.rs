//! Redaction of whatever serde serialises, on the way to its format.

mod compound;

use std::cell::Cell;

use serde::ser::{Serialize, Serializer};

use crate::detect::{Found, looks_secret};
use crate::kind::Kind;
use crate::names::{self, Sensitivity};
use crate::redactor::Redactor;
use compound::{Compound, Part};

/// A value that is redacted while it is serialised. See [`Redactor::redacted`].
#[derive(Debug, Clone, Copy)]
pub struct Redacted<'a, T: ?Sized> {
    redactor: &'a Redactor,
    value: &'a T,
}

impl Redactor {
    /// The value, redacted on its way to any format of serde: every string by
    /// what it holds and by the name of its field, and the keys of maps by what
    /// they hold. Nothing is copied but what changes.
    ///
    /// Under a name such as `password`, a number and bytes become a marker too;
    /// elsewhere bytes, and numbers that are no payment card, stay.
    ///
    /// ```
    /// use oxg_redact::Redactor;
    ///
    /// #[derive(serde::Serialize)]
    /// struct Login<'a> {
    ///     user: &'a str,
    ///     password: &'a str,
    ///     attempts: u8,
    /// }
    ///
    /// let login = Login { user: "jo@example.org", password: "hunter2", attempts: 3 };
    /// assert_eq!(
    ///     serde_json::to_string(&Redactor::default().redacted(&login))?,
    ///     r#"{"user":"[REDACTED_EMAIL]","password":"[REDACTED_SECRET]","attempts":3}"#,
    /// );
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    pub fn redacted<'a, T: Serialize + ?Sized>(&'a self, value: &'a T) -> Redacted<'a, T> {
        Redacted { redactor: self, value }
    }
}

impl<T: Serialize + ?Sized> Serialize for Redacted<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let place = Place { redactor: self.redactor, name: Name::Plain, key: None };
        self.value.serialize(Redacting { inner: serializer, place })
    }
}

/// What the name of a field says about its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Name {
    Plain,
    Sensitive(Sensitivity),
    /// A name of the caller's own, whose value never stays.
    Never,
}

/// Where a value stands.
#[derive(Clone, Copy)]
struct Place<'a> {
    redactor: &'a Redactor,
    name: Name,
    /// For the key of a map: where to leave what it says about its value.
    key: Option<&'a Cell<Name>>,
}

impl<'a> Place<'a> {
    fn name(self, name: &str) -> Name {
        if self.redactor.settings().own.never(name) {
            return Name::Never;
        }
        names::classify(name.as_bytes()).map_or(Name::Plain, Name::Sensitive)
    }

    /// The place of a field within this one. What holds for a list or an
    /// object holds for all that it holds.
    fn field(self, name: &str) -> Self {
        let own = self.name(name);
        let name = match (self.name, own) {
            (Name::Never, _) => Name::Never,
            (_, own) => own,
        };
        Self { name, key: None, ..self }
    }

    fn marker(self, found: &str) -> String {
        let mut out = String::new();
        let masks = self.redactor.masks();
        masks.write(Kind::NamedSecret, found.as_bytes(), &mut |part| out.push_str(part));
        out
    }

    /// Whether the name alone takes the value, whatever its type.
    fn takes_all(self) -> bool {
        let certain = self.name == Name::Sensitive(Sensitivity::Certain)
            && self.redactor.settings().kinds.has(Kind::NamedSecret);
        self.name == Name::Never || certain
    }

    fn takes(self, text: &str) -> bool {
        let settings = self.redactor.settings();
        match self.name {
            Name::Plain => false,
            Name::Never => true,
            Name::Sensitive(sensitivity) => {
                settings.kinds.has(Kind::NamedSecret)
                    && !settings.allows(text.as_bytes())
                    && !text.contains("[REDACTED_")
                    && looks_secret(
                        text.as_bytes(),
                        sensitivity,
                        &Found::whole(text),
                        settings.trust_names,
                    )
            }
        }
    }
}

/// A serializer that redacts what passes.
struct Redacting<'a, S> {
    inner: S,
    place: Place<'a>,
}

macro_rules! numbers {
    ($($method:ident: $number:ty),*) => {$(
        fn $method(self, number: $number) -> Result<S::Ok, S::Error> {
            if self.place.takes_all() {
                return self.inner.serialize_str(&self.place.marker(&number.to_string()));
            }
            // A shorter number is no card, and need not be written out.
            if number as f64 >= 1e11 {
                let text = number.to_string();
                if let std::borrow::Cow::Owned(redacted) = self.place.redactor.redact(&text) {
                    return self.inner.serialize_str(&redacted);
                }
            }
            self.inner.$method(number)
        }
    )*};
}

impl<'a, S: Serializer> Serializer for Redacting<'a, S> {
    type Ok = S::Ok;
    type Error = S::Error;
    type SerializeSeq = Compound<'a, S::SerializeSeq>;
    type SerializeTuple = Compound<'a, S::SerializeTuple>;
    type SerializeTupleStruct = Compound<'a, S::SerializeTupleStruct>;
    type SerializeTupleVariant = Compound<'a, S::SerializeTupleVariant>;
    type SerializeMap = Compound<'a, S::SerializeMap>;
    type SerializeStruct = Compound<'a, S::SerializeStruct>;
    type SerializeStructVariant = Compound<'a, S::SerializeStructVariant>;

    numbers!(
        serialize_i8: i8, serialize_i16: i16, serialize_i32: i32, serialize_i64: i64,
        serialize_u8: u8, serialize_u16: u16, serialize_u32: u32, serialize_u64: u64,
        serialize_i128: i128, serialize_u128: u128, serialize_f32: f32, serialize_f64: f64
    );

    fn serialize_bool(self, value: bool) -> Result<S::Ok, S::Error> {
        self.inner.serialize_bool(value)
    }

    fn serialize_char(self, value: char) -> Result<S::Ok, S::Error> {
        self.inner.serialize_char(value)
    }

    fn serialize_str(self, text: &str) -> Result<S::Ok, S::Error> {
        if let Some(key) = self.place.key {
            key.set(self.place.name(text));
        } else if self.place.takes(text) {
            return self.inner.serialize_str(&self.place.marker(text));
        }
        self.inner.serialize_str(&self.place.redactor.redact(text))
    }

    fn serialize_bytes(self, bytes: &[u8]) -> Result<S::Ok, S::Error> {
        if self.place.takes_all() {
            return self.inner.serialize_str(&self.place.marker(""));
        }
        self.inner.serialize_bytes(&self.place.redactor.redact_bytes(bytes))
    }

    fn collect_str<T: std::fmt::Display + ?Sized>(self, value: &T) -> Result<S::Ok, S::Error> {
        self.serialize_str(&value.to_string())
    }

    fn serialize_none(self) -> Result<S::Ok, S::Error> {
        self.inner.serialize_none()
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<S::Ok, S::Error> {
        self.inner.serialize_some(&Part { value, place: self.place })
    }

    fn serialize_unit(self) -> Result<S::Ok, S::Error> {
        self.inner.serialize_unit()
    }

    fn serialize_unit_struct(self, name: &'static str) -> Result<S::Ok, S::Error> {
        self.inner.serialize_unit_struct(name)
    }

    fn serialize_unit_variant(
        self,
        name: &'static str,
        index: u32,
        variant: &'static str,
    ) -> Result<S::Ok, S::Error> {
        if let Some(key) = self.place.key {
            key.set(self.place.name(variant));
        }
        self.inner.serialize_unit_variant(name, index, variant)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        value: &T,
    ) -> Result<S::Ok, S::Error> {
        self.inner.serialize_newtype_struct(name, &Part { value, place: self.place })
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        index: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<S::Ok, S::Error> {
        let place = self.place.field(variant);
        self.inner.serialize_newtype_variant(name, index, variant, &Part { value, place })
    }

    fn serialize_seq(self, len: Option<usize>) -> Result<Self::SerializeSeq, S::Error> {
        Ok(Compound::new(self.inner.serialize_seq(len)?, self.place))
    }

    fn serialize_tuple(self, len: usize) -> Result<Self::SerializeTuple, S::Error> {
        Ok(Compound::new(self.inner.serialize_tuple(len)?, self.place))
    }

    fn serialize_tuple_struct(
        self,
        name: &'static str,
        len: usize,
    ) -> Result<Self::SerializeTupleStruct, S::Error> {
        Ok(Compound::new(self.inner.serialize_tuple_struct(name, len)?, self.place))
    }

    fn serialize_tuple_variant(
        self,
        name: &'static str,
        index: u32,
        variant: &'static str,
        len: usize,
    ) -> Result<Self::SerializeTupleVariant, S::Error> {
        let place = self.place.field(variant);
        Ok(Compound::new(self.inner.serialize_tuple_variant(name, index, variant, len)?, place))
    }

    fn serialize_map(self, len: Option<usize>) -> Result<Self::SerializeMap, S::Error> {
        Ok(Compound::new(self.inner.serialize_map(len)?, self.place))
    }

    fn serialize_struct(
        self,
        name: &'static str,
        len: usize,
    ) -> Result<Self::SerializeStruct, S::Error> {
        Ok(Compound::new(self.inner.serialize_struct(name, len)?, self.place))
    }

    fn serialize_struct_variant(
        self,
        name: &'static str,
        index: u32,
        variant: &'static str,
        len: usize,
    ) -> Result<Self::SerializeStructVariant, S::Error> {
        let place = self.place.field(variant);
        Ok(Compound::new(self.inner.serialize_struct_variant(name, index, variant, len)?, place))
    }

    fn is_human_readable(&self) -> bool {
        self.inner.is_human_readable()
    }
}
