use http::header::AUTHORIZATION;
use lambda_process::Request;
use serde_json::{Value, json};

use super::registry::{MODEL_ROLE, SAMPLE};
use super::stack_sets::{StackSets, Texts};
use crate::bench::services::Call;
use crate::bench::wire::{Answer, ModelAnswer};

/// What the access keys of the model's role begin with; its account follows.
const KEY: &str = "ASIA";

/// STS, and SageMaker as the model's role sees it in its account: there is an endpoint wherever a stack set made one,
/// and its model answers nothing but the sample.
pub(crate) fn answer(call: &Call<'_>, sets: &StackSets) -> Answer {
    let (parameter, name) = match call.operation {
        "AssumeRole" => return assume_role(&call.request.body),
        "DescribeEndpoint" => ("EndpointName", call.text("EndpointName")),
        "DescribeEndpointConfig" => ("ConfigurationName", call.text("EndpointConfigName")),
        "DescribeModel" => ("ConfigurationName", call.text("ModelName")),
        "InvokeEndpoint" => ("EndpointName", call.request.target.split('/').nth(2).unwrap_or_default().to_owned()),
        _ => return Answer::unknown(call.operation),
    };
    let Some((account, region)) = caller(call.request) else {
        return Answer::refusal("AccessDeniedException", "this is no session of a model's role");
    };
    let Some(stack) = sets.stack(account, region, (parameter, &name)) else {
        return Answer::refusal("ValidationException", format!("Could not find {name} in {account} in {region}"));
    };
    let arn = |kind: &str| format!("arn:aws:sagemaker:{region}:{account}:{kind}/{name}");
    match call.operation {
        "DescribeEndpoint" => Answer::Document(endpoint(stack, &arn("endpoint"))),
        "DescribeEndpointConfig" => Answer::Document(configuration(stack, &arn("endpoint-config"))),
        "DescribeModel" => Answer::Document(model(stack, &arn("model"))),
        _ if call.request.body != SAMPLE => Answer::refusal("ValidationError", "this model knows one sample"),
        _ => Answer::Model { model: ModelAnswer { content_type: "text/csv".to_owned(), body: "0.97\n".to_owned() } },
    }
}

fn assume_role(form: &[u8]) -> Answer {
    let role = form_urlencoded::parse(form).find(|(name, _)| name == "RoleArn").map(|(_, arn)| arn.into_owned());
    let account = role.as_deref().and_then(|arn| arn.strip_prefix("arn:aws:iam::")?.split_once(":role/"));
    let Some((account, MODEL_ROLE)) = account else {
        return Answer::refusal_with(403, "AccessDenied", format!("{role:?} may not be assumed"));
    };
    Answer::Text(format!(
        "<Credentials><AccessKeyId>{KEY}{account}</AccessKeyId><SecretAccessKey>example</SecretAccessKey>\
         <SessionToken>example</SessionToken><Expiration>2100-01-01T00:00:00Z</Expiration></Credentials>"
    ))
}

/// Account and region, as the signature has them: `Credential=<key>/<date>/<region>/<service>/aws4_request`.
fn caller(request: &Request) -> Option<(&str, &str)> {
    let (_, scope) = request.headers.get(AUTHORIZATION)?.to_str().ok()?.split_once("Credential=")?;
    let mut parts = scope.split('/');
    let account = parts.next()?.strip_prefix(KEY)?;
    Some((account, parts.nth(1)?))
}

const MADE: f64 = 1_767_225_600.0;

fn parameter<'a>(stack: &'a Texts, name: &str) -> &'a str {
    stack.get(name).map(String::as_str).unwrap_or_default()
}

fn endpoint(stack: &Texts, arn: &str) -> Value {
    json!({
        "EndpointName": parameter(stack, "EndpointName"),
        "EndpointArn": arn,
        "EndpointConfigName": parameter(stack, "ConfigurationName"),
        "EndpointStatus": "InService",
        "CreationTime": MADE,
        "LastModifiedTime": MADE,
    })
}

fn configuration(stack: &Texts, arn: &str) -> Value {
    let number = |name: &str| parameter(stack, name).parse::<u32>().unwrap_or_default();
    json!({
        "EndpointConfigName": parameter(stack, "ConfigurationName"),
        "EndpointConfigArn": arn,
        "ProductionVariants": [{
            "VariantName": parameter(stack, "VariantName"),
            "ModelName": parameter(stack, "ConfigurationName"),
            "InstanceType": parameter(stack, "InstanceType"),
            "InitialInstanceCount": number("InstanceCount"),
            "InitialVariantWeight": number("VariantWeight"),
        }],
        "CreationTime": MADE,
    })
}

fn model(stack: &Texts, arn: &str) -> Value {
    json!({
        "ModelName": parameter(stack, "ConfigurationName"),
        "ModelArn": arn,
        "PrimaryContainer": {"ModelPackageName": parameter(stack, "ModelPackageArn")},
        "CreationTime": MADE,
    })
}

#[cfg(test)]
mod tests {
    use http::{HeaderValue, Method};

    use super::*;
    use crate::bench::scale::stack_sets::tests::deployed;
    use crate::bench::wire::tests::request;

    fn ask(sets: &StackSets, account: &str, operation: &str, body: &str) -> Answer {
        let mut request = request("sagemaker", Method::POST, "/endpoints/churn/invocations", None, body);
        let scope = format!("AWS4-HMAC-SHA256 Credential={KEY}{account}/20260101/eu-central-1/sagemaker/aws4_request");
        request.headers.insert(AUTHORIZATION, HeaderValue::from_str(&scope).unwrap());
        answer(&Call { service: "sagemaker", operation, request: &request }, sets)
    }

    #[test]
    fn an_endpoint_is_where_a_stack_made_it_and_answers_the_sample_alone() {
        let sets = deployed("seven", &["222222222222"]);
        let body = json!({"EndpointName": "churn"}).to_string();
        let Answer::Document(found) = ask(&sets, "222222222222", "DescribeEndpoint", &body) else { panic!("refused") };
        assert_eq!(found["EndpointArn"], "arn:aws:sagemaker:eu-central-1:222222222222:endpoint/churn");
        assert!(matches!(ask(&sets, "222222222222", "InvokeEndpoint", SAMPLE), Answer::Model { .. }));
        for (account, operation, body) in [
            ("333333333333", "DescribeEndpoint", body.as_str()),
            ("333333333333", "InvokeEndpoint", SAMPLE),
            ("222222222222", "InvokeEndpoint", "1,2"),
            ("222222222222", "DescribeModel", r#"{"ModelName": "other"}"#),
        ] {
            let answer = ask(&sets, account, operation, body);
            assert!(matches!(answer, Answer::Refusal { .. }), "{account} {operation}: {answer:?}");
        }
    }

    #[test]
    fn only_the_model_s_role_is_assumed_and_its_key_tells_the_account() {
        let role = |name: &str| format!("Action=AssumeRole&RoleArn=arn%3Aaws%3Aiam%3A%3A222222222222%3Arole%2F{name}");
        let Answer::Text(given) = assume_role(role(MODEL_ROLE).as_bytes()) else { panic!("refused") };
        assert!(given.contains("<AccessKeyId>ASIA222222222222</AccessKeyId>"), "{given}");
        assert!(matches!(assume_role(role("Administrator").as_bytes()), Answer::Refusal { .. }));
    }
}
