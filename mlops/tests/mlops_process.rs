//! The built tool as a process, against services on loopback that speak as AWS does.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test fails by panicking")]

mod world;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Arc, Mutex};

use http::HeaderValue;
use lambda_process::{JsonService, QueryService, Reply, Server};
use serde_json::{Value, json};
use tokio::process::Command;
use world::{ALICE, BOB, BUCKET, TOKEN, live, package, question};

const PROD: &str = "/secure-mlops/deployments/churn/approval/prod";

/// Status and body, in turn.
type Replies = Vec<(u16, Value)>;

struct Ended {
    code: i32,
    out: String,
    err: String,
}

impl Ended {
    fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|_| panic!("{}\n{}", self.out, self.err))
    }
}

/// Nothing of the tests' own environment reaches the tool, least of all credentials.
async fn mlops(line: &str, environment: &[(&str, &str)]) -> Ended {
    let ended = Command::new(env!("CARGO_BIN_EXE_mlops"))
        .args(line.split_whitespace())
        .env_clear()
        .envs([("AWS_EC2_METADATA_DISABLED", "true"), ("HOME", "/nonexistent"), ("PATH", "/usr/bin:/bin")])
        .envs(environment.iter().copied())
        .stdin(Stdio::null())
        .output()
        .await
        .unwrap();
    let [out, err] = [ended.stdout, ended.stderr].map(|bytes| String::from_utf8(bytes).unwrap());
    assert!(!out.contains(TOKEN) && !err.contains(TOKEN), "the token is shown: {out}{err}");
    Ended { code: ended.status.code().unwrap(), out, err }
}

struct Services {
    ssm: JsonService,
    sfn: JsonService,
    sts: QueryService,
    s3: Option<Server>,
}

impl Services {
    async fn answering(ssm: Replies, sfn: Replies) -> Self {
        let identity = format!(
            "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><GetCallerIdentityResult>\
             <Arn>{BOB}</Arn><UserId>A:bob</UserId><Account>111111111111</Account></GetCallerIdentityResult>\
             </GetCallerIdentityResponse>"
        );
        Self {
            ssm: JsonService::answering(ssm).await.unwrap(),
            sfn: JsonService::answering(sfn).await.unwrap(),
            sts: QueryService::answering(vec![(200, identity)]).await.unwrap(),
            s3: None,
        }
    }

    async fn run(&self, line: &str) -> Ended {
        let urls =
            [self.ssm.url(), self.sfn.url(), self.sts.url(), self.s3.as_ref().map(Server::url).unwrap_or_default()];
        let mut environment = vec![
            ("AWS_REGION", "eu-central-1"),
            ("AWS_ACCESS_KEY_ID", "ASIAEXAMPLEEXAMPLE00"),
            ("AWS_SECRET_ACCESS_KEY", "example"),
            ("AWS_SESSION_TOKEN", "example"),
            ("AWS_ENDPOINT_URL", "http://127.0.0.1:9"),
        ];
        environment.extend(
            ["AWS_ENDPOINT_URL_SSM", "AWS_ENDPOINT_URL_SFN", "AWS_ENDPOINT_URL_STS", "AWS_ENDPOINT_URL_S3"]
                .into_iter()
                .zip(urls.iter().map(String::as_str))
                .filter(|(_, url)| !url.is_empty()),
        );
        mlops(line, &environment).await
    }
}

fn secure(name: &str, value: &Value) -> Value {
    json!({"Name": name, "Type": "SecureString", "Value": value.to_string()})
}

fn plain(name: &str, value: &Value) -> Value {
    json!({"Name": name, "Type": "String", "Value": value.to_string()})
}

fn refused(code: &str, message: &str) -> (u16, Value) {
    (400, json!({"__type": code, "message": message}))
}

fn waits() -> Replies {
    vec![(200, json!({"Parameters": [secure(PROD, &question("prod", 7))]}))]
}

