use findings::Hub;
use identifiers::{AccountId, Region};
use lambda_runtime::Diagnostic;

/// The platform's name, which findings, events and metrics carry.
const ENV_PLATFORM_NAME: &str = "PLATFORM_NAME";
/// The partition that the function runs in, e.g. `aws-cn`: ARNs and hosts depend on it.
const ENV_PARTITION: &str = "PARTITION";
/// The bucket of the configuration.
const ENV_CONTROLS_BUCKET: &str = "CONTROLS_BUCKET";
/// The table of what is known of resources.
const ENV_CONTROL_RECORDS_TABLE: &str = "CONTROL_RECORDS_TABLE";
/// The bus that hears of verdicts that change.
const ENV_EVENT_BUS_NAME: &str = "EVENT_BUS_NAME";
/// The role that lets into other accounts.
const ENV_TARGET_ROLE_NAME: &str = "TARGET_ROLE_NAME";
/// `enabled` or `disabled`: whether findings go to Security Hub.
const ENV_SECURITY_HUB: &str = "SECURITY_HUB";

/// What the template gives the function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The platform's name.
    pub platform_name: String,
    /// The partition that the function runs in.
    pub partition: String,
    /// Where the configuration is.
    pub controls_bucket: String,
    /// What is known of resources.
    pub control_records_table: String,
    /// What hears of verdicts that change.
    pub event_bus_name: String,
    /// What lets into other accounts.
    pub target_role_name: String,
    /// Whether findings go to Security Hub.
    pub security_hub: bool,
}

/// The function was deployed wrongly.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the function's environment cannot be used: {}", .0.join("; "))]
pub struct SettingsError(Vec<String>);

impl Settings {
    /// From variables as `variable` looks them up.
    ///
    /// # Errors
    /// Every variable that is missing or cannot be read.
    pub fn from_environment(variable: impl Fn(&str) -> Option<String>) -> Result<Self, SettingsError> {
        let variable = |name: &str| variable(name).filter(|value| !value.is_empty());
        let mut faults = Vec::new();
        let mut text = |name: &str| {
            variable(name).unwrap_or_else(|| {
                faults.push(format!("{name} is missing"));
                String::new()
            })
        };
        let settings = Self {
            platform_name: text(ENV_PLATFORM_NAME),
            partition: text(ENV_PARTITION),
            controls_bucket: text(ENV_CONTROLS_BUCKET),
            control_records_table: text(ENV_CONTROL_RECORDS_TABLE),
            event_bus_name: text(ENV_EVENT_BUS_NAME),
            target_role_name: text(ENV_TARGET_ROLE_NAME),
            security_hub: match text(ENV_SECURITY_HUB).as_str() {
                "enabled" => true,
                "disabled" | "" => false,
                other => {
                    faults.push(format!("{ENV_SECURITY_HUB} is {other:?}, expected enabled or disabled"));
                    false
                }
            },
        };
        if faults.is_empty() { Ok(settings) } else { Err(SettingsError(faults)) }
    }

    /// The account and region that the function runs in, as its own ARN says.
    #[must_use]
    pub fn hub(&self, function_arn: &str) -> Option<Hub> {
        let mut parts = function_arn.split(':').skip(3);
        let (region, account): (Region, AccountId) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
        Some(Hub { partition: self.partition.clone(), account, region, platform_name: self.platform_name.clone() })
    }
}

impl From<&SettingsError> for Diagnostic {
    fn from(error: &SettingsError) -> Self {
        Self { error_type: "InvalidConfiguration".to_owned(), error_message: error.to_string() }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failed assumption of a test is a failed test")]
mod tests {
    use super::*;

    #[test]
    fn all_faults_are_named_at_once() {
        let faulty = |name: &str| match name {
            ENV_SECURITY_HUB => Some("on".to_owned()),
            ENV_PARTITION => Some("aws".to_owned()),
            _ => None,
        };
        let message = Settings::from_environment(faulty).unwrap_err().to_string();
        for expected in ["PLATFORM_NAME is missing", "EVENT_BUS_NAME is missing", "\"on\""] {
            assert!(message.contains(expected), "{expected}: {message}");
        }
    }

    #[test]
    fn a_function_knows_where_it_is() {
        let all = |name: &str| Some(if name == ENV_SECURITY_HUB { "enabled" } else { "x" }.to_owned());
        let settings = Settings::from_environment(all).unwrap();
        let hub = settings.hub("arn:aws-cn:lambda:cn-north-1:111111111111:function:x-detective-controls").unwrap();
        assert_eq!((hub.account.as_str(), hub.region.as_str()), ("111111111111", "cn-north-1"));
        assert_eq!(settings.hub("x"), None);
    }
}
