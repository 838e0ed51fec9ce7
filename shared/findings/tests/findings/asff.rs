//! Verdicts as findings in the AWS Security Finding Format. `tests/templates/test_findings.py` holds the samples to the format.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::Path;

use crate::samples::{self, *};
use control_records::MarkState;
use controls::{CONTROLS, Kind, Verdict};
use findings::{Finding, Hub};
use serde_json::{Value, json};

#[test]
fn the_samples_are_those_of_today() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/findings/samples.jsonl");
    let mut lines = String::new();
    for (name, finding) in all() {
        writeln!(lines, "{}", json!({"name": name, "finding": finding})).unwrap();
    }
    if std::env::var_os("UPDATE_SAMPLES").is_some() {
        std::fs::write(&path, &lines).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(written == lines, "tests/findings/samples.jsonl is outdated: UPDATE_SAMPLES=1 cargo test -p findings");
}

#[test]
fn a_resource_and_a_control_have_one_finding() {
    let (hub, record) = (hub(), record(Kind::NotebookInstance));
    let id = hub.finding_id(internet(), &record);
    assert_eq!(
        id,
        "mlops/111111111111/eu-central-1/notebook-no-direct-internet/\
         arn:aws:sagemaker:eu-central-1:111111111111:notebook-instance/churn"
    );
    for verdict in [failed(), exempt(), verdict(Verdict::Pass), verdict(Verdict::Unknown("x".to_owned()))] {
        let finding = finding(internet(), &record, &verdict, None).to_asff(&hub);
        assert_eq!(finding["Id"], json!(id));
        assert_eq!(finding["GeneratorId"], "notebook-no-direct-internet");
    }
    let mut others = BTreeSet::from([id]);
    let mut there = record.clone();
    there.account = "222222222222".parse().unwrap();
    others.insert(hub.finding_id(internet(), &there));
    others.insert(hub.finding_id(of_models(), &record));
    others.insert(Hub { platform_name: "other".to_owned(), ..hub.clone() }.finding_id(internet(), &record));
    let mut long = record.clone();
    for tail in ["x", "y"] {
        long.arn = format!("{}/{}{tail}", record.arn, "z".repeat(500));
        let id = hub.finding_id(internet(), &long);
        assert!(id.len() <= 512, "{id}");
        others.insert(id);
    }
    assert_eq!(others.len(), 6);
}

#[test]
fn a_verdict_is_a_status_a_severity_and_a_state() {
    let record = record(Kind::NotebookInstance);
    let absent = || Verdict::Unknown("DirectInternetAccess is absent".to_owned());
    let deleting = || Verdict::NotApplicable("the resource is Deleting".to_owned());
    let exemption = "until 2027-03-31 by ml-platform@example.com: driver tests until the image has them";
    for (verdict, status, severity, state, reason, sentence) in [
        (failed(), "FAILED", "HIGH", "ACTIVE", None, "fails: DirectInternetAccess is \"Enabled\""),
        (verdict(Verdict::Pass), "PASSED", "INFORMATIONAL", "ACTIVE", None, "passes"),
        (
            exempt(),
            "WARNING",
            "HIGH",
            "ACTIVE",
            Some(("EXEMPT", exemption)),
            "fails and is exempt: DirectInternetAccess is \"Enabled\"",
        ),
        (
            verdict(absent()),
            "NOT_AVAILABLE",
            "HIGH",
            "ACTIVE",
            Some(("UNKNOWN", "DirectInternetAccess is absent")),
            "cannot be judged: DirectInternetAccess is absent",
        ),
        (
            verdict(deleting()),
            "PASSED",
            "INFORMATIONAL",
            "ARCHIVED",
            Some(("NOT_APPLICABLE", "the resource is Deleting")),
            "needs no judgement: the resource is Deleting",
        ),
    ] {
        let finding = finding(internet(), &record, &verdict, None).to_asff(&hub());
        assert_eq!(finding["Compliance"]["Status"], status);
        assert_eq!(finding["Severity"], json!({"Label": severity, "Original": "HIGH"}));
        assert_eq!(finding["FindingProviderFields"]["Severity"], finding["Severity"]);
        assert_eq!(finding["FindingProviderFields"]["Types"], finding["Types"]);
        assert_eq!(finding["RecordState"], state);
        let reasons = reason.map(|(code, text)| json!([{"ReasonCode": code, "Description": text}]));
        assert_eq!(finding["Compliance"].get("StatusReasons"), reasons.as_ref());
        let sentence = format!("NotebookInstance churn in account 111111111111, eu-central-1, {sentence}");
        assert_eq!(finding["Description"], sentence);
    }
}

