//! The file: strict in what it reads, whole in what it writes.

use std::fmt;
use std::io::{self, Read as _, Write as _};
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::body::Body;
use super::field::{Field, Method, RecordedUrl, Status};
use super::{MAX_FILE_BYTES, MAX_INTERACTIONS, VARIABLE};
use crate::targets::Answer;
use crate::text::{cut, wrapped};

/// The version of the form.
const VERSION: u32 = 1;

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Contents {
    cassette: Version,
    interactions: Vec<Interaction>,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(try_from = "u32", into = "u32")]
struct Version;

/// One exchange.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Interaction {
    /// For people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) note: Option<String>,
    /// It may be used any number of times, but once at least.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) repeat: bool,
    pub(super) request: Request,
    pub(super) response: Response,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Request {
    pub(super) method: Method,
    pub(super) url: RecordedUrl,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) headers: Vec<Field>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) body: Option<Body>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Response {
    pub(super) status: Status,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) headers: Vec<Field>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) body: Option<Body>,
}

impl Response {
    pub(super) fn answer(&self) -> Answer {
        let body = self.body.as_ref().map(Body::to_bytes).unwrap_or_default();
        let fields = self.headers.iter();
        fields.fold(Answer::new(self.status.into()).body(body), |answer, field| {
            answer.header(&field.name, &field.value)
        })
    }
}

impl fmt::Display for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, self.url.as_str())
    }
}

/// The exchanges of the file.
pub(super) fn read(path: &Path) -> Result<Vec<Interaction>, String> {
    let mut text = String::new();
    let read = std::fs::File::open(path)
        .and_then(|file| file.take(MAX_FILE_BYTES + 1).read_to_string(&mut text));
    match read {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Err(format!(
            "there is no cassette {0}\n  record it: {VARIABLE}=1 cargo test",
            path.display()
        )),
        Err(error) => Err(format!("the cassette {} cannot be read: {error}", path.display())),
        Ok(_) if text.len() as u64 > MAX_FILE_BYTES => {
            Err(format!("the cassette {} has more than {MAX_FILE_BYTES} bytes", path.display()))
        }
        Ok(_) => parse(&text).map_err(|(line, error)| {
            let shown = text.lines().nth(line.saturating_sub(1)).unwrap_or_default().trim();
            let (shown, error) = (cut(shown, 80), wrapped(&error).replace('\n', "\n  "));
            format!("{}:{line}: this is no cassette\n  {error}\n  {line} | {shown}", path.display())
        }),
    }
}

/// The exchanges of a text; else the line of the error, and what is wrong.
pub(super) fn parse(text: &str) -> Result<Vec<Interaction>, (usize, String)> {
    let contents: Contents = serde_json::from_str(text).map_err(|error| {
        // The line stands before it already.
        let said = error.to_string();
        let place = format!(" at line {} column {}", error.line(), error.column());
        (error.line(), said.strip_suffix(&place).unwrap_or(&said).to_owned())
    })?;
    match contents.interactions.len() {
        0..=MAX_INTERACTIONS => Ok(contents.interactions),
        many => Err((1, format!("{many} interactions, and {MAX_INTERACTIONS} are the most"))),
    }
}

/// Replaces the file whole, or leaves it as it is.
pub(super) fn write(path: &Path, interactions: Vec<Interaction>) -> io::Result<()> {
    let contents = Contents { cassette: Version, interactions };
    let mut text = serde_json::to_string_pretty(&contents)?;
    text.push('\n');
    if text.len() as u64 > MAX_FILE_BYTES {
        return Err(io::Error::other(format!("it would have more than {MAX_FILE_BYTES} bytes")));
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder)?;
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(text.as_bytes())?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    Ok(())
}

impl TryFrom<u32> for Version {
    type Error = String;

    fn try_from(version: u32) -> Result<Self, String> {
        match version {
            VERSION => Ok(Self),
            other => Err(format!("this testkit reads cassettes of version {VERSION}, not {other}")),
        }
    }
}

impl From<Version> for u32 {
    fn from(Version: Version) -> Self {
        VERSION
    }
}
