import json

import inventory
import pytest
import stack
from clients import Clients
from conftest import HERE, eventually
from test_studio import TAG, statuses
from test_supplement import call, refused

TEMPLATE = (HERE / "studio.yaml").read_text()
WITHIN = """
Parameters: {DomainId: {Type: String}, ProfileArn: {Type: String}, ImageType: {Type: String, Default: system}}
Resources:
  Space:
    Type: AWS::SageMaker::Space
    Properties:
      DomainId: !Ref DomainId
      SpaceName: shared
      SpaceSettings: {AppType: JupyterLab}
      Tags: [{Key: team, Value: fraud}]
  App:
    Type: AWS::SageMaker::App
    Properties:
      DomainId: !Ref DomainId
      UserProfileName: ada
      AppType: KernelGateway
      AppName: !Sub kernel-${ImageType}
  Project:
    Type: AWS::SageMaker::Project
    Properties:
      ProjectName: fraud
      ServiceCatalogProvisioningDetails: {ProductId: prod-abc, ProvisioningArtifactId: pa-abc}
      Tags: [{Key: "local-cloud:created-by", Value: !Ref ProfileArn}]
Outputs:
  Space: {Value: !GetAtt Space.SpaceArn}
  App: {Value: !GetAtt App.AppArn}
  Project: {Value: !GetAtt Project.ProjectId}
  ProjectArn: {Value: !Ref Project}
"""


def test_a_stack_carries_a_domain_and_its_leftovers_hold_the_network(state, moto, hub):
    before = inventory.take(Clients(state))
    api, sagemaker = hub("cloudformation"), moto("sagemaker")
    made = stack.create(api, "environment", TEMPLATE)
    assert made.status == "CREATE_COMPLETE", stack.failures(api, made.identifier)
    outputs = made.outputs
    described = call(sagemaker, "DescribeDomain", DomainId=outputs["DomainId"])
    assert (described["DomainArn"], described["Url"], described["HomeEfsFileSystemId"]) == tuple(
        outputs[name] for name in ("DomainArn", "Url", "FileSystem")
    )
    tags = call(sagemaker, "ListTags", ResourceArn=described["DomainArn"])["Tags"]
    assert {"Key": "EnvironmentType", "Value": "dev"} in tags
    assert outputs["Profile"] == f"ada|{outputs['DomainId']}"
    assert outputs["ProfileArn"].endswith(f":user-profile/{outputs['DomainId']}/ada")
    policy = call(sagemaker, "GetModelPackageGroupPolicy", ModelPackageGroupName="fraud")["ResourcePolicy"]
    assert json.loads(policy)["Statement"][0]["Sid"] == "Read"
    role = hub("iam").get_role(RoleName=outputs["Role"])["Role"]
    assert role["Path"] == "/studio/"
    assert {"Key": "team", "Value": "fraud"} in role["Tags"]
    assert role["AssumeRolePolicyDocument"]["Statement"][0]["Principal"] == {"Service": "sagemaker.amazonaws.com"}
    assert any("domain" in kinds for kinds in inventory.take(Clients(state)).values())

    app = {"DomainId": outputs["DomainId"], "UserProfileName": "ada", "AppType": "JupyterServer", "AppName": "default"}
    call(sagemaker, "CreateApp", **app)
    statuses(lambda: call(sagemaker, "DescribeApp", **app)["Status"], ("InService",))
    with pytest.raises(stack.StackFailed, match=r"Profile: Unable to delete UserProfile .* because App\(s\)"):
        stack.delete(api, "environment")
    call(sagemaker, "DeleteApp", **app)
    statuses(lambda: call(sagemaker, "DescribeApp", **app)["Status"], ("Deleted",))

    with pytest.raises(stack.StackFailed, match="The subnet .* has dependencies"):
        stack.delete(api, "environment")
    assert call(sagemaker, "ListDomains")["Domains"] == []
    ec2, efs = hub("ec2"), hub("efs")
    targets = efs.describe_mount_targets(FileSystemId=outputs["FileSystem"])["MountTargets"]
    assert len(targets) == 2
    with pytest.raises(efs.exceptions.FileSystemInUse):
        efs.delete_file_system(FileSystemId=outputs["FileSystem"])
    tagged = [{"Name": f"tag:{TAG}", "Values": [outputs["DomainArn"]]}]
    groups = ec2.describe_security_groups(Filters=tagged)["SecurityGroups"]
    for group in groups:
        assert refused(ec2, "DeleteSecurityGroup", GroupId=group["GroupId"]) == "DependencyViolation"

    for target in targets:
        efs.delete_mount_target(MountTargetId=target["MountTargetId"])
    eventually(lambda: not efs.describe_mount_targets(FileSystemId=outputs["FileSystem"])["MountTargets"])
    efs.delete_file_system(FileSystemId=outputs["FileSystem"])
    in_network = [{"Name": "vpc-id", "Values": [outputs["Network"]]}]
    eventually(lambda: not ec2.describe_network_interfaces(Filters=in_network)["NetworkInterfaces"])
    with pytest.raises(stack.StackFailed):
        stack.delete(api, "environment")
    assert ec2.describe_subnets(Filters=in_network)["Subnets"] == [], "the groups hold the network alone"
    assert refused(ec2, "DeleteVpc", VpcId=outputs["Network"]) == "DependencyViolation"
    for group in groups:
        if group["IpPermissions"]:
            ec2.revoke_security_group_ingress(GroupId=group["GroupId"], IpPermissions=group["IpPermissions"])
        ec2.revoke_security_group_egress(GroupId=group["GroupId"], IpPermissions=group["IpPermissionsEgress"])
    for group in groups:
        ec2.delete_security_group(GroupId=group["GroupId"])
    stack.delete(api, "environment")
    eventually(lambda: not efs.describe_file_systems()["FileSystems"])
    assert inventory.differences(before, inventory.take(Clients(state))) == []


