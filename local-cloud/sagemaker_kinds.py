"""The kinds of SageMaker resources that are kept as they were given: names, statuses, and what calls do to them.

Everything else about a kind, from the members of its answers to the filters of its listing, is read from the service's
model.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

from service_model import Refused
from shapes import model_of
from studio_state import GONE

NOT_FOUND = ("ResourceNotFound", "{words} [{arn}] not found.")


class Change(NamedTuple):
    """A call that is allowed from some statuses (empty: from all) brings a resource to `to` and then to `then`."""

    allowed: tuple[str, ...]
    to: str
    then: str | None = None


@dataclass(frozen=True, eq=False)
class Kind:
    """One kind. `noun` is what follows Create and Describe in the names of its operations; `base` what follows the
    other verbs; `changes` says what the other verbs do; `more` adds members that the service makes of the given ones;
    `missing` is the refusal of calls about what is not there, in the service's own words.
    """

    noun: str
    plural: str
    arn_type: str
    status: str | None = None
    born: tuple[str, str | None] = ("", None)
    changes: dict[str, Change] = field(default_factory=dict)
    more: Callable[[dict], dict] = lambda given: {}
    missing: tuple[str, str] = NOT_FOUND
    key: str = ""
    arn: str = ""

    @property
    def base(self) -> str:
        return self.noun.removesuffix("V2")

    @property
    def name(self) -> str:
        """The member that names one."""
        return self.key or f"{self.base}Name"

    @property
    def arn_member(self) -> str:
        """The member of the description that holds its ARN."""
        return self.arn or f"{self.base}Arn"

    @property
    def words(self) -> str:
        return "".join(f" {c.lower()}" if c.isupper() else c for c in self.base).strip()

    @cached_property
    def described(self) -> dict:
        """The members of its description, with their shapes."""
        return model_of("sagemaker").operation_model(f"Describe{self.noun}").output_shape.members


# A job that has ended stays in its status for ever.
ENDED = ("Completed", "Failed", "Stopped")
STOP_JOB = Change(("InProgress",), "Stopping", "Stopped")
REMOVED = Change((), GONE)
COUNTERS = {
    "TrainingJobStatusCounters": {
        name: 0 for name in ("Completed", "InProgress", "RetryableError", "NonRetryableError", "Stopped")
    },
    "ObjectiveStatusCounters": {name: 0 for name in ("Succeeded", "Pending", "Failed")},
}
JOB_MISSING = ("ValidationException", "Could not find requested job with name: {name}")
PROBLEM_TYPES = {
    "ImageClassificationJobConfig": "ImageClassification",
    "TextClassificationJobConfig": "TextClassification",
    "TimeSeriesForecastingJobConfig": "TimeSeriesForecasting",
    "TabularJobConfig": "Tabular",
    "TextGenerationJobConfig": "TextGeneration",
}


def _job_definition(monitored: str) -> Kind:
    noun, members = f"{monitored}JobDefinition", f"{monitored}JobInput"
    arn_type = "".join(f"-{c.lower()}" if c.isupper() else c for c in noun).strip("-")

    def more(given: dict) -> dict:
        endpoint = given[members].get("EndpointInput", {}).get("EndpointName", "")
        return {"MonitoringJobDefinitionName": given["JobDefinitionName"], "EndpointName": endpoint}

    return Kind(
        noun, f"{noun}s", arn_type, key="JobDefinitionName", arn="JobDefinitionArn", more=more,
        changes={"Delete": REMOVED},
    )  # fmt: skip


def _notebook(given: dict) -> dict:
    if given.get("DirectInternetAccess") == "Disabled" and "SubnetId" not in given:
        raise Refused("ValidationException", "SubnetId is required when DirectInternetAccess is Disabled.")
    renamed = {"SecurityGroups": "SecurityGroupIds", "NotebookInstanceLifecycleConfigName": "LifecycleConfigName"}
    defaults = {
        "DirectInternetAccess": "Enabled",
        "RootAccess": "Enabled",
        "PlatformIdentifier": "notebook-al2023-v1",
        "VolumeSizeInGB": 5,
        "InstanceMetadataServiceConfiguration": {"MinimumInstanceMetadataServiceVersion": "1"},
        "Url": f"{given['NotebookInstanceName']}.notebook.sagemaker.aws",
    }
    interface = {"NetworkInterfaceId": "eni-0123456789abcdef0"} if "SubnetId" in given else {}
    kept = {name: value for name, value in defaults.items() if name not in given}
    return kept | interface | {shown: given[name] for shown, name in renamed.items() if name in given}


def _training_job(given: dict) -> dict:
    defaults = {
        "EnableNetworkIsolation": False,
        "EnableInterContainerTrafficEncryption": False,
        "EnableManagedSpotTraining": False,
        "StoppingCondition": {"MaxRuntimeInSeconds": 86400},
        "SecondaryStatus": "Starting",
    }
    output = f"{given['OutputDataConfig']['S3OutputPath'].rstrip('/')}/{given['TrainingJobName']}/output/model.tar.gz"
    kept = {name: value for name, value in defaults.items() if name not in given}
    return kept | {"ModelArtifacts": {"S3ModelArtifacts": output}}


def _auto_ml_job(given: dict) -> dict:
    """Those of the first version of the interface are described in the form of the second one, too."""
    old = given.get("AutoMLJobConfig", {})
    made = {"AutoMLJobSecondaryStatus": "Starting"}
    if "InputDataConfig" in given:
        channels = [
            {name: value for name, value in each.items() if name != "TargetAttributeName"}
            for each in given["InputDataConfig"]
        ]
        target = {"TargetAttributeName": given["InputDataConfig"][0]["TargetAttributeName"]}
        made |= {"AutoMLJobInputDataConfig": channels, "AutoMLProblemTypeConfig": {"TabularJobConfig": target}}
        made |= {name: old[name] for name in ("SecurityConfig", "DataSplitConfig") if name in old}
    problem = {**given, **made}["AutoMLProblemTypeConfig"]
    return made | {"AutoMLProblemTypeConfigName": PROBLEM_TYPES[next(iter(problem))]}


def _feature_group(given: dict) -> dict:
    offline = {"OfflineStoreStatus": {"Status": "Active"}} if "OfflineStoreConfig" in given else {}
    return {"NextToken": "", **offline}


def _tuning_job(given: dict) -> dict:
    config = given["HyperParameterTuningJobConfig"]
    made = COUNTERS | {"Strategy": config["Strategy"], "ResourceLimits": config["ResourceLimits"]}
    switches = {"EnableNetworkIsolation": False, "EnableInterContainerTrafficEncryption": False}
    if "TrainingJobDefinition" in given:
        made["TrainingJobDefinition"] = switches | given["TrainingJobDefinition"]
    if "TrainingJobDefinitions" in given:
        made["TrainingJobDefinitions"] = [switches | each for each in given["TrainingJobDefinitions"]]
    return made


def _schedule(given: dict) -> dict:
    config = given["MonitoringScheduleConfig"]
    own = config.get("MonitoringJobDefinition", {})
    inputs = own.get("MonitoringInputs") or [{}]
    made = {
        "MonitoringType": config.get("MonitoringType", "DataQuality"),
        "MonitoringJobDefinitionName": config.get("MonitoringJobDefinitionName"),
        "EndpointName": inputs[0].get("EndpointInput", {}).get("EndpointName"),
    }
    return {name: value for name, value in made.items() if value is not None}


def _experiment(given: dict) -> dict:
    variants = [each | {"Status": "InService"} for each in given["ModelVariants"]]
    return {"EndpointMetadata": {"EndpointName": given["EndpointName"]}, "ModelVariants": variants}


KINDS = (
    Kind(
        "AppImageConfig", "AppImageConfigs", "app-image-config",
        changes={"Update": Change((), ""), "Delete": REMOVED},
    ),
    Kind(
        "AutoMLJobV2", "AutoMLJobs", "automl-job", "AutoMLJobStatus", ("InProgress", None),
        {"Stop": STOP_JOB}, _auto_ml_job,
    ),
    *(_job_definition(monitored) for monitored in ("DataQuality", "ModelBias", "ModelExplainability", "ModelQuality")),
    Kind(
        "FeatureGroup", "FeatureGroups", "feature-group", "FeatureGroupStatus", ("Creating", "Created"),
        {"Update": Change((), ""), "Delete": Change((), "Deleting", GONE)}, _feature_group,
    ),
    Kind(
        "FlowDefinition", "FlowDefinitions", "flow-definition", "FlowDefinitionStatus", ("Initializing", "Active"),
        {"Delete": Change((), "Deleting", GONE)},
    ),
    Kind(
        "HyperParameterTuningJob", "HyperParameterTuningJobs", "hyper-parameter-tuning-job",
        "HyperParameterTuningJobStatus", ("InProgress", None),
        {"Stop": STOP_JOB, "Delete": Change(ENDED, GONE)}, _tuning_job,
    ),
    Kind(
        "Image", "Images", "image", "ImageStatus", ("CREATING", "CREATED"),
        {"Update": Change((), "UPDATING", "CREATED"), "Delete": Change((), "DELETING", GONE)},
    ),
    Kind(
        "InferenceExperiment", "InferenceExperiments", "inference-experiment", "Status", ("Creating", "Running"),
        {
            "Update": Change(("Created", "Running"), "Updating", "Running"),
            "Start": Change(("Created",), "Starting", "Running"),
            "Stop": Change(("Running",), "Stopping", "Completed"),
            "Delete": Change(("Created", "Completed", "Cancelled"), GONE),
        },
        _experiment, key="Name", arn="Arn",
    ),
    Kind(
        "MonitoringSchedule", "MonitoringSchedules", "monitoring-schedule", "MonitoringScheduleStatus",
        ("Pending", "Scheduled"),
        {
            "Update": Change((), "Pending", "Scheduled"),
            "Start": Change(("Stopped", "Failed"), "Pending", "Scheduled"),
            "Stop": Change(("Scheduled",), "Pending", "Stopped"),
            "Delete": REMOVED,
        },
        _schedule,
    ),
    Kind(
        "NotebookInstance", "NotebookInstances", "notebook-instance", "NotebookInstanceStatus",
        ("Pending", "InService"),
        {
            "Update": Change(("Stopped", "Failed"), "Updating", "Stopped"),
            "Start": Change(("Stopped", "Failed"), "Pending", "InService"),
            "Stop": Change(("InService",), "Stopping", "Stopped"),
            "Delete": Change(("Stopped", "Failed"), "Deleting", GONE),
        },
        _notebook, ("ValidationException", "RecordNotFound"),
    ),
    Kind(
        "NotebookInstanceLifecycleConfig", "NotebookInstanceLifecycleConfigs", "notebook-instance-lifecycle-config",
        changes={"Update": Change((), ""), "Delete": REMOVED},
        missing=(
            "ValidationException",
            "Unable to {verb} Notebook Instance Lifecycle Config '{arn}'. "
            "(Details: Notebook Instance Lifecycle Config does not exist.)",
        ),
    ),
    Kind(
        "ProcessingJob", "ProcessingJobs", "processing-job", "ProcessingJobStatus", ("InProgress", None),
        {"Stop": STOP_JOB, "Delete": Change(ENDED, GONE)}, missing=JOB_MISSING,
    ),
    Kind(
        "TrainingJob", "TrainingJobs", "training-job", "TrainingJobStatus", ("InProgress", None),
        {"Update": Change(("InProgress",), ""), "Stop": STOP_JOB, "Delete": Change(ENDED, GONE)},
        _training_job, ("ValidationException", "Requested resource not found."),
    ),
    Kind(
        "TransformJob", "TransformJobs", "transform-job", "TransformJobStatus", ("InProgress", None),
        {"Stop": STOP_JOB}, missing=JOB_MISSING,
    ),
)  # fmt: skip
BY_ARN_TYPE = {kind.arn_type: kind for kind in KINDS}
