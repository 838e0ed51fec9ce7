use crate::answer::Answer;
use crate::asynchronous::Questions;
use crate::aws::records::Records;
use crate::aws::targets::TargetAccounts;
use crate::configuration::Requested;
use crate::error::Error;
use crate::junit::junit;
use crate::results::{EndpointResults, Outcome, Results, key};
use crate::sample::{Sample, Sent};
use crate::visit::{Visit, look as look_at};
use crate::{Action, Services, Task};
use deployment::{DeploymentReport, Failure, Phase};
use futures_util::stream::{self, StreamExt};

/// So many accounts are looked at together.
const ACCOUNTS_AT_ONCE: usize = 16;

/// Looks at all accounts of a wave.
///
/// Nobody is asked anything before every endpoint has its configuration: a wave that is still being changed would be asked
/// again with each look.
///
/// # Errors
/// What keeps the task from answering.
pub(crate) async fn look<R: Records, T: TargetAccounts>(
    services: Services<'_, R, T>,
    task: &Task,
) -> Result<Answer, Error> {
    let Services { records, targets } = services;
    let stage = &task.stage;
    let wave = stage.wave(task.wave).ok_or_else(|| Error::NoWave { stage: stage.name.clone(), wave: task.wave })?;
    let accounts = task.accounts.as_ref().unwrap_or(&wave.accounts);
    let requested = Requested::new(stage);
    let visits: Vec<_> = stream::iter(accounts)
        .map(|account| look_at(targets, task, &requested, account))
        .buffer_unordered(ACCOUNTS_AT_ONCE)
        .collect()
        .await;
    let visits = visits.into_iter().collect::<Result<Vec<_>, _>>()?;
    let seen = || visits.iter().flat_map(|visit| &visit.endpoints);
    if !seen().any(|endpoint| endpoint.any(Outcome::Failed))
        && let Some(waiting) = waiting(seen())
    {
        return Ok(waiting);
    }
    let sample = match task.action {
        Action::Verify => Sample::new(records, stage).await?,
        Action::Watch => None,
    };
    let mut endpoints = match sample {
        Some(sample) => ask(services, task, &requested, &sample, visits).await?,
        None => visits.into_iter().flat_map(|visit| visit.endpoints).collect(),
    };
    endpoints.sort_by(|a, b| (&a.account, &a.region).cmp(&(&b.account, &b.region)));
    let failures: Vec<_> = endpoints.iter().filter_map(failure).collect();
    if failures.is_empty()
        && let Some(waiting) = waiting(endpoints.iter())
    {
        return Ok(waiting);
    }
    let results = keep(records, task, requested.configuration(), &endpoints).await?;
    if failures.is_empty() {
        return Ok(Answer::Done { results });
    }
    let phase = match task.action {
        Action::Verify => Phase::Verify,
        Action::Watch => Phase::Watch,
    };
    Ok(Answer::Failed { report: DeploymentReport::new(stage, phase, failures), results })
}

async fn ask<R: Records, T: TargetAccounts>(
    services: Services<'_, R, T>,
    task: &Task,
    requested: &Requested<'_>,
    sample: &Sample<'_>,
    visits: Vec<Visit<T::Session>>,
) -> Result<Vec<EndpointResults>, Error> {
    let Services { records, targets } = services;
    let questions = match sample.sent {
        Sent::Location(_) => Some(Questions::read(records, task, requested.configuration()).await?),
        Sent::Bytes(_) => None,
    };
    let asked: Vec<_> = stream::iter(visits)
        .map(|visit| visit.ask(targets, task, sample, questions.as_ref()))
        .buffer_unordered(sample.at_once(ACCOUNTS_AT_ONCE))
        .collect()
        .await;
    // Before an error ends the task: an endpoint that was asked must not be asked again.
    if let Some(questions) = questions {
        questions.keep(records).await?;
    }
    let asked = asked.into_iter().collect::<Result<Vec<_>, _>>()?;
    Ok(asked.into_iter().flatten().collect())
}

fn failure(endpoint: &EndpointResults) -> Option<Failure> {
    let reason = endpoint.failure()?;
    Some(Failure { account: Some(endpoint.account.clone()), region: Some(endpoint.region.clone()), reason })
}

fn waiting<'a>(endpoints: impl Iterator<Item = &'a EndpointResults>) -> Option<Answer> {
    let mut pending: Vec<_> = endpoints.filter_map(EndpointResults::pending).collect();
    pending.sort();
    let waiting_for = match pending.as_slice() {
        [] => return None,
        [only] => only.clone(),
        [first, others @ ..] => format!("{first}; and {} more", others.len()),
    };
    Some(Answer::Waiting { waiting_for })
}

/// The same objects each time, however often the task is repeated.
async fn keep(
    records: &impl Records,
    task: &Task,
    configuration: &str,
    endpoints: &[EndpointResults],
) -> Result<Vec<String>, Error> {
    let (key, results) = (key(task), Results::new(task, configuration, endpoints));
    let json = serde_json::to_string_pretty(&results).map_err(Error::InvalidAnswer)?;
    let xml = junit(&results)?;
    let mut kept = Vec::with_capacity(2);
    for (ending, content_type, body) in [("json", "application/json", json), ("xml", "application/xml", xml)] {
        let key = format!("{key}.{ending}");
        records.put(&key, content_type, body).await?;
        kept.push(format!("s3://{}/{key}", records.bucket()));
    }
    Ok(kept)
}