#[tokio::test]
async fn approve() {
    let services = Services::answering(waits(), vec![(200, json!({}))]).await;
    let ended = services.run("--output json approve --group churn --yes --comment CHG-4711").await;
    assert_eq!(ended.code, 0, "{}", ended.err);
    assert!(
        ended.err.contains("12 accounts in eu-central-1") && ended.err.contains("staging-all.json"),
        "{}",
        ended.err
    );
    let decision = ended.json()["decision"].clone();
    assert_eq!(
        ended.json(),
        json!({"group": "churn", "stage": "prod", "version": 7, "modelPackageArn": package(7),
            "execution": "churn-v7-01234567",
            "decision": {"decision": "approved", "by": BOB, "at": decision["at"], "comment": "CHG-4711"}})
    );
    let path = json!({"Path": "/secure-mlops/deployments/churn/approval/", "Recursive": false, "WithDecryption": true});
    assert_eq!(services.ssm.asked(), [("AmazonSSM.GetParametersByPath".to_owned(), path)]);
    let asked = services.sfn.asked();
    let [(operation, body)] = asked.as_slice() else { panic!("{asked:?}") };
    assert_eq!(operation, "AWSStepFunctions.SendTaskSuccess");
    assert_eq!(body["taskToken"], TOKEN);
    assert_eq!(serde_json::from_str::<Value>(body["output"].as_str().unwrap()).unwrap(), decision);
}

#[tokio::test]
async fn reject_in_words() {
    let services = Services::answering(waits(), vec![(200, json!({}))]).await;
    let ended = services.run("reject --group churn --stage prod --yes").await;
    let said = "Rejected version 7 of churn for stage prod: execution churn-v7-01234567 goes on.\n";
    assert_eq!((ended.code, ended.out.as_str()), (0, said), "{}", ended.err);
}

#[tokio::test]
async fn exit_codes_of_an_answer() {
    let closed = refused("TaskTimedOut", "Task Timed Out: 'Provided task does not exist anymore'");
    let mut own = question("prod", 7);
    own["registeredBy"] = json!(BOB);
    let denied = refused("AccessDeniedException", "User is not authorized to perform: ssm:GetParametersByPath");
    let rows: Vec<(i32, Replies, Replies, &[&str])> = vec![
        (1, vec![denied], vec![], &["AccessDeniedException", "ssm:GetParametersByPath"]),
        (1, waits(), vec![refused("ValidationException", &format!("Value '{TOKEN}' at 'taskToken'"))], &["[secret]"]),
        (3, vec![(200, json!({"Parameters": []}))], vec![], &["nothing about churn waits"]),
        (4, vec![(200, json!({"Parameters": [secure(PROD, &own)]}))], vec![], &["somebody else has to decide"]),
        (5, waits(), vec![closed], &["expired (2026-02-03T12:00:00Z) or was answered", "TaskTimedOut", "mlops status"]),
        (5, waits(), vec![refused("InvalidToken", "Invalid Token")], &["InvalidToken"]),
        (5, waits(), vec![refused("TaskDoesNotExist", "gone")], &["TaskDoesNotExist"]),
    ];
    for (code, ssm, sfn, said) in rows {
        let services = Services::answering(ssm, sfn).await;
        let ended = services.run("approve --group churn --yes --output json").await;
        assert_eq!((ended.code, ended.out.as_str()), (code, ""), "{}", ended.err);
        let last = ended.err.lines().last().unwrap();
        assert!(last.starts_with("mlops: ") && said.iter().all(|part| last.contains(part)), "{}", ended.err);
    }
}

#[tokio::test]
async fn bad_usage() {
    let services = Services::answering(vec![], vec![]).await;
    for (line, said) in [
        ("approve --group churn", "--yes"),
        ("approve", "--group"),
        ("approve --group bad_group", "bad_group"),
        ("approve --group churn --comment \u{7}", "--comment"),
        ("status --at 2026-01-31T12:00:00Z", "--account"),
        ("status --account 222222222222 --at yesterday", "RFC 3339"),
        ("status --account 12", "12 digits"),
        ("statsu", "status"),
        ("status --platform Not-A-Platform", "platform name"),
        ("status --output yaml", "json"),
        ("", "Usage"),
    ] {
        let ended = services.run(line).await;
        assert!(ended.code == 2 && ended.err.contains(said), "{line}: {} {}", ended.code, ended.err);
    }
    assert!(services.ssm.asked().is_empty());
    let ended = mlops("status", &[]).await;
    assert!(ended.code == 2 && ended.err.contains("--region"), "{}", ended.err);
}

