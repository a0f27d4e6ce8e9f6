//! The JSON Schema of the manifest.
//!
//! The texts are there without any feature. The feature `schema` adds the generator that makes
//! them from the types: `cargo run -p oxg-manifest --features schema --example schema -- --write`.

#[cfg(feature = "schema")]
mod generate;
#[cfg(feature = "schema")]
mod host_pattern;
#[cfg(feature = "schema")]
mod print;
#[cfg(feature = "schema")]
mod types;

#[cfg(feature = "schema")]
pub(crate) use types::secret_hosts;

/// The schema in draft-07, without `format`: for ajv-cli 5.0.0 as it stands, and most editors.
pub const SCHEMA_DRAFT_07: &str = include_str!("../../manifest.schema.json");

/// The schema in 2020-12. It accepts and refuses the same documents.
pub const SCHEMA_2020_12: &str = include_str!("../../manifest.schema.2020-12.json");

/// A draft of JSON Schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SchemaDraft {
    /// Draft-07.
    Draft07,
    /// 2020-12.
    Draft202012,
}

impl SchemaDraft {
    /// Both drafts.
    pub const ALL: &'static [Self] = &[Self::Draft07, Self::Draft202012];

    /// The name of the file in which the schema lies beside this crate's `Cargo.toml`.
    #[must_use]
    pub const fn file_name(self) -> &'static str {
        match self {
            Self::Draft07 => "manifest.schema.json",
            Self::Draft202012 => "manifest.schema.2020-12.json",
        }
    }

    /// The text of the schema.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::Draft07 => SCHEMA_DRAFT_07,
            Self::Draft202012 => SCHEMA_2020_12,
        }
    }
}
