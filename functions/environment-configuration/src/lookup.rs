use std::str::FromStr;

use aws_ports::AwsError;
use environment::{Environment, EnvironmentName, EnvironmentType, InvalidName, NAME_TAG, TYPE_TAG};

use crate::aws::{Domain, Ports, Project};
use crate::error::Error;
use crate::properties::ProjectName;

/// The environment that the tags of the project's domain name, or else those of the project.
///
/// # Errors
/// Of the calls, and when no place has both tags: one that says what each of them lacks.
pub(crate) async fn environment(
    aws: &impl Ports,
    name: &ProjectName,
    project: &Project,
    domain: Option<&Domain>,
) -> Result<Environment, Error> {
    let mut looked_at = Vec::new();
    if domain.is_none() {
        looked_at.push("the project was not made in Studio, so no domain is known".to_owned());
    }
    for arn in domain.map(|domain| domain.arn.as_str()).into_iter().chain([project.arn.as_str()]) {
        match named_by(&all_tags(aws, arn).await?) {
            Ok(environment) => return Ok(environment),
            Err(lacks) => looked_at.push(format!("{arn}: {}", lacks.join(", "))),
        }
    }
    Err(Error::UnknownEnvironment { project: name.clone(), looked_at })
}

async fn all_tags(aws: &impl Ports, arn: &str) -> Result<Vec<(String, String)>, AwsError> {
    let mut tags = Vec::new();
    let mut next = None;
    loop {
        let page = aws.list_tags(arn, next).await?;
        tags.extend(page.items);
        next = page.next;
        if next.is_none() {
            return Ok(tags);
        }
    }
}

/// The environment that these tags name, or what keeps them from it.
fn named_by(tags: &[(String, String)]) -> Result<Environment, Vec<String>> {
    let (name, kind) = (tag::<EnvironmentName>(tags, NAME_TAG), tag::<EnvironmentType>(tags, TYPE_TAG));
    match (name, kind) {
        (Ok(name), Ok(kind)) => Ok(Environment::new(name, kind)),
        (name, kind) => Err(name.err().into_iter().chain(kind.err()).collect()),
    }
}

fn tag<T: FromStr<Err = InvalidName>>(tags: &[(String, String)], key: &str) -> Result<T, String> {
    match tags.iter().find(|(tag, _)| tag == key) {
        Some((_, value)) => value.parse().map_err(|error| format!("tag {key} is {value:?}, expected {error}")),
        None => Err(format!("tag {key} is missing")),
    }
}
