//! Target accounts and the bucket of deployment records in memory.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that cannot go on should say where"
)]
#![allow(dead_code, reason = "not every test file needs all of it")]

use aws_ports::AwsError;
use deployment::{DeploymentRequest, ENDPOINT_TEMPLATE, Registration, S3Uri, StagePlan};
use endpoint_verification::{
    Endpoint, EndpointConfig, Error, InvocationError, Locations, Object, Records, Reply, Request, Serverless, Services,
    TargetAccounts, Variant, handle,
};
use identifiers::{AccountId, Region};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

pub(crate) const REGION: &str = "eu-central-1";
pub(crate) const ACCOUNTS: [&str; 3] = ["222222222222", "333333333333", "444444444444"];
pub(crate) const EXECUTION: &str = "churn-v7-0a1b2c3d";
pub(crate) const BUCKET: &str = "records";
pub(crate) const ARN: &str = "arn:aws:sagemaker:eu-central-1:111111111111:model-package/churn/7";

/// How one endpoint behaves.
#[derive(Debug, Clone, Default)]
pub(crate) struct Twin {
    pub(crate) endpoint: Endpoint,
    pub(crate) config: EndpointConfig,
    pub(crate) packages: Vec<String>,
    pub(crate) content_type: String,
    pub(crate) body: Vec<u8>,
    /// Of each answer, the last one again and again.
    pub(crate) latencies: Vec<u64>,
    /// Code and message, once for each failing call; then it answers.
    pub(crate) refusals: Vec<(&'static str, &'static str)>,
    /// What the model answers instead of a body.
    pub(crate) model_error: Option<i32>,
    pub(crate) alarms: Vec<String>,
    pub(crate) asked: usize,
}

/// What an endpoint was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sent {
    pub(crate) account: String,
    pub(crate) content_type: String,
    pub(crate) accept: Option<String>,
    pub(crate) inference_id: String,
    /// The bytes as text, or the location.
    pub(crate) payload: String,
}

#[derive(Debug, Default)]
pub(crate) struct World {
    /// By account and region.
    pub(crate) twins: Mutex<BTreeMap<(String, String), Twin>>,
    /// Every object by its address, whoever may read it.
    pub(crate) objects: Mutex<BTreeMap<String, Object>>,
    pub(crate) reads: Mutex<Vec<String>>,
    pub(crate) sent: Mutex<Vec<Sent>>,
    /// Role, session name and policy.
    pub(crate) sessions: Mutex<Vec<(String, String, Value)>>,
    /// Code of the error of those whose role cannot be assumed.
    pub(crate) closed: Mutex<BTreeMap<String, &'static str>>,
    /// Objects that exist and are denied.
    pub(crate) denied: Mutex<Vec<String>>,
    pub(crate) looking: AtomicUsize,
    pub(crate) crowd: AtomicUsize,
    /// Of assuming a role.
    pub(crate) delay: Duration,
}

pub(crate) fn registration() -> Value {
    json!({
        "stages": [{"name": "prod", "accountIds": ACCOUNTS}],
        "endpoint": {"type": "realTime", "variants": [{"name": "AllTraffic", "instance": {"type": "ml.m5.large", "count": 2}}]},
        "verification": {"payload": {"text": "5.1,3.5"}, "contentType": "text/csv", "accept": "text/csv",
            "expect": {"contentType": "text/csv", "csv": {"rows": 1, "columns": 2}}, "maxLatencyMs": 500, "invocations": 3},
        "modelExecutionRoleName": "ModelExecution",
        "stackSet": {"permissionModel": "SELF_MANAGED", "executionRoleName": "StackSetExecution",
            "administrationRoleArn": "arn:aws:iam::111111111111:role/StackSetAdministration"}
    })
}

/// The plan that model-deployment makes of a registration.
pub(crate) fn plan_for(registration: &Value, accounts: &[String]) -> StagePlan {
    let request: DeploymentRequest =
        serde_json::from_value(json!({"platformName": "mlops", "modelPackageArn": ARN, "approval": {"id": "1"}}))
            .unwrap();
    let registration: Registration = registration.to_string().parse().unwrap();
    let accounts = accounts.iter().map(|account| account.parse().unwrap()).collect();
    StagePlan::new(&request, &registration, &registration.stages[0], None, accounts).unwrap()
}

pub(crate) fn plan(registration: &Value) -> StagePlan {
    plan_for(registration, &ACCOUNTS.map(str::to_owned))
}

pub(crate) fn task(action: &str, plan: &StagePlan) -> Value {
    json!({"action": action, "execution": EXECUTION, "stage": plan, "wave": plan.waves[0].name})
}

