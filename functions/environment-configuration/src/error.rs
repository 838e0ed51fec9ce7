use aws_ports::AwsError;
use environment::{NAME_TAG, TYPE_TAG};

use crate::properties::{OPTIONAL_PARAMETERS, PARAMETERS, ProjectName, SAGEMAKER_PROJECT_NAME};

/// Why a project's environment could not be told.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A call failed.
    #[error(transparent)]
    Aws(#[from] AwsError),
    /// There is no such project.
    #[error("{SAGEMAKER_PROJECT_NAME} is {project}, expected a project of this account and region: {source}")]
    NoProject {
        /// Of the property.
        project: ProjectName,
        /// SageMaker's answer.
        source: Box<AwsError>,
    },
    /// Neither properties nor tags name it.
    #[error(
        "nothing says which environment project {project} belongs to: the properties {NAME_TAG} and {TYPE_TAG} are not \
         given; {}; tag the domain or the project with both, or give both properties",
        looked_at.join("; ")
    )]
    UnknownEnvironment {
        /// Of the property.
        project: ProjectName,
        /// Each place that was looked at and what it lacks.
        looked_at: Vec<String>,
    },
    /// Parameters that no attribute can be made of, all of them.
    #[error("{}", [missing_text(missing), secure_text(secure)].into_iter().flatten().collect::<Vec<_>>().join("; "))]
    Parameters {
        /// Names and what wants them, of those that do not exist and are not optional.
        missing: Vec<String>,
        /// Names and what wants them, of those that are encrypted.
        secure: Vec<String>,
    },
    /// A domain that lacks what every domain has.
    #[error("sagemaker:DescribeDomain answered without {}", absent.join(", "))]
    Incomplete {
        /// Fields of the answer.
        absent: Vec<&'static str>,
    },
}

fn missing_text(missing: &[String]) -> Option<String> {
    (!missing.is_empty()).then(|| {
        format!(
            "parameters that do not exist: {}; create them, or name in {OPTIONAL_PARAMETERS} instead of {PARAMETERS} what \
             the environment may lack",
            missing.join(", ")
        )
    })
}

fn secure_text(secure: &[String]) -> Option<String> {
    (!secure.is_empty()).then(|| {
        format!(
            "parameters of type SecureString, which would be shown as attributes: {}; let what needs them read them itself",
            secure.join(", ")
        )
    })
}
