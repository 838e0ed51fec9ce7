"""The functions of the controls: one that is killed and gets its event again ends where an undisturbed one does, and
between them they make every call that their roles allow."""

import json
from itertools import count

import killing
import people_in_studio
import pytest
from cloudformation_request import HOME, HUB
from function_process import REPOSITORY
from judged_resources import Resources
from killing import Request
from trail import Trail

SCOPE = {"account": HUB, "region": HOME}
ELSEWHERE = {"account": "222222222222", "region": HOME}
CORRECTIONS = {
    "app-idle": "delete",
    "job-in-vpc": "stop",
    "job-output-key": "stop",
    "notebook-lifecycle-script-unchanged": "stop",
    "notebook-no-root-access": "harden",
}
SWEEP = "2026-02-01T00:00:00Z"
# The role that resources run as has it twice: as its own, and as one that is attached.
POLICY = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}]}
# Names and times that no two tries have in common.
OWN = ("tried-[0-9]+", r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9:.]+(Z|\+00:00)?", r"\d{10}\.\d+", "[0-9a-f]{8}-[0-9a-f-]{27}")
_numbers = count(1)


class Tried:
    """What one try has of its own: a table, a bucket, and the name that its findings begin with."""

    def __init__(self, clients, processes):
        self.clients, self.processes, self.name = clients, processes, f"tried-{next(_numbers)}"
        self.table = self.name
        clients.hub("dynamodb").create_table(
            TableName=self.name,
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": each, "AttributeType": "S"} for each in ("scope", "id")],
            KeySchema=[
                {"AttributeName": "scope", "KeyType": "HASH"},
                {"AttributeName": "id", "KeyType": "RANGE"},
            ],
        )
        location = {"LocationConstraint": HOME}
        clients.hub("s3").create_bucket(Bucket=self.name, CreateBucketConfiguration=location)

    @property
    def environment(self) -> dict[str, str]:
        return {
            "PLATFORM_NAME": self.name,
            "PARTITION": "aws",
            "CONTROLS_BUCKET": self.name,
            "CONTROL_RECORDS_TABLE": self.table,
            "EVENT_BUS_NAME": "default",
            "TARGET_ROLE_NAME": f"{self.name}-controls",
            "FUNCTION_ROLE_NAME": f"{self.name}-corrective-controls",
            "SECURITY_HUB": "enabled",
        }

    def configure(self, corrections: dict[str, str]) -> None:
        listed = [
            {"control": control, "action": action, "mode": "act", "graceHours": 0}
            for control, action in corrections.items()
        ]
        corrective = {"corrections": listed, "cap": {"resources": 1000, "percent": 100}}
        body = json.dumps({"corrective": corrective, "parameters": {"idleHours": {"apps": 8}}}).encode()
        self.clients.hub("s3").put_object(Bucket=self.name, Key="configuration.json", Body=body)

    def request(self, function: str, event: dict, state) -> Request:
        return Request(function, event, HOME, state, OWN, tuple(self.environment.items()))

    def report(self, function: str, event: dict) -> dict:
        return self.processes.run(function, event, HOME, **self.environment)

    def run(self, function: str, event: dict) -> dict:
        """Lets a function answer an event. Returns its answer."""
        (invocation,) = self.report(function, event)["invocations"]
        assert invocation["outcome"] == "response", invocation
        return invocation["document"]

    def copy_records(self, scope: dict[str, str]) -> None:
        """Puts what is on record of the hub on record of another account too."""
        table = self.clients.hub("dynamodb")
        for item in (*self._items("resource/"), *self._items("mark/")):
            table.put_item(TableName=self.table, Item=item | {"scope": {"S": f"{scope['account']}/{scope['region']}"}})

    def records(self, prefix: str) -> list[dict]:
        """The documents of the table whose ids begin so."""
        return [json.loads(each["document"]["S"]) for each in self._items(prefix)]

    def _items(self, prefix: str) -> list[dict]:
        query = self.clients.hub("dynamodb").get_paginator("query")
        pages = query.paginate(
            TableName=self.table,
            KeyConditionExpression="#scope = :scope AND begins_with(id, :prefix)",
            ExpressionAttributeNames={"#scope": "scope"},
            ExpressionAttributeValues={":scope": {"S": f"{HUB}/{HOME}"}, ":prefix": {"S": prefix}},
        )
        return [each for page in pages for each in page["Items"]]

    def verdicts(self) -> list[tuple[str, list[tuple[str, str]]]]:
        """What is on record of resources, without the times."""
        return [
            (each["arn"], sorted((id_, it["verdict"]) for id_, it in each["verdicts"].items()), each.get("untold"))
            for each in self.records("resource/")
        ]

    def findings(self) -> list[tuple[str, str, str]]:
        filters = {"Id": [{"Value": f"{self.name}/", "Comparison": "PREFIX"}]}
        pages = self.clients.hub("securityhub").get_paginator("get_findings").paginate(Filters=filters)
        found = [each for page in pages for each in page["Findings"]]
        return sorted((each["Id"], each["RecordState"], each["Compliance"]["Status"]) for each in found)

    def documents(self, prefix: str) -> dict[str, str]:
        s3 = self.clients.hub("s3")
        listed = s3.list_objects_v2(Bucket=self.name, Prefix=prefix).get("Contents", [])
        read = lambda key: s3.get_object(Bucket=self.name, Key=key)["Body"].read().decode()  # noqa: E731
        return {each["Key"]: read(each["Key"]) for each in listed}


