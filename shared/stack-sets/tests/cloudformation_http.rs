//! What is sent to CloudFormation, and how its answers and errors are read, over HTTP on loopback.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that cannot go on should say where"
)]

use aws_sdk_cloudformation::config::retry::RetryConfig;
use aws_sdk_cloudformation::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_cloudformation::{Client, Config};
use deployment::{CallAs, OperationPreferences, Permissions};
use lambda_process::{Reply, Server};
use stack_sets::{
    Addressees, CloudFormation, Definition, Deploying, InstanceStatus, Location, Removing, StackSetId, StackSets,
    Status,
};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

/// Form fields by name.
type Form = BTreeMap<String, String>;

/// An operation and what is in its result, or an error's status, code and message.
type Answer = Result<(&'static str, &'static str), (u16, &'static str, &'static str)>;

struct Service {
    server: Server,
    asked: Arc<Mutex<Vec<Form>>>,
}

impl Service {
    /// Answers with the replies in turn.
    async fn answering(replies: Vec<Answer>) -> Self {
        let asked = Arc::new(Mutex::new(Vec::new()));
        let replies = Arc::new(Mutex::new(replies.into_iter()));
        let log = Arc::clone(&asked);
        let server = Server::start(move |request| {
            log.lock().unwrap().push(form(&request.body));
            let (status, body) = match replies.lock().unwrap().next().expect("one reply a request") {
                Ok((operation, result)) => (
                    200,
                    format!(
                        "<{operation}Response xmlns=\"http://internal.amazon.com/coral/com.amazonaws.maestro.service.v20160713/\">\
                         <{operation}Result>{result}</{operation}Result><ResponseMetadata><RequestId>r-1</RequestId>\
                         </ResponseMetadata></{operation}Response>"
                    ),
                ),
                Err((status, code, message)) => (
                    status,
                    format!(
                        "<ErrorResponse xmlns=\"http://internal.amazon.com/coral/com.amazonaws.maestro.service.v20160713/\">\
                         <Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error>\
                         <RequestId>b25f48e8-84fd-11e6-80d9-574e0c4664cb</RequestId></ErrorResponse>"
                    ),
                ),
            };
            let mut reply = Reply::status(status, body);
            if let Reply::Answer(answer) = &mut reply {
                answer.headers_mut().insert("x-amzn-requestid", "b25f48e8-84fd-11e6-80d9-574e0c4664cb".parse().unwrap());
            }
            async move { reply }
        })
        .await
        .unwrap();
        Self { server, asked }
    }

    fn client(&self) -> CloudFormation<'static> {
        let config = Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("eu-central-1"))
            .credentials_provider(Credentials::new("AKID", "secret", None, None, "test"))
            .retry_config(RetryConfig::disabled())
            .endpoint_url(self.server.url())
            .build();
        CloudFormation::over(Client::from_conf(config))
    }

    fn asked(&self) -> Vec<Form> {
        self.asked.lock().unwrap().clone()
    }
}

fn form(body: &[u8]) -> Form {
    let text = std::str::from_utf8(body).unwrap();
    let pairs = text.split('&').filter_map(|pair| pair.split_once('='));
    pairs.map(|(name, value)| (decoded(name), decoded(value))).collect()
}

fn decoded(text: &str) -> String {
    let mut bytes = text.bytes();
    let mut out = Vec::new();
    while let Some(byte) = bytes.next() {
        out.push(match byte {
            b'%' => {
                let digits: Vec<u8> = bytes.by_ref().take(2).collect();
                u8::from_str_radix(std::str::from_utf8(&digits).unwrap(), 16).unwrap()
            }
            b'+' => b' ',
            other => other,
        });
    }
    String::from_utf8(out).unwrap()
}

/// Every one of these fields has this value, and the others are none of `absent`.
fn expect(form: &Form, present: &[(&str, &str)], absent: &[&str]) {
    for (name, value) in present {
        assert_eq!(form.get(*name).map(String::as_str), Some(*value), "{name} in {form:#?}");
    }
    for name in absent {
        assert!(!form.keys().any(|key| key.starts_with(name)), "{name} in {form:#?}");
    }
}

