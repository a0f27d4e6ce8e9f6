//! All that is wrong with a text, at once.

use super::document::{GuideDocument, HostDocument, ONLY_IN_GUIDE_FORM};
use super::repair::{self, Repair};
use super::{Form, MAX_MANIFEST_BYTES, Manifest};
use crate::json::{self, Failure, Node, Segment, Value};
use crate::{Diagnostic, DiagnosticKind};

/// How many things that are wrong are listed. Each costs another pass over the text.
const MAX_DIAGNOSTICS: usize = 100;

/// What came of checking a text: a manifest, or all that is wrong with it.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Checked {
    /// The manifest, when nothing is wrong.
    pub manifest: Option<Manifest>,
    /// What is wrong, in the order of the text: at most 100 things. Empty when there is a manifest.
    pub diagnostics: Vec<Diagnostic>,
    /// Whether more may be wrong than is listed.
    pub truncated: bool,
}

impl Manifest {
    /// Reads a manifest from memory and finds all that is wrong with it. Messages call it `file`.
    ///
    /// Where one thing follows from another, only the first is listed. Reading takes time and
    /// memory linear in the length of the text for each thing that is wrong, of which at most 100
    /// are looked for, and never panics.
    ///
    /// ```
    /// use oxg_manifest::Manifest;
    ///
    /// let text = br#"{
    ///   "name": "Header Audit", "version": "0.1.0", "entry": "./start.sh",
    ///   "capabilities": { "secret": { "broker": true } },
    /// }"#;
    /// let checked = Manifest::check(text, "manifest.json");
    /// assert!(checked.manifest.is_none());
    /// let codes: Vec<_> = checked.diagnostics.iter().map(|d| d.code()).collect();
    /// assert_eq!(codes, ["invalid-value", "unknown-field", "trailing-comma"]);
    /// let suggestion = checked.diagnostics[1].suggestion().ok_or("none")?;
    /// assert_eq!(suggestion.replacement, r#""secrets""#);
    /// assert_eq!(&text[suggestion.span], br#""secret""#);
    /// # Ok::<(), &str>(())
    /// ```
    #[must_use]
    pub fn check(bytes: &[u8], file: &str) -> Checked {
        let (result, truncated) = check(bytes);
        match result {
            Ok(manifest) => {
                Checked { manifest: Some(manifest), diagnostics: Vec::new(), truncated: false }
            }
            Err(failures) => {
                let mut diagnostics: Vec<Diagnostic> = failures
                    .into_iter()
                    .filter_map(|failure| failure.into_diagnostic(bytes, file))
                    .collect();
                diagnostics.sort_by_key(Diagnostic::offset);
                diagnostics.dedup();
                let truncated = truncated || diagnostics.len() > MAX_DIAGNOSTICS;
                diagnostics.truncate(MAX_DIAGNOSTICS);
                Checked { manifest: None, diagnostics, truncated }
            }
        }
    }
}

/// The manifest or all failures, and whether there may be more.
fn check(bytes: &[u8]) -> (Result<Manifest, Vec<Failure>>, bool) {
    if bytes.len() > MAX_MANIFEST_BYTES {
        let kind = DiagnosticKind::TooLarge { limit: MAX_MANIFEST_BYTES };
        return (Err(vec![Failure::new(kind)]), false);
    }
    let reading = json::read(bytes);
    let (mut failures, omitted) = reading.problems.into_parts();
    let Some(mut root) = reading.root else {
        return (Err(failures), omitted > 0);
    };
    let form = form_of(&root);
    while failures.len() < MAX_DIAGNOSTICS {
        let mut failure = match decode(&root, form) {
            Ok(manifest) if failures.is_empty() => return (Ok(manifest), false),
            Ok(_) => return (Err(failures), omitted > 0),
            Err(failure) => failure,
        };
        match form {
            Form::Host => name_guide_field(&mut failure),
            Form::Guide => name_both_forms(&mut failure),
        }
        let repaired = repair::mend(&mut root, form, &failure);
        failures.push(failure);
        if repaired == Repair::Impossible {
            return (Err(failures), omitted > 0);
        }
    }
    (Err(failures), true)
}

/// A list of capabilities makes the host's form; anything else is the guide's.
fn form_of(root: &Node<'_>) -> Form {
    let Value::Object(members) = &root.value else {
        return Form::Guide;
    };
    let is_list = |node: &Node<'_>| matches!(node.value, Value::Array(_));
    match members.iter().find(|member| member.key == "capabilities") {
        Some(member) if is_list(&member.node) => Form::Host,
        _ => Form::Guide,
    }
}

fn decode(root: &Node<'_>, form: Form) -> Result<Manifest, Failure> {
    match form {
        Form::Guide => json::from_node::<GuideDocument>(root).map(Manifest::from),
        Form::Host => json::from_node::<HostDocument>(root).map(Manifest::from),
    }
}

/// Says of capabilities that are neither an object nor a list that they may be both.
fn name_both_forms(failure: &mut Failure) {
    let Some(DiagnosticKind::WrongType { found, .. }) = failure.kind() else {
        return;
    };
    let found = found.clone();
    let mut path = failure.path();
    let of_capabilities = matches!(path.next(), Some(Segment::Key(key)) if key == "capabilities");
    if of_capabilities && path.next().is_none() {
        drop(path);
        let expected = "an object, or a list of the host's capabilities".to_owned();
        failure.set_kind(DiagnosticKind::WrongType { expected, found });
    }
}

/// Says of a key that is not known in the host's form, but in the guide's, that it is.
fn name_guide_field(failure: &mut Failure) {
    let Some(DiagnosticKind::UnknownField { key, .. }) = failure.kind() else {
        return;
    };
    let at_top = failure.path().next().is_none();
    let field = ONLY_IN_GUIDE_FORM.iter().find(|field| *field == key).copied();
    if let Some(key) = field.filter(|_| at_top) {
        failure.set_kind(DiagnosticKind::NotInHostForm { key });
    }
}
