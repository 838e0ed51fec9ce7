//! `docs/controls-compared.md` is made of what other tools said of the edge cases (`compared.json`, which `cargo xtask compare`
//! measures) and of what the controls say of them now: `UPDATE_DOCS=1 cargo test -p controls` writes it anew.

#![allow(clippy::indexing_slicing, clippy::unwrap_used, reason = "a failed assumption of a test is a failed test")]

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

use controls::{Kind, Need, Parameters, Resource, Verdict, control};
use serde::Deserialize;
use serde_json::Value;

#[derive(Deserialize)]
struct Compared {
    /// Versions by name.
    tools: BTreeMap<String, String>,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Case {
    name: String,
    resource: String,
    right: String,
    why: String,
    control: String,
    remark: String,
    kind: Kind,
    arn: String,
    description: Value,
    related: Related,
    prowler: Option<Said>,
    custodian: Option<Said>,
    checkov: Vec<Said>,
    security_hub: Option<Said>,
    config: Option<Said>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Related {
    lifecycle_configuration: Option<Value>,
    job_definition: Option<Value>,
}

/// What a rule of another tool says.
#[derive(Deserialize)]
struct Said {
    rule: String,
    verdict: String,
    #[serde(default)]
    says: String,
    #[serde(default)]
    framework: String,
}

impl Case {
    fn judged(&self) -> Verdict {
        let related = [
            (Need::LifecycleConfiguration, &self.related.lifecycle_configuration),
            (Need::JobDefinition, &self.related.job_definition),
        ];
        let resource = Resource {
            kind: self.kind,
            account: "111111111111".parse().unwrap(),
            region: "eu-west-1".parse().unwrap(),
            name: self.name.clone(),
            arn: self.arn.clone(),
            description: self.description.clone(),
            related: related.into_iter().filter_map(|(need, value)| Some((need, value.clone()?))).collect(),
            looked_at: "2026-10-21T12:00:00Z".parse().unwrap(),
        };
        control(&self.control).unwrap().judge(&resource, &Parameters::default()).unwrap()
    }

    /// What the tools say of it, in the order of [`TOOLS`].
    fn said(&self) -> [Vec<&Said>; 5] {
        fn of(said: &Option<Said>) -> Vec<&Said> {
            said.iter().collect()
        }
        [
            of(&self.prowler),
            of(&self.custodian),
            self.checkov.iter().collect(),
            of(&self.security_hub),
            of(&self.config),
        ]
    }

    /// A tool that knows no "not applicable" and does not complain is right too.
    fn is_right(&self, verdict: &str) -> bool {
        verdict == self.right || (self.right == "notApplicable" && verdict == "pass")
    }
}

const TOOLS: [&str; 5] = ["Prowler", "Custodian", "Checkov", "Security Hub", "Config"];
/// How many of them were run; of the others there is what their documentation says.
const MEASURED: usize = 3;

fn words(verdict: &str) -> &str {
    match verdict {
        "notApplicable" => "not applicable",
        "notSaid" => "not said",
        other => other,
    }
}

fn page(compared: &Compared) -> String {
    let versions: Vec<String> = compared.tools.iter().map(|(name, version)| format!("{name} {version}")).collect();
    let mut page = format!(
        "<!-- Written by `cargo xtask compare`; a test holds the controls' verdicts on it equal to the controls. -->\n\n\
         # Controls compared\n\n\
         Resources on which tools that check SageMaker disagree, or which none but one of them looks at. Each was made through the \
         API in the [local cloud](../local-cloud), as it should be but for what its line says, and judged there by the controls and by {}, \
         each installed from its own pinned requirements.\n\n\
         - **Prowler**: the status of the check that looks at it; `MANUAL` is \"unknown\".\n\
         - **Custodian** has no checks of its own. Measured is the shortest filter on the member that \
         [the reference](controls-reference.md) names, in a dry run: what it finds fails, what it does not find passes. \
         A longer policy gets more of them right.\n\
         - **Checkov** reads templates: the same resource in CloudFormation, or in Terraform where Checkov has the rule for that \
         alone. A template cannot be like a description that lacks a member.\n\
         - **Security Hub** and **Config** cannot be run here. *In italics* is what AWS's documentation says of the case: the \
         page \"Security Hub CSPM controls for SageMaker AI\" of the Security Hub user guide, and the page of the rule's name in the \
         Config developer guide. \"Not said\" means that nothing was found there on the case; then nothing is guessed.\n\n\
         A dash means that the tool has no rule for it, **bold** that the verdict is wrong. Where a control does not apply, \
         a pass counts as right: nobody is told of a fault that there is not.\n\n\
         | case | right | here | {} |\n|---|---|---|{}\n",
        versions.join(", "),
        TOOLS.join(" | "),
        "---|".repeat(TOOLS.len()),
    );
    for case in &compared.cases {
        write!(page, "| [{}](#{}) | {} |", case.resource, case.name, words(&case.right)).unwrap();
        let ours = case.judged();
        write!(page, " {} |", shown(ours.word(), ours.word() == case.right, false)).unwrap();
        for (tool, said) in case.said().iter().enumerate() {
            write!(page, " {} |", cell(case, said, tool >= MEASURED)).unwrap();
        }
        page.push('\n');
    }
    page.push_str(&counts(compared));
    page.push_str("\n## Each case\n");
    for case in &compared.cases {
        page.push_str(&details(case));
    }
    page
}

/// Rules of one tool that agree are one word.
fn cell(case: &Case, said: &[&Said], is_documented: bool) -> String {
    let mut cells: Vec<String> = said
        .iter()
        .map(|said| {
            let is_right = said.verdict == "notSaid" || case.is_right(&said.verdict);
            shown(&said.verdict, is_right, is_documented)
        })
        .collect();
    cells.dedup();
    if cells.is_empty() { "—".to_owned() } else { cells.join(", ") }
}

fn shown(verdict: &str, is_right: bool, is_documented: bool) -> String {
    match (is_right, is_documented) {
        (true, false) => words(verdict).to_owned(),
        (true, true) => format!("*{}*", words(verdict)),
        (false, false) => format!("**{}**", words(verdict)),
        (false, true) => format!("***{}***", words(verdict)),
    }
}

fn counts(compared: &Compared) -> String {
    let mut text = format!(
        "\n## How often each is wrong\n\nOf {} cases. A tool without a rule for a case is not wrong about it. The cases were picked \
         for being hard, and which verdict is right was decided here: the counts say how each does on these, not how it does on \
         the resources of an account. Prowler also asks whether Clarify, Model Monitor and the model registry are in use at all, which \
         no control here does.\n\n\
         | | has a rule | right | wrong | not said |\n|---|---|---|---|---|\n",
        compared.cases.len()
    );
    let ours = compared.cases.iter().filter(|case| case.judged().word() == case.right).count();
    writeln!(text, "| here | {0} | {ours} | {1} | — |", compared.cases.len(), compared.cases.len() - ours).unwrap();
    for (tool, name) in TOOLS.into_iter().enumerate() {
        let about = |case: &Case| case.said()[tool].iter().map(|said| said.verdict.clone()).collect::<Vec<_>>();
        let said: Vec<(&Case, Vec<String>)> =
            compared.cases.iter().map(|case| (case, about(case))).filter(|(_, said)| !said.is_empty()).collect();
        let not_said = said.iter().filter(|(_, said)| said.iter().any(|verdict| verdict == "notSaid")).count();
        let right = said.iter().filter(|(case, said)| said.iter().all(|verdict| case.is_right(verdict))).count();
        let (name, not_said_shown) = if tool < MEASURED {
            (name.to_owned(), "—".to_owned())
        } else {
            (format!("{name} (documented)"), not_said.to_string())
        };
        let wrong = said.len() - right - not_said;
        writeln!(text, "| {name} | {} | {right} | {wrong} | {not_said_shown} |", said.len()).unwrap();
    }
    text
}

fn details(case: &Case) -> String {
    let mut text = format!("\n### {}\n\n{}. Right: {}. {}", case.name, case.resource, words(&case.right), case.why);
    if !case.remark.is_empty() {
        write!(text, " {}", case.remark).unwrap();
    }
    let ours = case.judged();
    let reason = ours.reason().map(|reason| format!(": {reason}")).unwrap_or_default();
    write!(text, "\n\n- here, `{}`: {}{reason}\n", case.control, words(ours.word())).unwrap();
    for (tool, said) in TOOLS.into_iter().zip(case.said()) {
        for said in said {
            let framework = match said.framework.as_str() {
                "" => "",
                "terraform" => " (Terraform)",
                _ => " (CloudFormation)",
            };
            let says =
                if said.says.is_empty() { String::new() } else { format!(": {}", said.says.trim_end_matches('.')) };
            writeln!(text, "- {tool}, `{}`{framework}: {}{says}", said.rule, words(&said.verdict)).unwrap();
        }
    }
    text
}

#[test]
fn the_comparison_page_says_what_the_controls_say() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let compared = std::fs::read_to_string(folder.join("tests/compared.json")).unwrap();
    let page = page(&serde_json::from_str(&compared).unwrap());
    let path = folder.join("../../docs/controls-compared.md");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, &page).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        written == page,
        "docs/controls-compared.md is not what the controls say: UPDATE_DOCS=1 cargo test -p controls"
    );
}
