"""Corrections to ministack's EC2: filters and pages of what Describe operations answer.

ministack answers everything at once, and everything for a filter it does not know; AWS refuses the filter.
"""

from collections.abc import Callable
from dataclasses import dataclass

import hub_network
from ministack.services import ec2
from shapes import page

SMALLEST_PAGE, LARGEST_PAGE = 5, 1000


@dataclass(frozen=True)
class View:
    """One Describe operation: `filters` gives the values of a record that a filter of that name compares."""

    action: str
    members: str
    identifier: str
    ids: str
    missing: tuple[str, str]
    records: Callable[[], list[dict]]
    as_xml: Callable[[dict], str]
    filters: dict[str, Callable[[dict], list[str]]]

    def answer(self, parameters: dict):
        ids, wanted = ec2._parse_member_list(parameters, self.ids), ec2._parse_filters(parameters)
        unknown = [name for name in wanted if name not in self.filters and not name.startswith(("tag:", "tag-"))]
        if unknown:
            return ec2._error("InvalidParameterValue", f"The filter '{unknown[0]}' is invalid", 400)
        size = int(ec2._p(parameters, "MaxResults") or 0)
        if ids and size:
            message = f"The parameter {self.ids} cannot be used with the parameter MaxResults"
            return ec2._error("InvalidParameterCombination", message, 400)
        if size and not SMALLEST_PAGE <= size <= LARGEST_PAGE:
            message = f"Value ( {size} ) for parameter maxResults is invalid. Expecting a value of 5 to 1000."
            return ec2._error("InvalidParameterValue", message, 400)
        records = self.records()
        absent = sorted(set(ids) - {each[self.identifier] for each in records})
        if absent:
            code, message = self.missing
            return ec2._error(code, message.format(absent[0]), 400)
        found = [each for each in records if (not ids or each[self.identifier] in ids) and self._matches(each, wanted)]
        items, following = page(found, ec2._p(parameters, "NextToken"), size, LARGEST_PAGE)
        body = f"<{self.members}>{''.join(self.as_xml(each) for each in items)}</{self.members}>"
        token = f"<nextToken>{following}</nextToken>" if following else ""
        return ec2._xml(200, f"{self.action}Response", body + token)

    def _matches(self, record: dict, wanted: dict[str, list[str]]) -> bool:
        return ec2._resource_matches_tag_filters(record[self.identifier], wanted) and all(
            any(ec2._glob_match(pattern, value) for pattern in patterns for value in self.filters[name](record))
            for name, patterns in wanted.items()
            if name in self.filters
        )


def install() -> None:
    for view in VIEWS:
        ec2._ACTION_MAP[view.action] = view.answer
    describe = ec2._eni_fields_xml

    def describe_interface(interface, tag="item"):
        managed = str(bool(interface.get("RequesterManaged"))).lower()
        described = describe(interface, tag).removesuffix(f"</{tag}>")
        return f"{described}<requesterManaged>{managed}</requesterManaged></{tag}>"

    ec2._eni_fields_xml = describe_interface


def _of(*names: str) -> dict[str, Callable[[dict], list[str]]]:
    """Filters that compare one member of a record: `vpc-id` the member VpcId."""
    member = {name: "".join(part.capitalize() for part in name.split("-")) for name in names}
    return {name: lambda record, key=member[name]: [_text(record.get(key))] for name in names}


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value or "")


def _links(key: str) -> Callable[[dict], list[str]]:
    return lambda table: [_text(each[key]) for each in table["Associations"] if key in each]


def _groups_of_rules(direction: str) -> Callable[[dict], list[str]]:
    return lambda group: [each for rule in group[direction] for each in hub_network.groups_in(rule)]


def _group_as_xml(group: dict) -> str:
    """With the rules of one protocol and port range together, as AWS answers them."""
    together = {}
    for direction in ("IpPermissions", "IpPermissionsEgress"):
        merged: dict[tuple, dict] = {}
        for rule in group[direction]:
            ports = (rule["IpProtocol"], rule.get("FromPort"), rule.get("ToPort"))
            known = merged.setdefault(ports, {**rule, **{key: [] for key in hub_network.TARGETS}})
            for key in hub_network.TARGETS:
                known[key] = known[key] + rule.get(key, [])
        together[direction] = list(merged.values())
    return ec2._sg_xml({**group, **together})


def _rules() -> list[dict]:
    found = [
        {"GroupId": group["GroupId"], "IsEgress": egress, "Rule": rule}
        for group in ec2._security_groups.values()
        for egress, direction in ((False, "IpPermissions"), (True, "IpPermissionsEgress"))
        for rule in group[direction]
    ]
    return [{**each, "Id": ec2._sg_rule_id(each["GroupId"], each["IsEgress"], each["Rule"])} for each in found]


VIEWS = (
    View(
        "DescribeSecurityGroups",
        "securityGroupInfo",
        "GroupId",
        "GroupId",
        ("InvalidGroup.NotFound", "The security group '{}' does not exist"),
        lambda: list(ec2._security_groups.values()),
        _group_as_xml,
        _of("vpc-id", "group-id", "group-name", "owner-id", "description")
        | {
            "ip-permission.group-id": _groups_of_rules("IpPermissions"),
            "egress.ip-permission.group-id": _groups_of_rules("IpPermissionsEgress"),
        },
    ),
    View(
        "DescribeSecurityGroupRules",
        "securityGroupRuleSet",
        "Id",
        "SecurityGroupRuleId",
        ("InvalidSecurityGroupRuleId.NotFound", "The security group rule '{}' does not exist"),
        _rules,
        lambda each: ec2._sg_rule_xml(each["GroupId"], each["Rule"], each["IsEgress"]),
        _of("group-id") | {"security-group-rule-id": lambda each: [each["Id"]]},
    ),
    View(
        "DescribeSubnets",
        "subnetSet",
        "SubnetId",
        "SubnetId",
        ("InvalidSubnetID.NotFound", "The subnet ID '{}' does not exist"),
        lambda: list(ec2._subnets.values()),
        ec2._subnet_xml,
        _of("vpc-id", "subnet-id", "availability-zone", "availability-zone-id", "cidr-block", "default-for-az")
        | _of("state", "owner-id")
        | {name: lambda subnet: [subnet["CidrBlock"]] for name in ("cidr", "cidrBlock")},
    ),
    View(
        "DescribeRouteTables",
        "routeTableSet",
        "RouteTableId",
        "RouteTableId",
        ("InvalidRouteTableID.NotFound", "The routeTable ID '{}' does not exist"),
        lambda: list(ec2._route_tables.values()),
        lambda table: ec2._rtb_fields_xml(table),
        _of("vpc-id", "route-table-id", "owner-id")
        | {
            "association.main": _links("Main"),
            "association.subnet-id": _links("SubnetId"),
            "association.route-table-id": _links("RouteTableId"),
            "association.route-table-association-id": _links("RouteTableAssociationId"),
        },
    ),
    View(
        "DescribeNetworkInterfaces",
        "networkInterfaceSet",
        "NetworkInterfaceId",
        "NetworkInterfaceId",
        ("InvalidNetworkInterfaceID.NotFound", "The networkInterface ID '{}' does not exist"),
        hub_network.interfaces,
        lambda interface: ec2._eni_fields_xml(interface),
        _of("vpc-id", "subnet-id", "status", "description", "network-interface-id", "interface-type", "owner-id")
        | _of("availability-zone", "private-ip-address")
        | {
            "group-id": lambda interface: [each["GroupId"] for each in interface["Groups"]],
            "requester-managed": lambda interface: [_text(bool(interface.get("RequesterManaged")))],
        },
    ),
)
