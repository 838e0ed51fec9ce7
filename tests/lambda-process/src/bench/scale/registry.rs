use serde_json::{Value, json};

use super::organization;
use crate::bench::services::Call;
use crate::bench::wire::Answer;

pub(crate) const PLATFORM: &str = "mlops";
pub(crate) const GROUP: &str = "churn";
/// The model's role in every target account.
pub(crate) const MODEL_ROLE: &str = "SageMakerModelExecutionRole";
/// The sample that an endpoint is asked.
pub(crate) const SAMPLE: &str = "5.1,3.5,1.4,0.2";
const UNIT: &str = "ou-ab12-producti";

/// A version of the group, by its ARN.
pub(crate) fn version(number: u32) -> String {
    format!("arn:aws:sagemaker:eu-central-1:111122223333:model-package/{GROUP}/{number}")
}

/// One stage, the accounts of a unit: one of them goes first. Everything else is a registration's default.
fn registration() -> Value {
    json!({
        "stages": [{
            "name": "prod",
            "organizationalUnitIds": [UNIT],
            "waves": {"canary": {"accounts": 1}, "rest": {"maxConcurrentPercentage": 100}},
        }],
        "endpoint": {
            "type": "realTime",
            "variants": [{"name": "AllTraffic", "instance": {"type": "ml.m5.large", "count": 2}}],
        },
        "verification": {
            "payload": {"text": SAMPLE},
            "contentType": "text/csv",
            "expect": {"contentType": "text/csv", "csv": {"rows": 1, "columns": 1}},
        },
        "modelExecutionRoleName": MODEL_ROLE,
        "stackSet": {
            "permissionModel": "SELF_MANAGED",
            "administrationRoleArn": "arn:aws:iam::111122223333:role/StackSetAdministration",
            "executionRoleName": "StackSetExecution",
        },
    })
}

/// Where the hub account keeps what is deployed where: the registration, the registry with every version approved, and
/// the organization with these accounts. Nothing is live yet.
pub(crate) fn answer(call: &Call<'_>, accounts: &[String]) -> Answer {
    match call.operation {
        "GetParameter" => parameter(&call.text("Name")),
        "DescribeModelPackage" => model_package(&call.text("ModelPackageName")),
        "ListAccountsForParent" if call.text("ParentId") == UNIT => {
            let accounts: Vec<_> = accounts.iter().map(|id| organization::account(id, "ACTIVE")).collect();
            organization::listing(call, "Accounts", &accounts)
        }
        "ListOrganizationalUnitsForParent" if call.text("ParentId") == UNIT => {
            organization::listing(call, "OrganizationalUnits", &[])
        }
        _ => Answer::unknown(call.operation),
    }
}

fn parameter(name: &str) -> Answer {
    if name != format!("/{PLATFORM}/deployments/{GROUP}/registration") {
        return Answer::refusal("ParameterNotFound", "");
    }
    Answer::Document(json!({"Parameter": {"Name": name, "Type": "String", "Value": registration().to_string()}}))
}

fn model_package(arn: &str) -> Answer {
    let image = "111122223333.dkr.ecr.eu-central-1.amazonaws.com/churn:7";
    Answer::Document(json!({
        "ModelPackageArn": arn,
        "ModelPackageName": GROUP,
        "ModelPackageStatus": "Completed",
        "ModelPackageStatusDetails": {"ValidationStatuses": []},
        "ModelApprovalStatus": "Approved",
        "CreationTime": 1_767_225_600.0,
        "InferenceSpecification": {"Containers": [{"Image": image, "ModelDataUrl": "s3://churn-dev-models/7.tar.gz"}]},
    }))
}
