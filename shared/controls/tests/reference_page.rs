//! `docs/controls-reference.md` is made of the controls themselves: `UPDATE_DOCS=1 cargo test -p controls` writes it anew.

#![allow(clippy::unwrap_used, reason = "a failed assumption of a test is a failed test")]

use std::fmt::Write;
use std::path::Path;

use controls::{CONTROLS, Control, Kind, Reference, Severity, Tool};

const TOOLS: [(Tool, &str); 7] = [
    (Tool::Prowler, "Prowler"),
    (Tool::SecurityHub, "Security Hub"),
    (Tool::Config, "Config"),
    (Tool::Guard, "Guard"),
    (Tool::Checkov, "Checkov"),
    (Tool::Steampipe, "Steampipe"),
    (Tool::Custodian, "Custodian"),
];

fn page() -> String {
    let mut page = String::from(
        "<!-- Written by `UPDATE_DOCS=1 cargo test -p controls`; a test holds it equal to the controls. -->\n\n\
         # Controls\n\n\
         What each control asks for, and who else asks for the same. A dash means that the tool has no such check. Custodian has no \
         checks of its own: its column names the filter that one can be made of.\n\n",
    );
    let mut counts = String::from("| severity | controls |\n|---|---|\n");
    for severity in [Severity::Critical, Severity::High, Severity::Medium, Severity::Low] {
        let count = CONTROLS.iter().filter(|control| control.severity == severity).count();
        writeln!(counts, "| {} | {count} |", severity.label()).unwrap();
    }
    writeln!(page, "{counts}").unwrap();
    let mut tools = String::from("| tool | controls that it has too |\n|---|---|\n");
    for (tool, name) in TOOLS {
        let count = CONTROLS.iter().filter(|control| has(control, tool)).count();
        writeln!(tools, "| {name} | {count} of {} |", CONTROLS.len()).unwrap();
    }
    let alone = CONTROLS
        .iter()
        .filter(|control| TOOLS.iter().all(|(tool, _)| *tool == Tool::Custodian || !has(control, *tool)));
    writeln!(
        page,
        "{tools}\n{} of them are in no other tool, filters that one writes for Custodian aside.\n",
        alone.count()
    )
    .unwrap();
    page.push_str("## Against other tools\n\n| control | severity |");
    for (_, name) in TOOLS {
        write!(page, " {name} |").unwrap();
    }
    page.push_str("\n|---|---|---|---|---|---|---|---|---|\n");
    for control in CONTROLS {
        write!(page, "| [`{id}`](#{id}) | {severity} |", id = control.id, severity = control.severity.label()).unwrap();
        for (tool, _) in TOOLS {
            write!(page, " {} |", references(control, tool)).unwrap();
        }
        page.push('\n');
    }
    page.push_str("\n## Each control\n");
    for control in CONTROLS {
        write!(page, "\n### {}\n\n{}.\n\n", control.id, control.title).unwrap();
        writeln!(page, "- Severity: {}", control.severity.label()).unwrap();
        writeln!(page, "- Looks at: {}", names(control.kinds)).unwrap();
        if !control.actions.is_empty() {
            let actions: Vec<String> = control.actions.iter().map(ToString::to_string).collect();
            writeln!(page, "- May be corrected by: {}", actions.join(", ")).unwrap();
        }
        writeln!(page, "- What to do: {}", control.remediation).unwrap();
    }
    page.push_str("\n## What is looked at\n\n| kind | listed by | described by |\n|---|---|---|\n");
    for kind in Kind::ALL {
        let facts = kind.facts();
        let code = |name: Option<&str>| name.map_or_else(|| "—".to_owned(), |name| format!("`{name}`"));
        let list = code(facts.list.as_ref().map(|list| list.operation));
        writeln!(page, "| {} | {list} | {} |", facts.name, code(facts.describe)).unwrap();
    }
    page
}

fn has(control: &Control, tool: Tool) -> bool {
    control.references.iter().any(|reference| reference.tool == tool)
}

fn references(control: &Control, tool: Tool) -> String {
    let of = |reference: &&Reference| reference.tool == tool;
    let cells: Vec<String> = control
        .references
        .iter()
        .filter(of)
        .map(|reference| match reference.kinds {
            [] => reference.id.to_owned(),
            kinds => format!("{} ({})", reference.id, names(kinds)),
        })
        .collect();
    if cells.is_empty() { "—".to_owned() } else { cells.join("<br>").replace('|', "\\|") }
}

fn names(kinds: &[Kind]) -> String {
    kinds.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

#[test]
fn the_reference_page_is_that_of_the_controls() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/controls-reference.md");
    let page = page();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, &page).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        written == page,
        "docs/controls-reference.md is not what the controls say: UPDATE_DOCS=1 cargo test -p controls"
    );
}
