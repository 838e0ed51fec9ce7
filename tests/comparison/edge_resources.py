"""Makes the resource of each edge case in a local cloud, by the API, and describes it as the service answers."""

import json
import urllib.request

import population
from botocore import xform_name
from clients import Clients
from edge_cases import KEY, Case, encoded

# Beside what `population` gives a resource that is as it should be.
GOOD = {
    # What a variant with a model may reach is set on the model.
    "EndpointConfig": {"KmsKeyId": population.KEY, "EnableNetworkIsolation": None, "VpcConfig": None},
    "ProcessingJob": {"AppSpecification": {"ImageUri": population.IMAGE}},
    "NotebookInstance": {"InstanceType": "ml.t3.medium"},
}
# Where a kind's describing call and its key are not named after it alone.
NAMES = {"DataQualityJobDefinition": "JobDefinitionName", "Domain": "DomainId"}


class EdgeResources:
    """Of the hub account of a local cloud."""

    def __init__(self, clients: Clients):
        self.clients = clients
        self.account_id, self.region = clients.state["account_id"], clients.state["region"]
        self.sagemaker = clients.hub("sagemaker")
        self.answers: list[dict] = []
        self.sagemaker.meta.events.register("after-call.sagemaker", self._answered)
        self.key = clients.hub("kms").create_key()["KeyMetadata"]["Arn"]
        # KMS has a key that AWS manages for a service from its first use on.
        clients.inside("kms", None).describe_key(KeyId="alias/aws/sagemaker")
        trust = {
            "Version": "2012-10-17",
            "Statement": [
                {"Effect": "Allow", "Principal": {"Service": "sagemaker.amazonaws.com"}, "Action": "sts:AssumeRole"}
            ],
        }
        role = clients.hub("iam").create_role(
            RoleName="sagemaker", Path="/service-role/", AssumeRolePolicyDocument=json.dumps(trust)
        )
        self.role = role["Role"]["Arn"]
        # The models of the variants.
        self.sagemaker.create_model(**self.given("Model", "compared", {}))
        is_open = {"EnableNetworkIsolation": None, "VpcConfig": None}
        self.sagemaker.create_model(**self.given("Model", "compared-open", is_open))

    def make(self, case: Case) -> dict:
        """Makes the resource of a case. Returns its ARN, its description and what is described beside it."""
        given, related = dict(case.given), {}
        if case.noun == "NotebookInstance" and case.script:
            self.sagemaker.create_notebook_instance_lifecycle_config(
                NotebookInstanceLifecycleConfigName=case.name, OnStart=encoded(case.script)
            )
            given |= {"LifecycleConfigName": case.name}
            related["LifecycleConfiguration"] = self._describe("NotebookInstanceLifecycleConfig", case.name)
        if case.noun == "MonitoringSchedule":
            wanted = self.given("DataQualityJobDefinition", case.name, {"NetworkConfig": None})
            self.sagemaker.create_data_quality_job_definition(**wanted)
            related["JobDefinition"] = self._describe("DataQualityJobDefinition", case.name)
            given |= {
                "MonitoringScheduleConfig": {
                    "MonitoringType": "DataQuality",
                    "MonitoringJobDefinitionName": case.name,
                    "ScheduleConfig": {"ScheduleExpression": "cron(0 * ? * * *)"},
                }
            }
        if case.noun == "Domain":
            given |= self._network()
        made = self._call(f"Create{case.noun}", self.given(case.noun, case.name, given))
        arn = next(each for each in made.values() if str(each).startswith("arn:"))
        if case.described:
            self._set_members(arn, case.described)
        name = arn.rpartition("/")[2] if case.noun == "Domain" else case.name
        return {"arn": arn, "description": self._describe(case.noun, name), "related": related}

    def given(self, noun: str, name: str, changed: dict) -> dict:
        """What a call makes one of: as it should be, but for what is changed."""
        wanted = population.given(noun, name, True, self.account_id, self.region) | GOOD.get(noun, {}) | changed
        text = json.dumps({member: value for member, value in wanted.items() if value is not None})
        for stands, there in ((population.KEY, self.key), (population.ROLE, self.role)):
            for each in (stands, stands.format(account=self.account_id, region=self.region)):
                text = text.replace(json.dumps(each), json.dumps(there))
        return json.loads(text.replace(json.dumps(KEY), json.dumps(self.key)))

    def _network(self) -> dict:
        ec2 = self.clients.hub("ec2")
        vpc = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
        subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.9.0.0/24")["Subnet"]["SubnetId"]
        return {"VpcId": vpc, "SubnetIds": [subnet], "DefaultUserSettings": {"ExecutionRole": self.role}}

    def _describe(self, noun: str, name: str) -> dict:
        """The answer as it came, times and all, once the resource is no longer being made."""
        key = {NAMES.get(noun, f"{noun}Name"): name}
        for _ in range(5):
            self._call(f"Describe{noun}", key)
        return self.answers[-1]

    def _call(self, operation: str, parameters: dict) -> dict:
        return getattr(self.sagemaker, xform_name(operation))(**parameters)

    def _answered(self, http_response, **_: object) -> None:
        self.answers.append(json.loads(http_response.content or b"{}"))

    def _set_members(self, arn: str, members: dict) -> None:
        """Takes members away, or sets them, that no call does."""
        body = json.dumps([{"arn": arn, "members": members}]).encode()
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        url = self.clients.state["moto"]["url"] + "/local-cloud/members"
        with opener.open(urllib.request.Request(url, data=body), timeout=30):
            pass
