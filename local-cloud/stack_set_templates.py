"""Templates of stack sets: where they come from, and what AWS refuses before any account is touched."""

import json
import os
import re
from urllib.parse import urlparse

import boto3
import yaml
from botocore.config import Config
from moto.cloudformation.models import Stack
from service_model import Refused

LARGEST_BODY = 51_200


def template_of(parameters: dict, previous: str | None = None) -> str:
    if parameters.get("UsePreviousTemplate") and previous:
        return previous
    body, url = parameters.get("TemplateBody"), parameters.get("TemplateURL")
    if url:
        body = _from_hub(url)
    if not body:
        raise Refused("ValidationError", "Either Template URL or Template Body must be specified.")
    if not url and len(body.encode()) > LARGEST_BODY:
        raise Refused(
            "ValidationError",
            "1 validation error detected: Value at 'templateBody' failed to satisfy constraint: "
            f"Member must have length less than or equal to {LARGEST_BODY}",
        )
    return body


def _from_hub(url: str) -> str:
    """Templates are objects of the hub account, whose S3 is the other emulator's."""
    parts = urlparse(url)
    host, path = parts.hostname or "", parts.path.lstrip("/")
    virtual = re.match(r"(.+?)\.s3[.-]", host)
    bucket, key = (virtual.group(1), path) if virtual else path.split("/", 1)
    s3 = boto3.client(
        "s3", endpoint_url=os.environ["HUB_ENDPOINT_URL"], config=Config(s3={"addressing_style": "path"}, proxies={})
    )
    try:
        return s3.get_object(Bucket=bucket, Key=key)["Body"].read().decode()
    except s3.exceptions.ClientError as error:
        raise Refused("ValidationError", f"S3 error: {error.response['Error']['Message']}") from error


def checked_values(
    template: str, given: list[dict], capabilities: list[str], previous: dict[str, str]
) -> dict[str, str]:
    """The values of the template's parameters, after the checks that AWS makes before any account is touched."""
    try:
        parsed = Stack.parse_template(template)
        declared, resources = parsed.get("Parameters") or {}, parsed["Resources"]
    except (yaml.YAMLError, json.JSONDecodeError, AttributeError, KeyError, TypeError) as error:
        raise Refused("ValidationError", f"Template format error: {error}") from error
    values = {
        each["ParameterKey"]: previous.get(each["ParameterKey"], "")
        if each.get("UsePreviousValue")
        else each.get("ParameterValue", "")
        for each in given
    }
    unknown = sorted(set(values) - set(declared))
    if unknown:
        raise Refused("ValidationError", f"Parameters: [{', '.join(unknown)}] do not exist in the template")
    missing = [name for name, each in declared.items() if name not in values and "Default" not in each]
    if missing:
        raise Refused("ValidationError", f"Parameters: [{', '.join(missing)}] must have values")
    for name, value in values.items():
        _check_constraints(name, value, declared[name])
    iam = [each for each in resources.values() if each["Type"].startswith("AWS::IAM::")]
    named = any(
        {"RoleName", "ManagedPolicyName", "UserName", "GroupName"} & set(each.get("Properties", {})) for each in iam
    )
    if iam and not ({"CAPABILITY_NAMED_IAM"} | (set() if named else {"CAPABILITY_IAM"})) & set(capabilities):
        needed = "CAPABILITY_NAMED_IAM" if named else "CAPABILITY_IAM"
        raise Refused("InsufficientCapabilitiesException", f"Requires capabilities : [{needed}]")
    return values


def _check_constraints(name: str, value: str, declared: dict) -> None:
    allowed, pattern = declared.get("AllowedValues"), declared.get("AllowedPattern")
    said = f": {declared['ConstraintDescription']}" if "ConstraintDescription" in declared else ""
    if allowed and value not in map(str, allowed):
        raise Refused("ValidationError", f"Parameter {name} must be one of AllowedValues{said}")
    if pattern and not re.fullmatch(str(pattern), value):
        raise Refused("ValidationError", f"Parameter {name} failed to satisfy constraint{said or ': ' + str(pattern)}")
    if declared.get("Type") == "Number":
        try:
            number = float(value)
        except ValueError:
            raise Refused("ValidationError", f"Parameter {name} must be a number") from None
        lowest, highest = float(declared.get("MinValue", number)), float(declared.get("MaxValue", number))
        if not lowest <= number <= highest:
            raise Refused("ValidationError", f"Parameter {name} must be a number from {lowest:g} to {highest:g}")
