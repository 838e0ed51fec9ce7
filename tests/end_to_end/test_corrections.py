"""Corrections on a deployed platform: what is stopped, hardened or deleted, what is left alone, and what says so."""

import json
from datetime import timedelta

import inventory
from botocore.utils import parse_timestamp
from people import until
from watched_accounts import CORRECTION
from watched_platform import CONFIGURATION, NAME, said, succeeded

INTERNET = "notebook-no-direct-internet"
JOBS = ("AutoMLJobV2", "HyperParameterTuningJob", "ProcessingJob", "TrainingJob", "TransformJob")


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


# ---- Hardened, jobs, grace, rights


def only(*corrections: dict, account_id: str, **changed: object) -> dict:
    """These corrections, at once and in one account."""
    here = {"accounts": [account_id], "mode": "act", "graceHours": 0} | changed
    allowed = [each | here for each in corrections]
    return CONFIGURATION | {"corrective": {"corrections": allowed, "cap": {"resources": 20, "percent": 100}}}


def decided(watched, arn: str, control: str) -> list[tuple[str, str | None]]:
    """What was decided about a control's failure, with the call."""
    evidence = [each for each in watched.evidence(arn) if each["mark"]["control"] == control]
    return [(each["decision"], each["call"] and each["call"]["operation"].partition(":")[2]) for each in evidence]


def test_a_notebook_is_hardened_and_runs_again_if_it_ran(watched, elsewhere, swept):
    there, root, metadata = elsewhere[0], "notebook-no-root-access", "notebook-imdsv2"
    harden = [{"control": each, "action": "harden"} for each in (root, metadata)]
    watched.configure(only(*harden, account_id=there.account_id))
    soft = {"RootAccess": "Enabled", "InstanceMetadataServiceConfiguration": None}
    ran, rested = there.notebook("ran", **soft), there.notebook("rested", **soft)
    there.call("StopNotebookInstance", NotebookInstanceName="rested")
    there.notebook_is("rested", "Stopped")
    watched.bring()
    for arn in (ran, rested):
        assert {root, metadata} <= watched.failed(arn)
    for _ in range(3):
        succeeded(watched.sweep())
    there.notebook_is("ran", "InService")
    assert there.seen(rested)["NotebookInstanceStatus"] == "Stopped"
    watched.bring()
    for arn, name in ((ran, "ran"), (rested, "rested")):
        found = there.call("DescribeNotebookInstance", NotebookInstanceName=name)
        assert found["RootAccess"] == "Disabled"
        assert found["InstanceMetadataServiceConfiguration"] == {"MinimumInstanceMetadataServiceVersion": "2"}
        assert {watched.verdicts(arn)[each] for each in (root, metadata)} == {"PASSED"}
    stop, update, start = (f"{each}NotebookInstance" for each in ("Stop", "Update", "Start"))
    assert decided(watched, ran, metadata) == [
        ("marked", None),
        *(("acting", stop), ("acted", stop)),
        *(("acting", update), ("acted", update)),
        *(("acting", start), ("done", start)),
    ]
    updated = [("marked", None), ("acting", update), ("acted", update), ("done", None)]
    assert decided(watched, rested, metadata) == updated
    for arn in (ran, rested):
        done = decided(watched, arn, root)
        assert {call for _, call in done} == {None} and done[-1][0] == "dropped", "one update is for both"


def status(there, noun: str, arn: str) -> str:
    base = noun.removesuffix("V2")
    return there.call(f"Describe{noun}", **{f"{base}Name": arn.rpartition("/")[2]})[f"{base}Status"]


def test_jobs_that_run_are_stopped(watched, elsewhere, swept):
    there, control = elsewhere[0], "job-volume-key"
    watched.configure(only({"control": control, "action": "stop"}, account_id=there.account_id))
    running = {noun: there.make(noun, f"{noun[:8].lower()}-runs", False) for noun in JOBS}
    good = there.make("TrainingJob", "training-good", True)
    ended = there.make("TrainingJob", "training-over", False)
    there.members(ended, TrainingJobStatus="Completed")
    watched.bring()
    succeeded(watched.sweep())
    for noun, arn in running.items():
        stop = f"Stop{noun.removesuffix('V2')}"
        assert decided(watched, arn, control) == [("marked", None), ("acting", stop), ("done", stop)]
        assert status(there, noun, arn) in ("Stopping", "Stopped")
    assert status(there, "TrainingJob", good) == "InProgress"
    assert control in watched.failed(ended) and watched.evidence(ended) == watched.evidence(good) == []


