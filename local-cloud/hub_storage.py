"""Corrections to ministack's EFS: states that pass, pages, and mount targets that hold network interfaces."""

import hub_network
from ministack.services import ec2, efs
from ministack.services.cloudformation import provisioners
from shapes import page

LARGEST_PAGE = 100
_GOING = "local-cloud:going"


def install() -> None:
    efs._create_file_system = _create_file_system(efs._create_file_system)
    efs._describe_file_systems = _describe_file_systems
    efs._delete_file_system = _delete_file_system(efs._delete_file_system)
    efs._fs_response = _without_marks(efs._fs_response)
    efs._create_mount_target = _create_mount_target(efs._create_mount_target)
    efs._describe_mount_targets = _describe_mount_targets
    efs._delete_mount_target = _delete_mount_target(efs._delete_mount_target)
    efs._modify_mount_target_security_groups = _modify_groups(efs._modify_mount_target_security_groups)
    efs._mt_response = _without_marks(efs._mt_response)
    _let_cloudformation_wait()


def _create_file_system(create):
    def create_file_system(body):
        known = [each for each in efs._file_systems.values() if each["CreationToken"] == body.get("CreationToken")]
        if known:
            message = f"File system '{known[0]['FileSystemId']}' already exists with creation token."
            return efs._error(409, "FileSystemAlreadyExists", message)
        return create(body)

    return create_file_system


def _describe_file_systems(query):
    _look(efs._file_systems)
    identifier, token = query.get("FileSystemId"), query.get("CreationToken")
    if identifier and identifier not in efs._file_systems:
        return efs._error(404, "FileSystemNotFound", f"File system '{identifier}' does not exist.")
    found = [
        efs._fs_response(each)
        for each in efs._file_systems.values()
        if each["FileSystemId"] == (identifier or each["FileSystemId"])
        and each["CreationToken"] == (token or each["CreationToken"])
    ]
    return _paged(found, query, "FileSystems")


def _delete_file_system(delete):
    """Refused or begun as ministack does it, but the file system is there, deleting, until it is looked at."""

    def delete_file_system(identifier):
        _look(efs._mount_targets, {"FileSystemId": identifier})
        record = efs._file_systems.get(identifier)
        answer = delete(identifier)
        if record and identifier not in efs._file_systems:
            efs._file_systems[identifier] = record | {"LifeCycleState": "deleting", _GOING: True}
        return answer

    return delete_file_system


def _create_mount_target(create):
    def create_mount_target(body):
        before = set(efs._mount_targets.keys())
        answer = create(body)
        for identifier in set(efs._mount_targets.keys()) - before:
            record = efs._mount_targets[identifier]
            hub_network.keep_interface(
                record["NetworkInterfaceId"],
                ec2._subnets[record["SubnetId"]],
                record["SecurityGroups"],
                record.get("IpAddress", ""),
                f"EFS mount target for {record['FileSystemId']} ({identifier})",
            )
            record["LifeCycleState"] = "creating"
            return efs._json(200, efs._mt_response(record))
        return answer

    return create_mount_target


def _describe_mount_targets(query):
    identifier = query.get("MountTargetId")
    file_system = query.get("FileSystemId") or _file_system_of(query.get("AccessPointId"))
    if bool(identifier) == bool(file_system):
        return efs._error(400, "BadRequest", "Exactly one of FileSystemId, MountTargetId and AccessPointId is needed.")
    if file_system and efs._fs_id_from(file_system) not in efs._file_systems:
        return efs._error(404, "FileSystemNotFound", f"File system '{file_system}' does not exist.")
    of = {"FileSystemId": efs._fs_id_from(file_system)} if file_system else {"MountTargetId": identifier}
    _look(efs._mount_targets, of)
    found = [efs._mt_response(each) for each in efs._mount_targets.values() if each.items() >= of.items()]
    if identifier and not found:
        return efs._error(404, "MountTargetNotFound", f"Mount target '{identifier}' does not exist.")
    return _paged(found, query, "MountTargets")


def _file_system_of(access_point: str | None) -> str | None:
    return efs._access_points.get(access_point, {}).get("FileSystemId") if access_point else None


def _delete_mount_target(delete):
    """The mount target is there, deleting, until it is looked at, and counts; its interface stays a little longer."""

    def delete_mount_target(identifier):
        record = efs._mount_targets.get(identifier)
        if not record:
            return delete(identifier)
        record |= {"LifeCycleState": "deleting", _GOING: True}
        return efs._json(204, {})

    return delete_mount_target


def _modify_groups(modify):
    def modify_mount_target_security_groups(identifier, body):
        answer = modify(identifier, body)
        if answer[0] < 300:
            record = efs._mount_targets[identifier]
            ec2._network_interfaces[record["NetworkInterfaceId"]]["Groups"] = [
                {"GroupId": each, "GroupName": ec2._security_groups[each]["GroupName"]}
                for each in record["SecurityGroups"]
            ]
        return answer

    return modify_mount_target_security_groups


def _look(records, of: dict | None = None) -> None:
    """What was shown in a passing state the last time is in the next one now."""
    for identifier, record in list(records.items()):
        if not record.items() >= (of or {}).items():
            continue
        if record.get(_GOING) == "shown":
            _forget(records, identifier)
        elif _GOING in record:
            record[_GOING] = "shown"
        elif record["LifeCycleState"] == "creating":
            shown = record.pop("local-cloud:shown", False)
            record |= {"LifeCycleState": "available"} if shown else {"local-cloud:shown": True}


def _forget(records, identifier: str, at_once: bool = False) -> None:
    record = records.pop(identifier)
    if "MountTargetId" in record:
        hub_network.drop_interface(record["NetworkInterfaceId"], at_once)
        file_system = efs._file_systems.get(record["FileSystemId"])
        if file_system:
            file_system["NumberOfMountTargets"] -= 1


def _without_marks(answer):
    return lambda record: {key: value for key, value in answer(record).items() if not key.startswith("local-cloud:")}


def _paged(found: list[dict], query: dict, key: str):
    items, following = page(found, query.get("Marker"), int(query.get("MaxItems") or 0), LARGEST_PAGE)
    return efs._json(200, {key: items} | ({"NextMarker": following} if following else {}))


def _let_cloudformation_wait() -> None:
    """CloudFormation goes on only when the mount target, with its interface, is available or gone."""
    targets = provisioners._RESOURCE_HANDLERS["AWS::EFS::MountTarget"]
    systems = provisioners._RESOURCE_HANDLERS["AWS::EFS::FileSystem"]
    create, delete, delete_system = targets["create"], targets["delete"], systems["delete"]

    def create_mount_target(logical_id, props, stack_name):
        made = create(logical_id, props, stack_name)
        efs._mount_targets[made[0]]["LifeCycleState"] = "available"
        return made

    def delete_mount_target(physical_id, props):
        delete(physical_id, props)
        if physical_id in efs._mount_targets:
            _forget(efs._mount_targets, physical_id, at_once=True)

    def delete_file_system(physical_id, props):
        delete_system(physical_id, props)
        efs._file_systems.pop(physical_id, None)

    targets |= {"create": create_mount_target, "delete": delete_mount_target}
    systems["delete"] = delete_file_system
