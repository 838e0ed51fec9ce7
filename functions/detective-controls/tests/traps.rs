//! What events say, and what they do not: each ends with what was described, or with why nothing was.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that cannot go on should say where"
)]

mod world;

use controls::Kind;
use serde_json::{Value, json};
use world::{HUB, TARGET, World};

/// A call as EventBridge hands it over, with everything that a real one has.
fn call(name: &str, request: Value, more: Value) -> Value {
    let mut event = json!({
        "version": "0",
        "id": "5a1c4b0e-7f3d-4a52-9b0c-2a3f1d0e9c11",
        "detail-type": "AWS API Call via CloudTrail",
        "source": "aws.sagemaker",
        "account": HUB,
        "time": "2026-11-01T10:00:05Z",
        "region": "eu-central-1",
        "resources": [],
        "detail": {
            "eventVersion": "1.11",
            "userIdentity": {
                "type": "AssumedRole",
                "principalId": "AROAEXAMPLEEXAMPLE000:SageMaker",
                "arn": format!("arn:aws:sts::{HUB}:assumed-role/Execution/SageMaker"),
                "accountId": HUB,
                "sessionContext": {
                    "sessionIssuer": {"type": "Role", "arn": format!("arn:aws:iam::{HUB}:role/team/Execution"), "accountId": HUB},
                    "attributes": {"creationDate": "2026-11-01T09:00:00Z", "mfaAuthenticated": "false"},
                },
            },
            "eventTime": "2026-11-01T10:00:00Z",
            "eventSource": "sagemaker.amazonaws.com",
            "eventName": name,
            "awsRegion": "eu-central-1",
            "sourceIPAddress": "203.0.113.7",
            "userAgent": "Boto3/1.40.0",
            "requestParameters": request,
            "responseElements": null,
            "requestID": "ba17617d-c326-4dd0-a149-2dad3af0997a",
            "eventID": "3182977b-c31c-4d17-a7d8-a11c3c906f4d",
            "readOnly": false,
            "eventType": "AwsApiCall",
            "managementEvent": true,
            "recipientAccountId": HUB,
            "eventCategory": "Management",
        },
    });
    for (pointer, value) in more.as_object().unwrap() {
        let (parent, member) = pointer.rsplit_once('/').unwrap();
        event.pointer_mut(parent).unwrap()[member] = value.clone();
    }
    event
}

fn state_change(detail_type: &str, resource: &str, detail: Value) -> Value {
    json!({
        "version": "0", "id": "0bd8a0dc-eb4f-78e6-8d3c-23b73c95428f", "detail-type": detail_type, "source": "aws.sagemaker",
        "account": HUB, "time": "2026-11-01T10:00:05Z", "region": "eu-central-1",
        "resources": [format!("arn:aws:sagemaker:eu-central-1:{HUB}:{resource}")], "detail": detail,
    })
}

/// Operations and what they were asked.
type Calls = Vec<(String, Value)>;

async fn described(world: &World, event: Value) -> Result<Calls, String> {
    world.asked.lock().unwrap().clear();
    let answer = world.invoke(event).await.unwrap();
    if answer["status"] == "ignored" {
        return Err(answer["reason"].as_str().unwrap().to_owned());
    }
    let asked = world.asked.lock().unwrap().clone();
    Ok(asked.into_iter().filter(|(operation, _)| operation.starts_with("sagemaker:Describe")).collect())
}

/// What the real record of CreateTrainingJob has that is in no SDK.
fn training_job(name: &str) -> Value {
    json!({
        "trainingJobName": name, "disableEFA": false, "withWarmPoolValidationError": false,
        "trainingJobArn": format!("arn:aws:sagemaker:eu-central-1:{HUB}:training-job/{}", name.to_lowercase()),
        "algorithmSpecification": {"trainingInputMode": "File", "enableSageMakerMetricsTimeSeries": false},
        "resourceConfig": {"instanceCount": 1, "useReservedCapacity": false},
        "outputDataConfig": {"s3OutputPath": "s3://a/b", "disableModelUpload": false, "removeJobNameFromS3OutputPath": false},
        "enableNetworkIsolation": false,
    })
}

