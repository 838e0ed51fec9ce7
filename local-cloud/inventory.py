"""What there is in each account of a local cloud, so that what a platform leaves behind can be seen."""

from clients import Clients

Listing = dict[str, dict[str, list[str]]]


def take(clients: Clients) -> Listing:
    """Everything a platform can make, by account and kind; kinds of which there is nothing are left out."""
    hub = clients.state["account_id"]
    targets = [each for ids in clients.state["organization"]["accounts"].values() for each in ids]
    found = {hub: _hub(clients)} | {account_id: _target(clients, account_id) for account_id in targets}
    return {
        account: {kind: sorted(names) for kind, names in kinds.items() if names} for account, kinds in found.items()
    }


def differences(expected: Listing, found: Listing) -> list[str]:
    """What is there and should not be, or the other way round: one line per thing."""
    lines = []
    for account in sorted(expected | found):
        kinds = expected.get(account, {}) | found.get(account, {})
        for kind in sorted(kinds):
            wanted, there = (set(each.get(account, {}).get(kind, [])) for each in (expected, found))
            lines += [f"{account}: {kind} {name} is there" for name in sorted(there - wanted)]
            lines += [f"{account}: {kind} {name} is not there" for name in sorted(wanted - there)]
    return lines


def _hub(clients: Clients) -> dict[str, list[str]]:
    hub = clients.hub
    found = _platform(clients) | _network(hub("ec2"), hub("efs"))
    return found | _studio(hub("sagemaker")) | _sagemaker(hub("sagemaker"))


def _platform(clients: Clients) -> dict[str, list[str]]:
    hub, stack_sets = clients.hub, clients.stack_sets()
    alarms = _all(hub("cloudwatch"), "describe_alarms", "MetricAlarms", "AlarmName")
    machines = hub("stepfunctions").list_state_machines()["stateMachines"]
    return {
        "stack": _stacks(hub("cloudformation")),
        "stack set": [each["StackSetName"] for each in stack_sets.list_stack_sets(Status="ACTIVE")["Summaries"]],
        "function": _all(hub("lambda"), "list_functions", "Functions", "FunctionName"),
        "role": _all(hub("iam"), "list_roles", "Roles", "RoleName"),
        "log group": _all(hub("logs"), "describe_log_groups", "logGroups", "logGroupName"),
        "queue": hub("sqs").list_queues().get("QueueUrls", []),
        "event bus": [name for name in _buses(hub("events")) if name != "default"],
        "rule": _rules(hub("events")),
        "table": _all(hub("dynamodb"), "list_tables", "TableNames"),
        "alarm": alarms,
        "parameter": _all(hub("ssm"), "describe_parameters", "Parameters", "Name"),
        "state machine": [each["name"] for each in machines],
        "topic": [each["TopicArn"] for each in hub("sns").list_topics()["Topics"]],
        "policy": [each["PolicyName"] for each in hub("iam").list_policies(Scope="Local")["Policies"]],
        "dashboard": [each["DashboardName"] for each in hub("cloudwatch").list_dashboards()["DashboardEntries"]],
        "bucket": [each["Name"] for each in hub("s3").list_buckets()["Buckets"]],
        "key": _keys(hub("kms")),
        "portfolio association": associations(hub("servicecatalog")),
        "model package group": [
            each["ModelPackageGroupName"]
            for each in hub("sagemaker").list_model_package_groups()["ModelPackageGroupSummaryList"]
        ],
        "build project": hub("codebuild").list_projects()["projects"],
        "backup vault": _all(hub("backup"), "list_backup_vaults", "BackupVaultList", "BackupVaultName"),
    }


