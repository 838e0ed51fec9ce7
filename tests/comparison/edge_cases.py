"""Resources on which tools that check SageMaker disagree: what each is, which verdict is right and why, and which rule
of each tool looks at it.

A case is a resource that is as it should be but for the members that it changes. What AWS's own tools say of it cannot
be measured here: there, what their documentation says is noted, and `NOT_SAID` where nothing was found in it.
"""

import base64
from dataclasses import dataclass, field

PASS, FAIL, NOT_APPLICABLE, UNKNOWN, NOT_SAID = "pass", "fail", "notApplicable", "unknown", "notSaid"
NVME, WITHOUT_NVME = "ml.g4dn.xlarge", "ml.m5.large"
CLUSTER = {"InstanceCount": 1, "InstanceType": WITHOUT_NVME, "VolumeSizeInGB": 30}
OUTPUT = {"S3OutputPath": "s3://data/training"}
VARIANT = {"VariantName": "all", "ModelName": "compared", "InstanceType": WITHOUT_NVME, "InitialInstanceCount": 2}
# Which the service lets nothing serve whose model is isolated or in a VPC.
SERVERLESS = {
    "VariantName": "all",
    "ModelName": "compared-open",
    "ServerlessConfig": {"MemorySizeInMB": 2048, "MaxConcurrency": 5},
}
CAPTURE = {
    "EnableCapture": True,
    "InitialSamplingPercentage": 100,
    "DestinationS3Uri": "s3://data/captured",
    "CaptureOptions": [{"CaptureMode": "Input"}],
}
# Stands for a key of the account.
KEY = "KEY"
ROLE = "arn:aws:iam::111111111111:role/sagemaker"
IMAGE = "111111111111.dkr.ecr.eu-west-1.amazonaws.com/image@sha256:" + "a" * 64


@dataclass(frozen=True)
class Documented:
    """What AWS's documentation says of a case: the rule that it is about, and in which words."""

    rule: str
    verdict: str
    says: str


@dataclass(frozen=True)
class InTemplate:
    """The same resource in a template of Terraform or CloudFormation, with the rules of Checkov that look at it."""

    rules: tuple[str, ...]
    framework: str
    kind: str
    members: dict


@dataclass(frozen=True)
class Case:
    """`given` replaces members of a resource that is as it should be, `None` takes one away; `described` does so with
    members of its description that no call sets, and `script` gives it a lifecycle script. `custodian` is the filter
    that finds the ones that are wrong."""

    name: str
    resource: str
    right: str
    why: str
    control: str
    noun: str
    given: dict
    prowler: str | None = None
    custodian: dict | None = None
    checkov: InTemplate | None = None
    security_hub: Documented | None = None
    config: Documented | None = None
    described: dict = field(default_factory=dict)
    script: bytes | None = None
    remark: str = ""


def empty(key: str) -> dict:
    """Finds what lacks a member, or has an empty text there."""
    return {"type": "value", "key": key, "value": "empty"}


def not_on(key: str) -> dict:
    return {"not": [{"type": "value", "key": key, "value": True}]}


def is_set(key: str, value: object) -> dict:
    return {"type": "value", "key": key, "value": value}


def any_is(key: str, value: object) -> dict:
    return {"type": "value", "key": key, "op": "contains", "value": value}


OUTPUT_CHECK = "sagemaker_training_jobs_volume_and_output_encryption_enabled"
TRAFFIC_CHECK = "sagemaker_training_jobs_intercontainer_encryption_enabled"
ENDPOINT_KEY_CHECK = "sagemaker_endpoint_config_kms_encryption_enabled"
INSTANCES_CHECK = "sagemaker_endpoint_config_prod_variant_instances"
INTERNET_CHECK = "sagemaker_notebook_instance_without_direct_internet_access_configured"
ROOT_CHECK = "sagemaker_notebook_instance_root_access_disabled"
NOTEBOOK_KEY_CHECK = "sagemaker_notebook_instance_encryption_enabled"
SECRETS_CHECK = "sagemaker_notebook_instance_no_secrets"
ENDPOINT_KEY_RULE = "sagemaker-endpoint-configuration-kms-key-configured"
NOTEBOOK_KEY_RULE = "sagemaker-notebook-instance-kms-key-configured"
INSTANCES_RULE = "sagemaker-endpoint-config-prod-instance-count"
TRAFFIC_RULE = "sagemaker-data-quality-job-encrypt-in-transit"
PLATFORM_RULE = "sagemaker-notebook-instance-platform-version"

