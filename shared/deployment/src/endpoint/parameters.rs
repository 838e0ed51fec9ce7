//! The parameters of `templates/model-endpoint.yaml`.

use super::{EndpointSettings, EndpointType, Shift};
use std::collections::BTreeMap;

/// Of the one variant that a serverless endpoint has.
const SERVERLESS_VARIANT: &str = "AllTraffic";

impl EndpointSettings {
    /// The parameters of `templates/model-endpoint.yaml` that say so, by name: all but those about the version.
    ///
    /// What an endpoint does not have is an empty text or 0, so that an update takes it away.
    pub fn parameters(&self) -> BTreeMap<String, String> {
        let mut values = Values::default();
        self.variant_parameters(&mut values);
        values.text("VolumeKeyArn", self.effective_volume_key());

        let serverless = self.serverless.as_ref();
        values.number("ServerlessMemoryMb", serverless.map(|it| it.memory_mb));
        values.number("ServerlessMaxConcurrency", serverless.map(|it| it.max_concurrency));
        values.number("ServerlessProvisionedConcurrency", serverless.and_then(|it| it.provisioned_concurrency));

        let asynchronous = self.asynchronous.as_ref();
        values.text("AsynchronousOutputPath", asynchronous.map(|it| it.output_path.as_str()));
        values.text("AsynchronousFailurePath", asynchronous.and_then(|it| it.failure_path.as_deref()));
        values.text("AsynchronousKeyArn", asynchronous.and_then(|it| it.key_arn.as_deref()));
        values.text("AsynchronousSuccessTopicArn", asynchronous.and_then(|it| it.success_topic_arn.as_deref()));
        values.text("AsynchronousErrorTopicArn", asynchronous.and_then(|it| it.error_topic_arn.as_deref()));
        values.number(
            "AsynchronousMaxConcurrentInvocations",
            asynchronous.and_then(|it| it.max_concurrent_invocations_per_instance),
        );

        let scaling = self.scaling.as_ref();
        values.number("ScalingMinCount", scaling.map(|it| it.min_count));
        values.number("ScalingMaxCount", scaling.map(|it| it.max_count));
        values.number("ScalingTarget", scaling.and_then(|it| it.invocations_per_instance.or(it.backlog_per_instance)));

        let capture = self.data_capture.as_ref();
        values.number("DataCapturePercentage", capture.map(|it| it.percentage));
        values.text("DataCaptureDestination", capture.map(|it| it.destination.as_str()));
        values.text("DataCaptureKeyArn", capture.and_then(|it| it.key_arn.as_deref()));

        let traffic = self.traffic.as_ref();
        let shift = traffic.map(|it| match it.shift {
            Shift::AllAtOnce => "ALL_AT_ONCE",
            Shift::Canary => "CANARY",
            Shift::Linear => "LINEAR",
        });
        values.text("TrafficShift", shift);
        // These two are of no account without a shift; the template keeps them within the service's limits all the same.
        values.number("TrafficStepPercentage", traffic.and_then(|it| it.step_percentage).or(Some(50)));
        values.number("TrafficMaximumExecutionSeconds", traffic.map(|it| it.maximum_execution_seconds).or(Some(3_600)));
        values.number("TrafficWaitSeconds", traffic.map(|it| it.wait_seconds));
        values.number("TrafficTerminationWaitSeconds", traffic.map(|it| it.termination_wait_seconds));

        // 0 errors is a limit, so that none is an empty text. SageMaker counts latency in microseconds.
        let errors = self.alarms.and_then(|it| it.max_server_errors).map(|limit| limit.to_string());
        values.text("MaxServerErrors", errors.as_deref());
        let latency = self.alarms.and_then(|it| it.max_model_latency_ms);
        values.number("MaxModelLatencyMicroseconds", latency.map(|milliseconds| milliseconds.saturating_mul(1_000)));

        let network = self.network.as_ref();
        values.text("SubnetIdsParameter", network.map(|it| it.subnet_ids_parameter.as_str()));
        values.text("SecurityGroupIdsParameter", network.map(|it| it.security_group_ids_parameter.as_str()));
        values.0
    }

    fn variant_parameters(&self, values: &mut Values) {
        for (index, prefix) in ["", "Second"].into_iter().enumerate() {
            let variant = self.variants.get(index);
            let serverless = index == 0 && self.endpoint_type == EndpointType::Serverless;
            let name = variant.map(|it| it.name.as_str()).or_else(|| serverless.then_some(SERVERLESS_VARIANT));
            values.text(&format!("{prefix}VariantName"), name);
            let weight = variant.map(|it| it.weight).or_else(|| serverless.then_some(100));
            values.number(&format!("{prefix}VariantWeight"), weight);
            let instance = variant.map(|it| &it.instance);
            values.text(&format!("{prefix}InstanceType"), instance.map(|it| it.instance_type.as_str()));
            values.number(&format!("{prefix}InstanceCount"), instance.map(|it| it.count));
        }
    }
}

#[derive(Default)]
struct Values(BTreeMap<String, String>);

impl Values {
    fn text(&mut self, name: &str, value: Option<&str>) {
        self.0.insert(name.to_owned(), value.unwrap_or_default().to_owned());
    }

    fn number(&mut self, name: &str, value: Option<u32>) {
        self.0.insert(name.to_owned(), value.unwrap_or_default().to_string());
    }
}
