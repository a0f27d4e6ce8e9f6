//! Reads a type from JSON that is in memory, and says where a mistake is.
//!
//! serde's errors carry a place in a text, not a path. So the value is read from its own text, and
//! the place is turned into a path.

use serde::Serialize;
use serde::de::DeserializeOwned;

/// The value as a `T`, or a path and what is wrong there.
pub(crate) fn read<T: DeserializeOwned>(
    value: &impl Serialize,
) -> Result<T, (String, serde_json::Error)> {
    let fail = |error| (String::new(), error);
    let text = serde_json::to_string(value).map_err(fail)?;
    serde_json::from_str(&text).map_err(|error| {
        // A text of one line: the column is the place.
        let mut steps = steps(&text[..text.len().min(error.column())]);
        if error.to_string().starts_with("missing field") {
            steps.pop();
        }
        (render(&steps), error)
    })
}

/// `path: ` for a message; nothing for an empty path.
pub(crate) fn prefix(path: &str) -> String {
    if path.is_empty() { String::new() } else { format!("at {path}: ") }
}

enum Step {
    Key(String),
    Index(usize),
}

/// The keys and indices that lead to the end of `text`, the beginning of a JSON text.
fn steps(text: &str) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut rest = text.char_indices();
    while let Some((at, c)) = rest.next() {
        match c {
            '{' => steps.push(Step::Key(String::new())),
            '[' => steps.push(Step::Index(0)),
            '}' | ']'
                // The mistake is inside what ends here, if the text ends here too.
                if rest.clone().next().is_some() => {
                    steps.pop();
                }
            ',' => {
                if let Some(Step::Index(index)) = steps.last_mut() {
                    *index += 1;
                }
            }
            '"' => {
                let mut escaped = false;
                let end = rest.find(|&(_, c)| {
                    let closes = c == '"' && !escaped;
                    escaped = c == '\\' && !escaped;
                    closes
                });
                let is_key = text[at..].len() > 1
                    && matches!(text[..at].chars().next_back(), Some('{' | ','));
                if let (Some(Step::Key(key)), Some((end, _)), true) =
                    (steps.last_mut(), end, is_key)
                {
                    *key = serde_json::from_str(&text[at..=end]).unwrap_or_default();
                }
            }
            _ => {}
        }
    }
    steps
}

fn render(steps: &[Step]) -> String {
    let mut path = String::new();
    for step in steps {
        match step {
            Step::Key(key) if key.is_empty() => {}
            Step::Key(key) => {
                if !path.is_empty() {
                    path.push('.');
                }
                path.push_str(key);
            }
            Step::Index(index) => path.push_str(&format!("[{index}]")),
        }
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;
    use serde_json::json;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[allow(dead_code)]
    struct Page {
        url: String,
        #[serde(default)]
        depth: u8,
    }

    #[derive(Debug, Deserialize)]
    #[allow(dead_code)]
    struct Input {
        pages: Vec<Page>,
        #[serde(default)]
        label: String,
    }

    fn path(value: serde_json::Value) -> String {
        read::<Input>(&value).unwrap_err().0
    }

    #[test]
    fn a_mistake_has_its_path() {
        assert_eq!(path(json!({ "pages": [{ "url": "a" }, { "url": 3 }] })), "pages[1].url");
        assert_eq!(path(json!({ "pages": [{ "url": "a", "depth": 300 }] })), "pages[0].depth");
        assert_eq!(path(json!({ "pages": [{ "url": "a", "dept": 3 }] })), "pages[0].dept");
        assert_eq!(path(json!({ "pages": [{ "depth": 3 }] })), "pages[0]");
        assert_eq!(path(json!({ "label": "a\"]}{[,\\", "pages": 7 })), "pages");
        assert_eq!(path(json!({ "label": "a" })), "");
        assert_eq!(path(json!(3)), "");
    }

    #[test]
    fn what_fits_is_read() {
        let input: Input = read(&json!({ "pages": [{ "url": "a" }] })).unwrap();
        assert_eq!(input.pages.len(), 1);
    }
}