def test_nothing_is_done_before_the_grace_is_over(watched, elsewhere, swept):
    there = elsewhere[0]
    watched.configure(only({"control": INTERNET, "action": "stop"}, account_id=there.account_id, graceHours=1))
    arn = there.notebook("graced", DirectInternetAccess="Enabled")
    watched.bring()
    (marked,) = until(lambda: watched.changes(arn, CORRECTION), "the mark")
    due, at = (parse_timestamp(marked[each]) for each in ("due", "at"))
    assert timedelta(minutes=59) < due - at <= timedelta(hours=1)
    succeeded(watched.sweep())
    assert corrected(watched, arn) == [("act", "marked")] and len(watched.evidence(arn)) == 1
    assert there.seen(arn)["NotebookInstanceStatus"] == "InService"
    (waits,) = [each for each in watched.report()["corrections"] if each["arn"] == arn]
    assert (waits["state"], waits["at"]) == ("waiting", marked["due"])
    an_hour_passes(watched, there.account_id, arn)
    succeeded(watched.sweep())
    there.notebook_is("graced", "Stopped")


def an_hour_passes(watched, account_id: str, arn: str) -> None:
    """For the marks of a resource. No clock can be moved here, so their times are."""
    for item in watched.records("mark/", account_id):
        mark = json.loads(item["document"]["S"])
        if mark["arn"] == arn:
            for member in ("marked", "due"):
                mark[member] = (parse_timestamp(mark[member]) - timedelta(hours=1)).isoformat()
            document = {"S": json.dumps(mark)}
            watched.clients.hub("dynamodb").put_item(
                TableName=watched.outputs["ControlRecordsTableName"], Item=item | {"document": document}
            )


def rights(watched, account_id: str) -> set[str]:
    """What the role of the corrections in an account may call that changes SageMaker's resources."""
    hub = account_id == watched.clients.state["account_id"]
    iam = watched.clients.hub("iam") if hub else watched.clients.inside("iam", account_id)
    role = f"{NAME}-{watched.clients.state['region']}-corrective-controls" if hub else f"{NAME}-corrective-controls"
    document = iam.get_role_policy(RoleName=role, PolicyName="corrective-controls")["PolicyDocument"]
    actions = [each["Action"] for each in document["Statement"]]
    listed = {action for each in actions for action in ([each] if isinstance(each, str) else each)}
    verbs = {each.removeprefix("sagemaker:") for each in listed if each.startswith("sagemaker:")}
    return {each for each in verbs if not each.startswith(("Describe", "List"))}


def test_without_the_right_a_correction_fails_and_says_which_parameter_gives_it(
    watched, elsewhere, hub, swept, inject
):
    there = elsewhere[0]
    watched.platform.change(CorrectiveActions="None")
    assert rights(watched, there.account_id) == rights(watched, hub.account_id) == set()
    # A role binds nobody in this cloud: what it does not allow has to be refused by hand.
    denied = {"service": "sagemaker", "operation": "StopNotebookInstance", "error": "AccessDeniedException"}
    inject({"account": there.account_id, **denied})
    watched.configure(only({"control": INTERNET, "action": "stop"}, account_id=there.account_id))
    arn = there.notebook("powerless", DirectInternetAccess="Enabled")
    watched.bring()
    succeeded(watched.sweep())
    until(lambda: corrected(watched, arn)[1:], "the failure")
    assert corrected(watched, arn) == [("act", "marked"), ("act", "failed")]
    reason = watched.changes(arn, CORRECTION)[-1]["reason"]
    assert "AccessDeniedException" in reason and "parameter CorrectiveActions is Stop or StopAndDelete" in reason
    assert any('"stop (act): failed' in each and "CorrectiveActions" in each for each in watched.notices(arn))
    assert there.seen(arn)["NotebookInstanceStatus"] == "InService"

    watched.platform.change(CorrectiveActions="Stop")
    for account_id in (there.account_id, hub.account_id):
        given = rights(watched, account_id)
        assert {"StopNotebookInstance", "StopTrainingJob", "UpdateNotebookInstance"} <= given
        assert not any(each.startswith("Delete") for each in given)
    inject()
    succeeded(watched.sweep())
    there.notebook_is("powerless", "Stopped")
    decisions = [each["decision"] for each in watched.evidence(arn)]
    assert decisions == ["marked", "acting", "failed", "acting", "done"], "the mark was kept"


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