#[test]
fn times_move_forward_with_what_is_seen_and_done() {
    let (record, verdict) = (record(Kind::NotebookInstance), failed());
    let plain = finding(internet(), &record, &verdict, None);
    let times = |finding: Finding<'_>| {
        let finding = finding.to_asff(&hub());
        ["CreatedAt", "FirstObservedAt", "LastObservedAt", "UpdatedAt"]
            .map(|name| finding[name].as_str().unwrap().to_owned())
    };
    let (first, looked) = ("2026-03-01T10:00:00.000Z", "2026-03-02T10:00:00.250Z");
    assert_eq!(times(plain), [first, first, looked, looked]);
    let waiting = mark(MarkState::Waiting);
    assert_eq!(times(Finding { mark: Some(&waiting), ..plain }), [first, first, looked, looked]);
    let done = mark(MarkState::Done { at: at("2026-03-02T11:00:00Z"), idle_hours: None });
    assert_eq!(times(Finding { mark: Some(&done), ..plain })[3], "2026-03-02T11:00:00.000Z");
    let gone = Finding { gone: Some(at("2026-03-03T10:00:00Z")), ..plain };
    assert_eq!(times(gone)[2..], ["2026-03-03T10:00:00.000Z"; 2]);
    assert_eq!(gone.to_asff(&hub())["RecordState"], "ARCHIVED");
    // It failed long ago, and passes since.
    let mut mended = samples::verdict(Verdict::Pass);
    mended.first_failed = Some(at("2026-01-01T10:00:00Z"));
    assert_eq!(times(finding(internet(), &record, &mended, None))[0], "2026-01-01T10:00:00.000Z");
}

#[test]
fn a_finding_tells_who_did_it_and_what_is_done() {
    let record = record(Kind::NotebookInstance);
    let (verdict, mark) = (exempt(), mark(MarkState::Waiting));
    let finding = Finding { mark: Some(&mark), ..finding(internet(), &record, &verdict, None) }.to_asff(&hub());
    let fields = &finding["ProductFields"];
    for (name, value) in [
        ("Account", "111111111111"),
        ("Region", "eu-central-1"),
        ("Kind", "NotebookInstance"),
        ("Verdict", "fail"),
        ("Actor", "arn:aws:sts::111111111111:assumed-role/scientist/session"),
        ("EventId", "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0"),
        ("Exemption/Owner", "ml-platform@example.com"),
        ("Exemption/Expires", "2027-03-31"),
        ("Correction/Action", "stop"),
        ("Correction/Mode", "act"),
        ("Correction/State", "waiting"),
        ("Correction/Due", "2026-03-02T10:00:05.000Z"),
        ("References/Security Hub", "SageMaker.1"),
        ("References/Prowler", "sagemaker_notebook_instance_without_direct_internet_access_configured"),
    ] {
        assert_eq!(fields[name], value, "{name}");
    }
    let requirements = finding["Compliance"]["RelatedRequirements"].as_array().unwrap();
    assert!(requirements.contains(&json!("Security Hub SageMaker.1")), "{requirements:?}");
    assert!(!requirements.iter().any(|name| name.as_str().unwrap().starts_with("Custodian")), "{requirements:?}");
    assert_eq!(finding["AwsAccountId"], "999999999999");
    assert_eq!(finding["ProductArn"], "arn:aws:securityhub:eu-central-1:999999999999:product/999999999999/default");
}

