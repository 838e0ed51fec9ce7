"""What the functions were seen to call in the tests beside this one is what their roles allow."""

import pytest
import template_roles

# What a role needs although no function calls it here.
NOT_CALLED = {
    "logs:CreateLogStream": "Lambda writes the function's log",
    "logs:PutLogEvents": "Lambda writes the function's log",
    "xray:PutTraceSegments": "Lambda sends its own segments",
    "xray:PutTelemetryRecords": "Lambda sends its own segments",
    "sqs:SendMessage": "Lambda hands failed events over",
    "kms:Decrypt": "SQS encrypts a failed event with the function's rights",
    "kms:GenerateDataKey": "SQS encrypts a failed event with the function's rights",
    "iam:GetRole": "Service Catalog looks the principal up",
    "servicecatalog:AcceptPortfolioShare": "SageMaker accepts the share with the caller's rights",
    "iam:PassRole": "CloudFormation asks for it when a stack set names a role",
    "cloudformation:TagResource": "CloudFormation asks for it when a stack set has tags",
    "s3:ListBucket": "without it S3 answers AccessDenied for an object that is not there",
    "lambda:InvokeFunction": "only a removal that outlasts an invocation goes on in another one",
}
# Operations whose action has another name, and services that sign with another one than IAM knows.
ACTIONS = {
    "monitoring:DescribeAlarms": "cloudwatch:DescribeAlarms",
    "s3:GetBucketEncryption": "s3:GetEncryptionConfiguration",
    "s3:HeadObject": "s3:GetObject",
    "s3:ListObjectsV2": "s3:ListBucket",
    "securityhub:POST /findings/import": "securityhub:BatchImportFindings",
}


@pytest.mark.parametrize("function", template_roles.functions("template.yaml"))
def test_what_a_function_calls_is_what_its_role_allows(processes, function):
    if not processes.called[function]:
        pytest.skip("the tests beside this one did not run")
    allowed = template_roles.actions("template.yaml", f"{function}Role")
    # It looks at endpoints, and asks them, as a role of the target account.
    assumed = (
        template_roles.actions("templates/target/roles.yaml", "ModelRole") if "sts:AssumeRole" in allowed else set()
    )
    called = {ACTIONS.get(each, each) for each in processes.called[function]}
    assert called - allowed - assumed == set()
    assert allowed - called - set(NOT_CALLED) == set()