/// An endpoint that is and answers as the plan has it.
pub(crate) fn as_planned(plan: &StagePlan) -> Twin {
    let parameters = plan.parameters(ENDPOINT_TEMPLATE);
    let settings = &plan.endpoint;
    let config_name = parameters["ConfigurationName"].clone();
    let mut variants: Vec<_> = settings
        .variants
        .iter()
        .map(|variant| Variant {
            name: variant.name.clone(),
            model_name: config_name.clone(),
            instance_type: Some(variant.instance.instance_type.clone()),
            instance_count: Some(i32::try_from(variant.instance.count).unwrap()),
            weight: f32::from(u16::try_from(variant.weight).unwrap()) / 100.0,
            serverless: None,
        })
        .collect();
    let number = |number: u32| Some(i32::try_from(number).unwrap());
    variants.extend(settings.serverless.map(|serverless| Variant {
        name: parameters["VariantName"].clone(),
        model_name: config_name.clone(),
        weight: 1.0,
        serverless: Some(Serverless {
            memory_mb: number(serverless.memory_mb),
            max_concurrency: number(serverless.max_concurrency),
            provisioned_concurrency: serverless.provisioned_concurrency.and_then(number),
        }),
        ..Variant::default()
    }));
    Twin {
        endpoint: Endpoint { status: "InService".into(), failure_reason: None, config_name },
        config: EndpointConfig {
            variants,
            volume_key: settings.effective_volume_key().map(str::to_owned),
            capture_percentage: settings.data_capture.as_ref().and_then(|capture| number(capture.percentage)),
            async_output_path: settings.asynchronous.as_ref().map(|it| it.output_path.clone()),
        },
        packages: vec![plan.model_package_arn.to_string()],
        content_type: "text/csv; charset=utf-8".into(),
        body: b"0.25,0.75\n".to_vec(),
        latencies: vec![300, 120, 150],
        ..Twin::default()
    }
}

impl World {
    pub(crate) fn of(plan: &StagePlan) -> Self {
        let world = Self::default();
        for account in &plan.accounts {
            for region in &plan.regions {
                world.twins.lock().unwrap().insert((account.to_string(), region.to_string()), as_planned(plan));
            }
        }
        world
    }

    /// Changes the endpoint of an account.
    pub(crate) fn change(&self, account: &str, change: impl FnOnce(&mut Twin)) {
        change(self.twins.lock().unwrap().get_mut(&(account.to_owned(), REGION.to_owned())).unwrap());
    }

    pub(crate) async fn task(&self, task: &Value) -> Result<Value, Error> {
        handle(Services { records: self, targets: self }, task.clone()).await
    }

    /// The task's results: the answer's status, the JSON document and the JUnit file.
    pub(crate) async fn results(&self, task: &Value) -> (Value, Value, String) {
        let answer = self.task(task).await.unwrap();
        let text = |index: usize| self.text(answer["results"][index].as_str().unwrap());
        let (json, xml) = (serde_json::from_str(&text(0)).unwrap(), text(1));
        (answer, json, xml)
    }

    pub(crate) fn text(&self, uri: &str) -> String {
        String::from_utf8(self.objects.lock().unwrap()[uri].body.clone().unwrap()).unwrap()
    }

    pub(crate) fn put_object(&self, uri: &str, body: &[u8]) {
        let object = Object { size: body.len() as u64, body: Some(body.to_vec()), ..Object::default() };
        self.objects.lock().unwrap().insert(uri.to_owned(), object);
    }

    fn read(&self, uri: &S3Uri, limit: u64) -> Result<Object, AwsError> {
        let uri = uri.to_string();
        self.reads.lock().unwrap().push(uri.clone());
        if self.denied.lock().unwrap().contains(&uri) {
            return Err(AwsError::answered("s3:GetObject", "AccessDenied", "Access Denied"));
        }
        let found = self.objects.lock().unwrap().get(&uri).cloned();
        let mut object = found
            .ok_or_else(|| AwsError::answered("s3:GetObject", "NoSuchKey", "The specified key does not exist."))?;
        object.body = object.body.filter(|_| object.size <= limit);
        Ok(object)
    }

    fn twin(&self, session: &AccountId, region: &Region) -> Option<Twin> {
        self.twins.lock().unwrap().get(&(session.to_string(), region.to_string())).cloned()
    }