def test_a_stack_updates_a_domain_in_place(hub, moto):
    api = hub("cloudformation")
    made = stack.create(api, "environment", TEMPLATE)
    parameter = [{"ParameterKey": "DefaultJupyterServer", "ParameterValue": "ml.t3.large"}]
    capabilities = ["CAPABILITY_IAM"]
    changed = TEMPLATE.replace("Value: dev}", "Value: test}")
    api.update_stack(StackName="environment", TemplateBody=changed, Parameters=parameter, Capabilities=capabilities)
    after = stack.settled(api, "environment")
    assert (after.status, after.outputs["DomainId"]) == ("UPDATE_COMPLETE", made.outputs["DomainId"])
    found = call(moto("sagemaker"), "DescribeDomain", DomainId=made.outputs["DomainId"])
    settings = found["DefaultUserSettings"]["JupyterServerAppSettings"]
    assert settings == {"DefaultResourceSpec": {"InstanceType": "ml.t3.large"}}
    tags = call(moto("sagemaker"), "ListTags", ResourceArn=found["DomainArn"])["Tags"]
    assert {"Key": "EnvironmentType", "Value": "test"} in tags


def test_stacks_carry_spaces_apps_and_projects(hub, moto):
    api, sagemaker = hub("cloudformation"), moto("sagemaker")
    environment = stack.create(api, "environment", TEMPLATE).outputs
    given = {"DomainId": environment["DomainId"], "ProfileArn": environment["ProfileArn"]}
    made = stack.create(api, "within", WITHIN, **given)
    assert made.status == "CREATE_COMPLETE", stack.failures(api, made.identifier)
    project = call(sagemaker, "DescribeProject", ProjectName="fraud")
    assert (project["ProjectId"], project["ProjectArn"]) == (made.outputs["Project"], made.outputs["ProjectArn"])
    assert (project["ProjectStatus"], project["CreatedBy"]["DomainId"]) == ("CreateCompleted", given["DomainId"])
    assert call(sagemaker, "ListTags", ResourceArn=made.outputs["Space"])["Tags"] == [{"Key": "team", "Value": "fraud"}]
    (app,) = call(sagemaker, "ListApps", DomainIdEquals=given["DomainId"])["Apps"]
    assert (app["Status"], app["AppName"]) == ("InService", "kernel-system")

    changed = [{"ParameterKey": key, "ParameterValue": value} for key, value in given.items()]
    changed.append({"ParameterKey": "ImageType", "ParameterValue": "own"})
    api.update_stack(StackName="within", TemplateBody=WITHIN, Parameters=changed)
    assert stack.settled(api, "within").outputs["App"].endswith("/kernel-own"), "an app is replaced under its new name"
    apps = {each["AppName"]: each["Status"] for each in call(sagemaker, "ListApps")["Apps"]}
    assert apps == {"kernel-system": "Deleted", "kernel-own": "InService"}

    stack.delete(api, "within")
    assert call(sagemaker, "ListSpaces")["Spaces"] == []
    assert call(sagemaker, "ListProjects")["ProjectSummaryList"] == []
    assert {each["Status"] for each in call(sagemaker, "ListApps")["Apps"]} == {"Deleted"}


def test_a_domain_that_cannot_be_made_fails_its_stack(hub, moto):
    api = hub("cloudformation")
    broken = TEMPLATE.replace("[!Ref First, !Ref Second]", "[subnet-0123456789abcdef0]")
    made = stack.create(api, "environment", broken)
    assert made.status == "ROLLBACK_COMPLETE"
    assert "subnet-0123456789abcdef0" in " ".join(stack.failures(api, made.identifier))
    assert call(moto("sagemaker"), "ListDomains")["Domains"] == []
    assert hub("efs").describe_file_systems()["FileSystems"] == []
