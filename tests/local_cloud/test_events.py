"""From a call of SageMaker to the rules that wait for it: what CloudTrail records, and how it gets to the hub."""

import io
import json
import sys
import urllib.error
import uuid
import zipfile

import accounts
import population
import pytest
import stack
from botocore.exceptions import ClientError
from clients import Clients
from conftest import HERE, REGION, as_parameters, eventually
from trail import Trail

HUB_TEMPLATE, WATCHED_TEMPLATE = (HERE / "events.yaml").read_text(), (HERE / "watched.yaml").read_text()
BUS = f"arn:aws:events:{REGION}:111111111111:event-bus/watched"


@pytest.fixture
def trail(state) -> Trail:
    return Trail(Clients(state))


@pytest.fixture
def account(state) -> str:
    return state["organization"]["accounts"]["production"][0]


@pytest.fixture
def receive(hub):
    """Takes what waits in a queue, until there are so many messages."""
    sqs = hub("sqs")

    def messages(queue: str, number: int) -> list[str]:
        url, found = sqs.get_queue_url(QueueName=queue)["QueueUrl"], []

        def look() -> bool:
            answer = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)
            for each in answer.get("Messages", []):
                found.append(each["Body"])
                sqs.delete_message(QueueUrl=url, ReceiptHandle=each["ReceiptHandle"])
            return len(found) >= number

        if number:
            eventually(look)
        else:
            look()
        return found

    return messages


@pytest.fixture
def deployed(hub, account):
    """The hub's stack, which lets one account in."""
    made = stack.create(hub("cloudformation"), "events", HUB_TEMPLATE, Accounts=account)
    assert made.status == "CREATE_COMPLETE", stack.failures(hub("cloudformation"), "events")
    return hub("cloudformation")


def watch(moto, account: str, **parameters: str) -> None:
    given = as_parameters(EventBusArn=BUS, **parameters)
    cloudformation = moto("cloudformation", account)
    cloudformation.create_stack(StackName="watched", TemplateBody=WATCHED_TEMPLATE, Parameters=given)


def test_calls_are_recorded_as_cloudtrail_does(moto, trail, account, state):
    sagemaker = moto("sagemaker", account)
    wanted = population.given("TrainingJob", "Fraud", True, account, REGION)
    wanted |= {"HyperParameters": {"Max_Depth": "5"}, "RemoteDebugConfig": {"EnableRemoteDebug": True}}
    sagemaker.create_training_job(**wanted)
    sagemaker.describe_training_job(TrainingJobName="Fraud")
    sagemaker.list_training_jobs()
    with pytest.raises(ClientError):
        sagemaker.create_training_job(**wanted)
    sagemaker.stop_training_job(TrainingJobName="Fraud")
    made, failed, stopped = trail.events()
    assert {made["account"], made["detail"]["recipientAccountId"]} == {account}
    assert (made["source"], made["detail-type"]) == ("aws.sagemaker", "AWS API Call via CloudTrail")
    record = made["detail"]
    assert (record["eventSource"], record["eventName"]) == ("sagemaker.amazonaws.com", "CreateTrainingJob")
    assert (record["awsRegion"], record["eventTime"]) == (REGION, made["time"])
    asked = record["requestParameters"]
    assert asked["trainingJobName"] == "Fraud"
    assert asked["resourceConfig"]["instanceType"] == "ml.m5.large"
    assert asked["hyperParameters"] == {"Max_Depth": "5"}, "keys of a map are the caller's own"
    assert asked["tags"] == [{"key": "team", "value": "fraud"}]
    assert asked["remoteDebugConfig"] == {"enableRemoteDebug": True}
    arn = f"arn:aws:sagemaker:{REGION}:{account}:training-job/fraud"
    assert record["responseElements"] == {"trainingJobArn": arn}
    assert "errorCode" not in record
    assert (failed["detail"]["errorCode"], failed["detail"]["responseElements"]) == ("ResourceInUse", None)
    assert "already exists" in failed["detail"]["errorMessage"]
    assert stopped["detail"]["responseElements"] is None
    identity = record["userIdentity"]
    assert identity["type"] == "AssumedRole"
    assert identity["arn"].startswith(f"arn:aws:sts::{account}:assumed-role/OrganizationAccountAccessRole/")
    issuer = identity["sessionContext"]["sessionIssuer"]
    assert issuer["arn"] == f"arn:aws:iam::{account}:role/OrganizationAccountAccessRole"
    assert len({each["detail"]["eventID"] for each in (made, failed, stopped)}) == 3
    moto("sagemaker").create_model_package_group(ModelPackageGroupName="of-the-hub")
    assert trail.events()[-1]["detail"]["userIdentity"]["type"] == "Root"
    assert trail.events()[-1]["account"] == state["account_id"]