#[tokio::test]
async fn each_event_leads_to_what_it_is_about_and_to_nothing_else() {
    let of =
        |operation: &str, member: &str, name: &str| vec![(format!("sagemaker:{operation}"), json!({member: name}))];
    let notebook = || of("DescribeNotebookInstance", "NotebookInstanceName", "Lab");
    let training = || of("DescribeTrainingJob", "TrainingJobName", "Churn-7");
    let lab = json!({"notebookInstanceName": "Lab"});
    let rows: Vec<(&str, Value, Calls)> = vec![
        ("a call", call("CreateNotebookInstance", lab.clone(), json!({})), notebook()),
        ("a call that is in no SDK", call("CreateTrainingJob", training_job("Churn-7"), json!({})), training()),
        (
            "an answer whose ARN is in lower case",
            call(
                "CreateTrainingJob",
                json!({"trainingJobName": "Churn-7"}),
                json!({"/detail/responseElements": {"trainingJobArn": "arn:aws:sagemaker:eu-central-1:111111111111:training-job/churn-7"}}),
            ),
            training(),
        ),
        (
            "China",
            call("StopNotebookInstance", lab.clone(), json!({"/detail/eventSource": "sagemaker.amazonaws.com.cn"})),
            notebook(),
        ),
        (
            "a service that called",
            call(
                "UpdateNotebookInstance",
                lab.clone(),
                json!({"/detail/userIdentity/invokedBy": "cloudformation.amazonaws.com", "/detail/sourceIPAddress": "cloudformation.amazonaws.com"}),
            ),
            notebook(),
        ),
        (
            "what a tuning job started",
            call(
                "CreateTrainingJob",
                Value::Null,
                json!({
                    "/detail-type": "AWS Service Event via CloudTrail", "/detail/eventType": "AwsServiceEvent",
                    "/detail/userIdentity": {"accountId": HUB, "invokedBy": "sagemaker.amazonaws.com"},
                    "/detail/serviceEventDetails": {"trainingJobName": "Churn-7"},
                }),
            ),
            training(),
        ),
        (
            "the same, by ARN",
            call(
                "CreateTrainingJob",
                Value::Null,
                json!({
                    "/detail-type": "AWS Service Event via CloudTrail", "/detail/eventType": "AwsServiceEvent",
                    "/detail/resources": [{"ARN": "arn:aws:sagemaker:eu-central-1:111111111111:training-job/churn-7", "type": "AWS::SageMaker::TrainingJob"}],
                }),
            ),
            of("DescribeTrainingJob", "TrainingJobName", "churn-7"),
        ),
        (
            "an id that is in the answer alone",
            call(
                "CreateDomain",
                json!({"domainName": "Team", "authMode": "IAM"}),
                json!({"/detail/responseElements": {"domainArn": "arn:aws:sagemaker:eu-central-1:111111111111:domain/d-abc", "url": "https://x"}}),
            ),
            of("DescribeDomain", "DomainId", "d-abc"),
        ),
        (
            "an app of a space",
            call(
                "CreateApp",
                json!({"domainId": "d-abc", "spaceName": "s", "appType": "JupyterLab", "appName": "default"}),
                json!({}),
            ),
            vec![(
                "sagemaker:DescribeApp".to_owned(),
                json!({"AppName": "default", "AppType": "JupyterLab", "DomainId": "d-abc", "SpaceName": "s"}),
            )],
        ),
        (
            "tags",
            call(
                "AddTags",
                json!({"resourceArn": "arn:aws:sagemaker:eu-central-1:111111111111:notebook-instance/Lab"}),
                json!({}),
            ),
            notebook(),
        ),
        (
            "an endpoint's configuration",
            call("UpdateEndpoint", json!({"endpointName": "Churn", "endpointConfigName": "Churn-7"}), json!({})),
            of("DescribeEndpointConfig", "EndpointConfigName", "Churn-7"),
        ),
        (
            "a job definition",
            call("CreateDataQualityJobDefinition", json!({"jobDefinitionName": "Drift"}), json!({})),
            of("DescribeDataQualityJobDefinition", "JobDefinitionName", "Drift"),
        ),
        ("a deletion", call("DeleteNotebookInstance", lab.clone(), json!({})), notebook()),
        (
            "a state, spelled in another way",
            state_change(
                "SageMaker Training Job State Change",
                "training-job/churn-7",
                json!({
                    "TrainingJobName": "Churn-7", "TrainingJobStatus": "IN_PROGRESS", "CreationTime": 1_583_831_889_050_i64,
                    "Tags": {"team": "churn"}, "SecondaryStatusTransitions": [{"StartTime": "1583831889050"}],
                }),
            ),
            training(),
        ),
        (
            "a state whose name is in the ARN alone",
            state_change(
                "SageMaker HyperParameter Tuning Job State Change",
                "hyper-parameter-tuning-job/tune",
                json!({"Tags": {}}),
            ),
            of("DescribeHyperParameterTuningJob", "HyperParameterTuningJobName", "tune"),
        ),
    ];
    for (what, event, expected) in rows {
        let world = World::default();
        assert_eq!(described(&world, event).await, Ok(expected), "{what}");
    }
}

