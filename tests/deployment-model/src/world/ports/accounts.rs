//! SageMaker and CloudWatch in the target accounts.

use super::Process;
use crate::world::State;
use crate::world::accounts::Endpoint;
use aws_ports::AwsError;
use deployment::S3Uri;
use endpoint_verification as verification;
use identifiers::{AccountId, Region};
use stack_sets::Location;

const NO_ENDPOINT: (&str, &str) = ("ValidationException", "Could not find endpoint.");

fn place(account: &AccountId, region: &Region) -> Location {
    Location { account: account.clone(), region: region.clone() }
}

fn of_configuration<'s>(
    state: &'s State,
    configuration: &str,
    at: &Location,
) -> Result<&'s Endpoint, (&'static str, &'static str)> {
    state.endpoints.of_configuration(configuration, at).ok_or(("ValidationException", "Could not find it."))
}

impl verification::TargetAccounts for Process<'_> {
    type Session = AccountId;

    async fn assume_role(&self, role_arn: &str, _: &str, policy: &str) -> Result<AccountId, AwsError> {
        assert!(policy.len() <= 2_048, "STS takes no longer policy");
        let account = role_arn.split(':').nth(4).unwrap().parse().unwrap();
        self.at_once("sts:AssumeRole", |_| Ok(account)).await
    }

    async fn endpoint(
        &self,
        account: &AccountId,
        region: &Region,
        name: &str,
    ) -> Result<verification::Endpoint, AwsError> {
        let at = place(account, region);
        self.in_account("sagemaker:DescribeEndpoint", |state| {
            let endpoint = state.endpoints.get(name, &at).ok_or(NO_ENDPOINT)?;
            let looks = state.troubles.updating.get_mut(&at).filter(|looks| **looks > 0);
            let status = if looks.is_some() { "Updating" } else { "InService" };
            looks.into_iter().for_each(|looks| *looks -= 1);
            let config_name = endpoint.parameters["ConfigurationName"].clone();
            Ok(verification::Endpoint { status: status.to_owned(), failure_reason: None, config_name })
        })
        .await
    }

    async fn endpoint_config(
        &self,
        account: &AccountId,
        region: &Region,
        name: &str,
    ) -> Result<verification::EndpointConfig, AwsError> {
        let at = place(account, region);
        self.in_account("sagemaker:DescribeEndpointConfig", |state| {
            let parameters = &of_configuration(state, name, &at)?.parameters;
            let number = |name: &str| parameters[name].parse::<i32>().unwrap();
            let variant = verification::Variant {
                name: parameters["VariantName"].clone(),
                model_name: parameters["ConfigurationName"].clone(),
                instance_type: Some(parameters["InstanceType"].clone()),
                instance_count: Some(number("InstanceCount")),
                weight: number("VariantWeight") as f32,
                serverless: None,
            };
            Ok(verification::EndpointConfig { variants: vec![variant], ..verification::EndpointConfig::default() })
        })
        .await
    }

    async fn model_packages(&self, account: &AccountId, region: &Region, name: &str) -> Result<Vec<String>, AwsError> {
        let at = place(account, region);
        self.in_account("sagemaker:DescribeModel", |state| {
            Ok(vec![of_configuration(state, name, &at)?.parameters["ModelPackageArn"].clone()])
        })
        .await
    }

    async fn invoke(
        &self,
        account: &AccountId,
        region: &Region,
        request: verification::Request<'_>,
        _: &[u8],
    ) -> Result<verification::Reply, verification::InvocationError> {
        let at = place(account, region);
        let answer = self.in_account("sagemaker:InvokeEndpoint", |state| {
            state.endpoints.get(request.endpoint, &at).ok_or(NO_ENDPOINT)?;
            Ok(!state.troubles.fails_to_answer.contains(&at))
        });
        match answer.await {
            Ok(true) => Ok(verification::Reply { content_type: Some("text/csv".to_owned()), body: b"0.5".to_vec() }),
            Ok(false) => Err(verification::InvocationError::Model { status: Some(500), log: None, request_id: None }),
            Err(error) => Err(verification::InvocationError::Service(error)),
        }
    }

    async fn invoke_async(
        &self,
        _: &AccountId,
        _: &Region,
        _: verification::Request<'_>,
        _: &S3Uri,
    ) -> Result<verification::Locations, AwsError> {
        panic!("no endpoint here is asynchronous");
    }

    async fn answer(&self, _: &AccountId, _: &Region, uri: &S3Uri, _: u64) -> Result<verification::Object, AwsError> {
        panic!("no endpoint here answers in {uri}");
    }

    async fn alarms(&self, account: &AccountId, region: &Region, prefix: &str) -> Result<Vec<String>, AwsError> {
        let at = place(account, region);
        self.at_once("cloudwatch:DescribeAlarms", |state| {
            let alarm = || format!("{prefix}-AllTraffic-server-errors");
            Ok(state.troubles.alarmed.contains(&at).then(alarm).into_iter().collect())
        })
        .await
    }
}
