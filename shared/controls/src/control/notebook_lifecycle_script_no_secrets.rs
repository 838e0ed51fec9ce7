//! A notebook instance is judged by the lifecycle configuration that it runs; one that no instance runs has its
//! secrets read by everybody who may describe it all the same.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::judging::{Part, answered, secrets};
use crate::{Action, Control, Kind, Need, Parameters, Reference, Resource, Severity, Tool, Verdict};

pub(super) const CONTROL: Control = Control {
    id: "notebook-lifecycle-script-no-secrets",
    title: "Lifecycle scripts of notebook instances hold no secrets",
    severity: Severity::High,
    kinds: &[Kind::NotebookInstance, Kind::NotebookInstanceLifecycleConfig],
    needs: &[Need::LifecycleConfiguration],
    references: &[Reference::of(Tool::Prowler, "sagemaker_notebook_instance_no_secrets", &[Kind::NotebookInstance])],
    remediation: "Revoke the secret: everybody who may describe the lifecycle configuration has read it. Then let \
                  the script read its successor from Secrets Manager or Parameter Store with the instance's \
                  role.",
    actions: &[Action::Notify],
    evaluate,
};

fn evaluate(resource: &Resource, _: &Parameters) -> Verdict {
    let nothing = |why: &str| answered(resource, |_| Verdict::NotApplicable(why.to_owned()));
    let configuration = if resource.kind == Kind::NotebookInstance {
        if !Part::of(resource).member("NotebookInstanceLifecycleConfigName").is_present() {
            return nothing("it has no lifecycle configuration");
        }
        let beside = Part::beside("LifecycleConfiguration", resource.related(Need::LifecycleConfiguration));
        if !beside.is_present() {
            return beside.unreadable(None);
        }
        beside
    } else {
        Part::of(resource)
    };
    let scripts = ["OnCreate", "OnStart"].into_iter().flat_map(|name| configuration.member(name).items());
    Verdict::worst(scripts.map(|script| script_holds_no_secret(&script.member("Content"))))
        .unwrap_or_else(|| nothing("it has no scripts"))
}

fn script_holds_no_secret(content: &Part<'_>) -> Verdict {
    let Some(text) = content.text() else { return content.unreadable(content.value()) };
    let without_breaks: String = text.split_ascii_whitespace().collect();
    let Some(script) = STANDARD.decode(without_breaks).ok().and_then(|bytes| String::from_utf8(bytes).ok()) else {
        return Verdict::Unknown(format!("{} is no text in base64", content.path()));
    };
    let found = secrets(&script);
    if found.is_empty() {
        return Verdict::Pass;
    }
    let found: Vec<String> =
        found.iter().map(|secret| format!("{} in line {}", secret.looks_like, secret.line)).collect();
    Verdict::Fail(format!("{} has what looks like {}", content.path(), found.join(", ")))
}

#[cfg(test)]
pub(super) const CASES: &[crate::case::Case] = {
    use crate::case::Case;
    &[
        // #!/bin/bash, then "pip install xgboost".
        Case::pass(
            Kind::NotebookInstanceLifecycleConfig,
            r#"{"OnStart": [{"Content": "IyEvYmluL2Jhc2gKcGlwIGluc3RhbGwgeGdib29zdAo="}]}"#,
        ),
        // #!/bin/bash, then "export DB_PASSWORD=hunter22hunter", in lines as the base64 command writes them.
        Case::fail(
            Kind::NotebookInstanceLifecycleConfig,
            r#"{"OnCreate": [{"Content": "IyEvYmluL2Jhc2gKZXhwb3J0IERCX1BB\nU1NXT1JEPWh1bnRlcjIyaHVudGVyCg==\n"}]}"#,
        ),
        // A secret in one script counts, whatever is in the other.
        Case::fail(
            Kind::NotebookInstanceLifecycleConfig,
            r#"{"OnCreate": [{"Content": "IyEvYmluL2Jhc2gKZXhwb3J0IERCX1BBU1NXT1JEPWh1bnRlcjIyaHVudGVyCg=="}],
                "OnStart": [{"Content": "%%%"}]}"#,
        ),
        Case::not_applicable(
            Kind::NotebookInstanceLifecycleConfig,
            r#"{"NotebookInstanceLifecycleConfigArn": "arn", "OnStart": []}"#,
        ),
        // Not base64.
        Case::unknown(Kind::NotebookInstanceLifecycleConfig, r#"{"OnStart": [{"Content": "%%%"}]}"#),
        // Base64 of what is no text.
        Case::unknown(Kind::NotebookInstanceLifecycleConfig, r#"{"OnStart": [{"Content": "/////w=="}]}"#),
        Case::unknown(Kind::NotebookInstanceLifecycleConfig, r#"{"OnStart": [{}]}"#),
        Case::pass(Kind::NotebookInstance, r#"{"NotebookInstanceLifecycleConfigName": "lab"}"#).related(&[(
            Need::LifecycleConfiguration,
            r#"{"OnStart": [{"Content": "IyEvYmluL2Jhc2gKcGlwIGluc3RhbGwgeGdib29zdAo="}]}"#,
        )]),
        Case::fail(Kind::NotebookInstance, r#"{"NotebookInstanceLifecycleConfigName": "lab"}"#).related(&[(
            Need::LifecycleConfiguration,
            r#"{"OnStart": [{"Content": "IyEvYmluL2Jhc2gKZXhwb3J0IERCX1BBU1NXT1JEPWh1bnRlcjIyaHVudGVyCg=="}]}"#,
        )]),
        Case::not_applicable(Kind::NotebookInstance, r#"{"NotebookInstanceArn": "arn"}"#),
        Case::unknown(Kind::NotebookInstance, r#"{"NotebookInstanceLifecycleConfigName": "lab"}"#),
    ]
};