NVME_WHY = (
    "The type has disks of its own, which it encrypts by itself; "
    "the service refuses a request that names a key for them."
)
OUTPUT_REMARK = "Prowler's check has the output in its name; its description speaks of the volume alone."
ENDPOINT_KEY_SAYS = "fails if `KmsKeyId` is not specified, with no exception"
ENDPOINT_KEY_BY_THE_LETTER = Documented(ENDPOINT_KEY_RULE, FAIL, ENDPOINT_KEY_SAYS)
NO_EMPTY_KEY = "fails if the key is not specified; nothing was found on an empty one"
INSTANCES_SAY = "fails if a variant's initial instance count is 1; nothing was found on serverless variants"


def endpoint_in_terraform(*rules: str, variant: dict, **members: object) -> InTemplate:
    whole = {"production_variants": [{"model_name": "compared", "variant_name": "all"} | variant]} | members
    return InTemplate(rules, "terraform", "aws_sagemaker_endpoint_configuration", whole)


def notebook_in_terraform(*rules: str, **members: object) -> InTemplate:
    whole = {"name": "compared", "role_arn": ROLE, "instance_type": "ml.t3.medium"}
    return InTemplate(rules, "terraform", "aws_sagemaker_notebook_instance", whole | members)


TRAINING = [
    Case(
        "training-output-without-key",
        "A training job whose volume has a key and whose output has none",
        FAIL,
        "The model that it writes is encrypted with the bucket's own setting, not with the environment's key.",
        "job-output-key",
        "TrainingJob",
        {"OutputDataConfig": OUTPUT},
        prowler=OUTPUT_CHECK,
        custodian=empty("OutputDataConfig.KmsKeyId"),
        remark=OUTPUT_REMARK,
    ),
    Case(
        "training-output-key-empty",
        'A training job whose output key is `""`',
        FAIL,
        "An empty text names no key.",
        "job-output-key",
        "TrainingJob",
        {"OutputDataConfig": OUTPUT | {"KmsKeyId": ""}},
        prowler=OUTPUT_CHECK,
        custodian=empty("OutputDataConfig.KmsKeyId"),
        remark=OUTPUT_REMARK,
    ),
    Case(
        "training-volume-key-empty",
        'A training job whose volume key is `""`',
        FAIL,
        "An empty text names no key.",
        "job-volume-key",
        "TrainingJob",
        {"ResourceConfig": CLUSTER | {"VolumeKmsKeyId": ""}},
        prowler=OUTPUT_CHECK,
        custodian=empty("ResourceConfig.VolumeKmsKeyId"),
    ),
    Case(
        "training-nvme-without-volume-key",
        f"A training job on `{NVME}`, without a volume key",
        NOT_APPLICABLE,
        NVME_WHY,
        "job-volume-key",
        "TrainingJob",
        {"ResourceConfig": CLUSTER | {"InstanceType": NVME}},
        prowler=OUTPUT_CHECK,
        custodian=empty("ResourceConfig.VolumeKmsKeyId"),
    ),
    Case(
        "training-one-instance-without-traffic-encryption",
        "A training job on one instance, without encryption of the traffic between instances",
        NOT_APPLICABLE,
        "There is no traffic between instances.",
        "job-traffic-encryption",
        "TrainingJob",
        {"ResourceConfig": CLUSTER | {"VolumeKmsKeyId": KEY}, "EnableInterContainerTrafficEncryption": False},
        prowler=TRAFFIC_CHECK,
        custodian=not_on("EnableInterContainerTrafficEncryption"),
    ),
    Case(
        "training-instance-groups-without-traffic-encryption",
        "A training job on two instance groups of one instance each, without encryption of the traffic between them",
        FAIL,
        "Two instances talk to each other, though no group has more than one.",
        "job-traffic-encryption",
        "TrainingJob",
        {
            "ResourceConfig": {
                "InstanceGroups": [
                    {"InstanceGroupName": name, "InstanceType": WITHOUT_NVME, "InstanceCount": 1}
                    for name in ("data", "train")
                ],
                "VolumeSizeInGB": 30,
                "VolumeKmsKeyId": KEY,
            },
            "EnableInterContainerTrafficEncryption": False,
        },
        prowler=TRAFFIC_CHECK,
        custodian=not_on("EnableInterContainerTrafficEncryption"),
    ),
    Case(
        "training-remote-debug",
        "A training job with remote debugging turned on",
        FAIL,
        "Somebody can open a shell in the container, with the job's data and the credentials of its role.",
        "job-no-remote-debug",
        "TrainingJob",
        {"RemoteDebugConfig": {"EnableRemoteDebug": True}},
        custodian=is_set("RemoteDebugConfig.EnableRemoteDebug", True),
    ),
    Case(
        "processing-output-without-key",
        "A processing job that writes output without a key",
        FAIL,
        "The same as for a training job's output.",
        "job-output-key",
        "ProcessingJob",
        {
            "ProcessingOutputConfig": {
                "Outputs": [
                    {
                        "OutputName": "out",
                        "S3Output": {"S3Uri": "s3://data/out", "LocalPath": "/opt/ml/out", "S3UploadMode": "EndOfJob"},
                    }
                ]
            }
        },
        custodian=empty("ProcessingOutputConfig.KmsKeyId"),
    ),
    Case(
        "processing-without-output",
        "A processing job without any output",
        NOT_APPLICABLE,
        "Nothing is written that a key could encrypt.",
        "job-output-key",
        "ProcessingJob",
        {},
        custodian=empty("ProcessingOutputConfig.KmsKeyId"),
    ),
]
ENDPOINTS = [
    Case(
        "endpoint-serverless-one-instance",
        "An endpoint configuration with one serverless variant, for the rule of more than one instance",
        NOT_APPLICABLE,
        "A serverless variant has no instances to count.",
        "endpoint-config-several-instances",
        "EndpointConfig",
        {"ProductionVariants": [SERVERLESS]},
        prowler=INSTANCES_CHECK,
        custodian=any_is("ProductionVariants[].InitialInstanceCount", 1),
        security_hub=Documented("SageMaker.4", NOT_SAID, INSTANCES_SAY),
        config=Documented(INSTANCES_RULE, NOT_SAID, INSTANCES_SAY),
    ),
    Case(
        "endpoint-one-instance",
        "An endpoint configuration with two variants, one of them of one instance",
        FAIL,
        "The variant is gone with its instance's zone.",
        "endpoint-config-several-instances",
        "EndpointConfig",
        {"ProductionVariants": [VARIANT, VARIANT | {"VariantName": "one", "InitialInstanceCount": 1}]},
        prowler=INSTANCES_CHECK,
        custodian=any_is("ProductionVariants[].InitialInstanceCount", 1),
        security_hub=Documented("SageMaker.4", FAIL, "fails if a variant's initial instance count is 1"),
        config=Documented(INSTANCES_RULE, FAIL, "fails if a variant's initial instance count is 1"),
    ),
    Case(
        "endpoint-serverless-without-key",
        "An endpoint configuration with one serverless variant, without a volume key",
        NOT_APPLICABLE,
        "The key is for the volumes of instances, of which there are none.",
        "endpoint-config-volume-key",
        "EndpointConfig",
        {"ProductionVariants": [SERVERLESS], "KmsKeyId": None},
        prowler=ENDPOINT_KEY_CHECK,
        custodian=empty("KmsKeyId"),
        checkov=endpoint_in_terraform(
            "CKV_AWS_98", variant={"serverless_config": [{"max_concurrency": 5, "memory_size_in_mb": 2048}]}
        ),
        config=ENDPOINT_KEY_BY_THE_LETTER,
    ),
    Case(
        "endpoint-nvme-without-key",
        f"An endpoint configuration on `{NVME}`, without a volume key",
        NOT_APPLICABLE,
        NVME_WHY,
        "endpoint-config-volume-key",
        "EndpointConfig",
        {"ProductionVariants": [VARIANT | {"InstanceType": NVME}], "KmsKeyId": None},
        prowler=ENDPOINT_KEY_CHECK,
        custodian=empty("KmsKeyId"),
        checkov=endpoint_in_terraform("CKV_AWS_98", variant={"instance_type": NVME, "initial_instance_count": 2}),
        config=ENDPOINT_KEY_BY_THE_LETTER,
    ),
    Case(
        "endpoint-key-empty",
        'An endpoint configuration whose volume key is `""`',
        FAIL,
        "An empty text names no key.",
        "endpoint-config-volume-key",
        "EndpointConfig",
        {"ProductionVariants": [VARIANT], "KmsKeyId": ""},
        prowler=ENDPOINT_KEY_CHECK,
        custodian=empty("KmsKeyId"),
        checkov=endpoint_in_terraform(
            "CKV_AWS_98", variant={"instance_type": WITHOUT_NVME, "initial_instance_count": 2}, kms_key_arn=""
        ),
        config=Documented(ENDPOINT_KEY_RULE, NOT_SAID, NO_EMPTY_KEY),
    ),
    Case(
        "endpoint-ssm-access",
        "An endpoint configuration whose variant allows sessions on its instances (`EnableSSMAccess`)",
        FAIL,
        "Somebody can open a shell beside the model, with its requests and the credentials of its role.",
        "endpoint-config-no-ssm-access",
        "EndpointConfig",
        {"ProductionVariants": [VARIANT | {"EnableSSMAccess": True}]},
        custodian=any_is("ProductionVariants[].EnableSSMAccess", True),
    ),
    Case(
        "endpoint-ssm-access-of-a-shadow",
        "An endpoint configuration whose shadow variant alone allows sessions on its instances",
        FAIL,
        "The shadow gets the same requests.",
        "endpoint-config-no-ssm-access",
        "EndpointConfig",
        {
            "ProductionVariants": [VARIANT],
            "ShadowProductionVariants": [VARIANT | {"VariantName": "shadow", "EnableSSMAccess": True}],
        },
        custodian=any_is("ProductionVariants[].EnableSSMAccess", True),
        remark="A second filter of Custodian, on `ShadowProductionVariants`, would find it.",
    ),
    Case(
        "endpoint-capture-without-key",
        "An endpoint configuration that captures requests without a key",
        FAIL,
        "What is captured is data of users, encrypted with the bucket's own setting.",
        "endpoint-config-capture-key",
        "EndpointConfig",
        {"ProductionVariants": [VARIANT], "DataCaptureConfig": CAPTURE},
        custodian=empty("DataCaptureConfig.KmsKeyId"),
    ),
    Case(
        "endpoint-capture-turned-off",
        "An endpoint configuration whose capture is turned off and has no key",
        NOT_APPLICABLE,
        "Nothing is captured.",
        "endpoint-config-capture-key",
        "EndpointConfig",
        {"ProductionVariants": [VARIANT], "DataCaptureConfig": CAPTURE | {"EnableCapture": False}},
        custodian=empty("DataCaptureConfig.KmsKeyId"),
    ),
]
INTERNET = {"security_hub": "SageMaker.1", "config": "sagemaker-notebook-no-direct-internet-access"}
ROOT = {"security_hub": "SageMaker.3", "config": "sagemaker-notebook-instance-root-access-check"}