fn own() -> StackSetId {
    StackSetId { name: "mlops-churn-prod-1".into(), call_as: None }
}

fn delegated() -> StackSetId {
    StackSetId { name: "mlops-churn-prod-1".into(), call_as: Some(CallAs::DelegatedAdmin) }
}

fn definition(permissions: Permissions) -> Definition {
    Definition {
        template: "Resources: {}\n".into(),
        parameters: [("InstanceCount".to_owned(), "2".to_owned())].into(),
        tags: [("secure-mlops:platform".to_owned(), "mlops".to_owned())].into(),
        permissions,
        preferences: OperationPreferences { max_concurrent_percentage: 50, failure_tolerance_percentage: 0 },
    }
}

fn self_managed() -> Permissions {
    Permissions::SelfManaged {
        administration_role_arn: "arn:aws:iam::111111111111:role/Administration".parse().unwrap(),
        execution_role_name: "Execution".into(),
    }
}

fn two_accounts(units: &[&str]) -> Addressees {
    Addressees {
        accounts: vec!["222222222222".parse().unwrap(), "333333333333".parse().unwrap()],
        regions: vec!["eu-central-1".parse().unwrap()],
        organizational_units: units.iter().map(|unit| unit.parse().unwrap()).collect(),
    }
}

const PREFERENCES: [(&str, &str); 4] = [
    ("OperationPreferences.RegionConcurrencyType", "PARALLEL"),
    ("OperationPreferences.ConcurrencyMode", "SOFT_FAILURE_TOLERANCE"),
    ("OperationPreferences.MaxConcurrentPercentage", "50"),
    ("OperationPreferences.FailureTolerancePercentage", "0"),
];

#[tokio::test]
async fn a_self_managed_set_is_made_changed_and_filled() {
    let service = Service::answering(vec![
        Ok(("CreateStackSet", "<StackSetId>mlops-churn-prod-1:6f1e</StackSetId>")),
        Ok(("UpdateStackSet", "<OperationId>update-1</OperationId>")),
        Ok(("CreateStackInstances", "<OperationId>create-1</OperationId>")),
        Ok(("DeleteStackInstances", "<OperationId>remove-1</OperationId>")),
    ])
    .await;
    let (aws, wanted) = (service.client(), definition(self_managed()));
    aws.create_stack_set(&own(), &wanted, "token-1").await.unwrap();
    aws.update_stack_set(&own(), &wanted, None, "update-1").await.unwrap();
    aws.create_instances(&own(), &two_accounts(&[]), &wanted.preferences, "create-1").await.unwrap();
    aws.delete_instances(&own(), &two_accounts(&[]), "remove-1").await.unwrap();
    let asked = service.asked();
    let [create, update, fill, empty] = asked.as_slice() else { panic!("{asked:?}") };
    let same = [
        ("StackSetName", "mlops-churn-prod-1"),
        ("TemplateBody", "Resources: {}\n"),
        ("Parameters.member.1.ParameterKey", "InstanceCount"),
        ("Parameters.member.1.ParameterValue", "2"),
        ("Tags.member.1.Key", "secure-mlops:platform"),
        ("Tags.member.1.Value", "mlops"),
        ("AdministrationRoleARN", "arn:aws:iam::111111111111:role/Administration"),
        ("ExecutionRoleName", "Execution"),
    ];
    expect(create, &same, &["AutoDeployment", "CallAs", "Capabilities", "OperationId"]);
    expect(
        create,
        &[("Action", "CreateStackSet"), ("PermissionModel", "SELF_MANAGED"), ("ClientRequestToken", "token-1")],
        &[],
    );
    // Neither accounts nor regions: all instances are brought along.
    expect(update, &same, &["Accounts", "Regions", "DeploymentTargets", "CallAs", "PermissionModel"]);
    expect(update, &[("Action", "UpdateStackSet"), ("OperationId", "update-1")], &[]);
    expect(update, &PREFERENCES, &[]);
    let places = [
        ("Accounts.member.1", "222222222222"),
        ("Accounts.member.2", "333333333333"),
        ("Regions.member.1", "eu-central-1"),
    ];
    expect(fill, &places, &["DeploymentTargets", "ParameterOverrides", "CallAs"]);
    expect(fill, &[("Action", "CreateStackInstances"), ("OperationId", "create-1")], &[]);
    expect(fill, &PREFERENCES, &[]);
    expect(empty, &places, &["DeploymentTargets", "CallAs"]);
    expect(empty, &[("Action", "DeleteStackInstances"), ("OperationId", "remove-1"), ("RetainStacks", "false")], &[]);
    expect(empty, &[("OperationPreferences.FailureTolerancePercentage", "100")], &[]);
}

