use findings::Hub;
use identifiers::{AccountId, Region, RoleName};
use lambda_runtime::Diagnostic;

/// The platform's name, which events, metrics and sessions carry.
const ENV_PLATFORM_NAME: &str = "PLATFORM_NAME";
/// The partition that the function runs in, e.g. `aws-cn`.
const ENV_PARTITION: &str = "PARTITION";
/// The bucket of the configuration and of the evidence.
const ENV_CONTROLS_BUCKET: &str = "CONTROLS_BUCKET";
/// The table of the marks.
const ENV_CONTROL_RECORDS_TABLE: &str = "CONTROL_RECORDS_TABLE";
/// Where corrections are announced.
const ENV_EVENT_BUS_NAME: &str = "EVENT_BUS_NAME";
/// The role that is assumed in the other accounts.
const ENV_TARGET_ROLE_NAME: &str = "TARGET_ROLE_NAME";
/// The function's own role.
const ENV_FUNCTION_ROLE_NAME: &str = "FUNCTION_ROLE_NAME";

/// What the template gives the function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The platform's name.
    pub platform_name: String,
    /// The partition that the function runs in.
    pub partition: String,
    /// Where the configuration is and the evidence is kept.
    pub controls_bucket: String,
    /// Where marks are kept.
    pub control_records_table: String,
    /// Where corrections are announced.
    pub event_bus_name: String,
    /// The role that is assumed in the other accounts.
    pub target_role_name: RoleName,
    /// The function's own role: what it did itself is no reason to do more.
    pub function_role_name: RoleName,
}

/// The function was deployed wrongly.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the function's environment cannot be used: {}", .0.join(", "))]
pub struct SettingsError(Vec<String>);

impl Settings {
    /// From variables as `variable` looks them up.
    ///
    /// # Errors
    /// Every variable that is missing or wrong.
    pub fn from_environment(variable: impl Fn(&str) -> Option<String>) -> Result<Self, SettingsError> {
        let mut faults = Vec::new();
        let mut text = |name: &str| match variable(name).filter(|value| !value.is_empty()) {
            Some(value) => Some(value),
            None => {
                faults.push(format!("{name} is missing"));
                None
            }
        };
        let platform_name = text(ENV_PLATFORM_NAME);
        let partition = text(ENV_PARTITION);
        let controls_bucket = text(ENV_CONTROLS_BUCKET);
        let control_records_table = text(ENV_CONTROL_RECORDS_TABLE);
        let event_bus_name = text(ENV_EVENT_BUS_NAME);
        let roles = [ENV_TARGET_ROLE_NAME, ENV_FUNCTION_ROLE_NAME].map(|name| (name, text(name)));
        let [target_role_name, function_role_name] = roles.map(|(name, value)| {
            let role = value?.parse::<RoleName>();
            role.map_err(|expected| faults.push(format!("{name} is not {expected}"))).ok()
        });
        let settings = || {
            Some(Self {
                platform_name: platform_name?,
                partition: partition?,
                controls_bucket: controls_bucket?,
                control_records_table: control_records_table?,
                event_bus_name: event_bus_name?,
                target_role_name: target_role_name?,
                function_role_name: function_role_name?,
            })
        };
        settings().ok_or(SettingsError(faults))
    }

    /// The account and region that the function runs in, as its own ARN says.
    pub(crate) fn hub(&self, function_arn: &str) -> Option<Hub> {
        let mut parts = function_arn.split(':').skip(3);
        let (region, account): (Region, AccountId) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
        Some(Hub { partition: self.partition.clone(), account, region, platform_name: self.platform_name.clone() })
    }

    /// Whether a call was made by this function, in its own account or through the role in another one.
    pub(crate) fn is_own(&self, actor: &str) -> bool {
        // The person behind a role may follow it.
        let actor = actor.split(' ').next().unwrap_or_default();
        let mut parts = actor.splitn(6, ':').skip(2);
        let (service, resource) = (parts.next(), parts.nth(2).unwrap_or_default());
        let role = match service {
            Some("sts") => resource.strip_prefix("assumed-role/").and_then(|role| role.split('/').next()),
            Some("iam") => resource.strip_prefix("role/").and_then(|role| role.rsplit('/').next()),
            _ => None,
        };
        [&self.target_role_name, &self.function_role_name].into_iter().any(|own| role == Some(own.as_str()))
    }
}

impl From<&SettingsError> for Diagnostic {
    fn from(error: &SettingsError) -> Self {
        Self { error_type: "InvalidConfiguration".to_owned(), error_message: error.to_string() }
    }
}
