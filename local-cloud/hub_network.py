"""Corrections to ministack's EC2: deletions that AWS refuses, and rules of security groups as AWS keeps them.

Network interfaces of other services are made and removed by `keep_interface` and `drop_interface`. A dropped one stays
for some looks, as in AWS, where it goes a while after its mount target: until then what it uses cannot be deleted.
"""

import random

from ministack.core.responses import get_account_id
from ministack.services import ec2
from ministack.services.cloudformation import provisioners

LOOKS_UNTIL_DROPPED = 2
TARGETS = ("IpRanges", "Ipv6Ranges", "PrefixListIds", "UserIdGroupPairs")
_DROPPED = "local-cloud:looks"


def install() -> None:
    for action, function in (
        ("DeleteSecurityGroup", _delete_security_group),
        ("DeleteSubnet", _delete_subnet),
        ("DeleteVpc", _delete_vpc),
        ("DeleteNetworkInterface", _delete_network_interface),
        ("RevokeSecurityGroupIngress", _revoke("IpPermissions", ec2._revoke_sg_ingress)),
        ("RevokeSecurityGroupEgress", _revoke("IpPermissionsEgress", ec2._revoke_sg_egress)),
    ):
        original = ec2._ACTION_MAP[action]
        ec2._ACTION_MAP[action] = function
        setattr(ec2, original.__name__, function)  # CloudFormation's types call it by its name
    _keep_one_rule_per_target()
    _delete_by_the_api("AWS::EC2::SecurityGroup", "_ec2_sg_delete", "GroupId", _delete_security_group)
    _delete_by_the_api("AWS::EC2::Subnet", "_ec2_subnet_delete", "SubnetId", _delete_subnet)


def keep_interface(identifier: str, subnet: dict, groups: list[str], address: str, description: str) -> None:
    """Makes a network interface that a service holds in a subnet."""
    ec2._network_interfaces[identifier] = {
        "NetworkInterfaceId": identifier,
        "SubnetId": subnet["SubnetId"],
        "VpcId": subnet["VpcId"],
        "AvailabilityZone": subnet["AvailabilityZone"],
        "Description": description,
        "OwnerId": get_account_id(),
        "Status": "in-use",
        "PrivateIpAddress": address,
        "InterfaceType": "interface",
        "RequesterManaged": True,
        "SourceDestCheck": True,
        "MacAddress": ":".join(f"{random.randint(0, 255):02x}" for _ in range(6)),
        "Groups": [{"GroupId": each, "GroupName": ec2._security_groups[each]["GroupName"]} for each in groups],
        "Attachment": None,
    }


def drop_interface(identifier: str, at_once: bool = False) -> None:
    if at_once:
        ec2._network_interfaces.pop(identifier, None)
    elif identifier in ec2._network_interfaces:
        ec2._network_interfaces[identifier][_DROPPED] = LOOKS_UNTIL_DROPPED


def interfaces(uses=lambda interface: True) -> list[dict]:
    """The network interfaces that are there, after a look at each."""
    found = [each for each in list(ec2._network_interfaces.values()) if uses(each)]
    for each in found:
        if each.get(_DROPPED) == 0:
            del ec2._network_interfaces[each["NetworkInterfaceId"]]
        elif _DROPPED in each:
            each[_DROPPED] -= 1
    return [each for each in found if each["NetworkInterfaceId"] in ec2._network_interfaces]


def groups_in(rule: dict) -> set[str]:
    return {each["GroupId"] for each in rule["UserIdGroupPairs"] if "GroupId" in each}


def _delete_security_group(parameters, delete=ec2._delete_security_group):
    group = ec2._p(parameters, "GroupId")
    referring = [
        each["GroupId"]
        for each in ec2._security_groups.values()
        if each["GroupId"] != group
        and any(group in groups_in(rule) for rule in each["IpPermissions"] + each["IpPermissionsEgress"])
    ]
    endpoints = [each for each in ec2._vpc_endpoints.values() if group in each.get("SecurityGroupIds", [])]
    if referring or endpoints or interfaces(lambda each: group in {used["GroupId"] for used in each["Groups"]}):
        return ec2._error("DependencyViolation", f"resource {group} has a dependent object", 400)
    return delete(parameters)


