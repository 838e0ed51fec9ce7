"""What the roles of a target account may do, and who may be them; the ids are rows of docs/reference-faults.md."""

from pathlib import Path

import pytest
from cfnlint.decode import decode

RESOURCES = decode(str(Path(__file__).resolve().parents[2] / "templates" / "target" / "roles.yaml"))[0]["Resources"]


def allowed(role: str) -> dict[str, dict]:
    """Its statements by Sid, those that a parameter brings included."""
    found = {}
    for policy in RESOURCES[role]["Properties"]["Policies"]:
        for each in policy["PolicyDocument"]["Statement"]:
            statement = each["Fn::If"][1] if "Fn::If" in each else each
            assert statement["Effect"] == "Allow"
            found[statement["Sid"]] = statement
    return found


def actions(statement: dict) -> set[str]:
    return {statement["Action"]} if isinstance(statement["Action"], str) else set(statement["Action"])


def test_c07_a_model_writes_its_logs_and_metrics_and_pulls_private_images():
    model = allowed("ModelRole")
    assert actions(model["WriteEndpointLogs"]) == {
        "logs:CreateLogGroup",
        "logs:CreateLogStream",
        "logs:PutLogEvents",
    }
    (group,) = model["WriteEndpointLogs"]["Resource"].values()
    assert group.endswith(":log-group:/aws/sagemaker/Endpoints/${PlatformName}-*")
    assert actions(model["PutEndpointMetrics"]) == {"cloudwatch:PutMetricData"}
    assert {"ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"} <= actions(model["PullImages"])
    assert actions(model["LogInToRegistries"]) == {"ecr:GetAuthorizationToken"}
    # Volumes get their key from who makes the endpoint, not from the model.
    assert actions(allowed("StackSetExecutionRole")["GiveVolumesTheirKeys"]) == {"kms:CreateGrant"}


@pytest.mark.parametrize(
    ("role", "services", "roles"),
    [
        ("ModelRole", ["sagemaker.amazonaws.com"], ["endpoint-verification"]),
        ("StackSetExecutionRole", [], ["stack-sets"]),
    ],
)
def test_c08_only_the_roles_that_need_it_may_be_a_targets_role(role, services, roles):
    trust = RESOURCES[role]["Properties"]["AssumeRolePolicyDocument"]["Statement"]
    assert all(each["Condition"] for each in trust)
    assert [each["Principal"]["Service"] for each in trust if "Service" in each["Principal"]] == services
    conditions = [each["Condition"] for each in trust if "AWS" in each["Principal"]]
    arns = [f"arn:${{AWS::Partition}}:iam::${{HubAccountId}}:role/${{PlatformName}}-*-{name}" for name in roles]
    assert conditions == [{"ArnLike": {"aws:PrincipalArn": {"Fn::Sub": arn}}} for arn in arns]


def test_c08_stack_sets_make_endpoints_and_nothing_else():
    execution = allowed("StackSetExecutionRole")
    used = {action.partition(":")[0] for each in execution.values() for action in actions(each)}
    assert not used & {"s3", "sns", "lambda", "ec2"}
    rights = {sid for sid, each in execution.items() if any(action.startswith("iam:") for action in actions(each))}
    assert rights - {"MakeRolesOfControls", "ManageRolesOfControls", "HandOverEventsAsRole"} == {
        "RunEndpointsAsModelRole",
        "LetScalingHaveItsRole",
    }
    passed = execution["RunEndpointsAsModelRole"]
    assert passed["Resource"] == {"Fn::GetAtt": ["ModelRole", "Arn"]}
    assert passed["Condition"] == {"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}}
    for sid in ("ManageInstancesOfStackSets", "ManageEndpoints", "ManageAlarms", "CopyNetwork"):
        resources = execution[sid]["Resource"]
        for resource in resources if isinstance(resources, list) else [resources]:
            assert "${PlatformName}-" in resource["Fn::Sub"], sid


def test_stack_sets_make_roles_of_controls_within_their_boundary_only():
    execution = allowed("StackSetExecutionRole")
    make, manage = execution["MakeRolesOfControls"], execution["ManageRolesOfControls"]
    names = {"detective-controls", "corrective-controls", "controls-events-*"}
    arns = [{"Fn::Sub": f"arn:${{AWS::Partition}}:iam::${{AWS::AccountId}}:role/${{PlatformName}}-{n}"} for n in names]
    for statement in (make, manage):
        assert sorted(map(str, statement["Resource"])) == sorted(map(str, arns))
    assert make["Condition"] == {"StringEquals": {"iam:PermissionsBoundary": {"Ref": "ControlsBoundary"}}}
    # What gives a role rights, or takes the boundary from it, is allowed with the boundary only, or not at all.
    assert not actions(manage) & {
        "iam:AttachRolePolicy",
        "iam:CreateRole",
        "iam:DeleteRolePermissionsBoundary",
        "iam:PutRolePermissionsBoundary",
        "iam:PutRolePolicy",
    }
    boundary = RESOURCES["ControlsBoundary"]["Properties"]["PolicyDocument"]["Statement"]
    written = {action for each in boundary for action in actions(each)}
    assert not any(action.startswith(("iam:Create", "iam:Put", "iam:Attach", "iam:Pass", "sts:")) for action in written)
