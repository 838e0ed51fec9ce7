import pytest
from conftest import eventually
from test_supplement import call, refused

ROLE = "arn:aws:iam::111111111111:role/backup"


@pytest.fixture
def order(hub) -> dict:
    """What StartBackupJob needs to back a file system up into a vault."""
    call(hub("backup"), "CreateBackupVault", BackupVaultName="home")
    made = hub("efs").create_file_system(CreationToken="home")
    return {"BackupVaultName": "home", "ResourceArn": made["FileSystemArn"], "IamRoleArn": ROLE}


def test_a_job_runs_and_leaves_a_recovery_point(hub, order):
    backup = hub("backup")
    started = call(backup, "StartBackupJob", **order, IdempotencyToken="once")
    again = call(backup, "StartBackupJob", **order, IdempotencyToken="once")
    assert again["BackupJobId"] == started["BackupJobId"]
    states = []
    while not states or states[-1] in ("CREATED", "RUNNING"):
        states.append(call(backup, "DescribeBackupJob", BackupJobId=started["BackupJobId"])["State"])
        if states[-1] != "COMPLETED":
            assert backup.list_recovery_points_by_backup_vault(BackupVaultName="home")["RecoveryPoints"] == []
    assert states == ["CREATED", "RUNNING", "RUNNING", "COMPLETED"]
    (point,) = call(backup, "ListRecoveryPointsByBackupVault", BackupVaultName="home")["RecoveryPoints"]
    assert (point["RecoveryPointArn"], point["ResourceArn"]) == (started["RecoveryPointArn"], order["ResourceArn"])
    by_resource = call(backup, "ListRecoveryPointsByResource", ResourceArn=order["ResourceArn"])["RecoveryPoints"]
    assert [each["RecoveryPointArn"] for each in by_resource] == [point["RecoveryPointArn"]]
    key = {"BackupVaultName": "home", "RecoveryPointArn": point["RecoveryPointArn"]}
    assert call(backup, "DescribeRecoveryPoint", **key)["Status"] == "COMPLETED"

    assert refused(backup, "DeleteBackupVault", BackupVaultName="home") == "InvalidRequestException"
    backup.delete_recovery_point(**key)
    assert refused(backup, "DescribeRecoveryPoint", **key) == "ResourceNotFoundException"
    backup.delete_backup_vault(BackupVaultName="home")
    assert refused(backup, "DescribeBackupVault", BackupVaultName="home") == "ResourceNotFoundException"


def test_a_job_whose_file_system_goes_fails(hub, order):
    backup = hub("backup")
    job = call(backup, "StartBackupJob", **order)["BackupJobId"]
    hub("efs").delete_file_system(FileSystemId=order["ResourceArn"].rpartition("/")[2])
    describe = lambda: call(backup, "DescribeBackupJob", BackupJobId=job)  # noqa: E731
    found = eventually(lambda: (job := describe())["State"] not in ("CREATED", "RUNNING") and job)
    assert found["State"] == "FAILED"
    assert found["StatusMessage"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"BackupVaultName": "absent"},
        {"ResourceArn": "arn:aws:elasticfilesystem:eu-west-1:111111111111:file-system/fs-0"},
    ],
    ids=["vault", "file system"],
)
def test_a_job_without_vault_or_file_system_is_refused(hub, order, wrong):
    assert refused(hub("backup"), "StartBackupJob", **(order | wrong)) == "ResourceNotFoundException"