def test_a_call_of_a_role_of_the_hub_names_it(hub, trail, state):
    sts = hub("sts")
    role = f"arn:aws:iam::{state['account_id']}:role/mlops-corrective-controls"
    hub("iam").create_role(RoleName="mlops-corrective-controls", AssumeRolePolicyDocument="{}")
    given = sts.assume_role(RoleArn=role, RoleSessionName="function")["Credentials"]
    keys = {
        "AWS_ACCESS_KEY_ID": given["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": given["SecretAccessKey"],
        "AWS_SESSION_TOKEN": given["SessionToken"],
    }
    function = Clients({**state, "client_environment": {**state["client_environment"], **keys}})
    function.hub("sagemaker").create_model_package_group(ModelPackageGroupName="group")
    (event,) = trail.events()
    identity = event["detail"]["userIdentity"]
    assert identity["sessionContext"]["sessionIssuer"]["arn"] == role
    assert identity["arn"] == f"arn:aws:sts::{state['account_id']}:assumed-role/mlops-corrective-controls/function"


def test_presigned_addresses_are_in_no_record(moto, trail):
    sagemaker, name = moto("sagemaker"), {"NotebookInstanceName": "one"}
    sagemaker.create_notebook_instance(
        **name, InstanceType="ml.t3.medium", RoleArn="arn:aws:iam::111111111111:role/one"
    )
    for _ in range(2):
        sagemaker.describe_notebook_instance(**name)
    url = sagemaker.create_presigned_notebook_instance_url(**name, SessionExpirationDurationInSeconds=1800)
    (event,) = [each for each in trail.events() if each["detail"]["eventName"].startswith("CreatePresigned")]
    assert event["detail"]["requestParameters"]["sessionExpirationDurationInSeconds"] == 1800
    assert url["AuthorizedUrl"] not in json.dumps(event)


def test_events_get_to_the_rules_of_the_hub(moto, trail, account, deployed, receive, state):
    watch(moto, account)
    moto("sagemaker", account).create_model(**population.given("Model", "theirs", True, account, REGION))
    moto("sagemaker").create_model(**population.given("Model", "ours", True, state["account_id"], REGION))
    moto("sagemaker", account).delete_model(ModelName="theirs")
    assert [each["detail"]["eventName"] for each in trail.bring()] == ["CreateModel", "CreateModel", "DeleteModel"]
    assert trail.bring() == []
    (theirs,), (ours,) = receive("watched", 1), receive("own", 1)
    assert json.loads(theirs) == trail.events()[0], "as it is, with its own id, time and account"
    assert json.loads(ours)["account"] == state["account_id"]
    assert trail.deliver(trail.events()[0]) == ["watched-calls"], "as often as it is wanted"
    assert len(receive("watched", 1)) == 1


def test_only_those_whom_the_policy_of_the_bus_names_put_events_on_it(moto, trail, deployed, state):
    other = state["organization"]["accounts"]["staging"][0]
    watch(moto, other)
    moto("sagemaker", other).create_model(**population.given("Model", "theirs", True, other, REGION))
    with pytest.raises(PermissionError, match="watched"):
        trail.bring()
    given = as_parameters(Accounts=f"{other},222222222222", StatementId="others")
    deployed.update_stack(StackName="events", TemplateBody=HUB_TEMPLATE, Parameters=given)
    assert stack.settled(deployed, "events").status == "UPDATE_COMPLETE"
    assert trail.deliver(trail.events()[0]) == ["watched-calls"]


def test_a_function_that_fails_on_an_event_is_tried_again_and_then_its_destination_told(
    hub, moto, trail, account, receive
):
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as zipped:
        entry = zipfile.ZipInfo("bootstrap")
        entry.external_attr = 0o755 << 16
        zipped.writestr(entry, f"#!{sys.executable}\n" + (HERE / "bootstrap.py").read_text())
    functions = hub("lambda")
    function = functions.create_function(
        FunctionName="dying",
        Runtime="provided.al2023",
        Handler="bootstrap",
        Code={"ZipFile": archive.getvalue()},
        Role="arn:aws:iam::111111111111:role/any",
    )["FunctionArn"]
    made = stack.create(hub("cloudformation"), "events", HUB_TEMPLATE, Accounts=account, FunctionArn=function)
    assert made.status == "CREATE_COMPLETE"
    functions.put_function_event_invoke_config(
        FunctionName="dying",
        MaximumRetryAttempts=1,
        DestinationConfig={"OnFailure": {"Destination": f"arn:aws:sqs:{REGION}:111111111111:own"}},
    )
    watch(moto, account)
    moto("sagemaker", account).create_model(**population.given("Model", "theirs", True, account, REGION))
    trail.bring()
    (failed,) = receive("own", 1)
    record = json.loads(failed)
    assert record["requestPayload"] == {"do": "die"}
    assert record["requestContext"]["condition"] == "RetriesExhausted"


def test_a_region_beside_the_hubs_own_hands_its_events_on(trail, deployed, state):
    region, moto = "eu-central-1", state["moto"]["url"]
    account = state["organization"]["accounts"]["production"][0]
    cloudformation = accounts.client("cloudformation", moto, account, region)
    given = as_parameters(EventBusArn=BUS)
    cloudformation.create_stack(StackName="watched", TemplateBody=WATCHED_TEMPLATE, Parameters=given)
    sagemaker = accounts.client("sagemaker", moto, account, region)
    sagemaker.create_model(**population.given("Model", "far", True, account, region))
    (event,) = trail.bring()
    assert (event["region"], event["detail"]["awsRegion"]) == (region, region)
    assert trail.deliver(event) == ["watched-calls"]


def test_a_stack_of_a_watched_account_is_changed_and_deleted(moto, account):
    watch(moto, account)
    iam, events, cloudformation = (moto(each, account) for each in ("iam", "events", "cloudformation"))
    role = f"mlops-controls-events-{REGION}"

    def seen() -> tuple:
        inline = iam.get_role_policy(RoleName=role, PolicyName="events")["PolicyDocument"]["Statement"][0]["Sid"]
        attached = {each["PolicyArn"] for each in iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]}
        (own,) = [each for each in attached if account in each]
        version = iam.get_policy(PolicyArn=own)["Policy"]["DefaultVersionId"]
        document = iam.get_policy_version(PolicyArn=own, VersionId=version)["PolicyVersion"]["Document"]
        (rule,) = events.list_rules()["Rules"]
        (target,) = events.list_targets_by_rule(Rule=rule["Name"])["Targets"]
        prefix = json.loads(rule["EventPattern"])["detail"]["eventName"][0]["prefix"]
        assert attached - {own} == {"arn:aws:iam::aws:policy/ReadOnlyAccess"}
        assert target == {"Id": "hub", "Arn": BUS, "RoleArn": f"arn:aws:iam::{account}:role/{role}"}
        assert iam.get_role(RoleName=role)["Role"]["PermissionsBoundary"]["PermissionsBoundaryArn"] == own
        return inline, document["Statement"][0]["Sid"], prefix

    assert seen() == ("Create",) * 3
    for prefix in ("Update", "Delete", "Stop", "Start", "Create", "Update", "Stop"):  # more than a policy has versions
        given = as_parameters(EventBusArn=BUS, Prefix=prefix)
        cloudformation.update_stack(StackName="watched", TemplateBody=WATCHED_TEMPLATE, Parameters=given)
        assert seen() == (prefix,) * 3
    cloudformation.delete_stack(StackName="watched")
    assert events.list_rules()["Rules"] == []
    assert [each for each in iam.list_roles()["Roles"] if each["RoleName"] == role] == []
    assert iam.list_policies(Scope="Local")["Policies"] == []
    watch(moto, account)
    assert seen() == ("Create",) * 3