def documented(rules: dict[str, str], verdict: str, says: str) -> dict[str, Documented]:
    return {tool: Documented(rule, verdict, says) for tool, rule in rules.items()}


NOTEBOOKS = [
    Case(
        "notebook-internet-by-default",
        "A notebook instance that is made without saying anything of internet access",
        FAIL,
        "It has it: the service's default is `Enabled`.",
        "notebook-no-direct-internet",
        "NotebookInstance",
        {"DirectInternetAccess": None},
        prowler=INTERNET_CHECK,
        custodian=is_set("DirectInternetAccess", "Enabled"),
        checkov=notebook_in_terraform("CKV_AWS_122"),
        **documented(INTERNET, FAIL, "fails if `DirectInternetAccess` is enabled"),
    ),
    Case(
        "notebook-internet-enabled-root-disabled",
        "A notebook instance with internet access and without root",
        FAIL,
        "Each is a setting of its own.",
        "notebook-no-direct-internet",
        "NotebookInstance",
        {"DirectInternetAccess": "Enabled"},
        prowler=INTERNET_CHECK,
        custodian=is_set("DirectInternetAccess", "Enabled"),
        checkov=notebook_in_terraform("CKV_AWS_122", direct_internet_access="Enabled", root_access="Disabled"),
        **documented(INTERNET, FAIL, "fails if `DirectInternetAccess` is enabled"),
    ),
    Case(
        "notebook-internet-not-described",
        "A notebook instance whose description lacks `DirectInternetAccess`, as those recorded before the member did",
        UNKNOWN,
        "Nobody can tell from it.",
        "notebook-no-direct-internet",
        "NotebookInstance",
        {},
        described={"DirectInternetAccess": None},
        prowler=INTERNET_CHECK,
        custodian=is_set("DirectInternetAccess", "Enabled"),
        **documented(INTERNET, NOT_SAID, "nothing was found on an absent member"),
    ),
    Case(
        "notebook-root-not-described",
        "A notebook instance whose description lacks `RootAccess`",
        UNKNOWN,
        "Nobody can tell from it.",
        "notebook-no-root-access",
        "NotebookInstance",
        {},
        described={"RootAccess": None},
        prowler=ROOT_CHECK,
        custodian=is_set("RootAccess", "Enabled"),
        **documented(ROOT, NOT_SAID, "nothing was found on an absent member"),
    ),
    Case(
        "notebook-root-by-default",
        "A notebook instance that is made without saying anything of root",
        FAIL,
        "Its users are root: the service's default is `Enabled`.",
        "notebook-no-root-access",
        "NotebookInstance",
        {"RootAccess": None},
        prowler=ROOT_CHECK,
        custodian=is_set("RootAccess", "Enabled"),
        checkov=notebook_in_terraform("CKV_AWS_307"),
        **documented(ROOT, FAIL, "fails if root access is turned on"),
    ),
    Case(
        "notebook-key-empty",
        'A notebook instance whose volume key is `""`',
        FAIL,
        "An empty text names no key.",
        "notebook-volume-key",
        "NotebookInstance",
        {"KmsKeyId": ""},
        prowler=NOTEBOOK_KEY_CHECK,
        custodian=empty("KmsKeyId"),
        checkov=notebook_in_terraform("CKV_AWS_22", "CKV_AWS_187", kms_key_id=""),
        security_hub=Documented("SageMaker.21", NOT_SAID, NO_EMPTY_KEY),
        config=Documented(NOTEBOOK_KEY_RULE, NOT_SAID, NO_EMPTY_KEY),
    ),
    Case(
        "notebook-key-of-aws",
        "A notebook instance whose volume key is `alias/aws/sagemaker`, for the rule of a customer managed key",
        FAIL,
        "Of a key that AWS manages, the account can neither change the policy nor turn it off.",
        "volume-key-customer-managed",
        "NotebookInstance",
        {"KmsKeyId": "alias/aws/sagemaker"},
        custodian={"type": "kms-key", "key": "KeyManager", "value": "AWS"},
        checkov=InTemplate(
            ("CKV_AWS_187",),
            "cloudformation",
            "AWS::SageMaker::NotebookInstance",
            {
                "InstanceType": "ml.t3.medium",
                "RoleArn": ROLE,
                "KmsKeyId": "alias/aws/sagemaker",
            },
        ),
        security_hub=Documented(
            "SageMaker.21", PASS, "its title asks for a customer managed key, its text for a key of any kind"
        ),
    ),
    Case(
        "notebook-platform-ended",
        "A notebook instance on `notebook-al2-v2`, which is no longer on the list of supported platforms",
        FAIL,
        "The list has moved on with the platforms that AWS still updates.",
        "notebook-platform-supported",
        "NotebookInstance",
        {"PlatformIdentifier": "notebook-al2-v2"},
        custodian={"not": [is_set("PlatformIdentifier", "notebook-al2023-v1")]},
        security_hub=Documented(
            "SageMaker.8", FAIL, "fails if the platform is not a supported one; which those are has changed over time"
        ),
        config=Documented(
            PLATFORM_RULE, NOT_SAID, "compares with a parameter; AWS's conformance pack gives `notebook-al2-v2`"
        ),
    ),
    Case(
        "notebook-metadata-by-default",
        "A notebook instance that is made without saying anything of the metadata service",
        FAIL,
        "It answers version 1 too, by the service's default.",
        "notebook-imdsv2",
        "NotebookInstance",
        {"InstanceMetadataServiceConfiguration": None},
        custodian={
            "not": [is_set("InstanceMetadataServiceConfiguration.MinimumInstanceMetadataServiceVersion", "2")]
        },
        checkov=InTemplate(
            ("CKV_AWS_371",),
            "cloudformation",
            "AWS::SageMaker::NotebookInstance",
            {"InstanceType": "ml.t3.medium", "RoleArn": ROLE},
        ),
    ),
]
# In parts, so that nobody takes this file for one that holds a key.
ACCESS_KEY = "AKIA" + "Q3EGRIX7KZ2WM5TP"
SECRET_KEY = "wJ7rXUtnF3MI/K7M" + "DENGbPxRfiCYq9zT4kL8vW2s"
SECRET = f"aws configure set aws_access_key_id {ACCESS_KEY}\naws configure set aws_secret_access_key {SECRET_KEY}\n"
MAIL_KEY = "SG." + "b7Qm2XwZ9tRk4LpV1nYcHs" + "." + "e5Gh8JdKq3WzUx6TfPo0iAaSsDdFfGgHhJjKkLl2ZzX"
BY_REFERENCE = (
    "DB_PASSWORD=$(aws secretsmanager get-secret-value --secret-id churn/db --query SecretString --output text)\n"
    'export API_KEY="<your-api-key>"\n'
)
SCRIPTS = [
    Case(
        "script-with-a-key",
        "A notebook instance whose lifecycle script holds an access key of AWS",
        FAIL,
        "Everybody who may describe the script reads the key.",
        "notebook-lifecycle-script-no-secrets",
        "NotebookInstance",
        {},
        prowler=SECRETS_CHECK,
        script=SECRET.encode(),
    ),
    Case(
        "script-with-a-key-of-a-mail-service",
        "A notebook instance whose lifecycle script holds an API key of SendGrid",
        FAIL,
        "Everybody who may describe the script reads the key.",
        "notebook-lifecycle-script-no-secrets",
        "NotebookInstance",
        {},
        prowler=SECRETS_CHECK,
        script=f"curl --header 'Authorization: Bearer {MAIL_KEY}' https://api.sendgrid.com/v3/mail/send\n".encode(),
        remark="Prowler's scanner knows the keys of several hundred services, the control those of a few.",
    ),
    Case(
        "script-that-asks-for-its-password",
        "A notebook instance whose lifecycle script reads its password from Secrets Manager and has a placeholder",
        PASS,
        "Neither is a secret.",
        "notebook-lifecycle-script-no-secrets",
        "NotebookInstance",
        {},
        prowler=SECRETS_CHECK,
        script=BY_REFERENCE.encode(),
    ),
    Case(
        "script-in-utf-16",
        "A notebook instance whose lifecycle script holds the access key, saved in UTF-16",
        UNKNOWN,
        "A scanner that reads UTF-8 has not seen what the script says.",
        "notebook-lifecycle-script-no-secrets",
        "NotebookInstance",
        {},
        prowler=SECRETS_CHECK,
        script=SECRET.encode("utf-16"),
    ),
]
REGISTRY = {"security_hub": "SageMaker.19", "config": "sagemaker-model-multicontainer-private-registry"}
ISOLATION = {"security_hub": "SageMaker.5", "config": "sagemaker-model-isolation-enabled"}
MODELS = [
    Case(
        "model-isolation-not-described",
        "A model whose description lacks `EnableNetworkIsolation`, as those recorded before the member did",
        UNKNOWN,
        "Nobody can tell from it.",
        "model-network-isolation",
        "Model",
        {},
        described={"EnableNetworkIsolation": None},
        prowler="sagemaker_models_network_isolation_enabled",
        custodian=not_on("EnableNetworkIsolation"),
        **documented(ISOLATION, NOT_SAID, "nothing was found on an absent member"),
    ),
    Case(
        "model-pipeline-with-one-public-image",
        "An inference pipeline of two containers, one of them with its image from outside the VPC",
        FAIL,
        "Each container's image counts.",
        "model-pipeline-private-registry",
        "Model",
        {
            "PrimaryContainer": None,
            "Containers": [
                {"Image": IMAGE, "ImageConfig": {"RepositoryAccessMode": mode}} for mode in ("Vpc", "Platform")
            ],
        },
        custodian=any_is("Containers[].ImageConfig.RepositoryAccessMode", "Platform"),
        **documented(REGISTRY, FAIL, "fails if any container has no `ImageConfig`, or one of `Platform`"),
    ),
    Case(
        "model-pipeline-without-image-configuration",
        "An inference pipeline of two containers, one of them without an `ImageConfig`",
        FAIL,
        "Without one the image comes from outside the VPC.",
        "model-pipeline-private-registry",
        "Model",
        {
            "PrimaryContainer": None,
            "Containers": [{"Image": IMAGE, "ImageConfig": {"RepositoryAccessMode": "Vpc"}}, {"Image": IMAGE}],
        },
        custodian=any_is("Containers[].ImageConfig.RepositoryAccessMode", "Platform"),
        **documented(REGISTRY, FAIL, "fails if any container has no `ImageConfig`, or one of `Platform`"),
        remark="A filter of Custodian that counts the containers of mode `Vpc` would find it.",
    ),
]