/// A wave: the set changes, and of its instances those of the wave.
#[tokio::test]
async fn an_update_addresses_the_accounts_of_a_wave() {
    let done = || Ok(("UpdateStackSet", "<OperationId>update-1</OperationId>"));
    let service = Service::answering(vec![done(), done()]).await;
    let aws = service.client();
    aws.update_stack_set(&own(), &definition(self_managed()), Some(&two_accounts(&[])), "update-1").await.unwrap();
    let service_managed = definition(Permissions::ServiceManaged { call_as: CallAs::DelegatedAdmin });
    let below = two_accounts(&["r-ab12"]);
    aws.update_stack_set(&delegated(), &service_managed, Some(&below), "update-1").await.unwrap();
    let asked = service.asked();
    let [own, delegated] = asked.as_slice() else { panic!("{asked:?}") };
    let accounts = [("Accounts.member.1", "222222222222"), ("Accounts.member.2", "333333333333")];
    expect(own, &accounts, &["DeploymentTargets"]);
    let targets = [
        ("DeploymentTargets.OrganizationalUnitIds.member.1", "r-ab12"),
        ("DeploymentTargets.Accounts.member.2", "333333333333"),
        ("DeploymentTargets.AccountFilterType", "INTERSECTION"),
    ];
    expect(delegated, &targets, &["Accounts.member"]);
    for update in [own, delegated] {
        expect(update, &[("Regions.member.1", "eu-central-1"), ("OperationId", "update-1")], &[]);
    }
}

#[tokio::test]
async fn a_service_managed_set_addresses_accounts_by_the_organization() {
    let service = Service::answering(vec![
        Ok(("CreateStackSet", "<StackSetId>mlops-churn-prod-1:6f1e</StackSetId>")),
        Ok(("CreateStackInstances", "<OperationId>create-1</OperationId>")),
    ])
    .await;
    let (aws, wanted) = (service.client(), definition(Permissions::ServiceManaged { call_as: CallAs::DelegatedAdmin }));
    aws.create_stack_set(&delegated(), &wanted, "token-1").await.unwrap();
    aws.create_instances(&delegated(), &two_accounts(&["r-ab12"]), &wanted.preferences, "create-1").await.unwrap();
    let asked = service.asked();
    let [create, fill] = asked.as_slice() else { panic!("{asked:?}") };
    let permissions =
        [("PermissionModel", "SERVICE_MANAGED"), ("CallAs", "DELEGATED_ADMIN"), ("AutoDeployment.Enabled", "false")];
    expect(create, &permissions, &["AdministrationRoleARN", "ExecutionRoleName", "AutoDeployment.Retain"]);
    let targets = [
        ("CallAs", "DELEGATED_ADMIN"),
        ("DeploymentTargets.OrganizationalUnitIds.member.1", "r-ab12"),
        ("DeploymentTargets.Accounts.member.1", "222222222222"),
        ("DeploymentTargets.Accounts.member.2", "333333333333"),
        ("DeploymentTargets.AccountFilterType", "INTERSECTION"),
    ];
    expect(fill, &targets, &["Accounts.member"]);
}

