//! What logs may say: the guide's "inspect logs", by program.

use super::Run;
use crate::text::{around, list};

/// The longest that a line is shown, in characters.
const LONGEST: usize = 88;

/// Assertions on the lines that a run logged and, of a process, wrote. Each panics with the lines
/// that break it.
///
/// ```no_run
/// # let run: oxg_testkit::Run = unimplemented!();
/// run.assert_logs()
///     .contains("run ended")
///     .no_env_beyond(["OXG_LOG"])
///     .only_destinations(["shop.test"])
///     .only_paths_under_workspace();
/// ```
#[derive(Debug)]
pub struct Logs<'a> {
    run: &'a Run,
}

/// The first folders of a Unix file system: a text that starts with one is a path of the machine.
const ROOTS: [&str; 23] = [
    "bin",
    "boot",
    "dev",
    "etc",
    "home",
    "lib",
    "lib64",
    "media",
    "mnt",
    "nix",
    "opt",
    "private",
    "proc",
    "root",
    "run",
    "sbin",
    "srv",
    "sys",
    "tmp",
    "Users",
    "usr",
    "var",
    "workspace",
];

impl<'a> Logs<'a> {
    pub(super) fn new(run: &'a Run) -> Self {
        Self { run }
    }

    /// Some line has this text.
    ///
    /// # Panics
    /// If none has, with all lines.
    #[track_caller]
    pub fn contains(self, text: &str) -> Self {
        if !self.lines().any(|line| line.contains(text)) {
            let all = list(self.lines().map(str::to_owned));
            self.run.check(Err(format!("no line of the logs has {text:?}\nall lines:\n{all}")));
        }
        self
    }

    /// No line has this text.
    ///
    /// # Panics
    /// If one has.
    #[track_caller]
    pub fn lacks(self, text: &str) -> Self {
        self.none("a text that must not be there", |line| {
            line.contains(text).then(|| text.to_owned()).into_iter().collect()
        })
    }

    /// No line shows an environment variable (`NAME=…`, or the quoted name of one that the test
    /// itself has) other than these.
    ///
    /// # Panics
    /// If one does.
    #[track_caller]
    pub fn no_env_beyond<'n>(self, names: impl IntoIterator<Item = &'n str>) -> Self {
        let known: Vec<_> = names.into_iter().collect();
        self.none("an environment variable", |line| {
            variables(line).filter(|name| !known.contains(name)).map(str::to_owned).collect()
        })
    }

    /// Every URL and every IP address in a line is of one of these hosts.
    ///
    /// # Panics
    /// If one is not.
    #[track_caller]
    pub fn only_destinations<'n>(self, hosts: impl IntoIterator<Item = &'n str>) -> Self {
        let known: Vec<_> = hosts.into_iter().collect();
        self.none("another destination", |line| {
            hosts_in(line).filter(|host| !known.contains(host)).map(str::to_owned).collect()
        })
    }

    /// Every path of the machine in a line is in the plugin's workspace.
    ///
    /// # Panics
    /// If one is not.
    #[track_caller]
    pub fn only_paths_under_workspace(self) -> Self {
        let workspace = &self.run.workspace;
        self.none("a path outside of the workspace", |line| {
            let outside = |path: &&str| !std::path::Path::new(path).starts_with(workspace);
            paths(line).filter(outside).map(str::to_owned).collect()
        })
    }

    #[track_caller]
    fn none(self, what: &str, find: impl Fn(&str) -> Vec<String>) -> Self {
        let mut found: Vec<_> = self
            .lines()
            .flat_map(|line| {
                find(line).into_iter().map(move |found| {
                    format!("  {found}\n    in: {}", around(line, &found, LONGEST))
                })
            })
            .collect();
        found.dedup();
        if !found.is_empty() {
            self.run.check(Err(format!("the logs show {what}\n{}", found.join("\n"))));
        }
        self
    }

    fn lines(&self) -> impl Iterator<Item = &'a str> {
        self.run.logs.iter().chain(&self.run.output).map(String::as_str)
    }
}