@pytest.fixture(scope="module")
def resources(clients):
    """In the hub, whose own rights the functions look with."""
    clients.hub("securityhub").enable_security_hub(EnableDefaultStandards=False)
    iam, key = clients.hub("iam"), clients.hub("kms").create_key()["KeyMetadata"]["Arn"]
    statement = {"Effect": "Allow", "Principal": {"Service": "sagemaker.amazonaws.com"}, "Action": "sts:AssumeRole"}
    trust = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    role = iam.create_role(RoleName="judged", Path="/service-role/", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    iam.put_role_policy(RoleName="judged", PolicyName="own", PolicyDocument=json.dumps(POLICY))
    policy = iam.create_policy(PolicyName="judged", PolicyDocument=json.dumps(POLICY))["Policy"]["Arn"]
    iam.attach_role_policy(RoleName="judged", PolicyArn=policy)
    return Resources(clients, HUB, clients.hub("sagemaker"), key, role)


@pytest.fixture
def tried(clients, processes):
    return lambda: Tried(clients, processes)


def none_differs(processes, make) -> None:
    found = killing.differences(processes, make)
    assert not found, "\n".join(found)


class Models:
    """Models that a control fails, and the events of the calls that make and delete them."""

    def __init__(self, clients, resources: Resources):
        self.clients, self.resources = clients, resources

    def make(self, name: str) -> dict:
        self.resources.make("Model", name, False)
        return self._event("CreateModel", name)

    def delete(self, name: str) -> dict:
        self.resources.call("DeleteModel", ModelName=name)
        return self._event("DeleteModel", name)

    def _event(self, call: str, name: str) -> dict:
        (event,) = (
            each
            for each in Trail(self.clients).events()
            if each["detail"]["eventName"] == call and each["detail"]["requestParameters"]["modelName"] == name
        )
        return event


@pytest.fixture(scope="module")
def models(clients, resources):
    return Models(clients, resources)


@pytest.mark.parametrize("case", ["made", "deleted"])
def test_detective_controls(processes, models, tried, case):
    def make(_: int) -> Request:
        one = tried()
        event = models.make(one.name)
        if case == "deleted":
            one.run("DetectiveControls", event)
            event = models.delete(one.name)
        return one.request("DetectiveControls", event, lambda: (one.verdicts(), one.findings()))

    none_differs(processes, make)


def test_corrective_controls_mark(processes, models, tried):
    """An announcement may come twice; that nothing is done twice is the model's to show, which has a clock of its own."""
    control = "model-in-vpc"
    finding = json.loads((REPOSITORY / "events/corrective-controls-finding.json").read_text())

    def make(_: int) -> Request:
        one = tried()
        one.configure({control: "notify"})
        one.run("DetectiveControls", models.make(one.name))
        (record,) = one.records("resource/")
        said = {"platformName": one.name, "control": control, "resource": record["arn"], **SCOPE}
        event = finding | {"account": HUB, "region": HOME, "detail": finding["detail"] | said}

        def marks() -> list[tuple]:
            kept = {json.loads(each)["decision"] for each in one.documents("evidence/").values()}
            marked = [(each["control"], each["arn"], each["action"], each["state"]) for each in one.records("mark/")]
            return marked, sorted(kept)

        return one.request("CorrectiveControls", event, marks)

    none_differs(processes, make)


def test_posture_report(processes, models, tried):
    judged = tried()
    judged.run("DetectiveControls", models.make(judged.name))

    def make(_: int) -> Request:
        one = tried()
        one.table = judged.table
        event = {"sweep": SWEEP, "scopes": [SCOPE, ELSEWHERE | {"error": "shut"}]}
        return one.request("PostureReport", event, lambda: one.documents("posture/"))

    none_differs(processes, make)


def test_everything_is_swept_and_corrected(clients, resources, tried):
    """One of every kind, each not as it should be: with it every call is made that the roles allow."""
    ec2, one = clients.hub("ec2"), tried()
    vpc = ec2.create_vpc(CidrBlock="10.8.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.8.0.0/24")["Subnet"]["SubnetId"]
    resources.make_all("swept", False)
    resources.make_studio("swept", False, vpc, subnet)
    resources.call("CreateEndpoint", EndpointName="swept", EndpointConfigName="endpointconfig-swept")
    resources.notebook_is("notebookinstance-swept", "InService")
    script = {"NotebookInstanceLifecycleConfigName": "notebookinstancelifecycl-swept"}
    resources.notebook("scripted", LifecycleConfigName=script["NotebookInstanceLifecycleConfigName"])
    resources.call("UpdateNotebookInstanceLifecycleConfig", **script, OnStart=[])
    one.configure(CORRECTIONS)
    swept = one.run("DetectiveControls", {"task": "sweep", "sweep": SWEEP, "scope": SCOPE, "cursor": None})
    assert (swept["cursor"], swept["unread"], swept["shut"]) == (None, 0, False), one.records("sweep/")
    # An account that has no role for it.
    shut = one.run("DetectiveControls", {"task": "sweep", "sweep": SWEEP, "scope": ELSEWHERE, "cursor": None})
    assert (shut["cursor"], shut["shut"]) == (None, True)

    one.run("CorrectiveControls", {"task": "act", "scope": SCOPE})
    one.copy_records(ELSEWHERE)
    (refused,) = one.report("CorrectiveControls", {"task": "act", "scope": ELSEWHERE})["invocations"]
    assert (refused["outcome"], "sts:AssumeRole" in str(refused["document"])) == ("error", True)
    for _ in range(3):  # stops and deletes; updates; starts
        one.run("CorrectiveControls", {"task": "act", "scope": SCOPE})
        people_in_studio.until(lambda: status(resources) in ("Stopped", "InService"), True)
    decisions = map(json.loads, one.documents("evidence/").values())
    requests = json.loads((REPOSITORY / "functions/corrective-controls/tests/requests.json").read_text())
    assert {each["call"]["operation"] for each in decisions if each["call"]} == {each["operation"] for each in requests}


def status(resources: Resources) -> str:
    found = resources.call("DescribeNotebookInstance", NotebookInstanceName="notebookinstance-swept")
    return found["NotebookInstanceStatus"]
