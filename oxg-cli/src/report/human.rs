//! The report for a person.

use std::collections::BTreeMap;

use anstream::println;
use anstyle::Style;
use oxg_protocol::Severity;
use oxg_protocol::audit::{AuditRecord, Decision, EventType};

use super::{Report, TaskReport, text};
use crate::terminal::{BAD, FAINT, GOOD, HINT, STRONG, cut, printable, severity};

/// The widest that a column with text from elsewhere becomes.
const WIDE: usize = 60;

pub(super) fn print(report: &Report) {
    findings(report);
    tasks(&report.tasks);
    decisions(report);
    files(report);
    if let Some(complaint) = report.ending.complaint() {
        println!("\n{BAD}The plugin failed:{BAD:#} {}", printable(&complaint));
    }
}

fn findings(report: &Report) {
    heading("Findings", report.findings.len());
    let counts = Severity::ALL.iter().rev().filter_map(|severity| {
        let count = report.findings.iter().filter(|found| found.severity == *severity).count();
        (count > 0).then(|| format!("{count} {severity}"))
    });
    let counts: Vec<_> = counts.collect();
    if !counts.is_empty() {
        println!("  {}", counts.join(", "));
    }
    let rows = report.findings.iter().map(|finding| {
        let cells = [
            finding.severity.to_string(),
            finding.kind.clone(),
            finding.target.clone().unwrap_or_default(),
            finding.message.clone(),
        ];
        (severity(finding.severity), cells)
    });
    table(["severity", "type", "target", "message"], rows.collect());
}

fn tasks(tasks: &[TaskReport]) {
    heading("Tasks", tasks.len());
    let rows = tasks.iter().map(|task| {
        let style = if task.state == "completed" { GOOD } else { BAD };
        (style, [task.state.to_owned(), task.id.clone(), task.input.to_string()])
    });
    table(["state", "task", "input"], rows.collect());
    for task in tasks.iter().filter(|task| task.state != "completed") {
        println!();
        explain(task);
    }
}

/// Why a task failed, and what would mend it.
fn explain(task: &TaskReport) {
    let Some(denial) = &task.denial else {
        let reason =
            task.reason.as_deref().unwrap_or("it was not finished before the plugin ended");
        println!("  {BAD}{} failed:{BAD:#} {}", task.id, printable(reason));
        if task.history.len() > 1 {
            for (index, end) in task.history.iter().enumerate() {
                println!("    attempt {}   {}", index + 1, printable(end));
            }
        }
        return;
    };
    println!("  {BAD}{} was denied:{BAD:#} {}", task.id, printable(&denial.reason));
    let capability = denial.capability.as_deref().unwrap_or("-");
    println!("    capability  {}", printable(capability));
    if let Some(destination) = &denial.destination {
        println!("    target      {}", printable(destination));
    }
    match &denial.manifest_hint {
        Some(line) => println!(
            "    to allow    under \"{}\" in manifest.json: {HINT}{}{HINT:#}",
            printable(capability),
            printable(line)
        ),
        None => println!("    to allow    no line of manifest.json allows this"),
    }
}

/// What the broker decided, the same decisions counted together.
fn decisions(report: &Report) {
    heading("Decisions of the broker", report.decisions.len());
    let mut counted: BTreeMap<(usize, EventOrder, String), usize> = BTreeMap::new();
    for record in &report.decisions {
        let rank = match record.decision {
            Decision::Deny => 0,
            Decision::Allow => 2,
            _ => 1,
        };
        let key = (rank, EventOrder::of(record.event_type), call(record));
        *counted.entry(key).or_default() += 1;
    }
    let rows = counted.into_iter().map(|((rank, _, call), count)| {
        let (style, decision) = [(BAD, "deny"), (BAD, "failed"), (GOOD, "allow")][rank];
        (style, [decision.to_owned(), count.to_string(), call])
    });
    table(["decision", "times", "what"], rows.collect());
}

/// The order in which kinds of events are listed.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum EventOrder {
    Egress,
    Secret,
    Artifact,
    Finding,
    Task,
    Other,
}

impl EventOrder {
    fn of(event: EventType) -> Self {
        match event {
            EventType::Egress => Self::Egress,
            EventType::Secret => Self::Secret,
            EventType::Artifact => Self::Artifact,
            EventType::Finding => Self::Finding,
            EventType::Task => Self::Task,
            _ => Self::Other,
        }
    }
}

/// The call in words; ids that say nothing to a person are left out.
fn call(record: &AuditRecord) -> String {
    let method = text(record, "method").unwrap_or_default();
    if let Some(url) = text(record, "url") {
        return format!("egress    {method} {url}");
    }
    let path = text(record, "path").unwrap_or_default();
    let segments: Vec<_> = path.trim_start_matches("/v1/").split('/').collect();
    match (method, segments.as_slice()) {
        ("GET", ["secrets", name]) => format!("secret    borrow {name}"),
        ("DELETE", ["leases", _]) => "secret    give back".to_owned(),
        ("POST", ["leases", _, "renew"]) => "secret    renew".to_owned(),
        ("GET", ["artifacts"]) => "artifact  list".to_owned(),
        (_, ["artifacts", name @ ..]) => {
            format!("artifact  {} {}", method.to_lowercase(), name.join("/"))
        }
        ("POST", ["tasks", id, action]) => format!("task      {action} {id}"),
        ("POST", ["findings"]) => "findings  report".to_owned(),
        ("GET", ["session"]) => "session   open".to_owned(),
        _ => format!("other     {method} {path}"),
    }
}

fn files(report: &Report) {
    println!("\n{STRONG}Files{STRONG:#}");
    let files = &report.files;
    for (name, place) in [
        ("findings.jsonl", files.findings.display().to_string()),
        ("audit.jsonl", files.audit.display().to_string()),
        ("run.log", files.run_log.display().to_string()),
        ("artifacts", files.artifacts.clone()),
    ] {
        println!("  {name:<14}  {}", printable(&place));
    }
    if !report.files.kept {
        println!(
            "  {FAINT}in the system's temporary folder; choose your own with --keep DIR{FAINT:#}"
        );
    }
}

fn heading(what: &str, count: usize) {
    println!("\n{STRONG}{what}{STRONG:#} {FAINT}{count}{FAINT:#}");
}

/// Columns as wide as they need to be; the first one in the row's style.
fn table<const N: usize>(names: [&str; N], rows: Vec<(Style, [String; N])>) {
    if rows.is_empty() {
        println!("  {FAINT}none{FAINT:#}");
        return;
    }
    let rows: Vec<_> = rows
        .into_iter()
        .map(|(style, cells)| (style, cells.map(|cell| cut(&printable(&cell), WIDE))))
        .collect();
    let mut widths = names.map(str::len);
    for (_, cells) in &rows {
        for (width, cell) in widths.iter_mut().zip(cells) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let line = |style: Style, cells: [&str; N]| {
        let mut line = String::from("  ");
        for (index, (cell, width)) in cells.iter().zip(widths).enumerate() {
            let padding = " ".repeat(width - cell.chars().count());
            let styled = if index == 0 { style } else { Style::new() };
            line.push_str(&format!("{styled}{cell}{styled:#}{padding}  "));
        }
        println!("{}", line.trim_end());
    };
    line(FAINT, names);
    for (style, cells) in &rows {
        line(*style, std::array::from_fn(|index| cells[index].as_str()));
    }
}