def data_quality(**members: object) -> dict:
    return {"JobResources": {"ClusterConfig": CLUSTER | {"VolumeKmsKeyId": KEY} | members}}


def data_quality_in_template(network: dict, count: int) -> InTemplate:
    members = {
        "RoleArn": ROLE,
        "DataQualityAppSpecification": {"ImageUri": IMAGE},
        "JobResources": {"ClusterConfig": CLUSTER | {"InstanceCount": count}},
        **network,
    }
    return InTemplate(("CKV_AWS_369",), "cloudformation", "AWS::SageMaker::DataQualityJobDefinition", members)


TRAFFIC_SAYS = "looks at definitions of two or more instances"
TRAFFIC = {"security_hub": "SageMaker.9", "config": TRAFFIC_RULE}
SCHEDULE = {"security_hub": "SageMaker.14", "config": "sagemaker-monitoring-schedule-isolation"}
ONLINE_STORE = {"security_hub": "SageMaker.18", "config": "sagemaker-featuregroup-online-store-encryption"}
FEATURES = {"OfflineStoreConfig": {"S3StorageConfig": {"S3Uri": "s3://data/features", "KmsKeyId": KEY}}}
MONITORING = [
    Case(
        "monitoring-one-instance-without-traffic-encryption",
        "A data-quality job definition of one instance, without encryption of the traffic between instances",
        NOT_APPLICABLE,
        "There is no traffic between instances.",
        "monitoring-job-traffic-encryption",
        "DataQualityJobDefinition",
        data_quality() | {"NetworkConfig": {"EnableNetworkIsolation": True}},
        custodian=not_on("NetworkConfig.EnableInterContainerTrafficEncryption"),
        checkov=data_quality_in_template({"NetworkConfig": {"EnableNetworkIsolation": True}}, 1),
        **documented(TRAFFIC, NOT_APPLICABLE, TRAFFIC_SAYS),
    ),
    Case(
        "monitoring-two-instances-without-network",
        "A data-quality job definition of two instances, without a `NetworkConfig`",
        FAIL,
        "Nothing turns the encryption on.",
        "monitoring-job-traffic-encryption",
        "DataQualityJobDefinition",
        data_quality(InstanceCount=2) | {"NetworkConfig": None},
        custodian=not_on("NetworkConfig.EnableInterContainerTrafficEncryption"),
        checkov=data_quality_in_template({}, 2),
        **documented(TRAFFIC, NOT_SAID, f"{TRAFFIC_SAYS}; nothing was found on an absent `NetworkConfig`"),
    ),
    Case(
        "schedule-that-names-an-open-definition",
        "A monitoring schedule that names a definition whose containers reach the network",
        FAIL,
        "The jobs run as the definition says; the schedule itself has no setting.",
        "monitoring-job-network-isolation",
        "MonitoringSchedule",
        {},
        **documented(SCHEDULE, NOT_SAID, "nothing was found on a schedule that names its definition"),
    ),
    Case(
        "online-store-in-memory-without-key",
        "A feature group whose online store is held in memory, without a key",
        NOT_APPLICABLE,
        "The rule, as AWS has it, is for the standard storage type.",
        "feature-group-online-store-key",
        "FeatureGroup",
        FEATURES | {"OnlineStoreConfig": {"EnableOnlineStore": True, "StorageType": "InMemory"}},
        **documented(ONLINE_STORE, NOT_APPLICABLE, "looks at online stores of standard storage"),
    ),
    Case(
        "online-store-turned-off",
        "A feature group whose online store is turned off, without a key",
        NOT_APPLICABLE,
        "There is no store.",
        "feature-group-online-store-key",
        "FeatureGroup",
        FEATURES | {"OnlineStoreConfig": {"EnableOnlineStore": False}},
        **documented(ONLINE_STORE, NOT_SAID, "nothing was found on a store that is turned off"),
    ),
    Case(
        "domain-sso-without-application",
        "A Studio domain that signs in by `SSO` and names no application of IAM Identity Center",
        FAIL,
        "Nobody's access is managed there.",
        "domain-sso",
        "Domain",
        {"AuthMode": "SSO"},
        prowler="sagemaker_domain_sso_configured",
        custodian={"not": [is_set("AuthMode", "SSO")]},
        remark="A second filter of Custodian, on `SingleSignOnApplicationArn`, would find it.",
    ),
]
CASES = [*TRAINING, *ENDPOINTS, *NOTEBOOKS, *SCRIPTS, *MODELS, *MONITORING]


def encoded(script: bytes) -> list[dict]:
    return [{"Content": base64.b64encode(script).decode()}]
