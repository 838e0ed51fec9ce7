"""Studio domains to try functions on: each in a network of its own."""

import time
from dataclasses import dataclass

import people_in_studio
from clients import Clients
from people_in_studio import LIMIT_SECONDS, until


@dataclass
class Studio:
    """A domain with one profile, and the network it is in."""

    clients: Clients
    name: str
    vpc_id: str
    domain_id: str
    file_system_id: str

    @classmethod
    def create(cls, clients: Clients, name: str) -> "Studio":
        ec2, sagemaker = clients.hub("ec2"), clients.hub("sagemaker")
        vpc_id = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        subnet = ec2.create_subnet(VpcId=vpc_id, CidrBlock="10.0.0.0/24", AvailabilityZone="eu-west-1a")["Subnet"]
        arn = sagemaker.create_domain(
            DomainName=name,
            AuthMode="IAM",
            VpcId=vpc_id,
            SubnetIds=[subnet["SubnetId"]],
            DefaultUserSettings={"ExecutionRole": "arn:aws:iam::111111111111:role/studio"},
            Tags=[{"Key": "EnvironmentName", "Value": name}, {"Key": "EnvironmentType", "Value": "dev"}],
        )["DomainArn"]
        domain_id = arn.rpartition("/")[2]
        until(lambda: sagemaker.describe_domain(DomainId=domain_id)["Status"], "InService")
        sagemaker.create_user_profile(DomainId=domain_id, UserProfileName="one")
        profile = {"DomainId": domain_id, "UserProfileName": "one"}
        until(lambda: sagemaker.describe_user_profile(**profile)["Status"], "InService")
        file_system_id = sagemaker.describe_domain(DomainId=domain_id)["HomeEfsFileSystemId"]
        return cls(clients, name, vpc_id, domain_id, file_system_id)

    @property
    def properties(self) -> dict[str, str]:
        return {"EnvironmentName": self.name, "EnvironmentType": "dev"}

    def start_apps(self) -> None:
        people_in_studio.start_apps(self.clients, self.domain_id, "one", [("JupyterServer", "default")])

    def apps(self) -> list[tuple[str, str]]:
        return people_in_studio.listed_apps(self.clients, self.domain_id)

    def spaces(self) -> list[str]:
        return self.clients.hub("sagemaker").list_spaces(DomainIdEquals=self.domain_id)["Spaces"]

    def delete_domain(self) -> None:
        """As its stack does, so that only its storage is left."""
        sagemaker, profile = self.clients.hub("sagemaker"), {"DomainId": self.domain_id, "UserProfileName": "one"}
        sagemaker.delete_user_profile(**profile)
        _until_gone(lambda: sagemaker.describe_user_profile(**profile))
        sagemaker.delete_domain(DomainId=self.domain_id)
        _until_gone(lambda: sagemaker.describe_domain(DomainId=self.domain_id))

    def leave_interface(self) -> None:
        """One that nothing uses any more, in a group that the service made: they linger after apps."""
        named = [{"Name": "vpc-id", "Values": [self.vpc_id]}]
        subnet = self.clients.hub("ec2").describe_subnets(Filters=named)["Subnets"][0]
        groups = [self.groups()[0]["GroupId"]]
        self.clients.hub("ec2").create_network_interface(SubnetId=subnet["SubnetId"], Groups=groups)

    def registered(self) -> object:
        """What a registration is seen by: the parameter, and the tags on file system and groups."""
        ssm, wanted = self.clients.hub("ssm"), ("EnvironmentName", "EnvironmentType")
        parameters = ssm.get_parameters_by_path(Path=f"/{self.name}/dev", Recursive=True)["Parameters"]
        (system,) = self.clients.hub("efs").describe_file_systems(FileSystemId=self.file_system_id)["FileSystems"]
        groups = self.groups()
        tagged = [system["Tags"], *(each.get("Tags", []) for each in groups)]
        return (
            [(each["Name"], each["Value"]) for each in parameters],
            [sorted(tag["Value"] for tag in tags if tag["Key"] in wanted) for tags in tagged],
        )

    def groups(self) -> list[dict]:
        named = [{"Name": "vpc-id", "Values": [self.vpc_id]}]
        found = self.clients.hub("ec2").describe_security_groups(Filters=named)["SecurityGroups"]
        return sorted((each for each in found if "nfs" in each["GroupName"]), key=lambda each: each["GroupName"])

    def storage(self) -> object:
        """What is left of a domain in its network."""
        named = [{"Name": "vpc-id", "Values": [self.vpc_id]}]
        pages = self.clients.hub("efs").get_paginator("describe_file_systems").paginate()
        systems = [each for page in pages for each in page["FileSystems"]]
        return (
            [each["NumberOfMountTargets"] for each in systems if each["FileSystemId"] == self.file_system_id],
            len(self.groups()),
            len(self.clients.hub("ec2").describe_network_interfaces(Filters=named)["NetworkInterfaces"]),
        )

    def own(self) -> tuple[str, ...]:
        """Names that only this try has."""
        groups = [each["GroupId"] for each in self.groups()]
        subnets = self.clients.hub("ec2").describe_subnets(Filters=[{"Name": "vpc-id", "Values": [self.vpc_id]}])
        subnet_ids = [each["SubnetId"] for each in subnets["Subnets"]]
        return (self.domain_id, self.file_system_id, self.vpc_id, *groups, *subnet_ids, self.name)


def _until_gone(look) -> None:
    deadline = time.monotonic() + LIMIT_SECONDS
    while True:
        try:
            look()
        except Exception as error:  # noqa: BLE001 - each service has its own
            assert "not exist" in str(error) or "NotFound" in str(error), error
            return
        assert time.monotonic() < deadline, "still there"
        time.sleep(0.05)
