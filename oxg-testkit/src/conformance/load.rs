//! Cases from files.

use std::path::Path;

use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};

use super::broker::BrokerCase;
use super::plugin::PluginCase;
use super::{CaseError, CaseInfo, Kind};

/// The largest file of cases, in bytes.
const MAX_FILE: u64 = 1 << 20;

/// A file of cases, checked.
///
/// ```
/// use oxg_testkit::conformance::CaseFile;
///
/// let error = CaseFile::parse("mine.toml", "kind = 'plugin'\n[[case]]\nid = 'a/b'").unwrap_err();
/// assert!(error.to_string().contains("missing field `must`"));
/// ```
#[derive(Debug, Clone)]
pub struct CaseFile {
    pub(super) name: String,
    pub(super) cases: Cases,
}

#[derive(Debug, Clone)]
pub(super) enum Cases {
    Plugin(Vec<PluginCase>),
    Broker(Vec<BrokerCase>),
}

/// What tells the kinds of files apart.
#[derive(Deserialize)]
struct Head {
    kind: Kind,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Body<C> {
    #[serde(rename = "kind")]
    _kind: IgnoredAny,
    case: Vec<C>,
}

impl CaseFile {
    /// The cases in the text of a TOML file; `name` is for messages.
    ///
    /// # Errors
    /// [`CaseError::Malformed`], with the line.
    pub fn parse(name: &str, text: &str) -> Result<Self, CaseError> {
        let Head { kind } = from_toml(name, text)?;
        let cases = match kind {
            Kind::Plugin => Cases::Plugin(from_toml::<Body<PluginCase>>(name, text)?.case),
            Kind::Broker => Cases::Broker(from_toml::<Body<BrokerCase>>(name, text)?.case),
        };
        let file = Self { name: name.to_owned(), cases };
        file.check()?;
        Ok(file)
    }

    /// Every `*.toml` in a folder, in the order of their names.
    ///
    /// # Errors
    /// [`CaseError`].
    pub fn read_dir(folder: &Path) -> Result<Vec<Self>, CaseError> {
        let failed = |path: &Path| {
            let path = path.to_owned();
            move |source| CaseError::File { path, source }
        };
        let mut paths = Vec::new();
        for entry in std::fs::read_dir(folder).map_err(failed(folder))? {
            let path = entry.map_err(failed(folder))?.path();
            if path.extension().is_some_and(|extension| extension == "toml") {
                paths.push(path);
            }
        }
        paths.sort();
        let read = |path: &Path| {
            use std::io::Read as _;
            let mut text = String::new();
            let file = std::fs::File::open(path)?;
            file.take(MAX_FILE + 1).read_to_string(&mut text)?;
            match text.len() as u64 > MAX_FILE {
                true => Err(std::io::Error::other("it is larger than 1 MiB")),
                false => Ok(text),
            }
        };
        let parse = |path: &std::path::PathBuf| {
            let text = read(path).map_err(failed(path))?;
            Self::parse(&path.display().to_string(), &text)
        };
        paths.iter().map(parse).collect()
    }

    /// What the cases say of themselves.
    #[must_use]
    pub fn infos(&self) -> Vec<CaseInfo> {
        match &self.cases {
            Cases::Plugin(cases) => cases.iter().map(PluginCase::info).collect(),
            Cases::Broker(cases) => cases.iter().map(BrokerCase::info).collect(),
        }
    }