/// Names that are written like variables with their values.
fn variables(line: &str) -> impl Iterator<Item = &str> {
    runs(line, |c| c.is_ascii_alphanumeric() || c == '_').filter_map(move |(at, name)| {
        let shape = name.len() > 2
            && name.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')
            && name.starts_with(|c: char| c.is_ascii_uppercase());
        let after = &line[at + name.len()..];
        let quoted = line[..at].ends_with('"') && after.trim_start_matches('\\').starts_with('"');
        let shown = after.starts_with('=') || (quoted && std::env::var_os(name).is_some());
        (shape && shown).then_some(name)
    })
}

/// The hosts of URLs, and IPv4 addresses.
fn hosts_in(line: &str) -> impl Iterator<Item = &str> {
    let of_urls = line.match_indices("://").filter_map(|(at, mark)| {
        let rest = &line[at + mark.len()..];
        let authority = |c: char| c.is_ascii_alphanumeric() || "-._~:@[]%".contains(c);
        let end = rest.find(|c| !authority(c)).unwrap_or(rest.len());
        let host = rest[..end].rsplit('@').next()?;
        let host = match host.rfind(']') {
            Some(bracket) => &host[..=bracket],
            None => host.split(':').next()?,
        };
        (!host.is_empty()).then_some(host)
    });
    let addresses = runs(line, |c| c.is_ascii_digit() || c == '.').map(|(_, text)| text);
    of_urls.chain(addresses.filter(|text| text.parse::<std::net::Ipv4Addr>().is_ok()))
}

/// Absolute paths that start with a folder of the system's.
fn paths(line: &str) -> impl Iterator<Item = &str> {
    let of_path = |c: char| c.is_ascii_alphanumeric() || "/._-+@~#".contains(c);
    runs(line, of_path).filter_map(|(_, text)| {
        let path = text.find('/').map(|at| &text[at..])?;
        let absolute = path.len() == text.len() && ROOTS.contains(&path[1..].split('/').next()?);
        absolute.then_some(path)
    })
}

/// The longest stretches of such characters, with where they start.
fn runs(line: &str, of: impl Fn(char) -> bool) -> impl Iterator<Item = (usize, &str)> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let start = at + line[at..].find(&of)?;
        let end = line[start..].find(|c| !of(c)).map_or(line.len(), |length| start + length);
        at = end;
        Some((start, &line[start..end]))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_known_by_their_values_or_by_their_quoted_names() {
        let found = |line: &'static str| variables(line).collect::<Vec<_>>();
        assert_eq!(found("started with AWS_PROFILE=prod LANG=C x=1"), ["AWS_PROFILE", "LANG"]);
        assert_eq!(found(r#"{"fields":{"env":"{\"PATH\": \"/usr/bin\"}"}}"#), ["PATH"]);
        assert_eq!(found("GET / HTTP_1 OK=1 \"POST\""), Vec::<&str>::new());
    }

    #[test]
    fn destinations_are_found_in_urls_and_as_addresses() {
        let found = |line: &'static str| hosts_in(line).collect::<Vec<_>>();
        assert_eq!(
            found("got https://u:p@shop.test:8443/a and 10.0.0.1:80"),
            ["shop.test", "10.0.0.1"]
        );
        assert_eq!(found("http://[::1]:80/ version 1.2.3"), ["[::1]"]);
    }

    #[test]
    fn paths_of_the_machine_are_not_those_of_urls() {
        let found = |line: &'static str| paths(line).collect::<Vec<_>>();
        assert_eq!(
            found("read \"/etc/passwd\" and /home/me/x.txt"),
            ["/etc/passwd", "/home/me/x.txt"]
        );
        assert_eq!(found("GET https://e.test/etc/x, /v1/secrets/a, a/usr/b"), Vec::<&str>::new());
    }
}