#[tokio::test]
async fn status() {
    let root = "/secure-mlops/deployments";
    let ciphertext = json!({"Name": PROD, "Type": "SecureString", "Value": "AQICAH"});
    let pages = || {
        vec![
            (200, json!({"Parameters": [plain(&format!("{root}/churn/live/prod"), &live(6))], "NextToken": "n"})),
            (200, json!({"Parameters": [ciphertext, plain(&format!("{root}/churn/registration"), &json!({}))]})),
            (200, json!({"Parameters": [secure(PROD, &question("prod", 7))], "InvalidParameters": []})),
        ]
    };
    let executions = || {
        let arn = "arn:aws:states:eu-central-1:111111111111:execution:secure-mlops-model-deployment:churn-v7-01234567";
        let machine = "arn:aws:states:eu-central-1:111111111111:stateMachine:secure-mlops-model-deployment";
        vec![(
            200,
            json!({"executions": [{"executionArn": arn, "stateMachineArn": machine, "name": "churn-v7-01234567",
                "status": "RUNNING", "startDate": 1_769_857_200.0}]}),
        )]
    };
    let services = Services::answering(pages(), executions()).await;
    let json = services.run("status --output json").await.json();
    assert_eq!(json["live"][0]["version"], 6);
    assert_eq!(json["waiting"][0]["registeredBy"], ALICE);
    assert_eq!(json["running"][0]["started"], "2026-01-31T11:00:00Z");
    assert_eq!(
        services.sfn.asked(),
        [(
            "AWSStepFunctions.ListExecutions".to_owned(),
            json!({"stateMachineArn": "arn:aws:states:eu-central-1:111111111111:stateMachine:secure-mlops-model-deployment",
                "statusFilter": "RUNNING"})
        )]
    );
    let asked = services.ssm.asked();
    assert_eq!(asked[0].1, json!({"Path": format!("{root}/"), "Recursive": true, "WithDecryption": false}));
    assert_eq!(asked[1].1["NextToken"], "n");
    assert_eq!(asked[2], ("AmazonSSM.GetParameters".to_owned(), json!({"Names": [PROD], "WithDecryption": true})));

    let services = Services::answering(pages(), executions()).await;
    let ended = services.run("status").await;
    let expected = format!(
        "\
Live
GROUP  STAGE  VERSION  SINCE                     BY     ACCOUNTS  REGIONS                 APPROVED BY{pad}  DECIDED BY{pad2}  EXECUTION
churn  prod   6        2026-01-31T12:00:00.000Z  stage  12        eu-central-1,eu-west-1  {ALICE}  {BOB}  churn-v6-01234567

Waiting for an answer
GROUP  STAGE  VERSION  EXPIRES               REGISTERED BY{pad3}  EXECUTION
churn  prod   7        2026-02-03T12:00:00Z  {ALICE}  churn-v7-01234567

churn, prod:
  version 7 instead of version 6
  12 accounts in eu-central-1
  Results: s3://records-111111111111/results/churn/churn-v7-01234567/staging-all.json

Being deployed
GROUP  VERSION  BECAUSE OF  STARTED               EXECUTION
churn  7        approval    2026-01-31T11:00:00Z  churn-v7-01234567
",
        pad = " ".repeat(ALICE.len() - "APPROVED BY".len()),
        pad2 = " ".repeat(BOB.len() - "DECIDED BY".len()),
        pad3 = " ".repeat(ALICE.len() - "REGISTERED BY".len()),
    );
    assert_eq!((ended.code, ended.out), (0, expected), "{}", ended.err);
    assert_eq!(ended.err, "");

    let services = Services::answering(vec![(200, json!({}))], vec![(200, json!({"executions": []}))]).await;
    assert_eq!(services.run("status").await.code, 3);
}

