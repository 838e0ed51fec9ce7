"""Clients of a running local cloud: in the hub account, and inside target accounts through a role there."""

import functools

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
            region_name=state["region"],
        )
        self.hub = functools.cache(self._hub)
        self.inside = functools.cache(lambda service, account_id: accounts.client(service, self._moto, account_id))

    def _hub(self, service: str, region: str | None = None):
        """A client in the hub account, as the client environment of the cloud makes one."""
        service_id = SERVICE_IDS.get(service, service.upper())
        url = self._environment.get(f"AWS_ENDPOINT_URL_{service_id}", self._environment["AWS_ENDPOINT_URL"])
        return self._session.client(service, region, endpoint_url=url, config=Config(proxies={}))

    def stack_sets(self):
        """CloudFormation in the hub account as the functions see it: stack sets, none of the hub's own stacks."""
        return self.inside("cloudformation", None)
