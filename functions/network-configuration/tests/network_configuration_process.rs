//! The built function as a process: the sample events, an answer that is too long, and a service that never answers.
#![allow(clippy::indexing_slicing, clippy::unwrap_used, reason = "a test fails by panicking, where it is set up too")]

use std::path::Path;
use std::time::Duration;

use lambda_process::{Function, Process, Reply, Server};
use serde_json::{Value, json};

const LIMIT: Duration = Duration::from_secs(20);

fn sample(request_type: &str) -> Value {
    let path = format!("../../events/network-configuration-{request_type}.json");
    serde_json::from_slice(&std::fs::read(Path::new(&path)).unwrap()).unwrap()
}

/// EC2 with one VPC of 200 subnets, 10.0.0.0/24 to 10.0.199.0/24. The first has a route table of its own.
async fn ec2() -> Server {
    Server::start(|request| {
        let form = String::from_utf8_lossy(&request.body);
        let operation = form.split(['=', '&']).nth(1).unwrap_or_default();
        let content = match operation {
            "DescribeVpcs" => "<vpcSet><item><vpcId>vpc-0a1b2c3d4e5f67890</vpcId></item></vpcSet>".to_owned(),
            "DescribeSubnets" => {
                let subnet = |n: u8| {
                    let zone = if n.is_multiple_of(2) { 'a' } else { 'b' };
                    format!(
                        "<item><subnetId>subnet-{n:017x}</subnetId><state>available</state><cidrBlock>10.0.{n}.0/24\
                         </cidrBlock><availabilityZone>eu-central-1{zone}</availabilityZone></item>"
                    )
                };
                format!("<subnetSet>{}</subnetSet>", (0..200).map(subnet).collect::<String>())
            }
            _ => "<routeTableSet><item><routeTableId>rtb-main</routeTableId><associationSet><item><main>true</main></item>\
                  </associationSet></item><item><routeTableId>rtb-own</routeTableId><associationSet><item>\
                  <subnetId>subnet-00000000000000001</subnetId></item></associationSet></item></routeTableSet>"
                .to_owned(),
        };
        std::future::ready(Reply::status(200, format!("<{operation}Response>{content}</{operation}Response>")))
    })
    .await
    .unwrap()
}

async fn function(endpoint: &str, timeout: Duration) -> Process {
    Function::new(env!("CARGO_BIN_EXE_network-configuration"))
        .timeout(timeout)
        .env("AWS_ENDPOINT_URL", endpoint)
        .env("CUSTOM_RESOURCE_ALLOW_LOOPBACK", "1")
        .start()
        .await
        .unwrap()
}

#[tokio::test]
async fn e00e_the_one_binary_answers_the_sample_events() {
    let server = ec2().await;
    let mut process = function(&server.url(), LIMIT).await;
    let created = process.answer(sample("create"), LIMIT).await.unwrap();
    assert_eq!(
        created["Data"],
        json!({"SubnetIds": "subnet-00000000000000002,subnet-00000000000000001", "RouteTableIds": "rtb-main,rtb-own"}),
        "{created}"
    );
    let updated = process.answer(sample("update"), LIMIT).await.unwrap();
    assert_eq!(
        updated["Data"],
        json!({"SubnetIds": "subnet-00000000000000001,subnet-00000000000000003", "RouteTableIds": "rtb-own,rtb-main"}),
        "{updated}"
    );
    let deleted = process.answer(sample("delete"), LIMIT).await.unwrap();
    assert_eq!(deleted["Status"], "SUCCESS");
    for answer in [&created, &updated, &deleted] {
        let id = &answer["PhysicalResourceId"];
        assert_eq!(*id, sample("update")["PhysicalResourceId"], "e00b: one id for life");
    }
    for line in process.stop().await.unwrap().log {
        assert!(serde_json::from_str::<Value>(&line).is_ok(), "e00g: not JSON: {line}");
    }
}

#[tokio::test]
async fn e00d_more_subnets_than_an_answer_holds_fail_and_say_so() {
    let server = ec2().await;
    let mut process = function(&server.url(), LIMIT).await;
    let mut event = sample("create");
    event["ResourceProperties"]["SubnetCidrBlocks"] = (0..200).map(|n| format!("10.0.{n}.0/24")).collect();
    let answer = process.answer(event, LIMIT).await.unwrap();
    assert_eq!(answer["Status"], "FAILED");
    assert!(answer["Reason"].as_str().unwrap().contains("SubnetIds"), "{answer}");
}

#[tokio::test]
async fn e00f_a_service_that_never_answers_is_answered_for_before_the_deadline() {
    let server = Server::start(|_| std::future::ready(Reply::Silence)).await.unwrap();
    let mut process = function(&server.url(), Duration::from_secs(4)).await;
    let answer = process.answer(sample("create"), LIMIT).await.unwrap();
    assert_eq!(answer["Status"], "FAILED", "{answer}");
}
