"""Corrections to ministack's AWS Backup: jobs that take time, and the recovery points that they leave in a vault.

A job is CREATED, then RUNNING, then COMPLETED, or FAILED if its file system has gone meanwhile; each DescribeBackupJob
or ListBackupJobs brings it on. Only file systems of EFS can be backed up here.
"""

from urllib.parse import unquote

from ministack.core.responses import get_account_id, get_region, new_uuid
from ministack.services import backup, efs
from ministack.services.cloudformation import provisioners

# How often each status is seen.
STATUSES = ("CREATED", "RUNNING", "RUNNING")
NOT_FOUND, BAD_REQUEST = "ResourceNotFoundException", "InvalidRequestException"


def install() -> None:
    backup._start_job = _start_job
    backup._describe_job = _describe_job
    backup._stop_job = _looking_first(backup._stop_job)
    backup._list_jobs = _looking_first(backup._list_jobs)
    backup._list_recovery_points_by_vault = _points_of_vault
    backup._describe_recovery_point = _describe_point
    backup._describe_vault = _describe_vault
    backup._delete_vault = _delete_vault(backup._delete_vault)
    backup.handle_request = _with_other_routes(backup.handle_request)
    provisioners._RESOURCE_HANDLERS["AWS::Backup::BackupVault"]["delete"] = _delete_vault_of_stack
    provisioners._backup_vault_delete = _delete_vault_of_stack


def _start_job(body):
    missing = [name for name in ("BackupVaultName", "ResourceArn", "IamRoleArn") if not body.get(name)]
    if missing:
        return backup._err("MissingParameterValueException", f"{', '.join(missing)} not given.")
    vault, resource = backup._vaults.get(body["BackupVaultName"]), body["ResourceArn"]
    if vault is None:
        return backup._err(NOT_FOUND, f"Backup vault {body['BackupVaultName']} does not exist.")
    if not _exists(resource):
        return backup._err(NOT_FOUND, f"Resource {resource} does not exist.")
    token = body.get("IdempotencyToken")
    job = next((each for each in backup._jobs.values() if token and each["IdempotencyToken"] == token), None)
    if job is None:
        job = _new_job(body, vault)
        backup._jobs[job["BackupJobId"]] = job
    return backup._ok({name: job[name] for name in ("BackupJobId", "RecoveryPointArn", "CreationDate", "IsParent")})


def _new_job(body: dict, vault: dict) -> dict:
    point = f"arn:aws:backup:{get_region()}:{get_account_id()}:recovery-point:{new_uuid()}"
    return {
        "AccountId": get_account_id(),
        "BackupJobId": new_uuid().upper(),
        "BackupVaultName": vault["BackupVaultName"],
        "BackupVaultArn": vault["BackupVaultArn"],
        "RecoveryPointArn": point,
        "ResourceArn": body["ResourceArn"],
        "ResourceType": "EFS",
        "IamRoleArn": body["IamRoleArn"],
        "CreationDate": backup._epoch(),
        "StartBy": backup._epoch() + 60 * int(body.get("StartWindowMinutes", 480)),
        "State": STATUSES[0],
        "PercentDone": "0.0",
        "BackupSizeInBytes": 0,
        "IsParent": False,
        "RecoveryPointTags": body.get("RecoveryPointTags", {}),
        "IdempotencyToken": body.get("IdempotencyToken", ""),
        "looks": 0,
    }


def _look(job: dict) -> None:
    if job["State"] not in STATUSES:
        return
    if job["looks"] < len(STATUSES):
        job["State"] = STATUSES[job["looks"]]
        job["looks"] += 1
        return
    there = _exists(job["ResourceArn"]) and job["BackupVaultName"] in backup._vaults
    job |= {"State": "COMPLETED" if there else "FAILED", "CompletionDate": backup._epoch()}
    job |= {"PercentDone": "100.0"} if there else {"StatusMessage": "The resource or its vault is not there any more."}


