use std::fmt;

use serde::{Deserialize, Serialize};

/// A type of resource that SageMaker makes and a control may look at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Kind {
    /// `App`.
    App,
    /// `AppImageConfig`.
    AppImageConfig,
    /// `AutoMLJob`.
    AutoMlJob,
    /// `DataQualityJobDefinition`.
    DataQualityJobDefinition,
    /// `Domain`.
    Domain,
    /// `Endpoint`.
    Endpoint,
    /// `EndpointConfig`.
    EndpointConfig,
    /// `FeatureGroup`.
    FeatureGroup,
    /// `FlowDefinition`.
    FlowDefinition,
    /// `HyperParameterTuningJob`.
    HyperParameterTuningJob,
    /// `Image`.
    Image,
    /// `InferenceExperiment`.
    InferenceExperiment,
    /// `Model`.
    Model,
    /// `ModelBiasJobDefinition`.
    ModelBiasJobDefinition,
    /// `ModelExplainabilityJobDefinition`.
    ModelExplainabilityJobDefinition,
    /// `ModelQualityJobDefinition`.
    ModelQualityJobDefinition,
    /// `MonitoringSchedule`.
    MonitoringSchedule,
    /// `NotebookInstance`.
    NotebookInstance,
    /// `NotebookInstanceLifecycleConfig`.
    NotebookInstanceLifecycleConfig,
    /// `ProcessingJob`.
    ProcessingJob,
    /// `Space`.
    Space,
    /// `TrainingJob`.
    TrainingJob,
    /// `TransformJob`.
    TransformJob,
    /// A presigned address of a domain or a notebook instance: seen in the call that makes it and nowhere else. Its
    /// description is what the call asked for.
    PresignedUrl,
}

/// How a kind is listed and described, and which calls change it. The names are those of the service model.
#[derive(Debug)]
pub struct KindFacts {
    /// As in `AWS::SageMaker::<name>`.
    pub name: &'static str,
    /// What its ARN has after the account: `<arn_type>/<name>`.
    pub arn_type: &'static str,
    /// How all of them are found; `None` for what is not kept.
    pub list: Option<List>,
    /// The call that describes one, as in an IAM policy; `None` where there is nothing to ask.
    pub describe: Option<&'static str>,
    /// The members that tell one from all others: as the describing call takes them, and as a listing gives them. A member that a
    /// listing or an event leaves out is left out of the call. The last one is the name.
    pub key: &'static [(&'static str, &'static str)],
    /// Where the description has its ARN (RFC 6901).
    pub arn: &'static str,
    /// Where the description has its state; `None` for what has none.
    pub status: Option<&'static str>,
    /// The calls after which it has to be looked at again, as CloudTrail names them.
    pub events: &'static [&'static str],
    /// It ends by itself and stays listed for ever: only recent ones are looked at.
    pub ends: bool,
}

/// A listing; all of them page with `MaxResults` (at most 100) and `NextToken`.
#[derive(Debug)]
pub struct List {
    /// As in an IAM policy.
    pub operation: &'static str,
    /// The member of the answer that holds the items.
    pub items: &'static str,
}

impl Kind {
    /// Every kind, in alphabetical order.
    pub const ALL: &[Self] = &[
        Self::App,
        Self::AppImageConfig,
        Self::AutoMlJob,
        Self::DataQualityJobDefinition,
        Self::Domain,
        Self::Endpoint,
        Self::EndpointConfig,
        Self::FeatureGroup,
        Self::FlowDefinition,
        Self::HyperParameterTuningJob,
        Self::Image,
        Self::InferenceExperiment,
        Self::Model,
        Self::ModelBiasJobDefinition,
        Self::ModelExplainabilityJobDefinition,
        Self::ModelQualityJobDefinition,
        Self::MonitoringSchedule,
        Self::NotebookInstance,
        Self::NotebookInstanceLifecycleConfig,
        Self::ProcessingJob,
        Self::Space,
        Self::TrainingJob,
        Self::TransformJob,
        Self::PresignedUrl,
    ];