    /// What the types alone do not say.
    fn check(&self) -> Result<(), CaseError> {
        let problem = match &self.cases {
            Cases::Plugin(cases) => cases.iter().find_map(|case| Some((&case.id, case.flaw()?))),
            Cases::Broker(cases) => cases.iter().find_map(|case| Some((&case.id, case.flaw()?))),
        };
        problem.map_or(Ok(()), |(id, problem)| {
            Err(CaseError::Malformed {
                name: self.name.clone(),
                problem: format!("{id}: {problem}"),
            })
        })
    }
}

fn from_toml<T: DeserializeOwned>(name: &str, text: &str) -> Result<T, CaseError> {
    toml::from_str(text).map_err(|error| CaseError::Malformed {
        name: name.to_owned(),
        problem: error.to_string().trim_end().to_owned(),
    })
}

/// The embedded files of one kind.
macro_rules! embedded {
    ($kind:literal: $($name:literal),* $(,)?) => {
        &[$((
            concat!("cases/", $kind, "/", $name, ".toml"),
            include_str!(concat!("cases/", $kind, "/", $name, ".toml")),
        )),*]
    };
}

const PLUGIN: &[(&str, &str)] = embedded!("plugin":
    "session", "tasks", "leases", "denials", "faults", "shutdown", "reports");
const BROKER: &[(&str, &str)] = embedded!("broker":
    "session", "requests", "tasks", "artifacts", "uploads", "secrets", "reports", "egress");

/// The cases of this crate and those of `more`, of one kind; their ids are unique.
fn all<C: Clone>(
    kind: Kind,
    more: &[CaseFile],
    of: impl Fn(&CaseFile) -> Option<&[C]>,
) -> Result<Vec<C>, CaseError> {
    let embedded = match kind {
        Kind::Plugin => PLUGIN,
        Kind::Broker => BROKER,
    };
    let mut files = Vec::new();
    for (name, text) in embedded {
        files.push(CaseFile::parse(name, text)?);
    }
    files.extend(more.iter().filter(|file| of(file).is_some()).cloned());
    let mut ids = std::collections::BTreeSet::new();
    for file in &files {
        for info in file.infos() {
            if !ids.insert(info.id.clone()) {
                return Err(CaseError::Duplicate { name: file.name.clone(), id: info.id });
            }
        }
    }
    Ok(files.iter().filter_map(of).flatten().cloned().collect())
}

/// What every case of this crate and of `more` says of itself: first those for plugins, then those
/// for brokers.
///
/// # Errors
/// [`CaseError::Duplicate`] if two cases of a kind have one id.
pub fn infos(more: &[CaseFile]) -> Result<Vec<CaseInfo>, CaseError> {
    let plugin = plugin_cases(more)?;
    let broker = broker_cases(more)?;
    let plugin = plugin.iter().map(PluginCase::info);
    Ok(plugin.chain(broker.iter().map(BrokerCase::info)).collect())
}

/// The plugin cases of this crate and of `more`.
pub(super) fn plugin_cases(more: &[CaseFile]) -> Result<Vec<PluginCase>, CaseError> {
    all(Kind::Plugin, more, |file| match &file.cases {
        Cases::Plugin(cases) => Some(cases),
        Cases::Broker(_) => None,
    })
}

/// The broker cases of this crate and of `more`.
pub(super) fn broker_cases(more: &[CaseFile]) -> Result<Vec<BrokerCase>, CaseError> {
    all(Kind::Broker, more, |file| match &file.cases {
        Cases::Broker(cases) => Some(cases),
        Cases::Plugin(_) => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cases_of_this_crate_can_be_read() {
        assert!(plugin_cases(&[]).unwrap().len() > 30);
        assert!(broker_cases(&[]).unwrap().len() > 40);
    }

    #[test]
    fn a_file_with_an_unknown_key_is_refused_with_its_line() {
        let text =
            "kind = 'plugin'\n[[case]]\nid = 'a/b'\nmust = 'x'\nsource = 'Tasks'\nneed = []\n";
        let error = CaseFile::parse("mine.toml", text).unwrap_err().to_string();
        assert!(
            error.starts_with("mine.toml: ") && error.contains("need") && error.contains('6'),
            "{error}"
        );
    }

    #[test]
    fn an_id_that_is_taken_is_refused() {
        let case = plugin_cases(&[]).unwrap().swap_remove(0);
        let file = CaseFile { name: "mine.toml".to_owned(), cases: Cases::Plugin(vec![case]) };
        let error = plugin_cases(&[file]).unwrap_err();
        assert!(matches!(error, CaseError::Duplicate { .. }), "{error}");
    }
}
