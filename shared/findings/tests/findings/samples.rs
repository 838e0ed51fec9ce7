//! Records and findings that the tests look at.

use std::collections::BTreeMap;

use control_records::{ExemptionRecord, Mark, MarkState, ResourceRecord, VerdictRecord};
use controls::{Action, CONTROLS, Control, CorrectionMode, Kind, Need, Resource, Verdict, control};
use findings::{Finding, Hub};
use jiff::Timestamp;
use serde_json::{Value, json};

pub(crate) const ACCOUNT: &str = "111111111111";

pub(crate) fn at(time: &str) -> Timestamp {
    time.parse().unwrap()
}

pub(crate) fn hub() -> Hub {
    Hub {
        partition: "aws".to_owned(),
        account: "999999999999".parse().unwrap(),
        region: "eu-central-1".parse().unwrap(),
        platform_name: "mlops".to_owned(),
    }
}

pub(crate) fn internet() -> &'static Control {
    control("notebook-no-direct-internet").unwrap()
}

/// Some control that looks at models.
pub(crate) fn of_models() -> &'static Control {
    CONTROLS.iter().find(|control| control.kinds.contains(&Kind::Model)).unwrap()
}

pub(crate) fn record(kind: Kind) -> ResourceRecord {
    ResourceRecord {
        kind,
        name: "churn".to_owned(),
        key: BTreeMap::new(),
        arn: format!("arn:aws:sagemaker:eu-central-1:{ACCOUNT}:{}/churn", kind.facts().arn_type),
        account: ACCOUNT.parse().unwrap(),
        region: "eu-central-1".parse().unwrap(),
        created: Some(at("2026-02-01T10:00:00Z")),
        status: Some("InService".to_owned()),
        instance_type: Some("ml.t3.medium".to_owned()),
        last_opened: None,
        looked_at: at("2026-03-02T10:00:00.25Z"),
        verdicts: BTreeMap::new(),
        untold: BTreeMap::new(),
    }
}

pub(crate) fn verdict(verdict: Verdict) -> VerdictRecord {
    VerdictRecord {
        first_failed: verdict.is_fail().then(|| at("2026-03-01T10:00:00Z")),
        verdict,
        since: at("2026-03-01T10:00:00Z"),
        exemption: None,
        actor: Some(format!("arn:aws:sts::{ACCOUNT}:assumed-role/scientist/session")),
        event_id: Some("0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0".to_owned()),
        imported: None,
    }
}

pub(crate) fn failed() -> VerdictRecord {
    verdict(Verdict::Fail("DirectInternetAccess is \"Enabled\"".to_owned()))
}

pub(crate) fn exempt() -> VerdictRecord {
    let exemption = ExemptionRecord {
        owner: "ml-platform@example.com".to_owned(),
        reason: "driver tests until the image has them".to_owned(),
        expires: "2027-03-31".to_owned(),
    };
    VerdictRecord { exemption: Some(exemption), ..failed() }
}

pub(crate) fn mark(state: MarkState) -> Mark {
    let record = record(Kind::NotebookInstance);
    Mark {
        control: internet().id.to_owned(),
        arn: record.arn,
        kind: record.kind,
        name: record.name,
        key: record.key,
        instance_type: record.instance_type,
        created: record.created,
        since: at("2026-03-01T10:00:00Z"),
        actor: None,
        action: Action::Stop,
        mode: CorrectionMode::Act,
        marked: at("2026-03-01T10:00:05Z"),
        due: at("2026-03-02T10:00:05Z"),
        state,
        failures: 0,
    }
}

/// The resource of a record with this description and these tags.
pub(crate) fn described(record: &ResourceRecord, description: Value, tags: Value) -> Resource {
    Resource {
        kind: record.kind,
        account: record.account.clone(),
        region: record.region.clone(),
        name: record.name.clone(),
        arn: record.arn.clone(),
        description,
        related: BTreeMap::from([(Need::Tags, tags)]),
        looked_at: record.looked_at,
    }
}

pub(crate) fn notebook() -> Resource {
    let description = json!({
        "NotebookInstanceArn": record(Kind::NotebookInstance).arn, "NotebookInstanceName": "churn",
        "NotebookInstanceStatus": "InService", "Url": "churn.notebook.eu-central-1.sagemaker.aws",
        "InstanceType": "ml.t3.medium", "SubnetId": "subnet-0a1b2c3d4e5f60718", "SecurityGroups": ["sg-0a1b2c3d4e5f60718"],
        "RoleArn": "arn:aws:iam::111111111111:role/scientist", "KmsKeyId": "", "VolumeSizeInGB": 5,
        "DirectInternetAccess": "Enabled", "RootAccess": "Enabled", "PlatformIdentifier": "notebook-al2023-v1",
        "InstanceMetadataServiceConfiguration": {"MinimumInstanceMetadataServiceVersion": "1"},
        "CreationTime": 1_769_940_000.123, "AdditionalCodeRepositories": [], "NewerThanTheFormat": "x"
    });
    let tags = json!([{"Key": "team", "Value": "churn"}, {"Key": "draft", "Value": ""}]);
    described(&record(Kind::NotebookInstance), description, tags)
}