#[tokio::test]
async fn what_there_is_nothing_to_look_at_in_says_why() {
    let lab = json!({"notebookInstanceName": "Lab"});
    let rows: Vec<(Value, &str)> = vec![
        (
            call("CreateApp", json!({"name": "site"}), json!({"/detail/eventSource": "amplify.amazonaws.com"})),
            "another service's",
        ),
        (call("CreateNotebookInstance", lab.clone(), json!({"/source": "aws.amplify"})), "not SageMaker's"),
        (call("CreateNotebookInstance", lab.clone(), json!({"/source": "somebody"})), "not SageMaker's"),
        (call("CreateNotebookInstance", lab.clone(), json!({"/detail/errorCode": "AccessDenied"})), "the call failed"),
        (call("CreateNotebookInstance", lab.clone(), json!({"/detail/readOnly": true})), "changed nothing"),
        (call("CreateNotebookInstance", Value::Null, json!({})), "names no resource"),
        (call("CreateNotebookInstance", json!("Lab"), json!({})), "names no resource"),
        (call("CreateNotebookInstance", json!({"notebookInstanceName": 7}), json!({})), "names no resource"),
        (call("DescribeNotebookInstance", lab.clone(), json!({})), "no control looks"),
        (call("InvokeEndpoint", json!({"endpointName": "churn"}), json!({})), "no control looks"),
        (
            call("CreateUserProfile", json!({"domainId": "d-abc", "userProfileName": "a"}), json!({})),
            "no control looks",
        ),
        (
            call("AddTags", json!({"resourceArn": "arn:aws:sagemaker:eu-central-1:111111111111:project/p"}), json!({})),
            "names no resource",
        ),
        (
            call("CreateNotebookInstance", lab.clone(), json!({"/detail/recipientAccountId": "me"})),
            "no account and region",
        ),
        (call("CreateNotebookInstance", lab, json!({"/detail": null})), "no detail"),
        (
            state_change(
                "SageMaker Model Package State Change",
                "model-package/churn/7",
                json!({"ModelPackageVersion": "7"}),
            ),
            "no control looks",
        ),
        (state_change("SageMaker Notebook Instance State Change", "model/churn", json!({})), "names no resource"),
        (json!({}), "not SageMaker's"),
        (json!(null), "not SageMaker's"),
        (json!([1, "2"]), "not SageMaker's"),
    ];
    let world = World::default();
    for (event, expected) in rows {
        let reason = described(&world, event.clone()).await.unwrap_err();
        assert!(reason.contains(expected), "{reason:?} for {event}");
        assert!(world.asked.lock().unwrap().is_empty(), "{event}");
    }
    assert!(world.records.ids().is_empty());
}

