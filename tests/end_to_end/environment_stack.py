"""An environment on a deployed platform: a stack in which every custom resource of the platform is used."""

from pathlib import Path

import sam
import stack
from clients import Clients

TEMPLATE = Path(__file__).resolve().parent / "environment" / "environment.yaml"


class Environment:
    """One environment of a platform; several may stand side by side under different names."""

    def __init__(self, clients: Clients, platform_name: str, name: str):
        self.clients, self.name = clients, name
        self.stack_name = f"{name}-environment"
        self.path = f"/{name}/dev"
        self.given = {"EnvironmentName": name, "PlatformName": platform_name}

    def deploy(self, **parameters: str) -> dict[str, str]:
        """Deploys, or updates with what differs from the last time. Returns the outputs."""
        self.given |= parameters
        return sam.deploy(self.clients, TEMPLATE, self.stack_name, self.given)

    def delete(self) -> None:
        """Deletes the stack as a person does in the console: `sam delete` cannot read a nested template on loopback."""
        stack.delete(self.clients.hub("cloudformation"), self.stack_name)

    def outputs(self) -> dict[str, str]:
        return stack.settled(self.clients.hub("cloudformation"), self.stack_name).outputs

    def parameters(self) -> dict[str, str]:
        """The parameters below the environment's path."""
        found = self.clients.hub("ssm").get_parameters_by_path(Path=self.path, Recursive=True)["Parameters"]
        return {each["Name"].removeprefix(f"{self.path}/"): each["Value"] for each in found}
