//! The report for a person.

use std::collections::BTreeMap;

use anstream::println;
use anstyle::Style;
use oxg_protocol::audit::{Decision, EventType};

use super::style::{BAD, FAINT, GOOD, HINT, STRONG, cut, printable, severity};
use super::{Report, TaskReport, text};

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
        (
            style,
            [
                task.state.to_owned(),
                task.id.clone(),
                task.input.to_string(),
            ],
        )
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
        let reason = task.reason.as_deref().unwrap_or("it was not finished");
        println!("  {BAD}{}{BAD:#} {}", task.id, printable(reason));
        return;
    };
    println!(
        "  {BAD}{} was denied:{BAD:#} {}",
        task.id,
        printable(&denial.reason)
    );
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
    let mut counted: BTreeMap<(usize, bool, [String; 3]), usize> = BTreeMap::new();
    for record in &report.decisions {
        let (order, what) = match record.event_type {
            EventType::Egress => (0, "egress"),
            EventType::Secret => (1, "secret"),
            EventType::Artifact => (2, "artifact"),
            EventType::Finding => (3, "finding"),
            EventType::Task => (4, "task"),
            _ => (5, "other"),
        };
        let method = text(record, "method").unwrap_or_default();
        let place = text(record, "url")
            .or_else(|| text(record, "path"))
            .unwrap_or_default();
        let decided = match record.decision {
            Decision::Allow => "allow",
            Decision::Deny => "deny",
            _ => "failed",
        };
        let row = [
            decided.to_owned(),
            what.to_owned(),
            format!("{method} {place}"),
        ];
        *counted.entry((order, decided == "allow", row)).or_default() += 1;
    }
    let rows = counted
        .into_iter()
        .map(|((_, good, [decided, what, place]), count)| {
            let style = if good { GOOD } else { BAD };
            (style, [decided, count.to_string(), what, place])
        });
    table(["decision", "times", "kind", "call"], rows.collect());
}

fn files(report: &Report) {
    println!("\n{STRONG}Files{STRONG:#}");
    for (name, path) in [
        ("findings.jsonl", &report.files.findings),
        ("audit.jsonl", &report.files.audit),
        ("run.log", &report.files.run_log),
        ("artifacts", &report.files.artifacts),
    ] {
        println!("  {name:<14}  {}", printable(&path.display().to_string()));
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
