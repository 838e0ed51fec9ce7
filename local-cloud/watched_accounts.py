"""Accounts that a deployed platform watches: their events brought to it, its sweeps run, and what it says of them."""

import json
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import islice

from clients import Clients
from deployed_platform import Platform
from people import Inbox, until
from trail import Trail

FINDING, CORRECTION = "Control Finding State Change", "Control Correction State Change"
# Those that hand events to the function that judges: of the hub, and of the bus for other accounts and regions.
RULES = ("sagemaker-calls", "sagemaker-jobs", "watched-calls", "watched-jobs")
LIMIT_SECONDS = 180.0
# Each has a process of its own here.
AT_ONCE = 8


class WatchedAccounts:
    """The hub and the target accounts of one platform."""

    def __init__(self, clients: Clients, platform: Platform):
        self.clients, self.platform = clients, platform
        self.outputs = platform.outputs()
        self.bucket = self.outputs["ControlsBucketName"]
        self.trail = Trail(clients)
        self.old = {each["id"] for each in self.trail.events()}
        self.inbox: Inbox | None = Inbox(clients, f"{platform.name}-controls")
        of_platform = {"platformName": [platform.name]}
        self.inbox.listen({"source": ["secure-mlops"], "detail-type": [FINDING, CORRECTION], "detail": of_platform})
        self.inbox.subscribe(self.outputs["ControlNoticesTopicArn"])

    def close(self) -> None:
        """Listens no more."""
        if self.inbox:
            self.inbox.close()
        self.inbox = None

    # ---- What it is told

    def configure(self, document: dict | str) -> None:
        body = document if isinstance(document, str) else json.dumps(document)
        self.clients.hub("s3").put_object(Bucket=self.bucket, Key="configuration.json", Body=body.encode())

    def unbrought(self) -> list[dict]:
        """The events of calls that were made since, and not brought yet."""
        return [each for each in self.trail.events() if each["id"] not in self.old]

    def bring(self, events: Iterable[dict] | None = None) -> int:
        """Brings events, all that were not brought yet without. Returns how often the function was given one."""
        taken, rules = 0, {f"{self.platform.name}-{each}" for each in RULES}
        for some in _batches(self.unbrought() if events is None else events):
            began, now = time.time(), 0
            for each in some:
                now += len(rules & set(self.trail.deliver(each)))
                self.old.add(each["id"])
            self._idle(began, now)
            taken += now
        return taken

    def lose(self) -> None:
        """The events of calls that were made since never come."""
        self.old |= {each["id"] for each in self.unbrought()}

    def _idle(self, since: float, invocations: int = 0) -> None:
        """Waits until both functions are done with what they were given, the first with so many invocations."""
        deadline = time.monotonic() + LIMIT_SECONDS
        while True:
            counts = [self._invocations(each, since) for each in ("detective-controls", "corrective-controls")]
            if counts[0][1] >= invocations and all(started == ended for started, ended in counts):
                return
            if time.monotonic() > deadline:
                raise TimeoutError(f"not {invocations} invocations but, begun and ended, {counts}")
            time.sleep(0.3)

    def _invocations(self, function: str, since: float) -> tuple[int, int]:
        """How many began and how many ended."""
        asked = {"logGroupName": f"/aws/lambda/{self.platform.name}-{function}", "filterPattern": "RequestId:"}
        logs = self.clients.hub("logs").get_paginator("filter_log_events")
        pages = logs.paginate(**asked, startTime=int(since * 1000))
        words = Counter(each["message"].partition(" ")[0] for page in pages for each in page["events"])
        return words["START"], words["END"]

    def sweep(self) -> dict:
        """Sweeps everything; the execution once it has ended."""
        began = time.time()
        machine = self.outputs["ControlSweepStateMachineArn"]
        arn = self.clients.hub("stepfunctions").start_execution(stateMachineArn=machine)["executionArn"]
        return self._execution_ended(arn, began)

    def swept_by_schedule(self) -> dict:
        """Does what the schedule does; the execution once it has ended."""
        states, machine = self.clients.hub("stepfunctions"), self.outputs["ControlSweepStateMachineArn"]

        def executions() -> set[str]:
            pages = states.get_paginator("list_executions").paginate(stateMachineArn=machine)
            return {each["executionArn"] for page in pages for each in page["executions"]}

        began, before = time.time(), executions()
        self.trail.fire(f"{self.platform.name}-control-sweep")
        (arn,) = until(lambda: executions() - before, "an execution that the schedule started")
        return self._execution_ended(arn, began)

    def _execution_ended(self, arn: str, began: float) -> dict:
        states = self.clients.hub("stepfunctions")
        ended = until(
            lambda: (found := states.describe_execution(executionArn=arn))["status"] != "RUNNING" and found,
            f"the end of {arn}",
            LIMIT_SECONDS,
        )
        self._idle(began)
        return ended

    def begin_anew(self, function: str) -> None:
        """Makes a function forget what it kept from one invocation to the next."""
        functions, name = self.clients.hub("lambda"), f"{self.platform.name}-{function}"
        variables = functions.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
        functions.update_function_configuration(
            FunctionName=name, Environment={"Variables": variables | {"BEGUN_ANEW": str(time.time())}}
        )

    def invoke(self, function: str, event: dict) -> dict:
        """Invokes a function and waits. Returns its answer, or its error as `{"errorType", "errorMessage"}`."""
        answer = self.clients.hub("lambda").invoke(
            FunctionName=self.outputs[f"{function}FunctionArn"], Payload=json.dumps(event).encode()
        )
        return json.load(answer["Payload"])

    # ---- What it says

    def findings(self, arn: str | None = None) -> list[dict]:
        """Its findings in Security Hub, of one resource or of all."""
        filters = {"Id": [{"Value": f"{self.platform.name}/", "Comparison": "PREFIX"}]}
        filters |= {"ResourceId": [{"Value": arn, "Comparison": "EQUALS"}]} if arn else {}
        pages = self.clients.hub("securityhub").get_paginator("get_findings").paginate(Filters=filters)
        return [each for page in pages for each in page["Findings"]]

    def verdicts(self, arn: str) -> dict[str, str]:
        """What Security Hub shows of a resource: by control, the status; ARCHIVED whatever it was."""
        return {each["GeneratorId"]: shown(each) for each in self.findings(arn)}

    def failed(self, arn: str) -> set[str]:
        return {control for control, status in self.verdicts(arn).items() if status == "FAILED"}

    def changes(self, arn: str, detail_type: str = FINDING) -> list[dict]:
        """The details of events about a resource, in order."""
        events = [each for each in self.inbox.messages() if each.get("detail-type") == detail_type]
        return [each["detail"] for each in events if each["detail"]["resource"] == arn]

    def notices(self, arn: str) -> list[str]:
        """What people were told about a resource."""
        said = [each["Message"] for each in self.inbox.messages() if each.get("Type") == "Notification"]
        return [each for each in said if f'"Resource: {arn}"' in each]

    def records(self, prefix: str, account_id: str | None = None) -> list[dict]:
        """The items of the table of an account whose ids begin so."""
        scope = f"{account_id or self.clients.state['account_id']}/{self.clients.state['region']}"
        query = self.clients.hub("dynamodb").get_paginator("query")
        pages = query.paginate(
            TableName=self.outputs["ControlRecordsTableName"],
            KeyConditionExpression="#scope = :scope AND begins_with(id, :prefix)",
            ExpressionAttributeNames={"#scope": "scope"},
            ExpressionAttributeValues={":scope": {"S": scope}, ":prefix": {"S": prefix}},
        )
        return [each for page in pages for each in page["Items"]]

    def report(self) -> dict:
        """The newest report."""
        return json.loads(self.document("posture/latest.json"))

    def document(self, key: str) -> str:
        return self.clients.hub("s3").get_object(Bucket=self.bucket, Key=key)["Body"].read().decode()

    def evidence(self, arn: str) -> list[dict]:
        """What was kept of decisions about a resource, oldest first."""
        s3 = self.clients.hub("s3")
        pages = s3.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix="evidence/")
        kept = [json.loads(self.document(each["Key"])) for page in pages for each in page.get("Contents", [])]
        return sorted((each for each in kept if each["mark"]["arn"] == arn), key=lambda each: each["at"])


def shown(finding: dict) -> str:
    return finding["RecordState"] if finding["RecordState"] == "ARCHIVED" else finding["Compliance"]["Status"]


def _batches(events: Iterable[dict]) -> Iterator[list[dict]]:
    left = iter(events)
    while some := list(islice(left, AT_ONCE)):
        yield some


@contextmanager
def without_role(iam, name: str) -> Iterator[None]:
    """A role is not there for a while."""
    role = iam.get_role(RoleName=name)["Role"]
    names = iam.list_role_policies(RoleName=name)["PolicyNames"]
    policies = {each: iam.get_role_policy(RoleName=name, PolicyName=each)["PolicyDocument"] for each in names}
    for each in policies:
        iam.delete_role_policy(RoleName=name, PolicyName=each)
    iam.delete_role(RoleName=name)
    try:
        yield
    finally:
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(role["AssumeRolePolicyDocument"]))
        for each, document in policies.items():
            iam.put_role_policy(RoleName=name, PolicyName=each, PolicyDocument=json.dumps(document))