def _looking_first(function):
    def look_first(argument):
        for job in backup._jobs.values():
            if argument in (job["BackupJobId"],) or isinstance(argument, dict):
                _look(job)
        return function(argument)

    return look_first


def _describe_job(job_id):
    job = backup._jobs.get(job_id)
    if job is None:
        return backup._err(NOT_FOUND, f"Backup job {job_id} does not exist.")
    _look(job)
    return backup._ok({name: value for name, value in job.items() if name != "looks"})


def _points(**of: str) -> list[dict]:
    return [
        {
            "RecoveryPointArn": job["RecoveryPointArn"],
            "BackupVaultName": job["BackupVaultName"],
            "BackupVaultArn": job["BackupVaultArn"],
            "ResourceArn": job["ResourceArn"],
            "ResourceType": job["ResourceType"],
            "IamRoleArn": job["IamRoleArn"],
            "Status": "COMPLETED",
            "CreationDate": job["CreationDate"],
            "CompletionDate": job["CompletionDate"],
            "BackupSizeInBytes": job["BackupSizeInBytes"],
        }
        for job in backup._jobs.values()
        if job["State"] == "COMPLETED" and not job.get("deleted") and job.items() >= of.items()
    ]


def _points_of_vault(vault, query):
    if vault not in backup._vaults:
        return backup._err(NOT_FOUND, f"Backup vault {vault} does not exist.")
    wanted = {"ResourceArn": query["resourceArn"]} if "resourceArn" in query else {}
    return backup._paginate(_points(BackupVaultName=vault, **wanted), query, "RecoveryPoints")


def _describe_point(vault, arn):
    found = _points(BackupVaultName=vault, RecoveryPointArn=unquote(arn))
    return backup._ok(found[0]) if found else backup._err(NOT_FOUND, f"Recovery point {arn} does not exist.")


def _delete_point(vault, arn):
    if not _points(BackupVaultName=vault, RecoveryPointArn=arn):
        return backup._err(NOT_FOUND, f"Recovery point {arn} does not exist.")
    for job in backup._jobs.values():
        if job["RecoveryPointArn"] == arn:
            job["deleted"] = True
    return backup._no_content()


def _describe_vault(name):
    vault = backup._vaults.get(name)
    if vault is None:
        return backup._err(NOT_FOUND, f"Backup vault {name} does not exist.")
    return backup._ok({**vault, "NumberOfRecoveryPoints": len(_points(BackupVaultName=name))})


def _delete_vault(delete):
    def delete_vault(name):
        if _points(BackupVaultName=name):
            return backup._err(BAD_REQUEST, f"Backup vault {name} cannot be deleted: it contains recovery points.")
        if name not in backup._vaults:
            return backup._err(NOT_FOUND, f"Backup vault {name} does not exist.")
        return delete(name)

    return delete_vault


def _delete_vault_of_stack(physical_id, props):
    status, headers, body = backup._delete_vault(physical_id)
    if status >= 400 and headers["x-amzn-errortype"] != NOT_FOUND:
        raise ValueError(body.decode())


def _with_other_routes(handle):
    """ministack can neither delete a recovery point nor list those of a resource."""

    async def handle_request(method, path, headers, body, query_params):
        first, _, rest = unquote(path).strip("/").partition("/")
        vault, _, point = rest.partition("/recovery-points/")
        if method == "DELETE" and first == "backup-vaults" and point:
            return _delete_point(vault, point)
        if method == "GET" and first == "resources" and rest.endswith("/recovery-points"):
            query = {key: value[0] if isinstance(value, list) else value for key, value in query_params.items()}
            found = _points(ResourceArn=rest.removesuffix("/recovery-points"))
            return backup._paginate(found, query, "RecoveryPoints")
        return await handle(method, path, headers, body, query_params)

    return handle_request


def _exists(resource: str) -> bool:
    found = efs._file_systems.get(resource.rpartition("/")[2], {})
    return found.get("FileSystemArn") == resource and found["LifeCycleState"] == "available"
