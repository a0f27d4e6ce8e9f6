//! Mends the tree after a failure, so that the next one can be found.
//!
//! What is wrong is taken out or replaced by a stand-in that is valid. A mended tree serves only to
//! find more; no manifest is ever made of it.

use std::borrow::Cow;

use super::Form;
use crate::DiagnosticKind;
use crate::json::{Failure, Member, Node, Segment, Value};

/// Whether the tree was changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Repair {
    Done,
    /// Nothing can be changed; what else is wrong stays unknown.
    Impossible,
}

pub(super) fn mend(root: &mut Node<'_>, form: Form, failure: &Failure) -> Repair {
    let path: Vec<Segment> = failure.path().cloned().collect();
    mend_at(root, form, &path, failure).unwrap_or(Repair::Impossible)
}

fn mend_at(root: &mut Node<'_>, form: Form, path: &[Segment], failure: &Failure) -> Option<Repair> {
    let start = failure.span()?.start;
    let node = descend(root, path)?;
    if let Value::Object(members) = &mut node.value {
        // What is wrong is a key of this object.
        if let Some(index) = members.iter().position(|member| member.key_at == start) {
            mend_key(members, index, failure.kind());
            return Some(Repair::Done);
        }
        if let Some(DiagnosticKind::MissingField { field }) = failure.kind() {
            let value = stand_in(form, path, field)?;
            let (at, end) = (node.at, node.end);
            let key = Cow::Borrowed(*field);
            members.push(Member { key_at: end, key_end: end, key, node: Node { at, end, value } });
            return Some(Repair::Done);
        }
    }
    let (last, parent_path) = path.split_last()?;
    let parent = descend(root, parent_path)?;
    match (&mut parent.value, last) {
        (Value::Object(members), Segment::Key(key)) => {
            let index = members.iter().position(|member| member.key == *key)?;
            match stand_in(form, parent_path, key) {
                Some(value) => members.get_mut(index)?.node.value = value,
                None => {
                    members.remove(index);
                }
            }
        }
        (Value::Array(items), Segment::Index(index)) if *index < items.len() => {
            items.get_mut(*index)?.value = Value::Removed;
            let is_empty = items.iter().all(|item| matches!(item.value, Value::Removed));
            // An empty list would be another mistake, which the text does not have.
            if let (true, Some((Segment::Key(key), above))) = (is_empty, parent_path.split_last())
                && let Some(value) = stand_in(form, above, key)
            {
                parent.value = value;
            }
        }
        _ => return None,
    }
    Some(Repair::Done)
}

/// Gives a misspelled key the name that was meant, so that its value is checked too; removes any
/// other key.
fn mend_key(members: &mut Vec<Member<'_>>, index: usize, kind: Option<&DiagnosticKind>) {
    let meant = match kind {
        Some(DiagnosticKind::WrongCase { known, .. }) => Some(*known),
        Some(DiagnosticKind::UnknownField { suggestion, .. }) => *suggestion,
        _ => None,
    };
    let free = meant.filter(|meant| members.iter().all(|member| member.key != **meant));
    match (free, members.get_mut(index)) {
        (Some(meant), Some(member)) => member.key = Cow::Borrowed(meant),
        _ => {
            members.remove(index);
        }
    }
}

fn descend<'n, 'a>(root: &'n mut Node<'a>, path: &[Segment]) -> Option<&'n mut Node<'a>> {
    path.iter().try_fold(root, |node, segment| match (&mut node.value, segment) {
        (Value::Object(members), Segment::Key(key)) => {
            members.iter_mut().find(|member| member.key == *key).map(|member| &mut member.node)
        }
        (Value::Array(items), Segment::Index(index)) => items.get_mut(*index),
        _ => None,
    })
}

/// A valid value for a field that must be there, in the object at a path.
fn stand_in(form: Form, object: &[Segment], field: &str) -> Option<Value<'static>> {
    let keys: Vec<&str> = object
        .iter()
        .map(|segment| match segment {
            Segment::Key(key) => key.as_str(),
            Segment::Index(_) => "",
        })
        .collect();
    let string = |text: &'static str| Value::String(Cow::Borrowed(text));
    let list = |text| Value::Array(vec![stand_in_node(string(text))]);
    Some(match (keys.as_slice(), field) {
        ([], "name" | "entry") => string("x"),
        ([], "version") => string("0.0.0"),
        ([], "artifact") if form == Form::Host => string("x"),
        ([], "capabilities") if form == Form::Guide => Value::Object(Vec::new()),
        ([], "capabilities") => list("CAP_REPORT"),
        ([], "signature") if form == Form::Host => {
            Value::Object(vec![member("signature", string("x")), member("publicKey", string("x"))])
        }
        (["signature"], "signature") => string("x"),
        (["capabilities", "http"], "outbound") => list("broker"),
        (["capabilities", "secrets"], "broker") => Value::Bool(true),
        _ => return None,
    })
}

fn member(key: &'static str, value: Value<'static>) -> Member<'static> {
    Member { key_at: 0, key_end: 0, key: Cow::Borrowed(key), node: stand_in_node(value) }
}

/// The place does not matter: a stand-in has nothing wrong.
fn stand_in_node(value: Value<'static>) -> Node<'static> {
    Node { at: 0, end: 0, value }
}