/// A bucket whose listings have three entries a page.
async fn bucket(objects: BTreeMap<String, String>) -> (Server, Arc<Mutex<Vec<String>>>) {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&asked);
    let server = Server::start(move |request| {
        log.lock().unwrap().push(format!("{} {}", request.method, request.target));
        let (path, query) = request.target.split_once('?').unwrap_or((&request.target, ""));
        let decoded = |text: &str| text.replace("%2F", "/").replace("%3A", ":");
        let query: BTreeMap<_, _> = query
            .split('&')
            .filter_map(|pair| pair.split_once('='))
            .map(|(name, value)| (name, decoded(value)))
            .collect();
        let key = decoded(path.trim_start_matches(&format!("/{BUCKET}")).trim_start_matches('/'));
        let reply = if key.is_empty() {
            assert_eq!(query["list-type"], "2");
            Reply::status(200, listing(&objects, &query))
        } else if let Some(body) = objects.get(&key) {
            Reply::status(200, body.clone())
        } else {
            Reply::status(404, "<Error><Code>NoSuchKey</Code><Message>no</Message><RequestId>R1</RequestId></Error>")
        };
        std::future::ready(reply)
    })
    .await
    .unwrap();
    (server, asked)
}

fn listing(objects: &BTreeMap<String, String>, query: &BTreeMap<&str, String>) -> String {
    let prefix = &query["prefix"];
    let after = query.get("continuation-token").cloned().unwrap_or_default();
    let mut names: Vec<String> = objects
        .keys()
        .filter(|key| key.starts_with(prefix))
        .map(|key| match (query.get("delimiter"), key[prefix.len()..].find('/')) {
            (Some(_), Some(at)) => key[..=prefix.len() + at].to_owned(),
            _ => key.clone(),
        })
        .filter(|name| *name > after)
        .collect();
    names.dedup();
    let (truncated, next) = (names.len() > 3, names.get(2).cloned().unwrap_or_default());
    names.truncate(3);
    let entries: String = names
        .iter()
        .map(|name| match name.ends_with('/') {
            true => format!("<CommonPrefixes><Prefix>{name}</Prefix></CommonPrefixes>"),
            false => format!("<Contents><Key>{name}</Key><Size>1</Size></Contents>"),
        })
        .collect();
    let next = if truncated { format!("<NextContinuationToken>{next}</NextContinuationToken>") } else { String::new() };
    format!("<ListBucketResult><IsTruncated>{truncated}</IsTruncated>{next}{entries}</ListBucketResult>")
}

/// Ten whole deployments of each of four groups, an hour apart.
fn history() -> BTreeMap<String, String> {
    let mut objects = BTreeMap::new();
    for group in ["churn", "fraud", "credit", "limits"] {
        for version in 1..=10u32 {
            let time = format!("2026-01-31T{version:02}:00:00.000Z");
            let execution = format!("{group}-v{version}-01234567");
            let body = json!({"kind": "stage", "time": time, "execution": execution, "platformName": "secure-mlops",
                "modelPackageGroupName": group, "stage": "prod", "version": version, "modelPackageArn": package(version),
                "accounts": ["222222222222"], "regions": ["eu-central-1"], "approval": {"id": "a", "by": ALICE},
                "decision": {"decision": "approved", "by": BOB, "at": time}, "results": [], "plan": null});
            objects.insert(format!("history/{group}/{time}-prod-stage-{execution}.json"), body.to_string());
        }
    }
    objects
}

fn bucket_parameter() -> Replies {
    let parameter = json!({"Name": "/secure-mlops/deployment-records-bucket", "Type": "String", "Value": BUCKET});
    vec![(200, json!({"Parameters": [parameter], "InvalidParameters": []}))]
}

#[tokio::test]
async fn status_of_an_account() {
    let (s3, asked) = bucket(history()).await;
    let mut services = Services::answering(bucket_parameter(), vec![]).await;
    services.s3 = Some(s3);
    let ended =
        services.run("status --output json --group churn --account 222222222222 --at 2026-01-31T03:30:00+01:00").await;
    let json = ended.json();
    assert_eq!(
        (json["at"].as_str(), json["versions"].as_array().unwrap().len()),
        (Some("2026-01-31T02:30:00.000Z"), 1)
    );
    let ran = &json["versions"][0];
    assert_eq!((ran["version"].as_u64(), ran["since"].as_str()), (Some(2), Some("2026-01-31T02:00:00.000Z")));
    assert_eq!((ran["approval"]["by"].as_str(), ran["decision"]["by"].as_str()), (Some(ALICE), Some(BOB)));
    assert_eq!(ran["execution"], "churn-v2-01234567");
    let asked = asked.lock().unwrap().clone();
    assert_eq!(asked.iter().filter(|line| line.contains("list-type")).count(), 1, "no page after the time: {asked:#?}");
    assert_eq!(asked.iter().filter(|line| line.contains(".json")).count(), 2, "no record after the time: {asked:#?}");
}