pub(crate) fn model() -> Resource {
    let description = json!({
        "ModelName": "churn", "EnableNetworkIsolation": false, "CreationTime": 1_769_940_000.123,
        "ExecutionRoleArn": "arn:aws:iam::111111111111:role/scientist", "DeploymentRecommendation": null,
        "PrimaryContainer": {"Image": "x", "Environment": {"PASSWORD": "hunter2"}}
    });
    described(&record(Kind::Model), description, json!([]))
}

pub(crate) fn finding<'a>(
    control: &'a Control,
    resource: &'a ResourceRecord,
    verdict: &'a VerdictRecord,
    described: Option<&'a Resource>,
) -> Finding<'a> {
    Finding { control, resource, verdict, described, mark: None, gone: None }
}

/// A finding in which everything is longer, more and odder than the format takes.
pub(crate) fn extreme() -> Value {
    let long = "\u{1F980}\"\\\u{1}".repeat(3000);
    let mut record = record(Kind::Model);
    record.name = long.clone();
    record.arn = format!("{}{}", record.arn, "x".repeat(600));
    record.status = Some(long.clone());
    record.instance_type = Some("  ".to_owned());
    let members = |number: usize| (format!("Member{number}{}", "y".repeat(119)), json!(long));
    let tag = |number: usize| json!({"Key": format!("{number}{}", "k".repeat(200)), "Value": long});
    let described =
        described(&record, Value::Object((0..99).map(members).collect()), Value::Array((0..99).map(tag).collect()));
    let mut verdict = exempt();
    verdict.verdict = Verdict::Fail(long.clone());
    verdict.actor = Some(long.clone());
    verdict.exemption.as_mut().unwrap().reason = long.clone();
    verdict.exemption.as_mut().unwrap().owner = long;
    finding(of_models(), &record, &verdict, Some(&described)).to_asff(&hub())
}

/// Every control, and every state that a finding may have, by a name.
pub(crate) fn all() -> Vec<(String, Value)> {
    let hub = hub();
    let mut samples = Vec::new();
    for control in CONTROLS {
        let record = record(control.kinds[0]);
        samples.push((control.id.to_owned(), finding(control, &record, &failed(), None).to_asff(&hub)));
    }
    let (notebook, model) = (notebook(), model());
    for (control, described) in [(internet(), &notebook), (of_models(), &model)] {
        let record = record(described.kind);
        let of = |verdict: &VerdictRecord| finding(control, &record, verdict, Some(described)).to_asff(&hub);
        let unknown = verdict(Verdict::Unknown("DirectInternetAccess is absent".to_owned()));
        let not_applicable = verdict(Verdict::NotApplicable("the resource is Deleting".to_owned()));
        for (name, sample) in [
            ("fails", of(&failed())),
            ("passes", of(&verdict(Verdict::Pass))),
            ("is exempt", of(&exempt())),
            ("is unknown", of(&unknown)),
            ("is not applicable", of(&not_applicable)),
        ] {
            samples.push((format!("{} {name}", described.kind), sample));
        }
    }
    let record = record(Kind::NotebookInstance);
    let verdict = failed();
    let plain = finding(internet(), &record, &verdict, None);
    let gone = Finding { gone: Some(at("2026-03-03T10:00:00Z")), ..plain };
    samples.push(("NotebookInstance is gone".to_owned(), gone.to_asff(&hub)));
    let done = mark(MarkState::Done { at: at("2026-03-02T11:00:00Z"), idle_hours: None });
    let stopped = Finding { mark: Some(&done), ..plain };
    samples.push(("NotebookInstance is stopped".to_owned(), stopped.to_asff(&hub)));
    for (partition, region) in
        [("aws-cn", "cn-north-1"), ("aws-us-gov", "us-gov-west-1"), ("aws-iso-b", "us-isob-east-1")]
    {
        let hub = Hub { partition: partition.to_owned(), region: region.parse().unwrap(), ..hub.clone() };
        let mut elsewhere = record.clone();
        elsewhere.region = hub.region.clone();
        elsewhere.arn = format!("arn:{partition}:sagemaker:{region}:{ACCOUNT}:notebook-instance/churn");
        let sample = finding(internet(), &elsewhere, &verdict, None).to_asff(&hub);
        samples.push((format!("in {partition}"), sample));
    }
    samples.push(("extreme".to_owned(), extreme()));
    samples
}
