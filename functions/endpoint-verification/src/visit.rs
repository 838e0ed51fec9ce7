use crate::aws::targets::{Request, TargetAccounts};
use crate::configuration::Requested;
use crate::error::Error;
use crate::results::{Check, EndpointResults, Outcome};
use crate::sample::{Sample, Sent};
use crate::session::{Place, policy, role_arn, session_name};
use crate::{Action, Task, alarms, asynchronous::Questions, invocation};
use aws_ports::AwsError;
use deployment::fingerprint;
use identifiers::{AccountId, Region};
use std::collections::BTreeMap;

/// One account, as far as it was looked at.
pub(crate) struct Visit<S> {
    /// `None` if the role could not be assumed.
    session: Option<S>,
    /// One for each of the stage's regions.
    pub(crate) endpoints: Vec<EndpointResults>,
}

/// Looks at the endpoints of one account, its regions one after the other.
///
/// # Errors
/// A call that may succeed later.
pub(crate) async fn look<T: TargetAccounts>(
    targets: &T,
    task: &Task,
    requested: &Requested<'_>,
    account: &AccountId,
) -> Result<Visit<T::Session>, Error> {
    let stage = &task.stage;
    let mut endpoints: Vec<_> = stage.regions.iter().map(|region| EndpointResults::new(account, region)).collect();
    let (role, policy) = (role_arn(stage, account), policy(stage, account, task.action));
    let session = match targets.assume_role(&role, &session_name(&task.execution), &policy).await {
        Ok(session) => session,
        Err(error) if error.is_transient() => return Err(in_account(account, error)),
        Err(error) => {
            let check = Check::of(Outcome::Failed, "role", format_args!("{role} can be assumed"), error);
            endpoints.iter_mut().for_each(|endpoint| endpoint.checks.push(check.clone()));
            return Ok(Visit { session: None, endpoints });
        }
    };
    for endpoint in &mut endpoints {
        match compare(targets, task, requested, &session, endpoint).await {
            Ok(()) => {}
            Err(error) if error.is_transient() => return Err(in_account(account, error)),
            Err(error) => endpoint.checks.push(Check::of(Outcome::Failed, "access", "an answer", error)),
        }
    }
    Ok(Visit { session: Some(session), endpoints })
}

async fn compare<T: TargetAccounts>(
    targets: &T,
    task: &Task,
    requested: &Requested<'_>,
    session: &T::Session,
    results: &mut EndpointResults,
) -> Result<(), AwsError> {
    const NAME: &str = "endpoint";
    const IN_SERVICE: &str = "InService";
    let (name, region) = (&task.stage.endpoint_name, results.region.clone());
    let place = Place { targets, session, region: &region };
    let mut check = |outcome, found: String| results.checks.push(Check::of(outcome, NAME, IN_SERVICE, found));
    let endpoint = match targets.endpoint(session, &region, name).await {
        Err(error) if error.is_not_found() => {
            check(Outcome::Failed, format!("no endpoint {name}"));
            return Ok(());
        }
        endpoint => endpoint?,
    };
    let reason = endpoint.failure_reason.as_deref();
    match endpoint.status.as_str() {
        IN_SERVICE => check(Outcome::Passed, IN_SERVICE.to_owned()),
        "Creating" | "Updating" | "SystemUpdating" | "RollingBack" => {
            check(Outcome::Waiting, endpoint.status);
            return Ok(());
        }
        status => {
            check(Outcome::Failed, format!("{status}: {}", reason.unwrap_or("SageMaker gives no reason")));
            return Ok(());
        }
    }
    let expected = requested.configuration();
    results.configuration = Some(endpoint.config_name.clone());
    results.checks.push(if endpoint.config_name == expected {
        Check::equal("configuration", expected, expected)
    } else {
        let reason = reason.map_or_else(|| "gives no reason".to_owned(), |reason| format!("says: {reason}"));
        let found = format!("{}, a silent roll-back: SageMaker {reason}", endpoint.config_name);
        Check::of(Outcome::Failed, "configuration", expected, found)
    });
    let config = targets.endpoint_config(session, &region, &endpoint.config_name).await?;
    let mut packages = BTreeMap::new();
    for variant in &config.variants {
        if !packages.contains_key(&variant.model_name) {
            let of_model = targets.model_packages(session, &region, &variant.model_name).await?;
            packages.insert(variant.model_name.clone(), of_model);
        }
    }
    results.checks.extend(requested.checks(&config, &packages));
    if task.action == Action::Watch {
        results.checks.push(alarms::look(&place, name).await?);
    }
    Ok(())
}

impl<S: Send + Sync> Visit<S> {
    /// Sends the sample to those endpoints that are as requested so far.
    ///
    /// # Errors
    /// A call that may succeed later.
    pub(crate) async fn ask<T: TargetAccounts<Session = S>>(
        mut self,
        targets: &T,
        task: &Task,
        sample: &Sample<'_>,
        questions: Option<&Questions>,
    ) -> Result<Vec<EndpointResults>, Error> {
        let Some(session) = &self.session else { return Ok(self.endpoints) };
        let as_requested =
            |endpoint: &&mut EndpointResults| !endpoint.any(Outcome::Failed) && !endpoint.any(Outcome::Waiting);
        for endpoint in self.endpoints.iter_mut().filter(as_requested) {
            let (account, region) = (endpoint.account.clone(), endpoint.region.clone());
            let inference_id = inference_id(task, &account, &region);
            let place = Place { targets, session, region: &region };
            let request = Request {
                endpoint: &task.stage.endpoint_name,
                content_type: &sample.verification.content_type,
                accept: sample.verification.accept.as_deref(),
                inference_id: &inference_id,
            };
            let asked = match (&sample.sent, questions) {
                (Sent::Bytes(bytes), _) => invocation::invoke(&place, request, bytes, sample, endpoint).await,
                (Sent::Location(uri), Some(questions)) => questions.ask(&place, request, uri, sample, endpoint).await,
                (Sent::Location(_), None) => Ok(()),
            };
            asked.map_err(|error| in_account(&account, error))?;
        }
        Ok(self.endpoints)
    }
}

/// By which captured data tell the sample from customers' requests. SageMaker takes 64 characters.
fn inference_id(task: &Task, account: &AccountId, region: &Region) -> String {
    let parts = [&task.execution, task.stage.name.as_str(), task.wave.as_str(), account.as_str(), region.as_str()];
    format!("verification-{}", fingerprint(32, &parts))
}

fn in_account(account: &AccountId, error: AwsError) -> Error {
    Error::Account { account: account.clone(), source: Box::new(error) }
}
