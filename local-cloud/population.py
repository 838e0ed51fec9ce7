"""Many SageMaker resources of every kind at once, for measurements: half of them as the controls want them, half not.

They are put where moto's API finds them, without a call for each; what each is made of would be accepted by its call.
"""

import json
import re

import endpoints
import sagemaker
from botocore.model import Shape
from moto.sagemaker.models import sagemaker_backends
from sagemaker_kinds import KINDS
from sagemaker_store import create, stores
from shapes import model_of
from studio_state import Resource, backends, now

PATH = "/local-cloud/population"
KEY = "arn:aws:kms:{region}:{account}:key/11111111-2222-3333-4444-555555555555"
ROLE = "arn:aws:iam::{account}:role/service-role/sagemaker"
IMAGE = "{account}.dkr.ecr.{region}.amazonaws.com/image@sha256:" + "a" * 64
VPC = {"SecurityGroupIds": ["sg-0123456789abcdef0"], "Subnets": ["subnet-0123456789abcdef0"]}
CLUSTER = {"InstanceCount": 2, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 30}
ISOLATED = {"EnableNetworkIsolation": True, "EnableInterContainerTrafficEncryption": True, "VpcConfig": VPC}
MONITORED = {"EndpointInput": {"EndpointName": "endpoint", "LocalPath": "/opt/ml/processing/input"}}
# What every one of a kind is made with, beside what its call requires.
ALWAYS = {
    "AutoMLJobV2": {
        "AutoMLJobInputDataConfig": [
            {"DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://data/automl"}}}
        ],
        "AutoMLProblemTypeConfig": {"TabularJobConfig": {"TargetAttributeName": "target"}},
    },
    **{
        f"{each}JobDefinition": {f"{each}JobInput": MONITORED, "JobResources": {"ClusterConfig": CLUSTER}}
        for each in ("DataQuality", "ModelExplainability")
    },
    **{
        f"{each}JobDefinition": {
            f"{each}JobInput": MONITORED | {"GroundTruthS3Input": {"S3Uri": "s3://data/truth"}},
            "JobResources": {"ClusterConfig": CLUSTER},
        }
        for each in ("ModelBias", "ModelQuality")
    },
    "EndpointConfig": {
        "ProductionVariants": [
            {"VariantName": "all", "ModelName": "model", "InstanceType": "ml.m5.large", "InitialInstanceCount": 2}
        ]
    },
    "FeatureGroup": {
        "FeatureDefinitions": [{"FeatureName": "id", "FeatureType": "String"}],
        "RecordIdentifierFeatureName": "id",
        "OnlineStoreConfig": {"EnableOnlineStore": True},
        "OfflineStoreConfig": {"S3StorageConfig": {"S3Uri": "s3://data/features"}},
    },
    "HyperParameterTuningJob": {
        "TrainingJobDefinition": {
            "AlgorithmSpecification": {"TrainingImage": IMAGE, "TrainingInputMode": "File"},
            "OutputDataConfig": {"S3OutputPath": "s3://data/tuning"},
            "ResourceConfig": CLUSTER,
            "RoleArn": ROLE,
            "StoppingCondition": {"MaxRuntimeInSeconds": 3600},
        }
    },
    "Model": {"ExecutionRoleArn": ROLE, "PrimaryContainer": {"Image": IMAGE}},
    "MonitoringSchedule": {
        "MonitoringScheduleConfig": {
            "MonitoringType": "DataQuality",
            "MonitoringJobDefinitionName": "definition",
            "ScheduleConfig": {"ScheduleExpression": "cron(0 * ? * * *)"},
        }
    },
    "ProcessingJob": {"ProcessingResources": {"ClusterConfig": CLUSTER}},
    "TrainingJob": {
        "AlgorithmSpecification": {"TrainingImage": IMAGE, "TrainingInputMode": "File"},
        "ResourceConfig": CLUSTER,
        "StoppingCondition": {"MaxRuntimeInSeconds": 3600},
    },
    "TransformJob": {"TransformResources": {"InstanceType": "ml.m5.large", "InstanceCount": 1}},
}
# What the good ones have too.
GOOD = {
    "AutoMLJobV2": {
        "OutputDataConfig": {"S3OutputPath": "s3://data/automl", "KmsKeyId": KEY},
        "SecurityConfig": {
            "VolumeKmsKeyId": KEY,
            "EnableInterContainerTrafficEncryption": True,
            "VpcConfig": VPC,
        },
    },
    **{
        f"{each}JobDefinition": {
            "NetworkConfig": ISOLATED,
            "JobResources": {"ClusterConfig": CLUSTER | {"VolumeKmsKeyId": KEY}},
        }
        for each in ("DataQuality", "ModelBias", "ModelExplainability", "ModelQuality")
    },
    "EndpointConfig": {"KmsKeyId": KEY, "EnableNetworkIsolation": True, "VpcConfig": VPC},
    "FeatureGroup": {
        "Description": "features",
        "OnlineStoreConfig": {"EnableOnlineStore": True, "SecurityConfig": {"KmsKeyId": KEY}},
        "OfflineStoreConfig": {"S3StorageConfig": {"S3Uri": "s3://data/features", "KmsKeyId": KEY}},
    },
    "FlowDefinition": {"OutputConfig": {"S3OutputPath": "s3://data/reviews", "KmsKeyId": KEY}},
    "HyperParameterTuningJob": {
        "TrainingJobDefinition": {
            **ALWAYS["HyperParameterTuningJob"]["TrainingJobDefinition"],
            **ISOLATED,
            "OutputDataConfig": {"S3OutputPath": "s3://data/tuning", "KmsKeyId": KEY},
            "ResourceConfig": CLUSTER | {"VolumeKmsKeyId": KEY},
        }
    },
    "Image": {"Description": "an image"},
    "InferenceExperiment": {
        "KmsKey": KEY,
        "DataStorageConfig": {"Destination": "s3://data/experiment", "KmsKey": KEY},
    },
    "Model": {
        "EnableNetworkIsolation": True,
        "VpcConfig": VPC,
        "PrimaryContainer": {"Image": IMAGE, "ImageConfig": {"RepositoryAccessMode": "Vpc"}},
    },
    "NotebookInstance": {
        "DirectInternetAccess": "Disabled",
        "RootAccess": "Disabled",
        "SubnetId": "subnet-0123456789abcdef0",
        "SecurityGroupIds": ["sg-0123456789abcdef0"],
        "KmsKeyId": KEY,
        "InstanceMetadataServiceConfiguration": {"MinimumInstanceMetadataServiceVersion": "2"},
    },
    "ProcessingJob": {
        "NetworkConfig": ISOLATED,
        "ProcessingResources": {"ClusterConfig": CLUSTER | {"VolumeKmsKeyId": KEY}},
    },
    "TrainingJob": {
        **ISOLATED,
        "OutputDataConfig": {"S3OutputPath": "s3://data/training", "KmsKeyId": KEY},
        "ResourceConfig": CLUSTER | {"VolumeKmsKeyId": KEY},
    },
    "TransformJob": {
        "TransformOutput": {"S3OutputPath": "s3://data/transform", "KmsKeyId": KEY},
        "TransformResources": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeKmsKeyId": KEY},
    },
}
OF_MOTO = {"Model": "ModelName", "EndpointConfig": "EndpointConfigName", "Endpoint": "EndpointName"}
NOUNS = ("Domain", "Space", "App", *OF_MOTO, *(kind.noun for kind in KINDS))


