use crate::Task;
use crate::aws::by_role::ASYNC_SECONDS;
use crate::aws::records::Records;
use crate::aws::targets::{Request, TargetAccounts};
use crate::error::Error;
use crate::invocation::{body_check, latency_check};
use crate::results::{Check, EndpointResults, Invocation, Outcome, key};
use crate::sample::Sample;
use crate::session::Place;
use aws_ports::AwsError;
use deployment::S3Uri;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

/// What the endpoints of a wave were asked, and where SageMaker said that the answers will be.
///
/// It is kept in the bucket of deployment records from one task to the next, because SageMaker chooses the place of an
/// answer: so an endpoint is asked once, however often the state machine asks whether it has answered.
pub(crate) struct Questions {
    key: String,
    configuration: String,
    kept: BTreeMap<String, Question>,
    new: Mutex<BTreeMap<String, Question>>,
}

/// One request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Question {
    /// In milliseconds since 1970.
    at: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    output: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    failure: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct Document {
    /// What the endpoints ran. Whoever ran something else was asked something else.
    configuration: String,
    questions: BTreeMap<String, Question>,
}

/// An answer larger than this is not read.
const LARGEST_ANSWER: u64 = 25 << 20;
/// Larger than what is kept of a thousand endpoints.
const LARGEST_DOCUMENT: u64 = 4 << 20;

impl Questions {
    /// # Errors
    /// What an earlier task kept cannot be read.
    pub(crate) async fn read(records: &impl Records, task: &Task, configuration: &str) -> Result<Self, Error> {
        let (key, bucket) = (format!("{}-questions.json", key(task)), records.bucket());
        let unreadable = |source| Error::Kept { bucket: bucket.to_owned(), key: key.clone(), source };
        let uri = format!("s3://{bucket}/{key}").parse().map_err(|text| unreadable(serde::de::Error::custom(text)))?;
        let kept = match records.object(&uri, LARGEST_DOCUMENT).await {
            Ok(object) => {
                let body = object.body.unwrap_or_default();
                Some(serde_json::from_slice::<Document>(&body).map_err(unreadable)?)
            }
            Err(error) if error.code() == Some("NoSuchKey") => None,
            Err(error) => return Err(error.into()),
        };
        let kept = kept.filter(|kept| kept.configuration == configuration);
        let kept = kept.map(|kept| kept.questions).unwrap_or_default();
        Ok(Self { key, configuration: configuration.to_owned(), kept, new: Mutex::default() })
    }

    /// Keeps what was asked in this task, also where the task fails afterwards.
    pub(crate) async fn keep(self, records: &impl Records) -> Result<(), Error> {
        let new = self.new.into_inner().unwrap_or_else(PoisonError::into_inner);
        if new.is_empty() {
            return Ok(());
        }
        let mut questions = self.kept;
        questions.extend(new);
        let document = Document { configuration: self.configuration, questions };
        let text = serde_json::to_string_pretty(&document).map_err(Error::InvalidAnswer)?;
        Ok(records.put(&self.key, "application/json", text).await?)
    }

    /// Asks an endpoint that was not asked, and looks for the answer of one that was.
    ///
    /// # Errors
    /// A call that may succeed later.
    pub(crate) async fn ask<T: TargetAccounts>(
        &self,
        place: &Place<'_, T>,
        request: Request<'_>,
        payload: &S3Uri,
        sample: &Sample<'_>,
        results: &mut EndpointResults,
    ) -> Result<(), AwsError> {
        let id = format!("{}/{}", results.account, results.region);
        if let Some(question) = self.kept.get(&id) {
            return look(place, question, sample, results).await;
        }
        let at = now();
        match place.targets.invoke_async(place.session, place.region, request, payload).await {
            Ok(locations) => {
                let question = Question { at, output: locations.output, failure: locations.failure };
                results.checks.push(check(Outcome::Waiting, &question, "not answered yet".to_owned()));
                self.new.lock().unwrap_or_else(PoisonError::into_inner).insert(id, question);
            }
            Err(error) if error.is_transient() => return Err(error),
            Err(error) => results.checks.push(Check::of(Outcome::Failed, NAME, "202", error)),
        }
        Ok(())
    }
}

const NAME: &str = "invocation";

fn check(outcome: Outcome, question: &Question, found: String) -> Check {
    let output = question.output.as_deref().unwrap_or("a place that SageMaker did not tell");
    Check::of(outcome, NAME, format_args!("an answer at {output}"), found)
}

async fn look<T: TargetAccounts>(
    place: &Place<'_, T>,
    question: &Question,
    sample: &Sample<'_>,
    results: &mut EndpointResults,
) -> Result<(), AwsError> {
    let found = |location: Option<&String>| {
        let uri = location.and_then(|location| location.parse::<S3Uri>().ok());
        async move {
            match &uri {
                Some(uri) => place.targets.answer(place.session, place.region, uri, LARGEST_ANSWER).await.map(Some),
                None => Ok(None),
            }
        }
    };
    let missing = match found(question.output.as_ref()).await {
        Ok(Some(object)) => {
            // S3 tells whole seconds and cuts what is beyond: what is left is the least that the answer took.
            let latency = object.written.saturating_mul(1000).saturating_sub(question.at);
            results.checks.push(check(Outcome::Passed, question, "there".to_owned()));
            let difference = match &object.body {
                Some(body) => sample.difference(body),
                None => Some(format!("{} bytes, more than the {LARGEST_ANSWER} that are looked at", object.size)),
            };
            results.checks.push(body_check(sample, difference));
            results.checks.push(latency_check(sample, latency));
            let (latency_ms, content_type, bytes) = (latency, object.content_type, object.size);
            results.invocations.push(Invocation { latency_ms, content_type, bytes });
            return Ok(());
        }
        Ok(None) => String::new(),
        Err(error) if is_missing(&error) => told(&error),
        Err(error) if error.is_transient() => return Err(error),
        Err(error) => {
            results.checks.push(check(Outcome::Failed, question, error.to_string()));
            return Ok(());
        }
    };
    let failure = question.failure.as_deref().unwrap_or_default();
    match found(question.failure.as_ref()).await {
        Ok(Some(_)) => {
            let found = format!("the request failed; SageMaker says why in {failure}");
            results.checks.push(check(Outcome::Failed, question, found));
        }
        Err(error) if !is_missing(&error) && error.is_transient() => return Err(error),
        Ok(None) | Err(_) => {
            let seconds = now().saturating_sub(question.at) / 1000;
            let given_up = seconds > u64::from(ASYNC_SECONDS.unsigned_abs());
            let outcome = if given_up { Outcome::Failed } else { Outcome::Waiting };
            results.checks.push(check(outcome, question, format!("not answered after {seconds} seconds{missing}")));
        }
    }
    Ok(())
}

/// S3 says "denied" of what is not there to a role that may not list the bucket.
fn is_missing(error: &AwsError) -> bool {
    error.code() == Some("NoSuchKey") || error.is_access_denied()
}

fn told(error: &AwsError) -> String {
    if error.is_access_denied() { format!(", or not to be read: {error}") } else { String::new() }
}

fn now() -> u64 {
    let passed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(passed.as_millis()).unwrap_or(u64::MAX)
}
