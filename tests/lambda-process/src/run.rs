use std::io::Write;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use clap::{Args, ValueEnum};
use lambda_process::{
    Call, Delivery, Fault, Function, Invocation, KillSwitch, Outcome, Proxy, ResponseSink, Upstreams,
};
use serde_json::{Map, Value, json};

/// Everything a test in another language needs to say.
#[derive(Args)]
pub(crate) struct Run {
    /// The function's program
    #[arg(long)]
    binary: PathBuf,
    /// A file with one event; repeat it for more, which are handed over in order. The ResponseURL of each is replaced
    #[arg(long = "event", required = true)]
    events: Vec<PathBuf>,
    /// A variable of the function's environment
    #[arg(long = "env", value_name = "NAME=VALUE")]
    environment: Vec<String>,
    /// Where calls go: an address on loopback, or SERVICE=ADDRESS for those signed for one service
    #[arg(long = "upstream", required = true, value_name = "[SERVICE=]URL")]
    upstreams: Vec<String>,
    /// The function's name
    #[arg(long)]
    name: Option<String>,
    /// The function's ARN, which names its account and region
    #[arg(long)]
    arn: Option<String>,
    /// The function's timeout in seconds
    #[arg(long, default_value_t = 30)]
    timeout: u64,
    /// Milliseconds by which each call is delayed
    #[arg(long, default_value_t = 0)]
    delay: u64,
    /// Kill the process at this call, counted from 1
    #[arg(long, value_name = "CALL")]
    kill_at: Option<usize>,
    /// Whether the service sees the call at which the process is killed
    #[arg(long, value_enum, default_value_t = KillWhen::Before)]
    kill_when: KillWhen,
    /// Answer this call instead of forwarding it
    #[arg(long, value_name = "CALL", requires = "answer_status")]
    answer_at: Option<usize>,
    /// The status of that answer
    #[arg(long)]
    answer_status: Option<u16>,
    /// The body of that answer
    #[arg(long, default_value = "")]
    answer_body: String,
    /// Answer that call and every later one so
    #[arg(long)]
    answer_from: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum KillWhen {
    /// The call never reaches the service
    Before,
    /// The service has done it, the function does not know
    After,
}

impl Run {
    /// Runs the function and prints what came of it. That an event failed is part of the output, not an error.
    pub(crate) async fn run(self) -> Result<()> {
        let sink = ResponseSink::start().await?;
        let switch = KillSwitch::new();
        let upstreams = self.upstreams()?;
        let proxy = Proxy::start(upstreams, Duration::from_millis(self.delay), switch.clone(), self.faults()).await?;
        let mut process = self.function(&proxy.url())?.start_with(switch).await?;

        let mut invocations = Vec::new();
        for path in &self.events {
            let event = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
            let invocation = process.invoke(answered_at(&sink, event)).await?;
            let gone = matches!(invocation.outcome, Outcome::Exited(_) | Outcome::TimedOut);
            invocations.push(describe(&invocation));
            if gone {
                break;
            }
        }
        let memory = process.memory().ok();
        let alive = memory.is_some();
        let ended = process.stop().await?;
        let report = json!({
            "answers": sink.deliveries().iter().filter(|delivery| delivery.accepted()).map(Delivery::answer).collect::<Vec<_>>(),
            "invocations": invocations,
            "calls": proxy.calls(),
            "exit": (!alive).then(|| ended.exit.to_string()),
            "init_errors": ended.init_errors.iter().map(|(kind, body)| json!({"type": kind, "body": document(body)})).collect::<Vec<_>>(),
            "stray_answers": ended.stray_answers,
            "memory": memory,
            "log": ended.log,
        });
        writeln!(std::io::stdout(), "{report:#}")?;
        Ok(())
    }

    fn function(&self, endpoint: &str) -> Result<Function> {
        let mut function = Function::new(&self.binary)
            .timeout(Duration::from_secs(self.timeout))
            .env("AWS_ENDPOINT_URL", endpoint)
            .env("CUSTOM_RESOURCE_ALLOW_LOOPBACK", "1");
        if let Some(name) = &self.name {
            function = function.name(name);
        }
        if let Some(arn) = &self.arn {
            function = function.arn(arn);
        }
        for variable in &self.environment {
            let (name, value) = variable.split_once('=').with_context(|| format!("{variable} is not NAME=VALUE"))?;
            function = function.env(name, value);
        }
        Ok(function)
    }

    fn upstreams(&self) -> Result<Upstreams> {
        let (of_service, default): (Vec<_>, Vec<_>) = self.upstreams.iter().partition(|text| !text.starts_with("http"));
        let [default] = default.as_slice() else { bail!("--upstream needs exactly one address without a service") };
        of_service.iter().try_fold(Upstreams::new(default)?, |upstreams, text| {
            let (service, url) = text.split_once('=').with_context(|| format!("{text} is not SERVICE=URL"))?;
            upstreams.with(service, url)
        })
    }

    fn faults(&self) -> impl Fn(&Call) -> Fault + Send + Sync + 'static {
        let (kill_at, kill_when) = (self.kill_at, self.kill_when);
        let (answer_at, answer_from) = (self.answer_at, self.answer_from);
        let answer = Fault::Answer { status: self.answer_status.unwrap_or(500), body: self.answer_body.clone() };
        move |call| {
            let answered = answer_at.is_some_and(|at| call.number == at || answer_from && call.number > at);
            match (kill_at == Some(call.number), kill_when) {
                (true, KillWhen::Before) => Fault::KillBefore,
                (true, KillWhen::After) => Fault::KillAfter,
                (false, _) if answered => answer.clone(),
                (false, _) => Fault::None,
            }
        }
    }
}

/// The event with a response URL at the sink, if it has one at all. What is not a JSON object is left as it is.
fn answered_at(sink: &ResponseSink, event: Vec<u8>) -> Vec<u8> {
    let Ok(mut object) = serde_json::from_slice::<Map<String, Value>>(&event) else { return event };
    let text = |name: &str| object.get(name).and_then(Value::as_str).unwrap_or_default();
    let url = sink.url(text("StackId"), text("LogicalResourceId"), text("RequestId"));
    match object.get_mut("ResponseURL") {
        Some(place) => *place = Value::String(url),
        None => return event,
    }
    Value::Object(object).to_string().into_bytes()
}

fn document(body: &[u8]) -> Value {
    serde_json::from_slice(body).unwrap_or_else(|_| Value::String(String::from_utf8_lossy(body).into_owned()))
}

fn describe(invocation: &Invocation) -> Value {
    let (outcome, detail) = match &invocation.outcome {
        Outcome::Response(body) => ("response", document(body)),
        Outcome::Error { body, .. } => ("error", document(body)),
        Outcome::TimedOut => ("timed-out", Value::Null),
        Outcome::Exited(exit) => ("exited", Value::String(exit.to_string())),
    };
    json!({
        "request_id": invocation.request_id,
        "outcome": outcome,
        "document": detail,
        "milliseconds": invocation.duration.as_secs_f64() * 1000.0,
    })
}