#[tokio::test]
async fn status_of_an_account_in_all_groups_and_in_none() {
    let (s3, _) = bucket(history()).await;
    let mut services = Services::answering(bucket_parameter(), vec![]).await;
    services.s3 = Some(s3);
    let ended = services.run("status --account 222222222222").await;
    assert_eq!(ended.code, 0, "{}", ended.err);
    let lines: Vec<_> = ended.out.lines().collect();
    assert!(lines[0].starts_with("Account 222222222222 at 20"), "{}", ended.out);
    assert_eq!(lines.len(), 6, "{}", ended.out);
    for (line, group) in lines[2..].iter().zip(["churn", "credit", "fraud", "limits"]) {
        assert!(line.starts_with(group) && line.contains(" 10 ") && line.contains(BOB), "{line}");
    }

    for (line, code, said) in [
        ("status --account 333333333333", 3, "333333333333"),
        ("status --account 222222222222 --at 2026-01-31T00:59:59.999Z", 3, "2026-01-31T00:59:59.999Z"),
        ("status --account 222222222222 --account-region eu-west-1", 3, "eu-west-1"),
    ] {
        let (s3, _) = bucket(history()).await;
        let mut services = Services::answering(bucket_parameter(), vec![]).await;
        services.s3 = Some(s3);
        let ended = services.run(line).await;
        assert!(ended.code == code && ended.err.contains(said), "{line}: {} {}", ended.code, ended.err);
    }
    let services = Services::answering(vec![(200, json!({"InvalidParameters": ["x"]}))], vec![]).await;
    let ended = services.run("status --account 222222222222").await;
    assert!(ended.code == 3 && ended.err.contains("deployment-records-bucket"), "{}", ended.err);
}

#[tokio::test]
async fn an_error_of_the_bucket_has_its_code_and_request_id() {
    let s3 = Server::start(|_| {
        let mut denied = Reply::status(403, "<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>");
        if let Reply::Answer(response) = &mut denied {
            response.headers_mut().insert("x-amz-request-id", HeaderValue::from_static("4442587FB7D0A2F9"));
        }
        std::future::ready(denied)
    })
    .await
    .unwrap();
    let mut services = Services::answering(bucket_parameter(), vec![]).await;
    services.s3 = Some(s3);
    let ended = services.run("status --account 222222222222").await;
    let said = "mlops: s3:ListBucket answered AccessDenied: Access Denied (request id 4442587FB7D0A2F9)\n";
    assert_eq!((ended.code, ended.err.as_str()), (1, said));
}

#[tokio::test]
async fn help_says_what_changes_what_it_needs_and_how_it_ends() {
    for (line, said) in [
        ("--help", &["Exit codes", "5  the question expired", "completions", "MLOPS_PLATFORM"][..]),
        ("approve --help", &["Changes:", "states:SendTaskSuccess", "kms:Decrypt", "--comment"]),
        ("reject --help", &["Changes:", "states:SendTaskSuccess", "taken back"]),
        ("status --help", &["Changes: nothing", "s3:GetObject", "states:ListExecutions", "--account-region"]),
        ("completions --help", &["Changes: nothing", "bash", "zsh", "fish"]),
    ] {
        let ended = mlops(line, &[]).await;
        assert_eq!((ended.code, ended.err.as_str()), (0, ""), "{line}");
        for part in said {
            assert!(ended.out.contains(part), "{line}: {part}\n{}", ended.out);
        }
    }
}