    /// How it is listed and described.
    #[must_use]
    pub fn facts(self) -> &'static KindFacts {
        match self {
            Self::App => &KindFacts {
                name: "App",
                arn_type: "app",
                list: Some(List { operation: "sagemaker:ListApps", items: "Apps" }),
                describe: Some("sagemaker:DescribeApp"),
                key: &[
                    ("DomainId", "DomainId"),
                    ("UserProfileName", "UserProfileName"),
                    ("SpaceName", "SpaceName"),
                    ("AppType", "AppType"),
                    ("AppName", "AppName"),
                ],
                arn: "/AppArn",
                status: Some("/Status"),
                events: &["CreateApp", "DeleteApp"],
                ends: false,
            },
            Self::AppImageConfig => &KindFacts {
                name: "AppImageConfig",
                arn_type: "app-image-config",
                list: Some(List { operation: "sagemaker:ListAppImageConfigs", items: "AppImageConfigs" }),
                describe: Some("sagemaker:DescribeAppImageConfig"),
                key: &[("AppImageConfigName", "AppImageConfigName")],
                arn: "/AppImageConfigArn",
                status: None,
                events: &["CreateAppImageConfig", "UpdateAppImageConfig", "DeleteAppImageConfig"],
                ends: false,
            },
            Self::AutoMlJob => &KindFacts {
                name: "AutoMLJob",
                arn_type: "automl-job",
                list: Some(List { operation: "sagemaker:ListAutoMLJobs", items: "AutoMLJobSummaries" }),
                describe: Some("sagemaker:DescribeAutoMLJobV2"),
                key: &[("AutoMLJobName", "AutoMLJobName")],
                arn: "/AutoMLJobArn",
                status: Some("/AutoMLJobStatus"),
                events: &["CreateAutoMLJob", "CreateAutoMLJobV2", "StopAutoMLJob"],
                ends: true,
            },
            Self::DataQualityJobDefinition => &KindFacts {
                name: "DataQualityJobDefinition",
                arn_type: "data-quality-job-definition",
                list: Some(List {
                    operation: "sagemaker:ListDataQualityJobDefinitions",
                    items: "JobDefinitionSummaries",
                }),
                describe: Some("sagemaker:DescribeDataQualityJobDefinition"),
                key: &[("JobDefinitionName", "MonitoringJobDefinitionName")],
                arn: "/JobDefinitionArn",
                status: None,
                events: &["CreateDataQualityJobDefinition", "DeleteDataQualityJobDefinition"],
                ends: false,
            },
            Self::Domain => &KindFacts {
                name: "Domain",
                arn_type: "domain",
                list: Some(List { operation: "sagemaker:ListDomains", items: "Domains" }),
                describe: Some("sagemaker:DescribeDomain"),
                key: &[("DomainId", "DomainId")],
                arn: "/DomainArn",
                status: Some("/Status"),
                events: &["CreateDomain", "UpdateDomain", "DeleteDomain"],
                ends: false,
            },
            Self::Endpoint => &KindFacts {
                name: "Endpoint",
                arn_type: "endpoint",
                list: Some(List { operation: "sagemaker:ListEndpoints", items: "Endpoints" }),
                describe: Some("sagemaker:DescribeEndpoint"),
                key: &[("EndpointName", "EndpointName")],
                arn: "/EndpointArn",
                status: Some("/EndpointStatus"),
                events: &["CreateEndpoint", "UpdateEndpoint", "DeleteEndpoint", "UpdateEndpointWeightsAndCapacities"],
                ends: false,
            },
            Self::EndpointConfig => &KindFacts {
                name: "EndpointConfig",
                arn_type: "endpoint-config",
                list: Some(List { operation: "sagemaker:ListEndpointConfigs", items: "EndpointConfigs" }),
                describe: Some("sagemaker:DescribeEndpointConfig"),
                key: &[("EndpointConfigName", "EndpointConfigName")],
                arn: "/EndpointConfigArn",
                status: None,
                events: &["CreateEndpointConfig", "DeleteEndpointConfig"],
                ends: false,
            },
            Self::FeatureGroup => &KindFacts {
                name: "FeatureGroup",
                arn_type: "feature-group",
                list: Some(List { operation: "sagemaker:ListFeatureGroups", items: "FeatureGroupSummaries" }),
                describe: Some("sagemaker:DescribeFeatureGroup"),
                key: &[("FeatureGroupName", "FeatureGroupName")],
                arn: "/FeatureGroupArn",
                status: Some("/FeatureGroupStatus"),
                events: &["CreateFeatureGroup", "UpdateFeatureGroup", "DeleteFeatureGroup"],
                ends: false,
            },
            Self::FlowDefinition => &KindFacts {
                name: "FlowDefinition",
                arn_type: "flow-definition",
                list: Some(List { operation: "sagemaker:ListFlowDefinitions", items: "FlowDefinitionSummaries" }),
                describe: Some("sagemaker:DescribeFlowDefinition"),
                key: &[("FlowDefinitionName", "FlowDefinitionName")],
                arn: "/FlowDefinitionArn",
                status: Some("/FlowDefinitionStatus"),
                events: &["CreateFlowDefinition", "DeleteFlowDefinition"],
                ends: false,
            },
            Self::HyperParameterTuningJob => &KindFacts {
                name: "HyperParameterTuningJob",
                arn_type: "hyper-parameter-tuning-job",
                list: Some(List {
                    operation: "sagemaker:ListHyperParameterTuningJobs",
                    items: "HyperParameterTuningJobSummaries",
                }),
                describe: Some("sagemaker:DescribeHyperParameterTuningJob"),
                key: &[("HyperParameterTuningJobName", "HyperParameterTuningJobName")],
                arn: "/HyperParameterTuningJobArn",
                status: Some("/HyperParameterTuningJobStatus"),
                events: &[
                    "CreateHyperParameterTuningJob",
                    "StopHyperParameterTuningJob",
                    "DeleteHyperParameterTuningJob",
                ],
                ends: true,
            },
            Self::Image => &KindFacts {
                name: "Image",
                arn_type: "image",
                list: Some(List { operation: "sagemaker:ListImages", items: "Images" }),
                describe: Some("sagemaker:DescribeImage"),
                key: &[("ImageName", "ImageName")],
                arn: "/ImageArn",
                status: Some("/ImageStatus"),
                events: &["CreateImage", "UpdateImage", "DeleteImage"],
                ends: false,
            },
            Self::InferenceExperiment => &KindFacts {
                name: "InferenceExperiment",
                arn_type: "inference-experiment",
                list: Some(List { operation: "sagemaker:ListInferenceExperiments", items: "InferenceExperiments" }),
                describe: Some("sagemaker:DescribeInferenceExperiment"),
                key: &[("Name", "Name")],
                arn: "/Arn",
                status: Some("/Status"),
                events: &[
                    "CreateInferenceExperiment",
                    "UpdateInferenceExperiment",
                    "StartInferenceExperiment",
                    "StopInferenceExperiment",
                    "DeleteInferenceExperiment",
                ],
                ends: false,
            },
            Self::Model => &KindFacts {
                name: "Model",
                arn_type: "model",
                list: Some(List { operation: "sagemaker:ListModels", items: "Models" }),
                describe: Some("sagemaker:DescribeModel"),
                key: &[("ModelName", "ModelName")],
                arn: "/ModelArn",
                status: None,
                events: &["CreateModel", "DeleteModel"],
                ends: false,
            },
            Self::ModelBiasJobDefinition => &KindFacts {
                name: "ModelBiasJobDefinition",
                arn_type: "model-bias-job-definition",
                list: Some(List {
                    operation: "sagemaker:ListModelBiasJobDefinitions",
                    items: "JobDefinitionSummaries",
                }),
                describe: Some("sagemaker:DescribeModelBiasJobDefinition"),
                key: &[("JobDefinitionName", "MonitoringJobDefinitionName")],
                arn: "/JobDefinitionArn",
                status: None,
                events: &["CreateModelBiasJobDefinition", "DeleteModelBiasJobDefinition"],
                ends: false,
            },
            Self::ModelExplainabilityJobDefinition => &KindFacts {
                name: "ModelExplainabilityJobDefinition",
                arn_type: "model-explainability-job-definition",
                list: Some(List {
                    operation: "sagemaker:ListModelExplainabilityJobDefinitions",
                    items: "JobDefinitionSummaries",
                }),
                describe: Some("sagemaker:DescribeModelExplainabilityJobDefinition"),
                key: &[("JobDefinitionName", "MonitoringJobDefinitionName")],
                arn: "/JobDefinitionArn",
                status: None,
                events: &["CreateModelExplainabilityJobDefinition", "DeleteModelExplainabilityJobDefinition"],
                ends: false,
            },
            Self::ModelQualityJobDefinition => &KindFacts {
                name: "ModelQualityJobDefinition",
                arn_type: "model-quality-job-definition",
                list: Some(List {
                    operation: "sagemaker:ListModelQualityJobDefinitions",
                    items: "JobDefinitionSummaries",
                }),
                describe: Some("sagemaker:DescribeModelQualityJobDefinition"),
                key: &[("JobDefinitionName", "MonitoringJobDefinitionName")],
                arn: "/JobDefinitionArn",
                status: None,
                events: &["CreateModelQualityJobDefinition", "DeleteModelQualityJobDefinition"],
                ends: false,
            },
            Self::MonitoringSchedule => &KindFacts {
                name: "MonitoringSchedule",
                arn_type: "monitoring-schedule",
                list: Some(List {
                    operation: "sagemaker:ListMonitoringSchedules",
                    items: "MonitoringScheduleSummaries",
                }),
                describe: Some("sagemaker:DescribeMonitoringSchedule"),
                key: &[("MonitoringScheduleName", "MonitoringScheduleName")],
                arn: "/MonitoringScheduleArn",
                status: Some("/MonitoringScheduleStatus"),
                events: &[
                    "CreateMonitoringSchedule",
                    "UpdateMonitoringSchedule",
                    "StartMonitoringSchedule",
                    "StopMonitoringSchedule",
                    "DeleteMonitoringSchedule",
                ],
                ends: false,
            },
            Self::NotebookInstance => &KindFacts {
                name: "NotebookInstance",
                arn_type: "notebook-instance",
                list: Some(List { operation: "sagemaker:ListNotebookInstances", items: "NotebookInstances" }),
                describe: Some("sagemaker:DescribeNotebookInstance"),
                key: &[("NotebookInstanceName", "NotebookInstanceName")],
                arn: "/NotebookInstanceArn",
                status: Some("/NotebookInstanceStatus"),
                events: &[
                    "CreateNotebookInstance",
                    "UpdateNotebookInstance",
                    "StartNotebookInstance",
                    "StopNotebookInstance",
                    "DeleteNotebookInstance",
                ],
                ends: false,
            },
            Self::NotebookInstanceLifecycleConfig => &KindFacts {
                name: "NotebookInstanceLifecycleConfig",
                arn_type: "notebook-instance-lifecycle-config",
                list: Some(List {
                    operation: "sagemaker:ListNotebookInstanceLifecycleConfigs",
                    items: "NotebookInstanceLifecycleConfigs",
                }),
                describe: Some("sagemaker:DescribeNotebookInstanceLifecycleConfig"),
                key: &[("NotebookInstanceLifecycleConfigName", "NotebookInstanceLifecycleConfigName")],
                arn: "/NotebookInstanceLifecycleConfigArn",
                status: None,
                events: &[
                    "CreateNotebookInstanceLifecycleConfig",
                    "UpdateNotebookInstanceLifecycleConfig",
                    "DeleteNotebookInstanceLifecycleConfig",
                ],
                ends: false,
            },
            Self::ProcessingJob => &KindFacts {
                name: "ProcessingJob",
                arn_type: "processing-job",
                list: Some(List { operation: "sagemaker:ListProcessingJobs", items: "ProcessingJobSummaries" }),
                describe: Some("sagemaker:DescribeProcessingJob"),
                key: &[("ProcessingJobName", "ProcessingJobName")],
                arn: "/ProcessingJobArn",
                status: Some("/ProcessingJobStatus"),
                events: &["CreateProcessingJob", "StopProcessingJob", "DeleteProcessingJob"],
                ends: true,
            },
            Self::Space => &KindFacts {
                name: "Space",
                arn_type: "space",
                list: Some(List { operation: "sagemaker:ListSpaces", items: "Spaces" }),
                describe: Some("sagemaker:DescribeSpace"),
                key: &[("DomainId", "DomainId"), ("SpaceName", "SpaceName")],
                arn: "/SpaceArn",
                status: Some("/Status"),
                events: &["CreateSpace", "UpdateSpace", "DeleteSpace"],
                ends: false,
            },
            Self::TrainingJob => &KindFacts {
                name: "TrainingJob",
                arn_type: "training-job",
                list: Some(List { operation: "sagemaker:ListTrainingJobs", items: "TrainingJobSummaries" }),
                describe: Some("sagemaker:DescribeTrainingJob"),
                key: &[("TrainingJobName", "TrainingJobName")],
                arn: "/TrainingJobArn",
                status: Some("/TrainingJobStatus"),
                events: &["CreateTrainingJob", "UpdateTrainingJob", "StopTrainingJob", "DeleteTrainingJob"],
                ends: true,
            },
            Self::TransformJob => &KindFacts {
                name: "TransformJob",
                arn_type: "transform-job",
                list: Some(List { operation: "sagemaker:ListTransformJobs", items: "TransformJobSummaries" }),
                describe: Some("sagemaker:DescribeTransformJob"),
                key: &[("TransformJobName", "TransformJobName")],
                arn: "/TransformJobArn",
                status: Some("/TransformJobStatus"),
                events: &["CreateTransformJob", "StopTransformJob"],
                ends: true,
            },
            Self::PresignedUrl => &KindFacts {
                name: "PresignedUrl",
                arn_type: "",
                list: None,
                describe: None,
                key: &[],
                arn: "",
                status: None,
                events: &["CreatePresignedDomainUrl", "CreatePresignedNotebookInstanceUrl"],
                ends: false,
            },
        }
    }

    /// The kind that a call is about, by CloudTrail's name of the call.
    #[must_use]
    pub fn of_event(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.facts().events.contains(&name))
    }

    /// The kind of an ARN's resource part, e.g. of `endpoint-config/churn`.
    #[must_use]
    pub fn of_arn_type(resource: &str) -> Option<Self> {
        let arn_type = resource.split_once('/').map(|(arn_type, _)| arn_type)?;
        Self::ALL.iter().copied().find(|kind| !arn_type.is_empty() && kind.facts().arn_type == arn_type)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.facts().name)
    }
}