#[tokio::test]
async fn a_set_is_read_whole() {
    let service = Service::answering(vec![
        Ok((
            "DescribeStackSet",
            "<StackSet><StackSetName>mlops-churn-prod-1</StackSetName><Status>ACTIVE</Status>\
             <TemplateBody>Resources: {}\n</TemplateBody><PermissionModel>SELF_MANAGED</PermissionModel>\
             <Parameters><member><ParameterKey>InstanceCount</ParameterKey><ParameterValue>2</ParameterValue></member></Parameters>\
             <Tags><member><Key>secure-mlops:platform</Key><Value>mlops</Value></member></Tags>\
             <AdministrationRoleARN>arn:aws:iam::111111111111:role/Administration</AdministrationRoleARN>\
             <ExecutionRoleName>Execution</ExecutionRoleName>\
             <OrganizationalUnitIds><member>r-ab12</member></OrganizationalUnitIds></StackSet>",
        )),
        Err((404, "StackSetNotFoundException", "StackSet mlops-churn-prod-1 not found")),
    ])
    .await;
    let aws = service.client();
    let set = aws.stack_set(&own()).await.unwrap().unwrap();
    let wanted = definition(self_managed());
    assert!(set.is(&wanted) && set.is_tagged(&wanted.tags));
    assert_eq!(set.organizational_units, ["r-ab12".parse().unwrap()]);
    for changed in [
        Definition { template: "Resources:\n".into(), ..wanted.clone() },
        Definition { parameters: [("InstanceCount".to_owned(), "3".to_owned())].into(), ..wanted.clone() },
        Definition { tags: [("secure-mlops:platform".to_owned(), "other".to_owned())].into(), ..wanted.clone() },
        Definition {
            permissions: Permissions::SelfManaged {
                administration_role_arn: "arn:aws:iam::111111111111:role/Other".parse().unwrap(),
                execution_role_name: "Execution".into(),
            },
            ..wanted
        },
    ] {
        assert!(!set.is(&changed), "{changed:?}");
    }
    assert_eq!(aws.stack_set(&own()).await.unwrap(), None);
}

#[tokio::test]
async fn instances_come_in_pages() {
    let service = Service::answering(vec![
        Ok((
            "ListStackInstances",
            "<Summaries><member><Account>222222222222</Account><Region>eu-central-1</Region><Status>CURRENT</Status></member>\
             <member><Account>333333333333</Account><Region>eu-central-1</Region><Status>OUTDATED</Status>\
             <StatusReason>no capacity</StatusReason></member></Summaries><NextToken>more</NextToken>",
        )),
        Ok((
            "ListStackInstances",
            "<Summaries><member><Account>444444444444</Account><Region>eu-west-1</Region><Status>INOPERABLE</Status></member></Summaries>",
        )),
    ])
    .await;
    let instances = service.client().instances(&delegated()).await.unwrap();
    let statuses: Vec<_> = instances.iter().map(|it| (it.at.to_string(), it.status, it.reason.as_deref())).collect();
    assert_eq!(
        statuses,
        [
            ("222222222222 in eu-central-1".to_owned(), InstanceStatus::Current, None),
            ("333333333333 in eu-central-1".to_owned(), InstanceStatus::Outdated, Some("no capacity")),
            ("444444444444 in eu-west-1".to_owned(), InstanceStatus::Inoperable, None),
        ]
    );
    let asked = service.asked();
    expect(&asked[0], &[("MaxResults", "100"), ("CallAs", "DELEGATED_ADMIN")], &["NextToken"]);
    expect(&asked[1], &[("NextToken", "more"), ("CallAs", "DELEGATED_ADMIN")], &[]);
}

