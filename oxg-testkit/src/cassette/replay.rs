//! Recorded exchanges in place of targets.

use std::path::PathBuf;

use super::VARIABLE;
use super::diff::{differences, same_place};
use super::file::{Interaction, Request};
use super::scrub::Scrub;
use crate::targets::{Answer, Sent};
use crate::text::indented;

/// A cassette that is played.
#[derive(Debug)]
pub(crate) struct Player {
    path: PathBuf,
    recorded: Vec<(Interaction, usize)>,
    in_order: bool,
    allow_unused: bool,
    scrub: Scrub,
}

impl Player {
    pub(super) fn new(path: PathBuf, interactions: Vec<Interaction>) -> Self {
        let recorded = interactions.into_iter().map(|interaction| (interaction, 0)).collect();
        let scrub = Scrub::default();
        Self { path, recorded, in_order: false, allow_unused: false, scrub }
    }

    pub(super) fn in_order(mut self, in_order: bool) -> Self {
        self.in_order = in_order;
        self
    }

    pub(super) fn allow_unused(mut self, allow_unused: bool) -> Self {
        self.allow_unused = allow_unused;
        self
    }

    pub(super) fn scrub(&self) -> &Scrub {
        &self.scrub
    }

    /// The recorded answer to a request; else, in lines, what comes nearest to it.
    pub(crate) fn answer(&mut self, sent: &Sent) -> Result<Answer, String> {
        let request = self.scrub.request(sent)?;
        let found = self.find(&request).and_then(|index| self.recorded.get_mut(index));
        if let Some((interaction, used)) = found {
            *used += 1;
            return Ok(interaction.response.answer());
        }
        Err(self.nearest(&request))
    }

    /// Whether an exchange can still be used.
    fn is_open((interaction, used): &(Interaction, usize)) -> bool {
        interaction.repeat || *used == 0
    }

    fn find(&self, request: &Request) -> Option<usize> {
        let mut open = self.recorded.iter().enumerate().filter(|(_, entry)| Self::is_open(entry));
        if !self.in_order {
            return open
                .find(|(_, (recorded, _))| differences(&recorded.request, request).is_empty())
                .map(|(index, _)| index);
        }
        // One that repeats makes way for the next once it was used.
        for (index, (recorded, used)) in open {
            if differences(&recorded.request, request).is_empty() {
                return Some(index);
            }
            if *used == 0 {
                return None;
            }
        }
        None
    }

    fn nearest(&self, request: &Request) -> String {
        let found = self
            .recorded
            .iter()
            .enumerate()
            .map(|(index, entry)| (index, entry, differences(&entry.0.request, request)))
            // Of two that are equally near, the one that is still open.
            .min_by_key(|(_, entry, found)| {
                (!same_place(&entry.0.request, request), found.len(), !Self::is_open(entry))
            });
        let mut text = match found {
            None => "\n  the cassette is empty".to_owned(),
            Some((index, (recorded, used), found)) => {
                let at = self.place(index);
                match (found.is_empty(), *used) {
                    (true, 0) => format!(
                        "\n  it is recorded ({at}), but another comes first:\n    {}",
                        self.next().map_or_else(String::new, |next| next.to_string())
                    ),
                    (true, _) => format!("\n  it is recorded once ({at}) and has come more often"),
                    (false, _) => {
                        let lines: String =
                            found.iter().map(|line| format!("\n{}", indented(line, 4))).collect();
                        format!("\n  nearest recording: {}\n    in {at}{lines}", recorded.request)
                    }
                }
            }
        };
        text.push_str(&format!("\n  to record again: {VARIABLE}=1 cargo test"));
        text
    }

    /// What has to come next, in order.
    fn next(&self) -> Option<&Request> {
        let next = self.recorded.iter().find(|(_, used)| *used == 0);
        next.map(|(interaction, _)| &interaction.request)
    }

    /// What was not used, a paragraph each.
    pub(crate) fn complaints(&self) -> Vec<String> {
        let unused = self.recorded.iter().enumerate().filter(|(_, (_, used))| *used == 0);
        unused
            .filter(|_| !self.allow_unused)
            .map(|(index, (recorded, _))| {
                format!(
                    "recorded, but never sent: {}\n  in {}",
                    recorded.request,
                    self.place(index)
                )
            })
            .collect()
    }

    fn place(&self, index: usize) -> String {
        format!("{}, interaction {}", self.path.display(), index + 1)
    }
}
