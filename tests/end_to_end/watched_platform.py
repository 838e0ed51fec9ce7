"""One platform that watches the hub and two target accounts, with resources of every kind in them.

The tests of controls and of corrections share it; the last of them deletes it.
"""

import json

import inventory
import pytest
from judged_resources import Resources
from watched_accounts import WatchedAccounts, shown

NAME = "watched"
CONFIGURATION = {"parameters": {"maxPresignedSeconds": 3600, "idleHours": {"apps": 8}}}
TRUST = {"Effect": "Allow", "Principal": {"Service": "sagemaker.amazonaws.com"}, "Action": "sts:AssumeRole"}


@pytest.fixture(scope="session")
def before(clients, new_platform):
    """What there is once the target accounts admit the platform."""
    return new_platform(NAME), inventory.take(clients)


@pytest.fixture(scope="session")
def targets(clients) -> list[str]:
    return clients.state["organization"]["accounts"]["production"]


@pytest.fixture(scope="session")
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


@pytest.fixture(scope="session")
def hub(clients, watched):
    key = clients.hub("kms").create_key()["KeyMetadata"]["Arn"]
    role = with_role(clients.hub("iam"))
    yield Resources(clients, clients.state["account_id"], clients.hub("sagemaker"), key, role)
    clients.hub("iam").delete_role(RoleName="sagemaker")


@pytest.fixture(scope="session")
def elsewhere(clients, watched, hub, targets):
    """The resources of the two target accounts."""
    found = []
    for account_id in targets:
        role = with_role(clients.inside("iam", account_id))
        found.append(Resources(clients, account_id, clients.inside("sagemaker", account_id), hub.key, role))
    yield found
    for account_id in targets:
        clients.inside("iam", account_id).delete_role(RoleName="sagemaker")


@pytest.fixture(scope="session")
def network(clients) -> tuple[str, str]:
    ec2 = clients.hub("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    return vpc, ec2.create_subnet(VpcId=vpc, CidrBlock="10.9.0.0/24")["Subnet"]["SubnetId"]


@pytest.fixture(scope="session")
def judged(watched, hub, network):
    """One of every kind that is not as it should be and one that is, with the events of the calls that made them."""
    bad = hub.make_all("bad", False) | hub.make_studio("bad", False, *network)
    good = hub.make_all("good", True) | hub.make_studio("good", True, *network)
    events = watched.unbrought()
    assert watched.bring() >= len(bad) + len(good)
    return bad, good, events


@pytest.fixture(scope="session")
def swept(watched, hub, elsewhere, judged):
    """A sweep, after resources were made whose events were lost."""
    ids = {each["Id"] for each in watched.findings()}
    lost = {
        "hub": hub.make("Model", "lost", False),
        "target": elsewhere[1].make("FeatureGroup", "lost", False),
    }
    watched.lose()
    return watched.sweep(), ids, lost


def succeeded(execution: dict) -> dict:
    assert execution["status"] == "SUCCEEDED", execution.get("cause")
    return json.loads(execution["output"])


def said(watched) -> object:
    """Everything that was found and told so far."""
    findings = {each["Id"]: (shown(each), each["CreatedAt"]) for each in watched.findings()}
    return findings, len(watched.inbox.messages())