#[tokio::test]
async fn completions_know_commands_and_options() {
    for (shell, said) in [
        ("bash", &["complete -F _mlops", "--account-region", "approve"][..]),
        ("zsh", &["#compdef mlops", "--account-region", "approve"]),
        ("fish", &["complete -c mlops", "account-region", "approve"]),
    ] {
        let ended = mlops(&format!("completions {shell}"), &[]).await;
        assert_eq!((ended.code, ended.err.as_str()), (0, ""), "{shell}");
        for part in said {
            assert!(ended.out.contains(part), "{shell}: {part}");
        }
    }
}

/// A home folder of this test's own.
fn home(name: &str) -> PathBuf {
    let home = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::create_dir_all(home.join(".aws/sso/cache")).unwrap();
    home
}

/// Whose key and which region the first request was signed with.
async fn signed_with(line: &str, home: &Path, more: &[(&str, &str)]) -> (Ended, String) {
    let scopes = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&scopes);
    let server = Server::start(move |request| {
        let authorization = request.headers.get("authorization").map(|value| value.to_str().unwrap().to_owned());
        log.lock().unwrap().push(authorization.unwrap_or_default());
        let body = if request.target.contains("federation/credentials") {
            let keys = json!({"accessKeyId": "ASIASSO", "secretAccessKey": "s", "sessionToken": "t",
                "expiration": 4_102_444_800_000u64});
            json!({"roleCredentials": keys})
        } else {
            json!({"Parameters": []})
        };
        std::future::ready(Reply::status(200, body.to_string()))
    })
    .await
    .unwrap();
    let url = server.url();
    let mut environment = vec![("HOME", home.to_str().unwrap()), ("AWS_ENDPOINT_URL", url.as_str())];
    environment.extend(more);
    let ended = mlops(line, &environment).await;
    let scope = scopes.lock().unwrap().iter().rev().find(|scope| scope.contains("Credential=")).cloned();
    (ended, scope.unwrap_or_default())
}

#[tokio::test]
async fn credentials_are_a_persons() {
    let home = home("profiles");
    std::fs::write(
        home.join(".aws/config"),
        "[profile bank]\nregion = eu-west-1\naws_access_key_id = AKIAPROFILE\naws_secret_access_key = s\n\
         [profile vault]\nregion = eu-west-2\ncredential_process = /bin/cat credentials.json\n\
         [profile people]\nregion = eu-west-3\nsso_session = bank\nsso_account_id = 111111111111\nsso_role_name = Release\n\
         [sso-session bank]\nsso_region = eu-west-3\nsso_start_url = https://bank.awsapps.com/start\n",
    )
    .unwrap();
    let vault = home.join("credentials.json");
    std::fs::write(&vault, json!({"Version": 1, "AccessKeyId": "AKIAVAULT", "SecretAccessKey": "s"}).to_string())
        .unwrap();
    let config = std::fs::read_to_string(home.join(".aws/config")).unwrap();
    std::fs::write(home.join(".aws/config"), config.replace("credentials.json", vault.to_str().unwrap())).unwrap();
    // Where `aws sso login` leaves it: named after the SHA-1 of the session's name, `bank`.
    std::fs::write(
        home.join(".aws/sso/cache/bdd240c8fe7174e6ac1cfdd5282de76eb7ad6815.json"),
        json!({"accessToken": "t", "expiresAt": "2099-12-31T00:00:00Z"}).to_string(),
    )
    .unwrap();

    let line = "approve --group churn --yes";
    for (line, more, key, region) in [
        (format!("{line} --profile bank"), &[][..], "AKIAPROFILE", "eu-west-1"),
        (format!("{line} --profile bank --region eu-north-1"), &[], "AKIAPROFILE", "eu-north-1"),
        (line.to_owned(), &[("AWS_PROFILE", "vault")], "AKIAVAULT", "eu-west-2"),
        (format!("{line} --profile people"), &[], "ASIASSO", "eu-west-3"),
    ] {
        let (ended, scope) = signed_with(&line, &home, more).await;
        assert_eq!(ended.code, 3, "{line}: {}", ended.err);
        assert!(scope.contains(key) && scope.contains(region), "{line}: {scope}");
    }
    let (ended, _) = signed_with(&format!("{line} --profile nobody --region eu-west-1"), &home, &[]).await;
    assert!(ended.code == 1 && ended.err.contains("nobody"), "{}", ended.err);
}
