use crate::answer::Answer;
use crate::aws::targets::TargetAccounts;
use crate::error::Error;
use aws_ports::AwsError;
use deployment::{DeploymentReport, Failure, Phase, StagePlan};
use futures_util::stream::{self, StreamExt};
use identifiers::{AccountId, Region};
use stack_sets::Location;

/// So many accounts are looked at together.
const ACCOUNTS_AT_ONCE: usize = 16;

/// The role may do more; a look needs no more.
const POLICY: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["sagemaker:DescribeEndpoint","sagemaker:DescribeEndpointConfig","sagemaker:DescribeModel"],"Resource":"*"}]}"#;

/// What is seen in one place.
enum Sight {
    AsRequested,
    /// What is still going on.
    Pending(String),
    /// What was expected and what was found.
    Wrong(String),
}

/// Compares every endpoint of the stage with the plan, in the accounts themselves.
///
/// # Errors
/// A call that may succeed later; what is wrong in an account is an answer.
pub(crate) async fn verify(targets: &impl TargetAccounts, stage: &StagePlan, execution: &str) -> Result<Answer, Error> {
    let session_name = session_name(execution);
    let sights: Vec<_> = stream::iter(&stage.accounts)
        .map(|account| look(targets, stage, account, &session_name))
        .buffer_unordered(ACCOUNTS_AT_ONCE)
        .collect()
        .await;
    let (mut failures, mut pending) = (Vec::new(), Vec::new());
    for sights in sights {
        for (at, sight) in sights? {
            match sight {
                Sight::AsRequested => {}
                Sight::Pending(what) => pending.push(format!("{at}: {what}")),
                Sight::Wrong(reason) => {
                    failures.push(Failure { account: Some(at.account), region: Some(at.region), reason });
                }
            }
        }
    }
    if !failures.is_empty() {
        return Ok(Answer::Failed { report: DeploymentReport::new(stage, Phase::Verify, failures) });
    }
    pending.sort();
    Ok(match pending.as_slice() {
        [] => Answer::Done,
        [only] => Answer::waiting(only),
        [first, others @ ..] => Answer::waiting(format!("{first}; and {} more", others.len())),
    })
}

/// One account, its regions one after the other.
async fn look(
    targets: &impl TargetAccounts,
    stage: &StagePlan,
    account: &AccountId,
    session_name: &str,
) -> Result<Vec<(Location, Sight)>, Error> {
    let at = |region: &Region| Location { account: account.clone(), region: region.clone() };
    let partition = stage.model_package_arn.partition();
    let role_arn = format!("arn:{partition}:iam::{account}:role/{}", stage.model_execution_role_name);
    let session = match targets.assume_role(&role_arn, session_name, POLICY).await {
        Ok(session) => session,
        Err(source) if source.is_transient() => {
            return Err(Error::Account { account: account.clone(), source: source.into() });
        }
        Err(error) => {
            let reason = format!("cannot assume {role_arn} to look at the endpoint: {error}");
            return Ok(stage.regions.iter().map(|region| (at(region), Sight::Wrong(reason.clone()))).collect());
        }
    };
    let mut sights = Vec::with_capacity(stage.regions.len());
    for region in &stage.regions {
        let sight = match compare(targets, stage, &session, region).await {
            Ok(sight) => sight,
            Err(source) if source.is_transient() => {
                return Err(Error::Account { account: account.clone(), source: source.into() });
            }
            Err(error) => Sight::Wrong(error.to_string()),
        };
        sights.push((at(region), sight));
    }
    Ok(sights)
}

async fn compare<T: TargetAccounts>(
    targets: &T,
    stage: &StagePlan,
    session: &T::Session,
    region: &Region,
) -> Result<Sight, AwsError> {
    let name = &stage.endpoint_name;
    let endpoint = match targets.endpoint(session, region, name).await {
        Err(error) if error.is_not_found() => return Ok(Sight::Wrong(format!("endpoint {name} does not exist"))),
        endpoint => endpoint?,
    };
    match endpoint.status.as_str() {
        "InService" => {}
        "Creating" | "Updating" | "SystemUpdating" | "RollingBack" => {
            return Ok(Sight::Pending(format!("endpoint {name} is {}", endpoint.status)));
        }
        status => {
            let reason = endpoint.failure_reason.as_deref().unwrap_or("no reason given");
            return Ok(Sight::Wrong(format!("endpoint {name} is {status}: {reason}")));
        }
    }
    let config = targets.endpoint_config(session, region, &endpoint.config_name).await?;
    let mut differences = Vec::new();
    let mut expect = |what: &str, expected: &str, found: &str| {
        if expected != found {
            differences.push(format!("{what} {expected}, found {found}"));
        }
    };
    expect("number of variants", "1", &config.variants.len().to_string());
    for variant in &config.variants {
        let packages = targets.model_packages(session, region, &variant.model_name).await?;
        let packages = if packages.is_empty() { "none".to_owned() } else { packages.join(", ") };
        expect("model package", stage.model_package_arn.as_str(), &packages);
        expect("instance type", &stage.instance.instance_type, &variant.instance_type);
        expect("instance count", &stage.instance.count.to_string(), &variant.instance_count.to_string());
    }
    Ok(if differences.is_empty() {
        Sight::AsRequested
    } else {
        Sight::Wrong(format!(
            "endpoint {name} is in service with configuration {}, which is not the one requested: expected {}",
            endpoint.config_name,
            differences.join("; expected ")
        ))
    })
}

/// What the target account's trail says of who looked. STS takes 2 to 64 of these characters.
fn session_name(execution: &str) -> String {
    let accepted = |c: char| if c.is_ascii_alphanumeric() || "_+=,.@-".contains(c) { c } else { '-' };
    let name: String = execution.chars().map(accepted).take(57).collect();
    format!("verify-{name}")
}
