"""Controls on a deployed platform: what is found after calls and by sweeps, and who is told."""

from collections import Counter

import pytest
from botocore.exceptions import ClientError
from judged_resources import FAILED, Resources
from people import until
from watched_accounts import shown, without_role
from watched_platform import NAME, said, succeeded

OTHER_REGION = "eu-central-1"

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


def test_a_job_that_nobody_called_for_is_judged_when_it_begins(watched, hub, elsewhere):
    begun = []
    for where in (hub, elsewhere[0]):
        bad, good = where.make("TrainingJob", "tuned-bad", False), where.make("TrainingJob", "tuned-good", True)
        watched.lose()  # as of the jobs of a tuning job, whose calls are nobody's
        begun += [where.job_is(bad, "Starting"), where.job_is(good, "Starting")]
        assert watched.bring([where.job_is(bad, "Downloading")]) == 0 and watched.findings(bad) == []
        assert watched.bring(begun[-2:]) == 2
        assert watched.failed(bad) == FAILED["TrainingJob"]
        assert set(watched.verdicts(good).values()) == {"PASSED"}
        assert {each["ProductFields"].get("Actor") for each in watched.findings(bad)} == {None}
    before = said(watched)
    assert watched.bring(reversed(begun)) == 4, "one state may come in several events"
    assert said(watched) == before


# ---- Sweeps


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
    watched.lose()
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


def test_another_region_is_watched_while_it_is_asked_for(watched, clients, elsewhere, hub, swept):
    there, own = elsewhere[0].in_region(OTHER_REGION), hub.in_region(OTHER_REGION)
    watched.platform.change(WatchedRegions=OTHER_REGION)
    bad, good = there.make("Model", "far-bad", False), there.make("Model", "far-good", True)
    assert watched.bring() == 2
    assert watched.failed(bad) == FAILED["Model"] and set(watched.verdicts(good).values()) == {"PASSED"}
    for found in watched.findings(bad):
        assert found["ProductArn"].split(":")[3] == hub.region, "Security Hub takes findings of its own region alone"
        assert found["Resources"][0]["Region"] == found["ProductFields"]["Region"] == OTHER_REGION
    lost = own.make("Model", "hubs-far", False)
    assert watched.bring() == 0, "the hub is no target account: no rule of it hands events over there"
    succeeded(watched.sweep())
    assert watched.failed(lost) == FAILED["Model"]
    places = {(each["account"], each["region"], each["state"]) for each in watched.report()["scopes"]}
    accounts, regions = [hub.account_id, *(each.account_id for each in elsewhere)], (hub.region, OTHER_REGION)
    assert places == {(account, region, "swept") for account in accounts for region in regions}
    assert {bad, lost} <= {each["arn"] for each in watched.report()["failures"]}
    watched.platform.change(WatchedRegions="")
    there.make("Model", "far-unwatched", False)
    assert watched.bring() == 0, "its rules are gone"
