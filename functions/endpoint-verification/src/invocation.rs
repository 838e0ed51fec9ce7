use crate::aws::targets::{InvocationError, Request, TargetAccounts};
use crate::body::{description, is_content_type};
use crate::results::{Check, EndpointResults, Invocation, Outcome};
use crate::sample::Sample;
use crate::session::Place;
use aws_ports::AwsError;
use tokio::time::Instant;

/// Sends the sample as often as the registration says, one after the other.
///
/// The smallest latency is held against the limit. Whatever else happens (a new connection, a container that has not warmed
/// up, this function at work for other accounts) can only add to what the endpoint needs, so the smallest is the nearest to
/// it; a version that is too slow is too slow each time. All of them are in the results.
///
/// # Errors
/// A call that may succeed later.
pub(crate) async fn invoke<T: TargetAccounts>(
    place: &Place<'_, T>,
    request: Request<'_>,
    payload: &[u8],
    sample: &Sample<'_>,
    results: &mut EndpointResults,
) -> Result<(), AwsError> {
    let mut content_types = None;
    let mut body = None;
    for _ in 0..sample.verification.invocations {
        let started = Instant::now();
        let reply = match place.targets.invoke(place.session, place.region, request, payload).await {
            Ok(reply) => reply,
            Err(error) => {
                results.checks.push(refused(error)?);
                return Ok(());
            }
        };
        results.invocations.push(Invocation {
            latency_ms: u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
            content_type: reply.content_type.clone(),
            bytes: reply.body.len() as u64,
        });
        // The first that differs is told: one sample has one kind of answer.
        let expected = sample.verification.expect.as_ref().and_then(|expect| expect.content_type.as_deref());
        let found = reply.content_type.unwrap_or_else(|| "none".to_owned());
        if expected.is_some_and(|expected| !is_content_type(expected, &found)) {
            content_types.get_or_insert(found);
        }
        body = body.or_else(|| sample.difference(&reply.body));
    }
    results.checks.push(Check::equal("invocation", "200", "200"));
    results.checks.push(content_type(sample, content_types, results));
    results.checks.push(body_check(sample, body));
    let latency = results.invocations.iter().map(|invocation| invocation.latency_ms).min();
    results.checks.push(latency_check(sample, latency.unwrap_or_default()));
    Ok(())
}

/// # Errors
/// What may pass.
fn refused(error: InvocationError) -> Result<Check, AwsError> {
    let check = |outcome, found: String| Check::of(outcome, "invocation", "200", found);
    match error {
        InvocationError::Model { status, log, request_id } => {
            let status = status.map_or_else(|| "no status".to_owned(), |status| status.to_string());
            let log = log.map(|log| format!("; its log: {log}")).unwrap_or_default();
            let id = request_id.map(|id| format!(" (request id {id})")).unwrap_or_default();
            Ok(check(Outcome::Failed, format!("ModelError, the model answered {status}{log}{id}")))
        }
        InvocationError::Service(error) if error.code() == Some("ModelNotReadyException") => {
            Ok(check(Outcome::Waiting, error.to_string()))
        }
        InvocationError::Service(error) if error.is_transient() => Err(error),
        InvocationError::Service(error) => Ok(check(Outcome::Failed, error.to_string())),
    }
}

fn content_type(sample: &Sample<'_>, different: Option<String>, results: &EndpointResults) -> Check {
    const NAME: &str = "content type";
    let expected = sample.verification.expect.as_ref().and_then(|expect| expect.content_type.as_deref());
    let first = results.invocations.first().and_then(|invocation| invocation.content_type.clone());
    match (expected, different) {
        (None, _) => Check::of(Outcome::Skipped, NAME, "anything", first.unwrap_or_default()),
        (Some(expected), Some(found)) => Check::of(Outcome::Failed, NAME, expected, found),
        (Some(expected), None) => Check::of(Outcome::Passed, NAME, expected, first.unwrap_or_default()),
    }
}

pub(crate) fn body_check(sample: &Sample<'_>, difference: Option<String>) -> Check {
    const NAME: &str = "body";
    let expected = description(sample.shape());
    match difference {
        Some(found) => Check::of(Outcome::Failed, NAME, expected, found),
        None if sample.shape().is_some() => Check::of(Outcome::Passed, NAME, &expected, &expected),
        None => Check::of(Outcome::Skipped, NAME, expected, "not looked at"),
    }
}

pub(crate) fn latency_check(sample: &Sample<'_>, latency: u64) -> Check {
    const NAME: &str = "latency";
    let found = format!("{latency} ms");
    match sample.verification.max_latency_ms {
        None => Check::of(Outcome::Skipped, NAME, "any", found),
        Some(limit) => {
            let outcome = if latency > u64::from(limit) { Outcome::Failed } else { Outcome::Passed };
            Check::of(outcome, NAME, format!("at most {limit} ms"), found)
        }
    }
}