#[test]
fn a_notebook_instance_has_its_own_details_and_other_kinds_a_map() {
    let record_of_notebook = record(Kind::NotebookInstance);
    let verdict = failed();
    let notebook = notebook();
    let of_notebook = finding(internet(), &record_of_notebook, &verdict, Some(&notebook)).to_asff(&hub());
    let resource = &of_notebook["Resources"][0];
    assert_eq!(resource["Type"], "AwsSageMakerNotebookInstance");
    assert_eq!(resource["Id"], record_of_notebook.arn);
    assert_eq!((&resource["Partition"], &resource["Region"]), (&json!("aws"), &json!("eu-central-1")));
    // An empty value is not allowed where a tag has it.
    assert_eq!(resource["Tags"], json!({"team": "churn"}));
    let details = &resource["Details"]["AwsSageMakerNotebookInstance"];
    assert_eq!(details["DirectInternetAccess"], "Enabled");
    assert_eq!(details["InstanceMetadataServiceConfiguration"], json!({"MinimumInstanceMetadataServiceVersion": "1"}));
    assert_eq!((&details["SecurityGroups"], &details["VolumeSizeInGB"]), (&json!(["sg-0a1b2c3d4e5f60718"]), &json!(5)));
    for absent in ["KmsKeyId", "AdditionalCodeRepositories", "CreationTime", "NewerThanTheFormat"] {
        assert_eq!(details.get(absent), None, "{absent}");
    }
    assert_eq!(resource["Details"]["Other"]["Account"], "111111111111");

    let record_of_model = record(Kind::Model);
    let model = model();
    let of_model = finding(of_models(), &record_of_model, &verdict, Some(&model)).to_asff(&hub());
    let resource = &of_model["Resources"][0];
    assert_eq!((&resource["Type"], resource.get("Tags")), (&json!("Other"), None));
    let other = resource["Details"]["Other"].as_object().unwrap();
    assert_eq!((&other["Kind"], &other["EnableNetworkIsolation"]), (&json!("Model"), &json!("false")));
    assert!(other.values().all(Value::is_string), "{other:?}");
    // What lies deeper stays where it is.
    assert!(!of_model.to_string().contains("hunter2"));
    assert_eq!(other.get("PrimaryContainer"), None);
}

/// Of one that was not just described the finding has what is on record.
#[test]
fn a_partition_that_the_format_does_not_know_is_left_out() {
    let mut elsewhere = record(Kind::NotebookInstance);
    elsewhere.arn = "arn:aws-iso-b:sagemaker:us-isob-east-1:111111111111:notebook-instance/churn".to_owned();
    let verdict = failed();
    let finding = finding(internet(), &elsewhere, &verdict, None).to_asff(&hub());
    assert_eq!(finding["Resources"][0].get("Partition"), None);
    assert_eq!(finding["Resources"][0]["Details"].get("AwsSageMakerNotebookInstance"), None);
    assert_eq!(finding["Resources"][0]["Details"]["Other"]["Status"], "InService");
}

#[test]
fn whatever_is_found_the_finding_keeps_the_limits() {
    let extreme = extreme();
    assert!(extreme.to_string().len() <= 240 * 1024, "{}", extreme.to_string().len());
    let length = |pointer: &str| extreme.pointer(pointer).unwrap().as_str().unwrap().chars().count();
    assert_eq!((length("/Description"), length("/Resources/0/Id")), (1024, 512));
    let other = extreme["Resources"][0]["Details"]["Other"].as_object().unwrap();
    assert_eq!((other.len(), other.get("InstanceType")), (50, None));
    assert_eq!(extreme["Resources"][0]["Tags"].as_object().unwrap().len(), 50);
    for control in CONTROLS {
        for kind in control.kinds {
            let (record, verdict) = (record(*kind), failed());
            let finding = finding(control, &record, &verdict, None).to_asff(&hub());
            // Nothing that a control says is cut: a half sentence helps nobody.
            assert_eq!(finding["Title"], control.title);
            assert_eq!(finding["Remediation"]["Recommendation"]["Text"], control.remediation, "{}", control.id);
        }
    }
}
