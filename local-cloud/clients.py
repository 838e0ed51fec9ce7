"""Clients of a running local cloud: in the hub account, and inside target accounts through a role there."""

import functools
import json
import urllib.request

import accounts
import boto3
from botocore.config import Config

# Service ids as the SDKs spell them in AWS_ENDPOINT_URL_<SERVICE ID>, where they differ from boto3's names.
SERVICE_IDS = {"servicecatalog": "SERVICE_CATALOG", "stepfunctions": "SFN"}


class Clients:
    """Every client is made once."""

    def __init__(self, state: dict):
        self.state = state
        self._environment = state["client_environment"]
        self._moto = state["moto"]["url"]
        self._session = boto3.Session(
            aws_access_key_id=self._environment["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=self._environment["AWS_SECRET_ACCESS_KEY"],
            aws_session_token=self._environment.get("AWS_SESSION_TOKEN"),
            region_name=state["region"],
        )
        self.hub = functools.cache(self._hub)
        self.inside = functools.cache(lambda service, account_id: accounts.client(service, self._moto, account_id))

    def _hub(self, service: str, region: str | None = None):
        """A client in the hub account, as the client environment of the cloud makes one."""
        service_id = SERVICE_IDS.get(service, service.upper())
        url = self._environment.get(f"AWS_ENDPOINT_URL_{service_id}", self._environment["AWS_ENDPOINT_URL"])
        return self._session.client(service, region, endpoint_url=url, config=Config(proxies={}))

    def person(self, role: str, name: str) -> "Clients":
        """Everything as somebody sees it who works in the hub account as a role. Of the role only the name counts."""
        role_arn = f"arn:aws:iam::{self.state['account_id']}:role/{role}"
        given = self.hub("sts").assume_role(RoleArn=role_arn, RoleSessionName=name)["Credentials"]
        keys = {
            "AWS_ACCESS_KEY_ID": given["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": given["SecretAccessKey"],
            "AWS_SESSION_TOKEN": given["SessionToken"],
        }
        return Clients({**self.state, "client_environment": {**self._environment, **keys}})

    def inject(self, *faults: dict) -> None:
        """Replaces the faults of the target accounts (`faults.py` says which there are); none end them all."""
        url = f"{self._moto}/local-cloud/faults"
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(urllib.request.Request(url, data=json.dumps(faults).encode(), method="POST"), timeout=10):
            pass

    def stack_sets(self):
        """CloudFormation in the hub account as the functions see it: stack sets, none of the hub's own stacks."""
        return self.inside("cloudformation", None)