/// AWS's own sample of this event has the key `source` twice.
#[tokio::test]
async fn a_key_that_is_there_twice_is_read() {
    let text = r#"{"source": "aws.sagemaker", "account": "111111111111", "region": "eu-central-1", "time": "1538828773000",
        "detail-type": "SageMaker Endpoint Config State Change", "resources": [], "source": ["aws.sagemaker"],
        "detail": {"EndpointConfigName": "Churn-7", "CreationTime": "1538828773000", "Tags": {}}}"#;
    let world = World::default();
    let found = described(&world, serde_json::from_str(text).unwrap()).await.unwrap();
    assert_eq!(found, [("sagemaker:DescribeEndpointConfig".to_owned(), json!({"EndpointConfigName": "Churn-7"}))]);
}

#[tokio::test]
async fn the_account_is_the_one_that_the_record_is_for() {
    let world = World::default();
    let arn = world.make(TARGET, Kind::NotebookInstance, "Lab", json!({"DirectInternetAccess": "Enabled"}));
    let event = call(
        "CreateNotebookInstance",
        json!({"notebookInstanceName": "Lab"}),
        json!({"/detail/recipientAccountId": TARGET}),
    );
    world.invoke(event).await.unwrap();
    let record = world.record(TARGET, &arn).await.unwrap();
    assert_eq!(record.verdicts["notebook-no-direct-internet"].verdict.word(), "fail");
    let finding =
        world.findings.lock().unwrap().values().find(|it| it["GeneratorId"] == "notebook-no-direct-internet").cloned();
    let finding = finding.unwrap();
    assert_eq!((&finding["AwsAccountId"], &finding["ProductFields"]["Account"]), (&json!(HUB), &json!(TARGET)));
}

#[tokio::test]
async fn who_called_is_on_record_and_in_the_event() {
    let world = World::default();
    let arn = world.make(HUB, Kind::NotebookInstance, "Lab", json!({"RootAccess": "Enabled"}));
    let identity = json!({"/detail/userIdentity/sessionContext/sourceIdentity": "alice"});
    world.invoke(call("CreateNotebookInstance", json!({"notebookInstanceName": "Lab"}), identity)).await.unwrap();
    let verdict = &world.record(HUB, &arn).await.unwrap().verdicts["notebook-no-root-access"];
    let expected = format!("arn:aws:iam::{HUB}:role/team/Execution as alice");
    assert_eq!(verdict.actor.as_ref(), Some(&expected));
    assert_eq!(verdict.event_id.as_deref(), Some("3182977b-c31c-4d17-a7d8-a11c3c906f4d"));
    let detail: Value = serde_json::from_str(&world.bus.events()[0].detail).unwrap();
    assert_eq!(detail["actor"], expected.as_str());
    // A state change that finds the same leaves it as it is.
    let event = state_change(
        "SageMaker Notebook Instance State Change",
        "notebook-instance/lab",
        json!({"NotebookInstanceName": "Lab"}),
    );
    world.invoke(event).await.unwrap();
    assert_eq!(
        world.record(HUB, &arn).await.unwrap().verdicts["notebook-no-root-access"].actor.as_ref(),
        Some(&expected)
    );
}

/// A lifecycle configuration runs when an instance starts: with it, every instance that uses it has changed.
#[tokio::test]
async fn a_lifecycle_configuration_leads_to_the_instances_that_use_it() {
    let world = World::default();
    let using = |config: &str| json!({"NotebookInstanceLifecycleConfigName": config});
    for number in 0..5 {
        world.make(HUB, Kind::NotebookInstance, &format!("lab-{number}"), using("setup"));
    }
    world.make(HUB, Kind::NotebookInstance, "other", using("setup-2"));
    world.make(HUB, Kind::NotebookInstance, "none", json!({}));
    let event = call(
        "UpdateNotebookInstanceLifecycleConfig",
        json!({"notebookInstanceLifecycleConfigName": "setup"}),
        json!({}),
    );
    let mut names: Vec<String> = described(&world, event)
        .await
        .unwrap()
        .into_iter()
        .filter_map(|(_, key)| key["NotebookInstanceName"].as_str().map(str::to_owned))
        .collect();
    names.sort();
    assert_eq!(names, (0..5).map(|number| format!("lab-{number}")).collect::<Vec<_>>());
    assert_eq!(world.calls("sagemaker:ListNotebookInstances"), 3, "pages");
    assert_eq!(world.calls("sagemaker:DescribeNotebookInstanceLifecycleConfig"), 2, "itself, and once for all of them");
}

