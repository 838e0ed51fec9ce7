"""Faults that tests inject into moto: calls that are refused, and stack instances that cannot be made."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from botocore.exceptions import UnknownServiceError
from botocore.model import OperationNotFoundError
from injected import Injected
from moto.core.responses import ActionResult, BaseResponse
from service_model import Refused
from shapes import model_of

PATH = "/local-cloud/faults"


@dataclass
class Fault:
    """One fault, in one account ("*": in every one).

    Either the calls of one operation are refused, by the API and by the stacks that create, update or delete the
    resource of that operation (`sagemaker`, `CreateEndpoint`), or with `items` that many of the things that a call
    brings (`securityhub`, `BatchImportFindings`), or with `stack_instances` every stack-set operation fails in that
    account, or with `taken_back` SageMaker accepts the update of an endpoint and takes it back to its old configuration
    afterwards, which no call and no stack tells. `times` limits how often it happens; `status` is the HTTP status of a
    refused call.
    """

    account: str
    service: str | None = None
    operation: str | None = None
    error: str = "InternalFailure"
    message: str = "injected by a test"
    stack_instances: bool = False
    taken_back: bool = False
    items: int | None = None
    times: int | None = None
    status: int | None = None

    def problem(self) -> str | None:
        """Why this fault could never happen, if that is so."""
        if not re.fullmatch(r"\d{12}|\*", str(self.account)):
            return f"account: {self.account!r} is not an account id of 12 digits or '*'"
        if self.stack_instances or self.taken_back:
            return None
        try:
            model_of(str(self.service)).operation_model(str(self.operation))
        except (UnknownServiceError, OperationNotFoundError):
            return f"{self.service}:{self.operation} is not an operation"
        return None


_faults = Injected(Fault, "faults")
clear, replace = _faults.clear, _faults.replace


def of_call(account: str, service: str, operation: str) -> Fault | None:
    return _take(account, lambda fault: (fault.service, fault.operation, fault.items) == (service, operation, None))


def of_items(account: str, service: str, operation: str) -> Fault | None:
    """The fault of some of the items that a call brings: of the first `items` ones."""
    wanted = service, operation
    return _take(account, lambda fault: fault.items is not None and (fault.service, fault.operation) == wanted)


def of_stack_instance(account: str) -> Fault | None:
    return _take(account, lambda fault: fault.stack_instances)


def of_endpoint_update(account: str) -> Fault | None:
    """The fault with which an update that was accepted is taken back."""
    return _take(account, lambda fault: fault.taken_back)


def of_resource(account: str, verb: str, resource_type: str) -> Fault | None:
    """The fault of the call that CloudFormation would make: Create, Update or Delete of an AWS::Service::Resource."""
    _, service, resource = (*resource_type.split("::"), "", "")[:3]
    return of_call(account, service.lower(), verb + resource)


def install() -> None:
    """Makes every API call of moto ask for its fault first."""
    answer = BaseResponse.call_action

    def call_action(self):
        action = self._get_action()
        fault = action and of_call(self.current_account, self.boto3_service_name, action)
        if not fault:
            return answer(self)
        status, headers, body = self.serialized(ActionResult(Refused(fault.error, fault.message)))
        return fault.status or status, headers, body

    BaseResponse.call_action = call_action


def _take(account: str, matches: Callable[[Fault], bool]) -> Fault | None:
    with _faults.held() as faults:
        for fault in faults:
            if fault.account in ("*", account) and matches(fault) and fault.times != 0:
                if fault.times is not None:
                    fault.times -= 1
                return fault
    return None