def _delete_subnet(parameters, delete=ec2._delete_subnet):
    subnet = ec2._p(parameters, "SubnetId")
    endpoints = [each for each in ec2._vpc_endpoints.values() if subnet in each.get("SubnetIds", [])]
    if endpoints or interfaces(lambda each: each["SubnetId"] == subnet):
        return ec2._error("DependencyViolation", f"The subnet '{subnet}' has dependencies and cannot be deleted.", 400)
    for table in ec2._route_tables.values():
        table["Associations"] = [each for each in table["Associations"] if each.get("SubnetId") != subnet]
    return delete(parameters)


def _delete_vpc(parameters, delete=ec2._delete_vpc):
    """ministack knows of subnets, groups and gateways, and takes everything else with the VPC."""
    vpc = ec2._p(parameters, "VpcId")
    tables = [each for each in ec2._route_tables.values() if not any(link["Main"] for link in each["Associations"])]
    lists = [each for each in ec2._network_acls.values() if not each["IsDefault"]]
    if any(each["VpcId"] == vpc for each in [*tables, *lists, *ec2._vpc_endpoints.values()]):
        return ec2._error("DependencyViolation", f"The vpc '{vpc}' has dependencies and cannot be deleted.", 400)
    return delete(parameters)


def _delete_network_interface(parameters, delete=ec2._delete_network_interface):
    identifier = ec2._p(parameters, "NetworkInterfaceId")
    if ec2._network_interfaces.get(identifier, {}).get("Status") == "in-use":
        return ec2._error("InvalidParameterValue", f"Network interface '{identifier}' is currently in use.", 400)
    return delete(parameters)


def _revoke(direction: str, revoke):
    """Outside default VPCs, AWS refuses to revoke a rule that is not there, and revokes none then."""

    def revoke_rules(parameters):
        group = ec2._security_groups.get(ec2._p(parameters, "GroupId"))
        named = ec2._parse_ip_permissions(parameters, "IpPermissions")
        strict = group is not None and not ec2._vpcs.get(group["VpcId"], {}).get("IsDefault")
        if strict and not all(any(ec2._rules_match(rule, each) for each in group[direction]) for rule in named):
            return ec2._error(
                "InvalidPermission.NotFound", "The specified rule does not exist in this security group.", 400
            )
        return revoke(parameters)

    return revoke_rules


def _keep_one_rule_per_target() -> None:
    """A permission names several ranges and groups; each is a rule of its own, which can be revoked by itself.

    ministack keeps permissions whole, and compares what was given with what it answers: a group without its owner
    with the same group and its owner.
    """
    parse = ec2._parse_ip_permissions

    def parse_ip_permissions(parameters, prefix):
        return [rule for permission in parse(parameters, prefix) for rule in one_rule_per_target(permission)]

    def strip_descriptions(rule):
        kept = {key: rule[key] for key in ("IpProtocol", "FromPort", "ToPort") if key in rule}
        for key in TARGETS:
            kept[key] = sorted(_target(each) for each in rule.get(key, []))
        return kept

    ec2._parse_ip_permissions, ec2._strip_descriptions = parse_ip_permissions, strip_descriptions


def _target(entry: dict) -> str:
    return next(entry[name] for name in ("CidrIp", "CidrIpv6", "PrefixListId", "GroupId", "GroupName") if name in entry)


def one_rule_per_target(permission: dict) -> list[dict]:
    nothing = {key: [] for key in TARGETS}
    split = [{**permission, **nothing, key: [each]} for key in TARGETS for each in permission.get(key, [])]
    return split or [permission]


def _delete_by_the_api(resource_type: str, function: str, parameter: str, delete) -> None:
    """CloudFormation deletes by the API, which may refuse."""

    def delete_resource(physical_id, props):
        status, _, body = delete({parameter: [physical_id]})
        if status >= 400 and b".NotFound" not in body:
            raise ValueError(body.decode().partition("<Message>")[2].partition("</Message>")[0])
        ec2._tags.pop(physical_id, None)

    provisioners._RESOURCE_HANDLERS[resource_type]["delete"] = delete_resource
    setattr(provisioners, function, delete_resource)
