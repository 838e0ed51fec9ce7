use lambda_runtime::Diagnostic;

/// The bucket of the records, `DeploymentRecords` of the template.
const ENV_RECORDS_BUCKET: &str = "RECORDS_BUCKET";

/// What the template gives the function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Configuration {
    /// Where history is kept.
    pub records_bucket: String,
}

/// The function was deployed wrongly.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the function's environment cannot be used: {0} is missing")]
pub struct ConfigurationError(&'static str);

impl Configuration {
    /// From variables as `variable` looks them up.
    ///
    /// # Errors
    /// A missing variable.
    pub fn from_environment(variable: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigurationError> {
        let records_bucket = variable(ENV_RECORDS_BUCKET).filter(|name| !name.is_empty());
        Ok(Self { records_bucket: records_bucket.ok_or(ConfigurationError(ENV_RECORDS_BUCKET))? })
    }
}

impl From<&ConfigurationError> for Diagnostic {
    fn from(error: &ConfigurationError) -> Self {
        Self { error_type: "InvalidConfiguration".to_owned(), error_message: error.to_string() }
    }
}
