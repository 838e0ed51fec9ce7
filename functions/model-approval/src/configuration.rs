//! Who the function is and what it was deployed with.

use deployment::PlatformName;
use identifiers::{AccountId, Region};
use lambda_runtime::Diagnostic;

/// The platform's name, `PlatformName` of the template.
const ENV_PLATFORM_NAME: &str = "PLATFORM_NAME";
/// The ARN of the state machine that deploys.
const ENV_STATE_MACHINE_ARN: &str = "STATE_MACHINE_ARN";

/// What the template gives the function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Configuration {
    /// First segment of every parameter's name.
    pub platform_name: PlatformName,
    /// The state machine that deploys.
    pub state_machine_arn: String,
}

/// The account and region the function runs in: those whose registry it answers to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The hub account.
    pub account_id: AccountId,
    /// The hub's region.
    pub region: Region,
}

/// The function was deployed wrongly.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum ConfigurationError {
    /// Every fault, each naming its variable.
    #[error("the function's environment cannot be used: {}", .0.join("; "))]
    Environment(Vec<String>),
    /// Lambda names the function by ARN in every invocation.
    #[error("the function's ARN is {0:?}: expected arn:<partition>:lambda:<region>:<account>:function:<name>")]
    FunctionArn(String),
}

impl From<&ConfigurationError> for Diagnostic {
    fn from(error: &ConfigurationError) -> Self {
        Self { error_type: "InvalidConfiguration".to_owned(), error_message: error.to_string() }
    }
}

impl From<ConfigurationError> for Diagnostic {
    fn from(error: ConfigurationError) -> Self {
        (&error).into()
    }
}

impl Configuration {
    /// From variables as `variable` looks them up.
    ///
    /// # Errors
    /// All missing and malformed variables together.
    pub fn from_environment(variable: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigurationError> {
        let mut faults = Vec::new();
        let platform_name = match variable(ENV_PLATFORM_NAME) {
            None => {
                faults.push(format!("{ENV_PLATFORM_NAME} is missing"));
                None
            }
            Some(text) => text
                .parse::<PlatformName>()
                .map_err(|expected| faults.push(format!("{ENV_PLATFORM_NAME} is {text:?}: expected {expected}")))
                .ok(),
        };
        let state_machine_arn = variable(ENV_STATE_MACHINE_ARN).filter(|arn| !arn.is_empty());
        if state_machine_arn.is_none() {
            faults.push(format!("{ENV_STATE_MACHINE_ARN} is missing"));
        }
        match (platform_name, state_machine_arn) {
            (Some(platform_name), Some(state_machine_arn)) => Ok(Self { platform_name, state_machine_arn }),
            _ => Err(ConfigurationError::Environment(faults)),
        }
    }
}

impl Caller {
    /// From the ARN in the invocation's context.
    ///
    /// # Errors
    /// An ARN of another form.
    pub fn from_function_arn(arn: &str) -> Result<Self, ConfigurationError> {
        let mut parts = arn.split(':').skip(3);
        match (parts.next().map(str::parse), parts.next().map(str::parse)) {
            (Some(Ok(region)), Some(Ok(account_id))) => Ok(Self { account_id, region }),
            _ => Err(ConfigurationError::FunctionArn(arn.to_owned())),
        }
    }
}
