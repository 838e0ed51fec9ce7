"""SageMaker resources of every kind that a control looks at, made by the API: as the controls want them, and not."""

import base64
import json
import urllib.request
import uuid
from datetime import datetime, timedelta, timezone

import accounts
import people_in_studio
import population
from botocore import xform_name
from clients import Clients

LONG_AGO = timedelta(hours=30)
APP = {"SpaceName": "space", "AppType": "JupyterLab", "AppName": "default"}
# What the ones as the controls want them have beside what `population` gives them.
BESIDE = {
    "EndpointConfig": {"KmsKeyId": population.KEY},
    "ProcessingJob": {"AppSpecification": {"ImageUri": population.IMAGE}},
    "NotebookInstance": {"InstanceType": "ml.t3.medium"},
} | {
    f"{each}JobDefinition": {
        f"{each}JobOutputConfig": {
            "MonitoringOutputs": [{"S3Output": {"S3Uri": "s3://data/monitoring", "LocalPath": "/opt/ml/output"}}],
            "KmsKeyId": population.KEY,
        }
    }
    for each in ("DataQuality", "ModelBias", "ModelExplainability", "ModelQuality")
}
MONITORING = {
    f"monitoring-job-{each}" for each in ("network-isolation", "output-key", "traffic-encryption", "volume-key")
}
JOB = {"job-in-vpc", "job-output-key", "job-traffic-encryption", "job-volume-key"}
OF_STUDIO = ("Domain", "Space", "App", "PresignedUrl")
# By the noun of the call that makes one, models before the configurations that name them: the controls that fail one
# that is not as it should be.
FAILED = {
    "AppImageConfig": {"image-tagged"},
    "AutoMLJobV2": JOB,
    "DataQualityJobDefinition": MONITORING,
    "ModelBiasJobDefinition": MONITORING,
    "ModelExplainabilityJobDefinition": MONITORING,
    "ModelQualityJobDefinition": MONITORING,
    "MonitoringSchedule": MONITORING,
    "Model": {"model-in-vpc", "model-network-isolation", "model-private-registry"},
    "EndpointConfig": {"endpoint-config-volume-key"},
    "FeatureGroup": {
        *("feature-group-described", "feature-group-tagged"),
        *("feature-group-offline-store-key", "feature-group-online-store-key"),
    },
    "FlowDefinition": {"flow-definition-output-key"},
    "HyperParameterTuningJob": JOB | {"job-network-isolation"},
    "Image": {"image-described", "image-tagged"},
    "InferenceExperiment": {
        *("inference-experiment-data-key", "inference-experiment-tagged", "inference-experiment-volume-key"),
    },
    "NotebookInstance": {
        *("notebook-imdsv2", "notebook-in-vpc", "notebook-no-direct-internet", "notebook-no-root-access"),
        "notebook-volume-key",
    },
    "NotebookInstanceLifecycleConfig": {"notebook-lifecycle-script-no-secrets"},
    "ProcessingJob": JOB - {"job-output-key"} | {"job-image-by-digest", "job-network-isolation"},
    "TrainingJob": JOB | {"job-network-isolation"},
    "TransformJob": {"job-output-key", "job-volume-key"},
    "Domain": {
        *("domain-source-identity", "domain-sso", "domain-tagged", "domain-volume-key", "domain-vpc-only"),
    },
    "Space": {"space-no-remote-access"},
    "App": {"app-idle"},
    "PresignedUrl": {"presigned-url-short-session"},
}
# A schedule is judged by the definition that it names.
NOUNS = [noun for noun in FAILED if noun not in ("MonitoringSchedule", *OF_STUDIO)]
# In two parts, so that nobody takes this file for one that holds a key.
SECRET = "cat > key <<END\n-----BEGIN " + "PRIVATE KEY-----"
SCRIPTS = {True: "pip install --quiet lightgbm", False: SECRET}


