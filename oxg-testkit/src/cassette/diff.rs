//! How a request differs from a recorded one.

use super::body::{Body, Bytes};
use super::file::Request;
use crate::targets::{Exactness, json_differences};
use crate::text::{cut, quoted, unlike, unlike_text};

/// One line a difference; none if the recorded exchange is that of the request.
pub(super) fn differences(recorded: &Request, sent: &Request) -> Vec<String> {
    let mut found = Vec::new();
    if recorded.method != sent.method {
        found.push(format!("method: recorded {}, sent {}", recorded.method, sent.method));
    }
    if recorded.url != sent.url {
        found.extend(urls(recorded.url.as_str(), sent.url.as_str()));
    }
    for field in &recorded.headers {
        let values = sent.headers.iter().filter(|known| known.name == field.name);
        let values: Vec<_> = values.map(|known| known.value.as_str()).collect();
        if !values.contains(&field.value.as_str()) {
            let name = format!("header {}", field.name);
            found.push(unlike_text(&name, "recorded", &field.value, values.first().copied()));
        }
    }
    bodies(recorded.body.as_ref(), sent.body.as_ref(), &mut found);
    found
}

/// Whether both ask for the same thing, but for the query: one that does is nearer than one that
/// does not, however much else differs.
pub(super) fn same_place(recorded: &Request, sent: &Request) -> bool {
    let base = |request: &Request| {
        let url = request.url.as_str();
        url.split_once('?').map_or(url, |(base, _)| base).to_owned()
    };
    base(recorded) == base(sent)
}

/// The part that differs: the query by its parameters, where all else is equal.
fn urls(recorded: &str, sent: &str) -> Vec<String> {
    let split = |url: &str| -> (String, Vec<String>) {
        let (base, query) = url.split_once('?').unwrap_or((url, ""));
        (base.to_owned(), query.split('&').map(str::to_owned).collect())
    };
    let ((base, old), (sent_base, new)) = (split(recorded), split(sent));
    if base != sent_base {
        return vec![unlike("url", "recorded", recorded, Some(sent))];
    }
    let only = |these: &[String], those: &[String]| {
        let only = these.iter().filter(|pair| !pair.is_empty() && !those.contains(pair));
        only.cloned().collect::<Vec<_>>().join("&")
    };
    match (only(&old, &new), only(&new, &old)) {
        (gone, more) if gone.is_empty() && more.is_empty() => {
            vec![unlike("url", "recorded", recorded, Some(sent))]
        }
        (gone, more) if more.is_empty() => vec![unlike("query", "recorded", &gone, None)],
        (gone, more) if gone.is_empty() => {
            vec![format!("query: not recorded, sent {}", cut(&more, 70))]
        }
        (gone, more) => vec![unlike("query", "recorded", &gone, Some(&more))],
    }
}

fn bodies(recorded: Option<&Body>, sent: Option<&Body>, found: &mut Vec<String>) {
    match (recorded, sent) {
        (recorded, sent) if recorded == sent => {}
        (None, Some(sent)) => {
            found.push(format!("body: none recorded, sent {} bytes", sent.to_bytes().len()));
        }
        (Some(recorded), None) => {
            found.push(format!("body: recorded {} bytes, sent none", recorded.to_bytes().len()));
        }
        (Some(Body::Json(recorded)), Some(sent)) => match json(sent) {
            Some(sent) => {
                let differences = json_differences(recorded, &sent, Exactness::Whole, "recorded");
                found.extend(differences.into_iter().map(|line| format!("body {line}")));
            }
            None => found.push("body: recorded JSON, sent other".to_owned()),
        },
        (Some(Body::Text(recorded)), Some(Body::Text(sent))) => lines(recorded, sent, found),
        (Some(recorded), Some(sent)) => bytes(&recorded.to_bytes(), &sent.to_bytes(), found),
        (None, None) => {}
    }
}

fn json(body: &Body) -> Option<serde_json::Value> {
    match body {
        Body::Json(value) => Some(value.clone()),
        Body::Text(lines) => serde_json::from_str(&lines.join("\n")).ok(),
        Body::Base64(Bytes(_)) => None,
    }
}

/// The first line that differs.
fn lines(recorded: &[String], sent: &[String], found: &mut Vec<String>) {
    let at = recorded.iter().zip(sent).take_while(|(recorded, sent)| recorded == sent).count();
    let name = format!("body line {}", at + 1);
    found.push(match (recorded.get(at), sent.get(at)) {
        (Some(recorded), sent) => {
            unlike_text(&name, "recorded", recorded, sent.map(String::as_str))
        }
        (None, Some(sent)) => format!("{name}: not recorded, sent {}", quoted(sent)),
        (None, None) => return,
    });
}

fn bytes(recorded: &[u8], sent: &[u8], found: &mut Vec<String>) {
    if recorded == sent {
        return;
    }
    let at = recorded.iter().zip(sent).take_while(|(recorded, sent)| recorded == sent).count();
    let (recorded, sent) = (recorded.len(), sent.len());
    found.push(format!(
        "body: recorded {recorded} bytes, sent {sent}; they differ from byte {at} on"
    ));
}
