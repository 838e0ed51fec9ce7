//! Whoever may run code on a notebook instance, in Studio, in a model's container or in a job has the rights of its
//! role. Of policies that AWS manages only those are known that make an administrator; inline policies and the
//! account's own are read, and a statement makes one that allows everything, or everything of IAM, on every resource
//! and without a condition. A permissions boundary or a deny elsewhere may take some of it away again: that is not
//! looked at.

use policy_document::{Effect, PolicyDocument, Statement};
use serde_json::Value;

use crate::judging::{Part, answered};
use crate::{Action, Control, Kind, Need, Parameters, Reference, Resource, Severity, Tool, Verdict};

pub(super) const CONTROL: Control = Control {
    id: "execution-role-not-administrator",
    title: "Roles that notebooks, models and jobs run as are not administrators",
    severity: Severity::High,
    kinds: &[
        Kind::NotebookInstance,
        Kind::Domain,
        Kind::Model,
        Kind::EndpointConfig,
        Kind::TrainingJob,
        Kind::ProcessingJob,
    ],
    needs: &[Need::RolePolicies],
    references: &[Reference::of(Tool::Checkov, "CKV2_AWS_68", &[Kind::NotebookInstance])],
    remediation: "Give the role the actions and resources that it uses, which IAM Access Analyzer makes a policy of \
                  from CloudTrail, and take the wide policy off. Whoever can run code as the role has all its \
                  rights.",
    actions: &[Action::Notify],
    evaluate,
};

const ADMINISTRATORS: &[&str] = &["AdministratorAccess", "IAMFullAccess", "PowerUserAccess"];

fn evaluate(resource: &Resource, _: &Parameters) -> Verdict {
    if resource.role().is_none() {
        return match resource.kind {
            Kind::Model | Kind::EndpointConfig => {
                answered(resource, |_| Verdict::NotApplicable("it runs as no role".to_owned()))
            }
            _ => Verdict::Unknown("its role is not in the service's answer".to_owned()),
        };
    }
    let policies = Part::beside("RolePolicies", resource.related(Need::RolePolicies));
    let (attached, documents) = (policies.member("attached"), policies.member("documents"));
    for list in [&attached, &documents] {
        let Some(Value::Array(_)) = list.value() else { return list.unreadable(list.value()) };
    }
    let of_aws = attached.items().into_iter().map(|arn| match arn.text() {
        Some(text) if is_administrator(text) => Verdict::Fail(format!("its role has {text}")),
        Some(_) => Verdict::Pass,
        None => arn.unreadable(arn.value()),
    });
    let own = documents.items().into_iter().flat_map(|document| statements(&document));
    Verdict::worst(of_aws.chain(own)).unwrap_or(Verdict::Pass)
}

fn is_administrator(arn: &str) -> bool {
    arn.split_once(":iam::aws:policy/").is_some_and(|(_, name)| ADMINISTRATORS.contains(&name))
}

fn statements(document: &Part<'_>) -> Vec<Verdict> {
    let unreadable = || vec![Verdict::Unknown(format!("{} is no policy", document.path()))];
    let Some(value) = document.value() else { return unreadable() };
    let Ok(policy) = value.to_string().parse::<PolicyDocument>() else { return unreadable() };
    policy.statements().map(|statement| judge(statement, document)).collect()
}

fn judge(statement: &Statement, document: &Part<'_>) -> Verdict {
    match statement.effect() {
        Some(Effect::Deny) => Verdict::Pass,
        Some(Effect::Allow) if !statement.is_conditional() && is_for_everything(statement) => {
            // A pattern that matches the action of a service that does not exist matches every action.
            match (statement.matches_action("any:Action"), statement.matches_action("iam:Action")) {
                (true, _) => Verdict::Fail(format!("{} allows every action on every resource", document.path())),
                (_, true) => Verdict::Fail(format!("{} allows every action of IAM on every resource", document.path())),
                _ => Verdict::Pass,
            }
        }
        Some(Effect::Allow) => Verdict::Pass,
        None => Verdict::Unknown(format!("{} has a statement without an effect", document.path())),
    }
}

fn is_for_everything(statement: &Statement) -> bool {
    let Ok(elements) = serde_json::from_str::<Value>(statement.json()) else { return false };
    let is_all = |resource: &Value| resource.as_str() == Some("*");
    match elements.get("Resource") {
        Some(Value::Array(resources)) => resources.iter().any(is_all),
        Some(resource) => is_all(resource),
        None => elements.get("NotResource").is_some(),
    }
}