def _network(ec2, efs) -> dict[str, list[str]]:
    """What is in the account's networks, without the default one that every account has from the beginning."""
    networks = [each for each in ec2.describe_vpcs()["Vpcs"] if not each["IsDefault"]]
    own = {each["VpcId"] for each in networks}
    groups = ec2.describe_security_groups()["SecurityGroups"]
    return {
        "network": sorted(own),
        "subnet": [each["SubnetId"] for each in ec2.describe_subnets()["Subnets"] if each["VpcId"] in own],
        "security group": [each["GroupId"] for each in groups if each["GroupName"] != "default"],
        "network interface": _all(ec2, "describe_network_interfaces", "NetworkInterfaces", "NetworkInterfaceId"),
        "file system": _all(efs, "describe_file_systems", "FileSystems", "FileSystemId"),
    }


def _studio(sagemaker) -> dict[str, list[str]]:
    return {
        "domain": _all(sagemaker, "list_domains", "Domains", "DomainId"),
        "user profile": _all(sagemaker, "list_user_profiles", "UserProfiles", "UserProfileName"),
        "space": _all(sagemaker, "list_spaces", "Spaces", "SpaceName"),
        "project": [each["ProjectName"] for each in sagemaker.list_projects(MaxResults=100)["ProjectSummaryList"]],
    }


def _keys(kms) -> list[str]:
    """The keys in use; one that a stack made stays, pending deletion, for a month."""
    found = _all(kms, "list_keys", "Keys", "KeyId")
    described = [kms.describe_key(KeyId=each)["KeyMetadata"] for each in found]
    return [each["KeyId"] for each in described if each["KeyState"] != "PendingDeletion"]


def associations(catalog) -> list[str]:
    """Portfolio and principal of every association of the portfolios that are shared with the hub account."""
    found = []
    shares = catalog.list_accepted_portfolio_shares(PortfolioShareType="IMPORTED")["PortfolioDetails"]
    for portfolio in shares:
        listed = catalog.list_principals_for_portfolio(PortfolioId=portfolio["Id"])["Principals"]
        found += [f"{portfolio['Id']} {each['PrincipalARN']}" for each in listed]
    return found


def _target(clients: Clients, account_id: str) -> dict[str, list[str]]:
    def inside(service: str):
        return clients.inside(service, account_id)

    return {
        "stack": _stacks(inside("cloudformation")),
        "role": _all(inside("iam"), "list_roles", "Roles", "RoleName"),
        "log group": _all(inside("logs"), "describe_log_groups", "logGroups", "logGroupName"),
        "parameter": _all(inside("ssm"), "describe_parameters", "Parameters", "Name"),
        "alarm": _all(inside("cloudwatch"), "describe_alarms", "MetricAlarms", "AlarmName"),
        "policy": [each["PolicyName"] for each in inside("iam").list_policies(Scope="Local")["Policies"]],
        "rule": _rules(inside("events")),
    } | _sagemaker(inside("sagemaker"))


def _sagemaker(sagemaker) -> dict[str, list[str]]:
    return {
        "endpoint": _all(sagemaker, "list_endpoints", "Endpoints", "EndpointName"),
        "endpoint config": _all(sagemaker, "list_endpoint_configs", "EndpointConfigs", "EndpointConfigName"),
        "model": _all(sagemaker, "list_models", "Models", "ModelName"),
    }


def _stacks(cloudformation) -> list[str]:
    pages = cloudformation.get_paginator("list_stacks").paginate()
    listed = [each for page in pages for each in page["StackSummaries"]]
    return [each["StackName"] for each in listed if each["StackStatus"] != "DELETE_COMPLETE"]


def _buses(events) -> list[str]:
    return [each["Name"] for each in events.list_event_buses()["EventBuses"]]


def _rules(events) -> list[str]:
    return [each["Name"] for bus in _buses(events) for each in events.list_rules(EventBusName=bus)["Rules"]]


def _all(client, operation: str, key: str, name: str = "") -> list[str]:
    """By their names, or the items themselves where they are names."""
    items = [each for page in client.get_paginator(operation).paginate() for each in page[key]]
    return [each[name] if name else each for each in items]