def test_findings_become_messages(hub, deployed, receive):
    events = hub("events")
    detail = {"platform": "mlops", "control": "no-root", "account": "222222222222", "reason": "RootAccess is Enabled"}
    given = {"Source": "secure-mlops", "DetailType": "Control Finding State Change"}
    details = [
        detail | {"to": "fail"},
        detail | {"to": "fail", "exemption": None},
        detail | {"to": "fail", "exemption": "ann"},
        detail | {"to": "pass"},
        detail | {"to": "fail", "platform": "other"},
    ]
    answer = events.put_events(Entries=[given | {"Detail": json.dumps(each)} for each in details])
    assert answer["FailedEntryCount"] == 0
    text = '"Failure of no-root in account 222222222222"\n"Reason: RootAccess is Enabled"\n'
    assert receive("noticed", 2) == [text, text]
    refused = events.put_events(Entries=[given | {"Source": "aws.sagemaker", "Detail": "{}"}])
    assert refused["Entries"][0]["ErrorCode"] == "NotAuthorizedForSourceException"


def test_records_are_written_under_conditions_and_read_in_pages(hub, deployed, subtests):
    table = hub("dynamodb")
    key = {"scope": {"S": "111111111111/eu-west-1"}, "id": {"S": "one"}}
    put = {"TableName": "records", "Item": key | {"version": {"N": "1"}}}
    with subtests.test("a record is made once"):
        table.put_item(**put, ConditionExpression="attribute_not_exists(id)")
        with pytest.raises(ClientError, match="ConditionalCheckFailedException"):
            table.put_item(**put, ConditionExpression="attribute_not_exists(id)")
    with subtests.test("and changed by whom it is known to"):
        change = {
            "TableName": "records",
            "Key": key,
            "UpdateExpression": "SET version = :next",
            "ConditionExpression": "version = :known",
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }
        values = {":known": {"N": "1"}, ":next": {"N": "2"}}
        table.update_item(**change, ExpressionAttributeValues=values)
        with pytest.raises(ClientError) as error:
            table.update_item(**change, ExpressionAttributeValues=values)
        assert error.value.response["Item"]["version"] == {"N": "2"}
        found = table.get_item(TableName="records", Key=key, ConsistentRead=True)["Item"]
        assert found["version"] == {"N": "2"}
    with subtests.test("the records of a scope come in pages"):
        for number in range(30):
            large = {"scope": {"S": "large"}, "id": {"S": f"{number:03}"}, "text": {"S": "x" * 100_000}}
            table.put_item(TableName="records", Item=large)
        asked = {
            "TableName": "records",
            "KeyConditionExpression": "#scope = :scope",
            "ExpressionAttributeNames": {"#scope": "scope"},
            "ExpressionAttributeValues": {":scope": {"S": "large"}},
            "ConsistentRead": True,
        }
        by_size, by_limit = table.query(**asked), table.query(**asked, Limit=7)
        assert 9 <= by_size["Count"] <= 11 and "LastEvaluatedKey" in by_size
        assert by_limit["Count"] == 7 and by_limit["LastEvaluatedKey"]["id"] == {"S": "006"}
        pages = list(table.get_paginator("query").paginate(**asked))
        assert sum(page["Count"] for page in pages) == 30
    with subtests.test("they expire"):
        ttl = table.describe_time_to_live(TableName="records")["TimeToLiveDescription"]
        assert ttl == {"TimeToLiveStatus": "ENABLED", "AttributeName": "expires"}
        backups = table.describe_continuous_backups(TableName="records")["ContinuousBackupsDescription"]
        assert backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"] == "ENABLED"
    with subtests.test("twenty-five are written at once, and a transaction is whole"):
        requests = [{"PutRequest": {"Item": {"scope": {"S": "many"}, "id": {"S": str(n)}}}} for n in range(26)]
        assert table.batch_write_item(RequestItems={"records": requests[:25]})["UnprocessedItems"] == {}
        with pytest.raises(ClientError, match="ValidationException"):
            table.batch_write_item(RequestItems={"records": requests})
        once = {"TableName": "records", "ConditionExpression": "attribute_not_exists(id)"}
        new = {"Put": once | {"Item": {"scope": {"S": "both"}, "id": {"S": "new"}}}}
        with pytest.raises(ClientError, match="TransactionCanceledException"):
            table.transact_write_items(TransactItems=[new, {"Put": once | {"Item": key}}])
        assert "Item" not in table.get_item(TableName="records", Key=new["Put"]["Item"])


def test_schedules_fire_and_policies_are_kept(hub, trail, deployed, receive, account):
    events = hub("events")
    assert events.describe_rule(Name="sweep")["ScheduleExpression"] == "rate(1 day)"
    trail.fire("sweep")
    (scheduled,) = receive("own", 1)
    assert json.loads(scheduled)["detail-type"] == "Scheduled Event"
    with pytest.raises(urllib.error.HTTPError, match="400"):
        trail.fire("notices")
    policy = json.loads(events.describe_event_bus(Name="watched")["Policy"])
    (statement,) = policy["Statement"]
    assert (statement["Sid"], statement["Condition"]["StringEquals"]) == (
        "targets",
        {"aws:PrincipalAccount": [account]},
    )
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        given = {"StatementId": "any", "Action": "events:PutEvents", "Principal": "*"}
        events.put_permission(EventBusName=f"absent-{uuid.uuid4().hex[:6]}", **given)
    stack.delete(deployed, "events")
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        events.describe_event_bus(Name="watched")