    /// Counts the call and says how it ends: after so long, with this refusal if any.
    fn invoked(&self, session: &AccountId, region: &Region, request: Request<'_>, payload: String) -> Twin {
        self.sent.lock().unwrap().push(Sent {
            account: session.to_string(),
            content_type: request.content_type.into(),
            accept: request.accept.map(str::to_owned),
            inference_id: request.inference_id.into(),
            payload,
        });
        let mut twins = self.twins.lock().unwrap();
        let twin = twins.get_mut(&(session.to_string(), region.to_string())).unwrap();
        let now = twin.clone();
        if twin.refusals.is_empty() {
            twin.asked += 1;
        } else {
            twin.refusals.remove(0);
        }
        now
    }
}

impl Records for World {
    fn bucket(&self) -> &str {
        BUCKET
    }

    async fn object(&self, uri: &S3Uri, limit: u64) -> Result<Object, AwsError> {
        self.read(uri, limit)
    }

    async fn put(&self, key: &str, _: &str, body: String) -> Result<(), AwsError> {
        self.put_object(&format!("s3://{BUCKET}/{key}"), body.as_bytes());
        Ok(())
    }
}

impl TargetAccounts for World {
    type Session = AccountId;

    async fn assume_role(&self, role_arn: &str, session_name: &str, policy: &str) -> Result<AccountId, AwsError> {
        let policy = serde_json::from_str(policy).unwrap();
        self.sessions.lock().unwrap().push((role_arn.to_owned(), session_name.to_owned(), policy));
        let account: AccountId = role_arn.split(':').nth(4).unwrap().parse().unwrap();
        self.crowd.fetch_max(self.looking.fetch_add(1, SeqCst) + 1, SeqCst);
        if self.delay.is_zero() {
            tokio::task::yield_now().await;
        } else {
            tokio::time::sleep(self.delay).await;
        }
        self.looking.fetch_sub(1, SeqCst);
        match self.closed.lock().unwrap().get(account.as_str()) {
            Some(code) => Err(AwsError::answered("sts:AssumeRole", code, "no")),
            None => Ok(account),
        }
    }

    async fn endpoint(&self, session: &AccountId, region: &Region, name: &str) -> Result<Endpoint, AwsError> {
        let twin = self.twin(session, region);
        let message = format!("Could not find endpoint \"{name}\".");
        let missing = || AwsError::answered("sagemaker:DescribeEndpoint", "ValidationException", &message);
        twin.map(|twin| twin.endpoint).ok_or_else(missing)
    }

    async fn endpoint_config(&self, session: &AccountId, region: &Region, _: &str) -> Result<EndpointConfig, AwsError> {
        Ok(self.twin(session, region).unwrap().config)
    }

    async fn model_packages(&self, session: &AccountId, region: &Region, _: &str) -> Result<Vec<String>, AwsError> {
        Ok(self.twin(session, region).unwrap().packages)
    }

    async fn invoke(
        &self,
        session: &AccountId,
        region: &Region,
        request: Request<'_>,
        payload: &[u8],
    ) -> Result<Reply, InvocationError> {
        let twin = self.invoked(session, region, request, String::from_utf8_lossy(payload).into_owned());
        let latency = twin.latencies.get(twin.asked).or(twin.latencies.last()).copied().unwrap_or_default();
        tokio::time::sleep(Duration::from_millis(latency)).await;
        if let Some((code, message)) = twin.refusals.first() {
            return Err(InvocationError::Service(AwsError::answered("sagemaker:InvokeEndpoint", code, message)));
        }
        match twin.model_error {
            Some(status) => Err(InvocationError::Model {
                status: Some(status),
                log: Some("arn:aws:logs:eu-central-1:222222222222:log-group:/aws/sagemaker/Endpoints/e".into()),
                request_id: Some("4711".into()),
            }),
            None => Ok(Reply { content_type: Some(twin.content_type), body: twin.body }),
        }
    }

    async fn invoke_async(
        &self,
        session: &AccountId,
        region: &Region,
        request: Request<'_>,
        payload: &S3Uri,
    ) -> Result<Locations, AwsError> {
        let twin = self.invoked(session, region, request, payload.to_string());
        if let Some((code, message)) = twin.refusals.first() {
            return Err(AwsError::answered("sagemaker:InvokeEndpointAsync", code, message));
        }
        Ok(Locations {
            output: Some(format!("s3://answers/out/{session}-{}.out", twin.asked)),
            failure: Some(format!("s3://answers/failed/{session}-{}.out", twin.asked)),
        })
    }

    async fn answer(&self, _: &AccountId, _: &Region, uri: &S3Uri, limit: u64) -> Result<Object, AwsError> {
        self.read(uri, limit)
    }

    async fn alarms(&self, session: &AccountId, region: &Region, prefix: &str) -> Result<Vec<String>, AwsError> {
        let alarms = self.twin(session, region).unwrap().alarms;
        Ok(alarms.into_iter().filter(|name| name.starts_with(prefix)).collect())
    }
}
