use crate::aws::targets::{EndpointConfig, Variant};
use crate::results::Check;
use deployment::{ENDPOINT_TEMPLATE, StagePlan};
use std::collections::BTreeMap;
use std::fmt::Display;

/// What the stage's endpoints are to be.
pub(crate) struct Requested<'a> {
    stage: &'a StagePlan,
    parameters: BTreeMap<String, String>,
}

const NONE: &str = "none";

impl<'a> Requested<'a> {
    pub(crate) fn new(stage: &'a StagePlan) -> Self {
        Self { stage, parameters: stage.parameters(ENDPOINT_TEMPLATE) }
    }

    /// The name of the configuration, which is made from everything that the endpoint is made from.
    pub(crate) fn configuration(&self) -> &str {
        self.parameter("ConfigurationName")
    }

    fn parameter(&self, name: &str) -> &str {
        self.parameters.get(name).map(String::as_str).unwrap_or_default()
    }

    /// Compares a configuration with the plan, whatever its name. `packages` are the model packages of its models.
    ///
    /// How many instances there are right now is not compared: that is for autoscaling to say.
    pub(crate) fn checks(&self, config: &EndpointConfig, packages: &BTreeMap<String, Vec<String>>) -> Vec<Check> {
        let settings = &self.stage.endpoint;
        let mut checks = vec![Check::equal("variants", self.names().join(", "), names(config))];
        let total: f64 = config.variants.iter().map(|variant| f64::from(variant.weight)).sum();
        for found in &config.variants {
            let of = |what: &str| format!("{} of variant {}", what, found.name);
            let models = packages.get(&found.model_name).filter(|models| !models.is_empty());
            let models = models.map_or_else(|| NONE.to_owned(), |models| models.join(", "));
            checks.push(Check::equal(of("model package"), &self.stage.model_package_arn, models));
            if let Some(variant) = settings.variants.iter().find(|variant| variant.name == found.name) {
                let share = |weight: f64, total: f64| format!("{:.0} %", 100.0 * weight / total);
                let requested = settings.variants.iter().map(|variant| f64::from(variant.weight)).sum();
                checks.extend([
                    Check::equal(of("instance type"), &variant.instance.instance_type, shown(&found.instance_type)),
                    Check::equal(of("initial instance count"), variant.instance.count, shown(&found.instance_count)),
                    Check::equal(
                        of("share of requests"),
                        share(f64::from(variant.weight), requested),
                        share(f64::from(found.weight), total),
                    ),
                ]);
            }
            checks.extend(self.serverless(found));
        }
        let capture = settings.data_capture.as_ref().map(|capture| capture.percentage);
        checks.push(Check::equal("data capture percentage", shown(&capture), shown(&config.capture_percentage)));
        checks.push(Check::equal("volume key", shown(&settings.effective_volume_key()), shown(&config.volume_key)));
        let output = settings.asynchronous.as_ref().map(|asynchronous| &asynchronous.output_path);
        checks.push(Check::equal("asynchronous output path", shown(&output), shown(&config.async_output_path)));
        checks
    }

    fn names(&self) -> Vec<&str> {
        let names = ["VariantName", "SecondVariantName"].map(|name| self.parameter(name));
        let mut names: Vec<_> = names.into_iter().filter(|name| !name.is_empty()).collect();
        names.sort_unstable();
        names
    }

    fn serverless(&self, found: &Variant) -> Vec<Check> {
        let Some(requested) = self.stage.endpoint.serverless else { return Vec::new() };
        let given = found.serverless.clone().unwrap_or_default();
        vec![
            Check::equal("serverless memory in MB", requested.memory_mb, shown(&given.memory_mb)),
            Check::equal("serverless concurrency", requested.max_concurrency, shown(&given.max_concurrency)),
            Check::equal(
                "serverless provisioned concurrency",
                shown(&requested.provisioned_concurrency),
                shown(&given.provisioned_concurrency),
            ),
        ]
    }
}

fn names(config: &EndpointConfig) -> String {
    let mut names: Vec<_> = config.variants.iter().map(|variant| variant.name.as_str()).collect();
    names.sort_unstable();
    if names.is_empty() { NONE.to_owned() } else { names.join(", ") }
}

fn shown(value: &Option<impl Display>) -> String {
    value.as_ref().map_or_else(|| NONE.to_owned(), ToString::to_string)
}