#[tokio::test]
async fn a_presigned_address_is_judged_by_what_was_asked_for() {
    let world = World::default();
    world.configure(json!({"parameters": {"maxPresignedSeconds": 3600, "idleHours": {"notebooks": 24}}}));
    let lab = world.make(
        HUB,
        Kind::NotebookInstance,
        "Lab",
        json!({"NotebookInstanceStatus": "InService", "LastModifiedTime": 1_790_000_000.0}),
    );
    let arn = format!("arn:aws:sagemaker:eu-central-1:{HUB}:presigned-url/notebook-instance/Lab");
    let open = |seconds: u32, time: &str| {
        call(
            "CreatePresignedNotebookInstanceUrl",
            json!({"notebookInstanceName": "Lab", "sessionExpirationDurationInSeconds": seconds}),
            json!({"/detail/eventTime": time, "/detail/responseElements": null}),
        )
    };
    world.invoke(open(7200, "2026-11-01T23:00:00Z")).await.unwrap();
    assert_eq!(world.heard("presigned-url-short-session", &arn), [(None, "fail".to_owned())]);
    let record = world.record(HUB, &lab).await.unwrap();
    assert_eq!(record.last_opened, "2026-11-01T23:00:00Z".parse().ok());
    assert_eq!(record.verdicts["notebook-idle"].verdict.word(), "pass");
    // One that is delivered late says nothing of now, and takes nothing back.
    world.invoke(open(60, "2026-11-01T21:00:00Z")).await.unwrap();
    assert_eq!(world.record(HUB, &lab).await.unwrap().last_opened, "2026-11-01T23:00:00Z".parse().ok());
    assert_eq!(world.finding("presigned-url-short-session", &arn).unwrap().0, "FAILED");
    world.invoke(open(60, "2026-11-01T23:30:00Z")).await.unwrap();
    assert_eq!(world.heard("presigned-url-short-session", &arn)[1..], [(Some("fail".to_owned()), "pass".to_owned())]);

    let domain = call(
        "CreatePresignedDomainUrl",
        json!({"domainId": "d-abc", "userProfileName": "alice", "landingUri": "app:JupyterLab:"}),
        json!({}),
    );
    world.invoke(domain).await.unwrap();
    let arn = format!("arn:aws:sagemaker:eu-central-1:{HUB}:presigned-url/domain/d-abc/alice");
    let record = world.record(HUB, &arn).await.unwrap();
    assert_eq!(
        (record.name.as_str(), record.verdicts["presigned-url-short-session"].verdict.word()),
        ("d-abc/alice", "fail")
    );
    world.assert_agreement(HUB, "presigned addresses").await;
}

/// The service writes names in ARNs in lower case: the record knows how it is really called.
#[tokio::test]
async fn tags_of_a_resource_whose_arn_is_in_lower_case() {
    let world = World::default();
    world.make_as(HUB, Kind::NotebookInstance, "Lab", "lab", json!({}));
    world.invoke(call("CreateNotebookInstance", json!({"notebookInstanceName": "Lab"}), json!({}))).await.unwrap();
    let arn = format!("arn:aws:sagemaker:eu-central-1:{HUB}:notebook-instance/lab");
    let found = described(&world, call("DeleteTags", json!({"resourceArn": arn, "tagKeys": ["a"]}), json!({}))).await;
    assert_eq!(
        found.unwrap(),
        [("sagemaker:DescribeNotebookInstance".to_owned(), json!({"NotebookInstanceName": "Lab"}))]
    );
    // And it is found to be archived, by its name.
    world.delete(&arn);
    world.invoke(call("DeleteNotebookInstance", json!({"notebookInstanceName": "Lab"}), json!({}))).await.unwrap();
    assert_eq!(world.record(HUB, &arn).await, None);
    assert!(world.findings.lock().unwrap().values().all(|finding| finding["RecordState"] == "ARCHIVED"));
}