def given(noun: str, name: str, good: bool, account: str, region: str) -> dict:
    """What a call makes one of: valid, and as the controls want it if `good`."""
    shape = model_of("sagemaker").operation_model(f"Create{noun}").input_shape
    made = _example(shape) | ALWAYS.get(noun, {}) | (GOOD.get(noun, {}) if good else {})
    key = OF_MOTO.get(noun) or next((kind.name for kind in KINDS if kind.noun == noun), f"{noun}Name")
    made |= {key: name} | ({"Tags": [{"Key": "team", "Value": "fraud"}]} if good else {})
    text = json.dumps(made)
    for placeholder, value in (("account", account), ("region", region)):
        text = text.replace(f"{{{placeholder}}}", value)
    return json.loads(text)


def fill(body: bytes) -> tuple[dict | None, str | None]:
    """Makes {"account", "region", "resources": how many}. Returns how many there are of each kind, or what is wrong."""
    try:
        wanted = json.loads(body)
        account, region, number = str(wanted["account"]), str(wanted["region"]), int(wanted["resources"])
    except (ValueError, KeyError, TypeError) as error:
        return None, f'expected {{"account": ..., "region": ..., "resources": ...}}: {error!r}'
    if not re.fullmatch(r"\d{12}", account) or not 1 <= number <= 100_000:
        return None, f"expected an account of 12 digits and 1 to 100000 resources, found {account} and {number}"
    made = dict.fromkeys(NOUNS, 0)
    for index in range(number):
        noun = NOUNS[index % len(NOUNS)]
        _make(noun, index // len(NOUNS), account, region)
        made[noun] += 1
    return made, None


def _make(noun: str, index: int, account: str, region: str) -> None:
    name, good = f"{noun.lower()[:24]}-{index:06}", index % 2 == 0
    if noun in ("Domain", "Space", "App"):
        _make_of_studio(noun, index, good, account, region)
        return
    wanted = given(noun, name, good, account, region)
    if noun == "Model":
        sagemaker.create_model(sagemaker_backends[account][region], wanted)
    elif noun == "EndpointConfig":
        wanted["ProductionVariants"][0]["ModelName"] = f"model-{index:06}"
        endpoints.create_config(sagemaker_backends[account][region], wanted)
    elif noun == "Endpoint":
        wanted["EndpointConfigName"] = f"endpointconfig-{index:06}"
        endpoints.create(sagemaker_backends[account][region], wanted)
    else:
        resource = create(stores[account][region], next(kind for kind in KINDS if kind.noun == noun), wanted)
        resource.status, resource.then = resource.then or resource.status, None


def _make_of_studio(noun: str, index: int, good: bool, account: str, region: str) -> None:
    studio, domain_id, at = (
        backends[account][region],
        f"d-{index:012}",
        {"CreationTime": now(), "LastModifiedTime": now()},
    )
    tags = {"team": "fraud"} if good else {}
    if noun == "Domain":
        details = given(noun, f"domain-{index:06}", good, account, region) | {"DomainId": domain_id, "VpcId": "vpc-1"}
        details |= {"AppNetworkAccessType": "VpcOnly" if good else "PublicInternetOnly", "SubnetIds": VPC["Subnets"]}
        details |= {"KmsKeyId": KEY.format(account=account, region=region)} if good else {}
        arn, kept, key = studio.arn("domain", domain_id), studio.domains, domain_id
    elif noun == "Space":
        details, arn = {"DomainId": domain_id, "SpaceName": "space"}, studio.arn("space", f"{domain_id}/space")
        kept, key = studio.spaces, (domain_id, "space")
    else:
        details = {"DomainId": domain_id, "SpaceName": "space", "AppType": "JupyterLab", "AppName": "default"}
        arn, kept = studio.arn("app", f"{domain_id}/space/jupyterlab/default"), studio.apps
        details["LastUserActivityTimestamp"] = now()
        key = (domain_id, "SpaceName", "space", "JupyterLab", "default")
    kept[key] = Resource(arn, {**details, **at, f"{noun}Arn": arn}, tags, "InService", None)


def _example(shape: Shape, name: str = "") -> object:
    """The smallest value of a shape: what has to be there."""
    if shape.type_name == "structure":
        return {member: _example(shape.members[member], member) for member in shape.required_members}
    if shape.type_name == "list":
        return [_example(shape.member, name) for _ in range(max(shape.metadata.get("min", 0), 1))]
    if shape.type_name == "map":
        return {}
    if shape.type_name == "string":
        texts = (("Arn", ROLE), ("Uri", "s3://data/in"), ("Path", "s3://data/out"), ("Image", IMAGE))
        return shape.enum[0] if shape.enum else next((text for end, text in texts if name.endswith(end)), "value")
    if shape.type_name == "boolean":
        return False
    return max(shape.metadata.get("min", 1), 1)
