"""Operations that moto lacks, held to the service's own model.

A supplemented operation reads parameters and gives answers of exactly the shape botocore knows, or fails: what is
written here cannot drift from the real interface without a test noticing.
"""

import json

from moto.core.exceptions import ServiceException
from moto.core.responses import ActionResult
from moto.core.utils import camelcase_to_underscores
from shapes import enumeration_faults, faults_in, model_of


class Refused(ServiceException):
    """An error answer: code and message. moto looks for an exception's service by its module: it must not be moto's."""


def supplement(
    response_class: type,
    service: str,
    operation: str,
    invalid: str = "ValidationException",
    enumerations: bool = True,
):
    """Makes the decorated function `f(response, parameters) -> dict` the operation's handler in moto.

    `invalid` is the error code with which the service refuses malformed parameters; values that are not in their
    enumeration are among them with `enumerations`.
    """
    model = model_of(service).operation_model(operation)  # fails for an operation that does not exist

    def decorate(function):
        def handler(self) -> ActionResult:
            # Services of the query protocol (CloudFormation) are parsed, and typed, by moto before this runs.
            parameters = self.params if self.automated_parameter_parsing else json.loads(self.body or "{}")
            if model.input_shape:
                wrong = faults_in(parameters, model.input_shape)
                if enumerations and not wrong:
                    wrong = enumeration_faults(parameters, model.input_shape)
                if wrong:
                    raise Refused(invalid, wrong)
            answer = function(self, parameters) or {}
            if model.output_shape:
                wrong = faults_in(answer, model.output_shape)
                if wrong:
                    raise AssertionError(
                        f"the supplement's answer to {service}:{operation} is not of its shape: {wrong}"
                    )
            return ActionResult(answer)

        handler.__doc__ = function.__doc__
        setattr(response_class, camelcase_to_underscores(operation), handler)
        return function

    return decorate
