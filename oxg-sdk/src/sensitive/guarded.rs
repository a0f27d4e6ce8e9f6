use std::fmt;
use std::sync::LazyLock;

use oxg_redact::Redactor;

/// In place of a value that its author calls secret.
pub const HIDDEN_SECRET: Hidden = Hidden("[REDACTED_SECRET]");
/// In place of a value that its author calls personal.
pub const HIDDEN_PII: Hidden = Hidden("[REDACTED_PII]");

/// What stands in place of a value.
pub struct Hidden(&'static str);

impl fmt::Debug for Hidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

/// A field of a type that derives `Redact`, shown without what is recognised. Values known to be
/// secret go where the text goes: the redactor that knows them is that of the run.
pub struct Guarded<'a> {
    /// Empty where the field has none.
    name: &'static str,
    value: &'a dyn fmt::Debug,
}

impl<'a> Guarded<'a> {
    /// The field `name`.
    pub fn new(name: &'static str, value: &'a dyn fmt::Debug) -> Self {
        Self { name, value }
    }
}

impl fmt::Debug for Guarded<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        static REDACTOR: LazyLock<Redactor> = LazyLock::new(Redactor::default);
        if Redactor::is_sensitive_name(self.name) {
            return HIDDEN_SECRET.fmt(f);
        }
        let text =
            if f.alternate() { format!("{:#?}", self.value) } else { format!("{:?}", self.value) };
        f.write_str(&REDACTOR.redact(&text))
    }
}