#[cfg(test)]
pub(super) const CASES: &[crate::case::Case] = {
    use crate::case::Case;
    const MODEL: Kind = Kind::Model;
    const POLICIES: Need = Need::RolePolicies;
    const ROLE: &str = r#"{"RoleArn": "arn:aws:iam::111111111111:role/churn"}"#;
    const EXECUTION_ROLE: &str = r#"{"ExecutionRoleArn": "arn:aws:iam::111111111111:role/churn"}"#;
    const USERS_ROLE: &str = r#"{"DefaultUserSettings": {"ExecutionRole": "arn:aws:iam::111111111111:role/churn"}}"#;
    const ADMINISTRATOR: &[(Need, &str)] =
        &[(POLICIES, r#"{"attached": ["arn:aws:iam::aws:policy/AdministratorAccess"], "documents": []}"#)];
    const NARROW: &[(Need, &str)] = &[(
        POLICIES,
        r#"{"attached": ["arn:aws:iam::aws:policy/AmazonSageMakerReadOnly"],
            "documents": [{"Statement": {"Effect": "Allow", "Action": ["sagemaker:*", "s3:GetObject"],
            "Resource": "*"}}]}"#,
    )];
    &[
        Case::pass(Kind::NotebookInstance, ROLE).related(NARROW),
        Case::fail(Kind::NotebookInstance, ROLE).related(ADMINISTRATOR),
        Case::pass(Kind::Domain, USERS_ROLE).related(NARROW),
        Case::fail(Kind::Domain, USERS_ROLE).related(ADMINISTRATOR),
        Case::pass(MODEL, EXECUTION_ROLE).related(NARROW),
        Case::fail(MODEL, EXECUTION_ROLE).related(ADMINISTRATOR),
        Case::pass(Kind::EndpointConfig, EXECUTION_ROLE).related(NARROW),
        Case::fail(Kind::EndpointConfig, EXECUTION_ROLE).related(ADMINISTRATOR),
        Case::pass(Kind::TrainingJob, ROLE).related(NARROW),
        Case::fail(Kind::TrainingJob, ROLE).related(ADMINISTRATOR),
        Case::pass(Kind::ProcessingJob, ROLE).related(NARROW),
        Case::fail(Kind::ProcessingJob, ROLE).related(ADMINISTRATOR),
        Case::fail(MODEL, EXECUTION_ROLE).related(&[(
            POLICIES,
            r#"{"attached": [], "documents": [{"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}]}"#,
        )]),
        Case::fail(MODEL, EXECUTION_ROLE).related(&[(
            POLICIES,
            r#"{"attached": [], "documents": [{"Statement": [{"Effect": "Allow", "Action": ["sagemaker:*", "IAM:*"],
                "Resource": ["arn:aws:s3:::a", "*"]}]}]}"#,
        )]),
        // Everything but a few things.
        Case::fail(MODEL, EXECUTION_ROLE).related(&[(
            POLICIES,
            r#"{"attached": [], "documents": [{"Statement": {"Effect": "Allow", "NotAction": ["iam:*", "account:*"],
                "Resource": "*"}}]}"#,
        )]),
        Case::fail(MODEL, EXECUTION_ROLE).related(&[(
            POLICIES,
            r#"{"attached": [], "documents": [{"Statement": {"Effect": "Allow", "Action": "*:*",
                "NotResource": "arn:aws:s3:::a"}}]}"#,
        )]),
        // In another partition.
        Case::fail(MODEL, EXECUTION_ROLE)
            .related(&[(POLICIES, r#"{"attached": ["arn:aws-cn:iam::aws:policy/IAMFullAccess"], "documents": []}"#)]),
        Case::pass(MODEL, EXECUTION_ROLE).related(&[(
            POLICIES,
            r#"{"attached": [], "documents": [{"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*",
                "Condition": {"Bool": {"a:b": "true"}}}}]}"#,
        )]),
        Case::pass(MODEL, EXECUTION_ROLE).related(&[(
            POLICIES,
            r#"{"attached": [], "documents": [{"Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*"}]}]}"#,
        )]),
        Case::pass(MODEL, EXECUTION_ROLE).related(&[(
            POLICIES,
            r#"{"attached": [], "documents": [{"Statement": [{"Effect": "Allow", "Action": "*",
                "Resource": "arn:aws:s3:::a/*"}]}]}"#,
        )]),
        // A policy of the account's own that has the name of one of AWS's.
        Case::pass(MODEL, EXECUTION_ROLE).related(&[(
            POLICIES,
            r#"{"attached": ["arn:aws:iam::111111111111:policy/AdministratorAccess"], "documents": []}"#,
        )]),
        Case::not_applicable(MODEL, r#"{"ModelArn": "arn"}"#),
        Case::not_applicable(Kind::EndpointConfig, r#"{"EndpointConfigArn": "arn", "ExecutionRoleArn": ""}"#),
        Case::unknown(Kind::NotebookInstance, ROLE),
        Case::unknown(Kind::NotebookInstance, r#"{"NotebookInstanceStatus": "InService"}"#).related(NARROW),
        Case::unknown(MODEL, EXECUTION_ROLE).related(&[(POLICIES, r#"{"attached": []}"#)]),
        Case::unknown(MODEL, EXECUTION_ROLE)
            .related(&[(POLICIES, r#"{"attached": [], "documents": ["AdministratorAccess"]}"#)]),
        Case::unknown(MODEL, EXECUTION_ROLE).related(&[(
            POLICIES,
            r#"{"attached": [], "documents": [{"Statement": {"Effect": "Perhaps", "Action": "*", "Resource": "*"}}]}"#,
        )]),
    ]
};