class Resources:
    """Of one account; `sagemaker` is a client in it, with the rights of whoever makes them."""

    def __init__(self, clients: Clients, account_id: str, sagemaker, key: str, role: str):
        self.clients, self.account_id, self.sagemaker = clients, account_id, sagemaker
        self.region = sagemaker.meta.region_name
        self.key, self.role = key, role

    def in_region(self, region: str) -> "Resources":
        """Those of the same account in another region."""
        own = None if self.account_id == self.clients.state["account_id"] else self.account_id
        sagemaker = accounts.client("sagemaker", self.clients.state["moto"]["url"], own, region)
        return Resources(self.clients, self.account_id, sagemaker, self.key, self.role)

    def call(self, operation: str, **parameters) -> dict:
        return getattr(self.sagemaker, xform_name(operation))(**parameters)

    def given(self, noun: str, name: str, good: bool) -> dict:
        """What a call makes one of, with a key and a role that are there."""
        wanted = population.given(noun, name, good, self.account_id, self.region)
        wanted |= BESIDE.get(noun, {}) if good else {}
        text = json.dumps(wanted)
        for there, made in ((population.KEY, self.key), (population.ROLE, self.role)):
            for each in (there, there.format(account=self.account_id, region=self.region)):
                text = text.replace(each, made)
        return json.loads(text)

    def make(self, noun: str, name: str, good: bool, **changed: object) -> str:
        """Makes one. Returns its ARN."""
        answer = self.call(f"Create{noun}", **(self.given(noun, name, good) | changed))
        return next(each for each in answer.values() if str(each).startswith("arn:"))

    def make_all(self, word: str, good: bool) -> dict[str, str]:
        """Makes one of every kind that is not Studio's. Returns their ARNs by the noun of the call."""
        made = {}
        for noun in NOUNS:
            made[noun] = self.make(noun, f"{noun.lower()[:24]}-{word}", good, **self._changed(noun, word, good))
        definition = "dataqualityjobdefinition"[:24] + f"-{word}"
        schedule = self.given("MonitoringSchedule", f"schedule-{word}", good)
        schedule["MonitoringScheduleConfig"]["MonitoringJobDefinitionName"] = definition
        made["MonitoringSchedule"] = self.call("CreateMonitoringSchedule", **schedule)["MonitoringScheduleArn"]
        return made

    def _changed(self, noun: str, word: str, good: bool) -> dict:
        if noun == "NotebookInstanceLifecycleConfig":
            return {"OnStart": [{"Content": base64.b64encode(SCRIPTS[good].encode()).decode()}]}
        if noun == "EndpointConfig":
            (variant,) = self.given(noun, "", good)["ProductionVariants"]
            return {"ProductionVariants": [variant | {"ModelName": f"model-{word}"}]}
        if noun == "InferenceExperiment" and not good:
            return {"DataStorageConfig": {"Destination": "s3://data/experiment"}}
        return {}

    def notebook(self, name: str, **changed: object) -> str:
        """A notebook instance that runs, as it should be but for what is changed; `None` leaves a member out."""
        given = self.given("NotebookInstance", name, True) | changed
        made = self.call("CreateNotebookInstance", **{key: each for key, each in given.items() if each is not None})
        self.notebook_is(name, "InService")
        return made["NotebookInstanceArn"]

    def notebook_is(self, name: str, status: str) -> None:
        """Waits until a notebook instance is in a status."""
        self._until(
            status, lambda: self.call("DescribeNotebookInstance", NotebookInstanceName=name)["NotebookInstanceStatus"]
        )

    def seen(self, notebook: str) -> dict:
        """What shows whether anybody touched a notebook instance."""
        found = self.call("DescribeNotebookInstance", NotebookInstanceName=notebook.rpartition("/")[2])
        return {key: found[key] for key in ("NotebookInstanceStatus", "LastModifiedTime")}

    def job_is(self, job: str, secondary: str) -> dict:
        """What the service itself says of a training job that has come into a state, whoever started it."""
        described = self.call("DescribeTrainingJob", TrainingJobName=job.rpartition("/")[2])
        del described["ResponseMetadata"]
        # Times are milliseconds since 1970 in a text, and tags a map.
        detail = json.loads(json.dumps(described, default=lambda at: str(int(at.timestamp() * 1000))))
        return {
            "version": "0",
            "id": str(uuid.uuid4()),
            "detail-type": "SageMaker Training Job State Change",
            "source": "aws.sagemaker",
            "account": self.account_id,
            "time": datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "region": self.region,
            "resources": [job],
            "detail": detail | {"SecondaryStatus": secondary, "Tags": {}},
        }

    def make_studio(self, word: str, good: bool, vpc: str, subnet: str) -> dict[str, str]:
        """A domain, a space, an app that was used now or long ago, and an address that opens the domain."""
        wanted = {"AuthMode": "SSO" if good else "IAM", "VpcId": vpc, "SubnetIds": [subnet]}
        wanted |= {"DefaultUserSettings": {"ExecutionRole": self.role}, "DomainName": f"domain-{word}"}
        if good:
            identity = {"ExecutionRoleIdentityConfig": "USER_PROFILE_NAME"}
            wanted |= {"AppNetworkAccessType": "VpcOnly", "KmsKeyId": self.key, "DomainSettings": identity}
            wanted |= {"Tags": [{"Key": "team", "Value": "fraud"}]}
        domain = self.call("CreateDomain", **wanted)["DomainArn"]
        domain_id = {"DomainId": domain.rpartition("/")[2]}
        self._until("InService", lambda: self.call("DescribeDomain", **domain_id)["Status"])
        if good:  # which the service makes and no call sets
            application = f"arn:aws:sso::{self.account_id}:application/ssoins-1/apl-1"
            self.members(domain, SingleSignOnApplicationArn=application)
        self.call("CreateUserProfile", **domain_id, UserProfileName="ann")
        self._until("InService", lambda: self.call("DescribeUserProfile", **domain_id, UserProfileName="ann")["Status"])
        remote = {"SpaceSettings": {"AppType": "JupyterLab", "RemoteAccess": "DISABLED" if good else "ENABLED"}}
        space = self.call("CreateSpace", **domain_id, SpaceName="space", **remote)["SpaceArn"]
        self._until("InService", lambda: self.call("DescribeSpace", **domain_id, SpaceName="space")["Status"])
        app = self.make_app(domain_id["DomainId"], "default", timedelta(0) if good else LONG_AGO)
        seconds = {"SessionExpirationDurationInSeconds": 1800} if good else {}
        self.call("CreatePresignedDomainUrl", **domain_id, UserProfileName="ann", **seconds)
        url = f"arn:aws:sagemaker:{self.region}:{self.account_id}:presigned-url/domain/{domain_id['DomainId']}/ann"
        return {"Domain": domain, "Space": space, "App": app, "PresignedUrl": url}

    def make_app(self, domain_id: str, name: str, unused: timedelta | None) -> str:
        """An app in the domain's space that runs, last used so long ago; `None`: its description does not say."""
        given = {**APP, "DomainId": domain_id, "AppName": name}
        arn = self.call("CreateApp", **given)["AppArn"]
        self._until("InService", lambda: self.call("DescribeApp", **given)["Status"])
        if unused is not None:
            self.members(arn, LastUserActivityTimestamp=(datetime.now(timezone.utc) - unused).isoformat())
        return arn

    def members(self, arn: str, **members: object) -> None:
        """Sets what no call sets, or takes it away (`None`)."""
        body = json.dumps([{"arn": arn, "members": members}]).encode()
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        url = self.clients.state["moto"]["url"] + "/local-cloud/members"
        with opener.open(urllib.request.Request(url, data=body), timeout=30):
            pass

    def _until(self, wanted: str, look) -> None:
        people_in_studio.until(look, wanted)
