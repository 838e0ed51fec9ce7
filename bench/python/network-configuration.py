"""Custom::NetworkConfiguration, written the usual way."""

import logging

import boto3
from response import custom_resource

logging.getLogger().setLevel(logging.INFO)
LOGGER = logging.getLogger(__name__)
EC2 = boto3.client("ec2")


def listed(operation, key, vpc):
    pages = EC2.get_paginator(operation).paginate(Filters=[{"Name": "vpc-id", "Values": [vpc]}])
    return [item for page in pages for item in page[key]]


@custom_resource
def handler(event):
    if event["RequestType"] == "Delete":
        return {}
    properties = event["ResourceProperties"]
    vpc, zones = properties["VpcId"], properties.get("AvailabilityZones", [])
    if not listed("describe_vpcs", "Vpcs", vpc):
        raise LookupError(f"there is no {vpc}")
    subnets = {subnet["CidrBlock"]: subnet for subnet in listed("describe_subnets", "Subnets", vpc)}
    tables = listed("describe_route_tables", "RouteTables", vpc)
    main, own = None, {}
    for table in tables:
        for association in table["Associations"]:
            if association["Main"]:
                main = table["RouteTableId"]
            elif "SubnetId" in association:
                own[association["SubnetId"]] = table["RouteTableId"]
    found, routes = [], []
    for block in properties["SubnetCidrBlocks"]:
        subnet = subnets.get(block)
        if subnet is None or subnet["State"] != "available" or zones and subnet["AvailabilityZone"] not in zones:
            raise LookupError(f"{vpc} has no subnet {block} that can be used")
        found.append(subnet["SubnetId"])
        route = own.get(subnet["SubnetId"], main)
        if route not in routes:
            routes.append(route)
    LOGGER.info("found %d subnets", len(found))
    return {"SubnetIds": ",".join(found), "RouteTableIds": ",".join(routes)}
