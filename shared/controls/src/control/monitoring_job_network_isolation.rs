use crate::judging::{monitoring_job, switched_on, within};
use crate::{Action, Control, Kind, Need, Reference, Severity, Tool};

pub(super) const CONTROL: Control = Control {
    id: "monitoring-job-network-isolation",
    title: "Monitoring containers reach no network",
    severity: Severity::Medium,
    kinds: &[
        Kind::DataQualityJobDefinition,
        Kind::ModelQualityJobDefinition,
        Kind::ModelBiasJobDefinition,
        Kind::ModelExplainabilityJobDefinition,
        Kind::MonitoringSchedule,
    ],
    needs: &[Need::JobDefinition],
    references: &[
        Reference::of(Tool::SecurityHub, "SageMaker.11", &[Kind::DataQualityJobDefinition]),
        Reference::of(Tool::SecurityHub, "SageMaker.25", &[Kind::ModelQualityJobDefinition]),
        Reference::of(Tool::SecurityHub, "SageMaker.12", &[Kind::ModelBiasJobDefinition]),
        Reference::of(Tool::SecurityHub, "SageMaker.20", &[Kind::ModelExplainabilityJobDefinition]),
        Reference::of(Tool::SecurityHub, "SageMaker.14", &[Kind::MonitoringSchedule]),
        Reference::of(Tool::Config, "sagemaker-data-quality-job-isolation", &[Kind::DataQualityJobDefinition]),
        Reference::of(
            Tool::Config,
            "sagemaker-model-quality-job-definition-isolation",
            &[Kind::ModelQualityJobDefinition],
        ),
        Reference::of(Tool::Config, "sagemaker-model-bias-job-isolation", &[Kind::ModelBiasJobDefinition]),
        Reference::of(
            Tool::Config,
            "sagemaker-model-explainability-job-network-isolation",
            &[Kind::ModelExplainabilityJobDefinition],
        ),
        Reference::of(Tool::Config, "sagemaker-monitoring-schedule-isolation", &[Kind::MonitoringSchedule]),
        Reference::of(
            Tool::Custodian,
            "value: NetworkConfig.EnableNetworkIsolation",
            &[
                Kind::DataQualityJobDefinition,
                Kind::ModelQualityJobDefinition,
                Kind::ModelBiasJobDefinition,
                Kind::ModelExplainabilityJobDefinition,
            ],
        ),
    ],
    remediation: "A job definition cannot be changed: make a new one with NetworkConfig.EnableNetworkIsolation true \
                  and name it in the schedule with UpdateMonitoringSchedule, then delete the old one. A definition \
                  that the schedule holds itself is replaced by the same call.",
    actions: &[Action::Notify],
    evaluate: |resource, _| {
        monitoring_job(resource, |job| {
            within(&job.definition, "NetworkConfig", |network| switched_on(network, "EnableNetworkIsolation"))
        })
    },
};

#[cfg(test)]
pub(super) const CASES: &[crate::case::Case] = {
    use crate::case::Case;
    const ON: &str = r#"{"JobDefinitionArn": "arn", "JobResources": {"ClusterConfig": {"InstanceCount": 1}},
        "NetworkConfig": {"EnableNetworkIsolation": true}}"#;
    const OFF: &str = r#"{"JobDefinitionArn": "arn", "JobResources": {"ClusterConfig": {"InstanceCount": 1}},
        "NetworkConfig": {"EnableNetworkIsolation": false}}"#;
    const NO_NETWORK: &str = r#"{"JobDefinitionArn": "arn", "JobResources": {"ClusterConfig": {"InstanceCount": 1}}}"#;
    const NAMING: &str = r#"{"MonitoringScheduleArn": "arn", "MonitoringScheduleStatus": "Stopped",
        "MonitoringScheduleConfig": {"MonitoringJobDefinitionName": "churn", "MonitoringType": "ModelBias"}}"#;
    &[
        Case::pass(Kind::DataQualityJobDefinition, ON),
        Case::fail(Kind::DataQualityJobDefinition, OFF),
        Case::fail(Kind::DataQualityJobDefinition, NO_NETWORK),
        Case::unknown(
            Kind::DataQualityJobDefinition,
            r#"{"JobDefinitionArn": "arn", "JobResources": {"ClusterConfig": {"InstanceCount": 1}},
                "NetworkConfig": {"EnableNetworkIsolation": "true"}}"#,
        ),
        Case::pass(Kind::ModelQualityJobDefinition, ON),
        Case::fail(Kind::ModelQualityJobDefinition, OFF),
        Case::pass(Kind::ModelBiasJobDefinition, ON),
        Case::fail(Kind::ModelBiasJobDefinition, OFF),
        Case::pass(Kind::ModelExplainabilityJobDefinition, ON),
        Case::fail(Kind::ModelExplainabilityJobDefinition, OFF),
        Case::pass(
            Kind::MonitoringSchedule,
            r#"{"MonitoringScheduleArn": "arn", "MonitoringScheduleConfig": {"MonitoringJobDefinition": {
                "MonitoringResources": {"ClusterConfig": {"InstanceCount": 1}},
                "NetworkConfig": {"EnableNetworkIsolation": true}}}}"#,
        ),
        Case::fail(
            Kind::MonitoringSchedule,
            r#"{"MonitoringScheduleArn": "arn", "MonitoringScheduleConfig": {"MonitoringJobDefinition": {
                "MonitoringResources": {"ClusterConfig": {"InstanceCount": 1}},
                "NetworkConfig": {"VpcConfig": {"Subnets": ["subnet-0a1b2c3d4e5f60718"]}}}}}"#,
        ),
        Case::pass(Kind::MonitoringSchedule, NAMING).related(&[(Need::JobDefinition, ON)]),
        Case::fail(Kind::MonitoringSchedule, NAMING).related(&[(Need::JobDefinition, NO_NETWORK)]),
        Case::not_applicable(
            Kind::MonitoringSchedule,
            r#"{"MonitoringScheduleArn": "arn", "MonitoringScheduleStatus": "Failed",
                "MonitoringScheduleConfig": {"MonitoringJobDefinitionName": "churn", "MonitoringType": "ModelBias"}}"#,
        ),
        Case::unknown(Kind::MonitoringSchedule, NAMING),
    ]
};
