import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import accounts
import processes
import pytest
from cloud import Cloud, CloudError
from conftest import REPOSITORY, eventually
from processes import Process

COMMAND = [sys.executable, str(REPOSITORY / "local-cloud" / "cloud.py")]


def command(directory: Path, *arguments: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [*COMMAND, "--state-directory", str(directory), *arguments], capture_output=True, text=True, timeout=120
    )


def leaders(state: dict) -> list[Process]:
    return [Process(state[name]["pid"], state[name]["started"]) for name in ("ministack", "moto")]


def test_a_second_cloud_beside_the_first_starts_and_leaves_nothing(state, tmp_path):
    assert command(tmp_path, "up").returncode == 0
    status = json.loads(command(tmp_path, "status", "--json").stdout)
    assert status["healthy"]
    other = status["state"]
    ports = {each[name]["port"] for each in (state, other) for name in ("ministack", "moto")}
    assert len(ports) == 4
    members = [process for leader in leaders(other) for process in processes.group_of(leader)]
    assert len(members) >= 2

    again = command(tmp_path, "up")
    assert f"(pid {other['ministack']['pid']})" in again.stdout, "up when up changes nothing"

    assert command(tmp_path, "down").returncode == 0
    assert not any(process.alive() for process in members)
    assert not (tmp_path / "state.json").exists()
    assert command(tmp_path, "status").returncode == 1
    assert command(tmp_path, "down").returncode == 0, "down when down is not an error"
    assert all(leader.alive() for leader in leaders(state)), "the other cloud runs on"


def test_servers_listen_on_loopback_only(state):
    for name in ("ministack", "moto"):
        with socket.create_server(("127.0.0.2", state[name]["port"])):
            pass  # would be in use if the server had bound every interface


def test_a_recycled_pid_is_not_ended(tmp_path):
    bystander = processes.start(["sleep", "60"], dict(os.environ), tmp_path / "log")
    try:
        recorded = Process(bystander.pid, "0")
        assert not recorded.alive()
        assert processes.end(recorded) == []
        assert bystander.alive()
    finally:
        assert processes.end(bystander) == []


def test_what_a_dead_server_left_running_is_ended(tmp_path):
    leader = processes.start(["sh", "-c", "sleep 60 & exit 0"], dict(os.environ), tmp_path / "log")
    orphans = eventually(lambda: [each for each in processes.group_of(leader) if each != leader])
    assert processes.end(leader) == []
    assert not any(each.alive() for each in orphans)


def test_a_server_that_cannot_start_is_reported_with_its_log(tmp_path, monkeypatch):
    cloud = Cloud(tmp_path)
    monkeypatch.setattr(Cloud, "_server_environment", lambda *_: {"PYTHONHOME": "/nonexistent"})
    with pytest.raises(CloudError) as error:
        cloud.up()
    assert "stopped while starting" in str(error.value)
    assert "encodings" in str(error.value), "the end of the log"
    assert "cloud.py up" in str(error.value), "the way out"
    assert not cloud.state_file.exists()


def test_commands_of_a_cloud_that_is_down_say_how_to_start_it(tmp_path):
    for name in ("reset", "env"):
        answer = command(tmp_path, name)
        assert answer.returncode == 1
        assert "cloud.py up" in answer.stderr


def test_reset_empties_both_and_makes_the_organization_again(running, hub, moto):
    hub("sqs").create_queue(QueueName="left")
    moto("sagemaker").create_model_package_group(ModelPackageGroupName="left")
    state = running.reset()
    assert hub("sqs").list_queues().get("QueueUrls", []) == []
    assert moto("sagemaker").list_model_package_groups()["ModelPackageGroupSummaryList"] == []
    organizations = accounts.client("organizations", state["moto"]["url"])
    assert organizations.describe_organization()["Organization"]["FeatureSet"] == "ALL"
    units = state["organization"]["units"]
    nested = organizations.list_organizational_units_for_parent(ParentId=units["workloads"])["OrganizationalUnits"]
    assert {unit["Id"] for unit in nested} == {units["staging"], units["production"]}
    for stage in ("staging", "production"):
        found = organizations.list_accounts_for_parent(ParentId=units[stage])["Accounts"]
        assert sorted(account["Id"] for account in found) == sorted(state["organization"]["accounts"][stage])
        assert len(found) == 2


def test_an_account_can_be_added_to_a_unit(state, moto):
    unit = state["organization"]["units"]["staging"]
    added = accounts.add_account(state["moto"]["url"], unit, "staging-3")
    found = moto("organizations").list_accounts_for_parent(ParentId=unit)["Accounts"]
    assert added in {account["Id"] for account in found}
    assert moto("sts", added).get_caller_identity()["Account"] == added


def test_a_cloud_that_died_or_was_cut_off_while_starting_starts_again(tmp_path):
    cloud = Cloud(tmp_path)
    first = cloud.up()
    try:
        moto = Process(first["moto"]["pid"], first["moto"]["started"])
        assert processes.end(moto) == []
        assert not cloud.status()["healthy"]
        second = cloud.up()
        assert cloud.status()["healthy"]
        assert not any(leader.alive() for leader in leaders(first)), "what was left of the first is ended"
        assert leaders(second) != leaders(first)
        half = {key: value for key, value in second.items() if key != "ministack"}
        assert cloud.status()["state"] == second
        processes.end(leaders(second)[0])
        cloud.state_file.write_text(json.dumps(half))
        assert not cloud.status()["healthy"]
        assert cloud.up()["ministack"]["pid"] != second["ministack"]["pid"]
    finally:
        cloud.down()