#[tokio::test]
async fn operations_and_their_results() {
    let service = Service::answering(vec![
        Ok((
            "ListStackSetOperations",
            "<Summaries><member><OperationId>new</OperationId><Action>UPDATE</Action><Status>QUEUED</Status></member>\
             <member><OperationId>old</OperationId><Action>CREATE</Action><Status>SUCCEEDED</Status></member></Summaries>",
        )),
        Ok(("ListStackSetOperations", "<Summaries/>")),
        Ok((
            "DescribeStackSetOperation",
            "<StackSetOperation><OperationId>new</OperationId><Status>FAILED</Status><StatusReason>no role</StatusReason></StackSetOperation>",
        )),
        Ok((
            "ListStackSetOperationResults",
            "<Summaries><member><Account>222222222222</Account><Region>eu-central-1</Region><Status>SUCCEEDED</Status></member></Summaries>\
             <NextToken>more</NextToken>",
        )),
        Ok((
            "ListStackSetOperationResults",
            "<Summaries><member><Account>333333333333</Account><Region>eu-central-1</Region><Status>FAILED</Status>\
             <StatusReason>ResourceLogicalId:Endpoint</StatusReason></member>\
             <member><Account>444444444444</Account><Region>eu-central-1</Region><Status>CANCELLED</Status>\
             <StatusReason>Cancelled since failure tolerance has exceeded</StatusReason></member></Summaries>",
        )),
    ])
    .await;
    let aws = service.client();
    let running = aws.running_operation(&own()).await.unwrap().unwrap();
    assert_eq!((running.id.as_str(), running.status), ("new", Status::Running));
    assert_eq!(aws.running_operation(&own()).await.unwrap(), None);
    let operation = aws.operation(&own(), "new").await.unwrap();
    assert_eq!((operation.status, operation.reason.as_deref()), (Status::Failed, Some("no role")));
    let results = aws.operation_results(&own(), "new").await.unwrap();
    let failed: Vec<_> =
        results.iter().filter(|result| result.has_failed).map(|result| result.reason.as_deref()).collect();
    assert_eq!(failed, [Some("ResourceLogicalId:Endpoint"), Some("Cancelled since failure tolerance has exceeded")]);
    assert_eq!(
        results[0].at,
        Location { account: "222222222222".parse().unwrap(), region: "eu-central-1".parse().unwrap() }
    );
}

#[tokio::test]
async fn names_are_listed_as_whoever_may() {
    let service = Service::answering(vec![
        Ok((
            "ListStackSets",
            "<Summaries><member><StackSetName>a</StackSetName><Status>ACTIVE</Status></member></Summaries><NextToken>more</NextToken>",
        )),
        Ok(("ListStackSets", "<Summaries><member><StackSetName>b</StackSetName></member></Summaries>")),
        Err((400, "ValidationError", "You must be the management account or delegated admin account")),
        Err((400, "ValidationError", "Rate")),
    ])
    .await;
    let aws = service.client();
    assert_eq!(aws.stack_set_names(CallAs::Itself).await.unwrap(), ["a", "b"]);
    assert!(aws.stack_set_names(CallAs::DelegatedAdmin).await.unwrap().is_empty());
    assert_eq!(aws.stack_set_names(CallAs::Itself).await.unwrap_err().code(), Some("ValidationError"));
    expect(&service.asked()[0], &[("Status", "ACTIVE"), ("CallAs", "SELF")], &[]);
}

#[tokio::test]
async fn errors_keep_code_and_request_id() {
    let service = Service::answering(vec![
        Err((409, "OperationInProgressException", "Another Operation on StackSet is in progress")),
        Err((400, "Throttling", "Rate exceeded")),
        Err((404, "StackSetNotFoundException", "gone")),
        Err((409, "StackSetNotEmptyException", "StackSet is not empty")),
    ])
    .await;
    let (aws, wanted) = (service.client(), definition(self_managed()));
    let error = aws.update_stack_set(&own(), &wanted, None, "update-1").await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "cloudformation:UpdateStackSet answered OperationInProgressException: Another Operation on StackSet is in progress \
         (request id b25f48e8-84fd-11e6-80d9-574e0c4664cb)"
    );
    assert!(aws.instances(&own()).await.unwrap_err().is_throttled());
    aws.delete_stack_set(&own()).await.unwrap();
    assert_eq!(aws.delete_stack_set(&own()).await.unwrap_err().code(), Some("StackSetNotEmptyException"));
}
