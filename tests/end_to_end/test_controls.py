"""Controls on a deployed platform: what is found after calls and by sweeps, who is told, and what is put right."""

import json
from collections import Counter
from datetime import timedelta

import inventory
import pytest
from botocore.exceptions import ClientError
from judged_resources import FAILED, Resources
from people import until
from watched_accounts import CORRECTION, WatchedAccounts, shown, without_role

NAME = "watched"
INTERNET = "notebook-no-direct-internet"
CONFIGURATION = {"parameters": {"maxPresignedSeconds": 3600, "idleHours": {"apps": 8}}}
TRUST = {"Effect": "Allow", "Principal": {"Service": "sagemaker.amazonaws.com"}, "Action": "sts:AssumeRole"}


@pytest.fixture(scope="module")
def before(clients, new_platform):
    """What there is once the target accounts admit the platform."""
    return new_platform(NAME), inventory.take(clients)


@pytest.fixture(scope="module")
def targets(clients) -> list[str]:
    return clients.state["organization"]["accounts"]["production"]


@pytest.fixture(scope="module")
def watched(clients, before, targets):
    platform, _ = before
    clients.hub("securityhub").enable_security_hub(EnableDefaultStandards=False)
    role = f"arn:aws:iam::{clients.state['account_id']}:role/studio/of-{NAME}"
    accounts = {"ExecutionRoleArns": role, "AccountIds": ",".join(targets)}
    platform.deploy(**accounts, SecurityHub="Enabled", CorrectiveActions="StopAndDelete")
    watched = WatchedAccounts(clients, platform)
    watched.configure(CONFIGURATION)
    yield watched
    watched.close()
    platform.delete()


def with_role(iam) -> str:
    """A role that resources run as."""
    trust = json.dumps({"Version": "2012-10-17", "Statement": [TRUST]})
    made = iam.create_role(RoleName="sagemaker", Path="/service-role/", AssumeRolePolicyDocument=trust)
    return made["Role"]["Arn"]


@pytest.fixture(scope="module")
def hub(clients, watched):
    key = clients.hub("kms").create_key()["KeyMetadata"]["Arn"]
    role = with_role(clients.hub("iam"))
    yield Resources(clients, clients.state["account_id"], clients.hub("sagemaker"), key, role)
    clients.hub("iam").delete_role(RoleName="sagemaker")


@pytest.fixture(scope="module")
def elsewhere(clients, watched, hub, targets):
    """The resources of the two target accounts."""
    found = []
    for account_id in targets:
        role = with_role(clients.inside("iam", account_id))
        found.append(Resources(clients, account_id, clients.inside("sagemaker", account_id), hub.key, role))
    yield found
    for account_id in targets:
        clients.inside("iam", account_id).delete_role(RoleName="sagemaker")


