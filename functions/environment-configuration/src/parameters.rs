use std::collections::{BTreeMap, BTreeSet};

use aws_ports::AwsError;
use environment::Environment;

use crate::aws::{Parameter, Ports};
use crate::error::Error;
use crate::properties::Wanted;

/// `GetParameters` takes ten names a call.
const NAMES_PER_CALL: usize = 10;
/// Holds the id of the environment's Studio domain.
const DOMAIN_ID_KEY: &str = "sagemaker-domain-id";

/// What the environment's parameters say.
#[derive(Debug)]
pub(crate) struct Values {
    /// Name and value of each attribute.
    pub(crate) attributes: Vec<(String, String)>,
    /// The domain's id, empty unless it was asked for.
    pub(crate) domain_id: String,
}

/// # Errors
/// Of the calls, and one that names every parameter that is missing or encrypted.
pub(crate) async fn read(
    aws: &impl Ports,
    environment: &Environment,
    wanted: &[Wanted],
    with_domain_id: bool,
) -> Result<Values, Error> {
    let domain_id = with_domain_id.then(|| environment.parameter(DOMAIN_ID_KEY));
    let names: BTreeSet<String> =
        wanted.iter().map(|wanted| environment.parameter(&wanted.assignment.key)).chain(domain_id.clone()).collect();
    let found = get(aws, &names.into_iter().collect::<Vec<_>>()).await?;

    let mut values = Values { attributes: Vec::new(), domain_id: String::new() };
    let (mut missing, mut secure) = (Vec::new(), Vec::new());
    let mut take = |name: &str, purpose: &str, optional: bool| match found.get(name) {
        Some(parameter) if parameter.secure => {
            secure.push(format!("{name} ({purpose})"));
            None
        }
        Some(parameter) => Some(parameter.value.clone()),
        None if optional => Some(String::new()),
        None => {
            missing.push(format!("{name} ({purpose})"));
            None
        }
    };
    for Wanted { assignment, optional } in wanted {
        let value = take(&environment.parameter(&assignment.key), &assignment.attribute, *optional);
        values.attributes.extend(value.map(|value| (assignment.attribute.clone(), value)));
    }
    if let Some(name) = domain_id {
        let purpose = "the domain, which a project that was not made in Studio does not name";
        values.domain_id = take(&name, purpose, false).unwrap_or_default();
    }
    if missing.is_empty() && secure.is_empty() { Ok(values) } else { Err(Error::Parameters { missing, secure }) }
}

async fn get(aws: &impl Ports, names: &[String]) -> Result<BTreeMap<String, Parameter>, AwsError> {
    let mut found = BTreeMap::new();
    for names in names.chunks(NAMES_PER_CALL) {
        let parameters = aws.get_parameters(names).await?;
        found.extend(parameters.into_iter().map(|parameter| (parameter.name.clone(), parameter)));
    }
    Ok(found)
}
