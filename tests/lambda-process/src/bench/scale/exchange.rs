use std::collections::BTreeMap;
use std::fmt;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use lambda_process::{Function, Outcome, ResponseSink};
use serde_json::{Map, Value};

use crate::bench::services::Services;

/// More invocations for one request would be a function that goes round in circles.
const MOST_INVOCATIONS: usize = 100;

/// What became of one request.
pub(crate) struct Exchange {
    pub(crate) ending: Ending,
    pub(crate) calls: BTreeMap<String, usize>,
    pub(crate) invocations: usize,
    /// From the first event to the end.
    pub(crate) time: Duration,
    /// The most that was resident; unknown of a process that was killed in its first invocation.
    pub(crate) peak_kib: Option<u64>,
}

pub(crate) enum Ending {
    /// The attributes of a success.
    Success(Value),
    /// The reason of a failure.
    Failed(String),
    /// The function's time was over and CloudFormation was not answered.
    Silent,
}

/// How much of a reason is shown.
const SHOWN: usize = 220;

impl fmt::Display for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Success(_) => f.write_str("success"),
            Self::Failed(reason) if reason.chars().count() > SHOWN => {
                write!(f, "failed: {}...", reason.chars().take(SHOWN).collect::<String>())
            }
            Self::Failed(reason) => write!(f, "failed: {reason}"),
            Self::Silent => f.write_str("no answer, its time was over"),
        }
    }
}

/// Hands a new process one request and the invocations that the function asks for, until CloudFormation is answered. All
/// of them meet the same process: Lambda keeps one for minutes, and what it keeps in memory adds up.
///
/// # Errors
/// When the process ends by itself, or neither answers nor goes on: nothing that could be compared.
pub(crate) async fn run(
    function: &Function,
    mut event: Map<String, Value>,
    services: &Services,
    next: impl Fn() -> Option<Vec<u8>>,
) -> Result<Exchange> {
    let sink = ResponseSink::start().await?;
    let text = |name: &str| event.get(name).and_then(Value::as_str).unwrap_or_default();
    let url = sink.url(text("StackId"), text("LogicalResourceId"), text("RequestId"));
    event.insert("ResponseURL".to_owned(), url.into());
    let mut payload = Value::Object(event).to_string().into_bytes();
    let mut process = function.start().await?;
    process.ready().await?;
    services.take_calls();
    let (started, mut invocations, mut peak_kib) = (Instant::now(), 0, None);
    let ending = loop {
        ensure!(invocations < MOST_INVOCATIONS, "not answered after {invocations} invocations");
        invocations += 1;
        let log = |process: &lambda_process::Process| process.log().join("\n");
        match process.invoke(payload).await?.outcome {
            Outcome::TimedOut => break Ending::Silent,
            Outcome::Exited(exit) => bail!("the process ended with {exit}; the log says\n{}", log(&process)),
            Outcome::Response(_) | Outcome::Error { .. } => peak_kib = Some(process.memory()?.peak_kib),
        }
        if let Some(answer) = sink.deliveries().first().and_then(|delivery| delivery.answer()) {
            break read(&answer);
        }
        payload = next().with_context(|| format!("neither an answer nor a continuation; {}", log(&process)))?;
    };
    let time = started.elapsed();
    process.stop().await?;
    Ok(Exchange { ending, calls: services.take_calls(), invocations, time, peak_kib })
}

fn read(answer: &Value) -> Ending {
    let field = |name: &str| answer.get(name).cloned().unwrap_or_default();
    if field("Status") == "SUCCESS" {
        return Ending::Success(field("Data"));
    }
    Ending::Failed(field("Reason").as_str().unwrap_or_default().to_owned())
}

#[cfg(test)]
pub(crate) mod tests {
    use std::cell::RefCell;
    use std::collections::VecDeque;

    use serde_json::json;

    use super::*;
    use crate::bench::wire::Answer;

    /// A function in shell: accepts each event, and answers CloudFormation once the event is `last`.
    pub(crate) const FUNCTION: &str = r#"
        exec 3<>/dev/tcp/${AWS_LAMBDA_RUNTIME_API/://}
        api() { printf '%s HTTP/1.1\r\nhost: api\r\ncontent-length: %s\r\n\r\n%s' "$1" "${#2}" "$2" >&3; }
        head() {
            length=0
            while IFS= read -r line <&3; do
                line=${line%$'\r'}
                case $line in
                    lambda-runtime-aws-request-id:*) id=${line#*: } ;;
                    content-length:*) length=${line#*: } ;;
                    '') break ;;
                esac
            done
            IFS= read -r -N "$length" body <&3
        }
        while api 'GET /2018-06-01/runtime/invocation/next'; do
            head
            case $body in *ResponseURL*) url=${body#*http://}; url=${url%%\"*} ;; esac
            if [ "$body" = last ]; then
                exec 4<>/dev/tcp/${url%%:*}/$(port=${url#*:}; echo "${port%%/*}")
                answer='{"Status":"FAILED","Reason":"enough"}'
                printf 'PUT /%s HTTP/1.1\r\nhost: s3\r\ncontent-length: %s\r\n\r\n%s' "${url#*/}" "${#answer}" "$answer" >&4
                IFS= read -r _ <&4
            fi
            api "POST /2018-06-01/runtime/invocation/$id/response" '{}'
            head
        done"#;

    const LONG: Duration = Duration::from_secs(10);

    async fn handed(script: &str, timeout: Duration, payloads: &[&str]) -> Result<Exchange> {
        let services = Services::start(Duration::ZERO, |_| Answer::unknown("any")).await?;
        let function = Function::new("/bin/bash").arguments(["-c", script]).timeout(timeout);
        let event = json!({"StackId": "stack", "LogicalResourceId": "Thing", "RequestId": "1"});
        let rest = RefCell::new(payloads.iter().map(|text| text.as_bytes().to_vec()).collect::<VecDeque<_>>());
        let next = || rest.borrow_mut().pop_front();
        run(&function, event.as_object().cloned().unwrap_or_default(), &services, next).await
    }

    #[tokio::test]
    async fn continuations_are_handed_over_until_cloudformation_is_answered() {
        let exchange = handed(FUNCTION, LONG, &["go on", "last", "too many"]).await.unwrap();
        assert_eq!((exchange.ending.to_string().as_str(), exchange.invocations), ("failed: enough", 3));
        assert!(exchange.peak_kib.is_some_and(|peak| peak > 0));
    }

    #[tokio::test]
    async fn a_function_that_neither_answers_nor_goes_on_cannot_be_compared() {
        let error = handed(FUNCTION, LONG, &["go on"]).await.map(|exchange| exchange.invocations).unwrap_err();
        assert!(error.to_string().contains("neither an answer nor a continuation"), "{error}");
    }

    #[tokio::test]
    async fn a_function_whose_time_is_over_is_silent() {
        let sleeping = FUNCTION.replace("api \"POST", "exec sleep 60; api \"POST");
        let exchange = handed(&sleeping, Duration::from_millis(300), &[]).await.unwrap();
        assert!(matches!(exchange.ending, Ending::Silent) && exchange.peak_kib.is_none());
    }
}