@pytest.fixture(scope="module")
def network(clients) -> tuple[str, str]:
    ec2 = clients.hub("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    return vpc, ec2.create_subnet(VpcId=vpc, CidrBlock="10.9.0.0/24")["Subnet"]["SubnetId"]


@pytest.fixture(scope="module")
def judged(watched, hub, network):
    """One of every kind that is not as it should be and one that is, with the events of the calls that made them."""
    bad = hub.make_all("bad", False) | hub.make_studio("bad", False, *network)
    good = hub.make_all("good", True) | hub.make_studio("good", True, *network)
    events = watched.unbrought()
    assert watched.bring() >= len(bad) + len(good)
    return bad, good, events


# ---- After calls


def test_each_kind_is_found_where_it_is_not_as_it_should_be(watched, judged, subtests):
    bad, good, _ = judged
    for noun, failed in FAILED.items():
        with subtests.test(noun):
            found = watched.verdicts(bad[noun])
            assert watched.failed(bad[noun]) == failed
            assert set(found.values()) <= {"FAILED", "PASSED"}, found
            fine = watched.verdicts(good[noun])
            assert set(fine.values()) == {"PASSED"} and fine.keys() >= failed, fine
    assert not watched.platform.failed_events()


def test_a_finding_says_what_where_and_who(watched, hub, judged):
    arn = judged[0]["NotebookInstance"]
    found = next(each for each in watched.findings(arn) if each["GeneratorId"] == "notebook-no-root-access")
    account, region = hub.account_id, hub.region
    assert found["AwsAccountId"] == account
    assert found["ProductArn"] == f"arn:aws:securityhub:{region}:{account}:product/{account}/default"
    (resource,) = found["Resources"]
    assert (resource["Type"], resource["Id"], resource["Region"]) == ("AwsSageMakerNotebookInstance", arn, region)
    assert found["Severity"]["Label"] == "MEDIUM" and found["RecordState"] == "ACTIVE"
    assert "RootAccess" in found["Description"]
    fields = found["ProductFields"]
    created = next(each for each in judged[2] if each["detail"]["eventName"] == "CreateNotebookInstance")
    assert (fields["Account"], fields["Kind"], fields["Name"]) == (account, "NotebookInstance", arn.rpartition("/")[2])
    assert fields["EventId"] == created["detail"]["eventID"]
    assert fields["Actor"] == created["detail"]["userIdentity"]["arn"]
    assert "SageMaker.3" in found["ProductFields"]["References/Security Hub"]


def test_each_first_failure_is_told_once_and_nothing_else(watched, judged):
    bad, good, _ = judged
    until(lambda: all(len(watched.notices(bad[noun])) >= len(FAILED[noun]) for noun in bad), "a notice of each failure")
    for noun in FAILED:
        changes = watched.changes(bad[noun])
        assert Counter(each["control"] for each in changes) == Counter(FAILED[noun])
        assert {(each["from"], each["to"]) for each in changes} == {(None, "fail")}
        notices = watched.notices(bad[noun])
        assert len(notices) == len(FAILED[noun])
        assert all(any(f"failure of {control} in account" in each for each in notices) for control in FAILED[noun])
        assert watched.notices(good[noun]) == watched.changes(good[noun]) == []


def said(watched) -> object:
    """Everything that was found and told so far."""
    findings = {each["Id"]: (shown(each), each["CreatedAt"]) for each in watched.findings()}
    return findings, len(watched.inbox.messages())


def test_an_event_that_comes_again_makes_nothing_new(watched, judged):
    before = said(watched)
    events = [each for each in judged[2] if "Presigned" not in each["detail"]["eventName"]]
    assert watched.bring(reversed(events)) == len(events)
    assert said(watched) == before


def test_a_call_that_failed_is_left_alone(watched, hub, judged):
    before = said(watched)
    with pytest.raises(ClientError):
        hub.make("Image", judged[0]["Image"].rpartition("/")[2], True)
    (event,) = watched.unbrought()
    assert event["detail"]["errorCode"] and watched.bring() == 1
    assert said(watched) == before
    ignored = [line for line in watched.platform.log("detective-controls") if line.get("message") == "event ignored"]
    assert ignored[-1]["reason"] == "the call failed" and ignored[-1]["event_name"] == "CreateImage"


def test_what_is_mended_is_passed_and_told(watched, hub, judged):
    arn = hub.make("NotebookInstance", "mended", False)
    name = {"NotebookInstanceName": "mended"}
    hub.notebook_is("mended", "InService")
    watched.bring()
    assert watched.failed(arn) == FAILED["NotebookInstance"]
    hub.call("StopNotebookInstance", **name)
    hub.notebook_is("mended", "Stopped")
    metadata = {"InstanceMetadataServiceConfiguration": {"MinimumInstanceMetadataServiceVersion": "2"}}
    hub.call("UpdateNotebookInstance", **name, RootAccess="Disabled", **metadata)
    watched.bring()
    mended = {"notebook-no-root-access", "notebook-imdsv2"}
    assert {watched.verdicts(arn)[each] for each in mended} == {"PASSED"}
    assert watched.failed(arn) == FAILED["NotebookInstance"] - mended
    recovered = until(lambda: [each for each in watched.changes(arn) if each["from"] == "fail"], "the recovery")
    assert {(each["control"], each["to"]) for each in recovered} == {(each, "pass") for each in mended}
    notices = until(
        lambda: (found := [each for each in watched.notices(arn) if "is failed no more" in each])[1:] and found,
        "a notice of each recovery",
    )
    assert len(notices) == 2 and all("now pass" in each for each in notices)

    image = judged[0]["Image"]
    hub.call("AddTags", ResourceArn=image, Tags=[{"Key": "team", "Value": "fraud"}])
    watched.bring()
    assert watched.verdicts(image) == {"image-tagged": "PASSED", "image-described": "FAILED"}


def test_what_is_gone_is_archived_and_does_not_come_back(watched, hub, judged):
    arn = hub.make("Model", "gone", False)
    watched.bring()
    (created,) = (each for each in watched.trail.events() if makes(each, "gone"))
    assert watched.failed(arn) == FAILED["Model"]
    hub.call("DeleteModel", ModelName="gone")
    watched.bring()
    assert set(watched.verdicts(arn).values()) == {"ARCHIVED"}
    gone = until(lambda: [each for each in watched.changes(arn) if each["to"] == "gone"], "the end of its failures")
    assert {each["control"] for each in gone} == FAILED["Model"]
    before = said(watched)
    watched.bring([created])
    assert said(watched) == before and watched.records(f"resource/{arn}") == []


def makes(event: dict, model: str) -> bool:
    record = event["detail"]
    return record["eventName"] == "CreateModel" and record["requestParameters"]["modelName"] == model


# ---- In other accounts


def test_a_target_accounts_calls_are_judged_in_the_hub(watched, hub, elsewhere, judged):
    there = elsewhere[0]
    bad, good = there.make("Model", "theirs-bad", False), there.make("Model", "theirs-good", True)
    assert watched.bring() == 2
    assert watched.failed(bad) == FAILED["Model"]
    assert set(watched.verdicts(good).values()) == {"PASSED"}
    for found in watched.findings(bad):
        assert found["AwsAccountId"] == hub.account_id, "Security Hub takes findings of the caller's account alone"
        assert found["Resources"][0]["Id"] == bad and there.account_id in bad
        assert found["ProductFields"]["Account"] == there.account_id
    assert watched.records(f"resource/{bad}", there.account_id)
    assert f"account {there.account_id}" in until(lambda: watched.notices(bad), "a notice")[0]


def test_an_account_that_is_no_target_hands_nothing_over(watched, clients):
    account_id = clients.state["organization"]["accounts"]["staging"][0]
    role = f"arn:aws:iam::{account_id}:role/any"
    there = Resources(clients, account_id, clients.inside("sagemaker", account_id), "", role)
    arn = there.make("Model", "unwatched", False)
    assert watched.bring() == 0 and watched.findings(arn) == []
    there.call("DeleteModel", ModelName="unwatched")
    watched.bring()


# ---- Sweeps


@pytest.fixture(scope="module")
def swept(watched, hub, elsewhere, judged):
    """A sweep, after resources were made whose events were lost."""
    ids = {each["Id"] for each in watched.findings()}
    lost = {
        "hub": hub.make("Model", "lost", False),
        "target": elsewhere[1].make("FeatureGroup", "lost", False),
    }
    watched.old |= {each["id"] for each in watched.unbrought()}
    return watched.sweep(), ids, lost


def succeeded(execution: dict) -> dict:
    assert execution["status"] == "SUCCEEDED", execution.get("cause")
    return json.loads(execution["output"])


def test_a_sweep_finds_what_events_did_and_what_they_missed(watched, swept, elsewhere):
    execution, ids, lost = swept
    succeeded(execution)
    assert watched.failed(lost["hub"]) == FAILED["Model"]
    assert watched.failed(lost["target"]) == FAILED["FeatureGroup"]
    found = watched.findings()
    assert ids <= {each["Id"] for each in found}
    pairs = Counter((each["GeneratorId"], each["Resources"][0]["Id"]) for each in found)
    assert set(pairs.values()) == {1}, "one finding for a control and a resource"
    actors = {each["ProductFields"].get("Actor") for each in watched.findings(lost["hub"])}
    assert actors == {None}, "nobody is known to have called"
    assert watched.records(f"resource/{lost['target']}", elsewhere[1].account_id)
    for account_id in (None, *(each.account_id for each in elsewhere)):
        assert watched.records("sweep/", account_id)


def test_a_report_says_what_security_hub_shows(watched, swept, elsewhere, hub):
    report, answer = watched.report(), succeeded(swept[0])["report"]
    shows = Counter(shown(each) for each in watched.findings())
    totals = report["totals"]
    assert (totals["fail"], totals["pass"]) == (shows["FAILED"], shows["PASSED"])
    assert (totals["exempt"], totals["unknown"]) == (shows["WARNING"], shows["NOT_AVAILABLE"])
    assert answer["totals"] == totals and answer["complete"] is report["complete"] is True
    places = {(each["account"], each["region"], each["state"]) for each in report["scopes"]}
    assert places == {(each.account_id, each.region, "swept") for each in (hub, *elsewhere)}
    failures = {(each["control"], each["arn"]) for each in report["failures"]}
    failed = {
        (each["GeneratorId"], each["Resources"][0]["Id"]) for each in watched.findings() if shown(each) == "FAILED"
    }
    assert failures == failed
    assert watched.document(answer["report"]) == watched.document("posture/latest.json")
    page = watched.document("posture/latest.html")
    assert watched.document(answer["page"]) == page and swept[2]["hub"].rpartition("/")[2] in page
    assert "<script" not in page and "http" not in page.replace("http-equiv", "")


def test_the_schedule_starts_a_sweep_that_changes_nothing(watched, swept):
    before = said(watched)
    succeeded(watched.swept_by_schedule())
    assert said(watched) == before
    trend = watched.report()["trend"]
    assert (trend["new"], trend["recovered"], trend["gone"]) == (0, 0, 0)


def test_what_a_sweep_cannot_list_is_in_the_report_and_stays_as_it_was(watched, swept, elsewhere, inject):
    refused = {"service": "sagemaker", "operation": "ListModels", "error": "AccessDeniedException"}
    inject({"account": elsewhere[0].account_id, **refused})
    before = said(watched)
    succeeded(watched.sweep())
    report = watched.report()
    assert report["complete"] is False and said(watched) == before
    (unread,) = report["unread"]
    assert (unread["account"], unread["operation"]) == (elsewhere[0].account_id, "sagemaker:ListModels")
    assert "AccessDeniedException" in unread["error"]
    assert "AccessDeniedException" in watched.document("posture/latest.html")


def test_an_account_without_the_role_fails_the_sweep_and_no_other_one(watched, clients, swept, elsewhere, hub):
    shut, other = elsewhere[0].account_id, elsewhere[1]
    lost = other.make("Image", "swept-all-the-same", False)
    watched.old |= {each["id"] for each in watched.unbrought()}
    with without_role(clients.inside("iam", shut), f"{NAME}-detective-controls"):
        watched.begin_anew("detective-controls")  # credentials of the role that it still holds go on working here
        execution = watched.sweep()
    assert (execution["status"], execution.get("error")) == ("FAILED", "Incomplete"), execution
    assert shut in execution["cause"] and other.account_id not in execution["cause"]
    assert watched.failed(lost) == FAILED["Image"]
    states = {each["account"]: each["state"] for each in watched.report()["scopes"]}
    assert states.pop(shut) != "swept" and set(states.values()) == {"swept"}
    assert any("sts:AssumeRole" == each["operation"] for each in watched.report()["unread"])
    succeeded(watched.sweep())
    assert watched.report()["complete"] is True


# ---- Corrections


def corrections(account_id: str, hub: str, **changed: object) -> dict:
    """Notebook instances of an account are stopped, or it is said that they would be; idle apps of the hub deleted."""
    here = {"accounts": [account_id], "graceHours": 0}
    owner = {"owner": "ml-platform@example.com", "reason": "driver tests", "expires": "2099-12-31"}
    return CONFIGURATION | {
        "exemptions": [
            {"control": INTERNET, "resource": "arn:aws:sagemaker:*:*:notebook-instance/exempt-*", **owner},
        ],
        "corrective": {
            "corrections": [
                {"control": INTERNET, "action": "stop", "mode": "act", **here},
                {"control": "notebook-volume-key", "action": "stop", "mode": "dryRun", **here},
                {"control": "app-idle", "accounts": [hub], "action": "delete", "mode": "act", "graceHours": 0},
            ],
            "cap": {"resources": 20, "percent": 100},
        }
        | changed,
    }


def corrected(watched, arn: str) -> list[tuple[str, str]]:
    return [(each["mode"], each["state"]) for each in watched.changes(arn, CORRECTION)]


def test_what_may_be_stopped_is_announced_then_stopped_and_nothing_else_is_touched(watched, elsewhere, hub, swept):
    there = elsewhere[1]
    watched.configure(corrections(there.account_id, hub.account_id))
    opened = there.notebook("opened", DirectInternetAccess="Enabled")
    others = {
        "good": there.notebook("good"),
        "exempt": there.notebook("exempt-lab", DirectInternetAccess="Enabled"),
        "unknown": there.notebook("unknown", DirectInternetAccess="Enabled"),
        "dry run": there.notebook("dry", KmsKeyId=None),
        "elsewhere": hub.notebook("hubs-own", DirectInternetAccess="Enabled"),
    }
    there.members(others["unknown"], DirectInternetAccess=None)
    whose = {"elsewhere": hub}
    untouched = {name: whose.get(name, there).seen(arn) for name, arn in others.items()}
    watched.bring()
    assert watched.verdicts(others["exempt"])[INTERNET] == "WARNING"
    assert watched.verdicts(others["unknown"])[INTERNET] == "NOT_AVAILABLE"
    until(lambda: corrected(watched, opened) and corrected(watched, others["dry run"]), "the marks")
    assert corrected(watched, opened) == [("act", "marked")]
    assert there.seen(opened)["NotebookInstanceStatus"] == "InService", "it is announced before"

    succeeded(watched.sweep())
    there.notebook_is("opened", "Stopped")
    until(lambda: len(corrected(watched, opened)) == 2, "what was done")
    assert corrected(watched, opened) == [("act", "marked"), ("act", "done")]
    assert corrected(watched, others["dry run"]) == [("dryRun", "marked"), ("dryRun", "wouldDo")]
    assert {name: whose.get(name, there).seen(arn) for name, arn in others.items()} == untouched
    for name in ("good", "exempt", "unknown", "elsewhere"):
        assert corrected(watched, others[name]) == watched.evidence(others[name]) == []
    notices = [each for each in watched.notices(opened) if "(act):" in each]
    assert [each.partition(",")[0] for each in notices] == ['"stop (act): marked', '"stop (act): done']

    evidence = watched.evidence(opened)
    assert [each["decision"] for each in evidence] == ["marked", "acting", "done"]
    version = watched.clients.hub("s3").head_object(Bucket=watched.bucket, Key="configuration.json")["VersionId"]
    assert {each["configuration"] for each in evidence} == {version}
    call = {"operation": "sagemaker:StopNotebookInstance", "input": {"NotebookInstanceName": "opened"}}
    assert [each["call"] for each in evidence] == [None, call, call]
    assert evidence[1]["seen"]["status"] == "InService" and evidence[1]["requestId"] is None
    assert evidence[2]["requestId"]
    (stopped,) = [each for each in watched.unbrought() if each["detail"]["eventName"] == "StopNotebookInstance"]
    issuer = stopped["detail"]["userIdentity"]["sessionContext"]["sessionIssuer"]["arn"]
    assert issuer == f"arn:aws:iam::{there.account_id}:role/{NAME}-corrective-controls"
    watched.bring()
    before = corrected(watched, opened)
    succeeded(watched.sweep())
    assert corrected(watched, opened) == before, "it is not stopped twice"
    done = next(each for each in watched.report()["corrections"] if each["arn"] == opened)
    assert done["action"] == "stop"


def test_an_idle_app_is_deleted_and_one_in_use_or_of_unknown_use_stays(watched, elsewhere, hub, judged):
    bad, good, _ = judged
    domain_id = bad["Domain"].rpartition("/")[2]
    unknown = hub.make_app(domain_id, "unknown", None)
    idle = hub.make_app(domain_id, "idle", timedelta(hours=9))
    watched.bring()
    assert watched.verdicts(unknown) == {"app-idle": "NOT_AVAILABLE"}
    assert corrected(watched, idle)[-1:] == [("act", "marked")]
    succeeded(watched.sweep())

    def statuses() -> dict[str, str]:
        apps = hub.call("ListApps", DomainIdEquals=domain_id)["Apps"]
        apps += hub.call("ListApps", DomainIdEquals=good["Domain"].rpartition("/")[2])["Apps"]
        return {f"{each['DomainId']}/{each['AppName']}": each["Status"] for each in apps}

    until(lambda: statuses()[f"{domain_id}/idle"] == "Deleted", "the end of the idle app")
    assert statuses()[f"{domain_id}/unknown"] == "InService"
    assert statuses()[f"{good['Domain'].rpartition('/')[2]}/default"] == "InService"
    assert [each["decision"] for each in watched.evidence(idle)] == ["marked", "acting", "done"]
    watched.bring()
    assert watched.verdicts(idle) == {"app-idle": "ARCHIVED"}
    hub.call("DescribeSpace", DomainId=domain_id, SpaceName="space")


def test_more_than_the_cap_is_left_alone_until_the_cap_allows_it(watched, elsewhere, hub, swept):
    there = elsewhere[1]
    watched.configure(corrections(there.account_id, hub.account_id, cap={"resources": 1, "percent": 100}))
    names = ("one-of-two", "two-of-two")
    arns = [there.notebook(name, DirectInternetAccess="Enabled") for name in names]
    watched.bring()
    before = [there.seen(arn) for arn in arns]
    succeeded(watched.sweep())
    assert [there.seen(arn) for arn in arns] == before
    capped = until(lambda: [each for arn in arns for each in corrected(watched, arn) if each[1] == "capped"], "the cap")
    assert capped == [("act", "capped")], "said once for all"
    assert all(watched.evidence(arn)[-1]["decision"] == "capped" for arn in arns)
    watched.configure(corrections(there.account_id, hub.account_id))
    succeeded(watched.sweep())
    for name in names:
        there.notebook_is(name, "Stopped")


def test_a_configuration_with_faults_stops_everything_and_names_them_all(watched, elsewhere, hub, swept):
    there = elsewhere[1]
    watched.configure(corrections(there.account_id, hub.account_id))
    arn = there.notebook("not-now", DirectInternetAccess="Enabled")
    watched.bring()
    until(lambda: corrected(watched, arn), "the mark")
    before, as_before = there.seen(arn), said(watched)
    wrong = corrections(there.account_id, hub.account_id, cap={"resources": 0, "percent": 100})
    wrong["corrective"]["corrections"][0]["control"] = "notebook-no-such-thing"
    del wrong["exemptions"][0]["expires"]
    watched.configure(wrong | {"disable": []})
    scope = {"account": there.account_id, "region": there.region}
    paths = ("$.corrective.cap.resources", "$.corrective.corrections[0].control", "$.exemptions[0]", "$.disable")
    tasks = {"DetectiveControls": {"task": "sweep", "sweep": "2026-01-01T00:00:00Z", "scope": scope, "cursor": None}}
    for function, task in (tasks | {"CorrectiveControls": {"task": "act", "scope": scope}}).items():
        answer = watched.invoke(function, task)
        assert answer["errorType"] == "InvalidConfiguration", answer
        assert [each for each in paths if each not in answer["errorMessage"]] == [], answer
    assert watched.sweep()["status"] == "FAILED"
    assert there.seen(arn) == before and said(watched) == as_before
    watched.configure(CONFIGURATION)
    succeeded(watched.sweep())
    assert there.seen(arn) == before, "nothing allows it any more"
    until(lambda: corrected(watched, arn)[-1] == ("act", "dropped"), "the end of the mark")


# ---- The end


def test_nothing_stays_but_records_and_evidence(clients, watched, before, targets):
    platform, listed = before
    buckets = [watched.outputs["DeploymentRecordsBucketName"], watched.bucket]
    watched.close()
    platform.delete()
    left = [line for line in inventory.differences(listed, inventory.take(clients)) if NAME in line]
    assert left == [f"{clients.state['account_id']}: bucket {each} is there" for each in sorted(buckets)]
    assert platform.delete_records(watched.bucket) > 0
    platform.delete_records(buckets[0])
