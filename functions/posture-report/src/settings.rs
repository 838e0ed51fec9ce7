use lambda_runtime::Diagnostic;

/// The platform's name, which the metrics and the page carry.
const ENV_PLATFORM_NAME: &str = "PLATFORM_NAME";
/// The partition that the function runs in, e.g. `aws-cn`: hosts depend on it.
const ENV_PARTITION: &str = "PARTITION";
/// The bucket of the configuration and of the reports.
const ENV_CONTROLS_BUCKET: &str = "CONTROLS_BUCKET";
/// The table of what the controls found.
const ENV_CONTROL_RECORDS_TABLE: &str = "CONTROL_RECORDS_TABLE";

/// What the template gives the function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The platform's name.
    pub platform_name: String,
    /// The partition that the function runs in.
    pub partition: String,
    /// Where the configuration is and the reports are written.
    pub controls_bucket: String,
    /// What the controls found.
    pub control_records_table: String,
}

/// The function was deployed wrongly.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the function's environment cannot be used: {} missing", .0.join(", "))]
pub struct SettingsError(Vec<&'static str>);

impl Settings {
    /// From variables as `variable` looks them up.
    ///
    /// # Errors
    /// Every missing variable.
    pub fn from_environment(variable: impl Fn(&str) -> Option<String>) -> Result<Self, SettingsError> {
        let mut missing = Vec::new();
        let mut text = |name| {
            let value = variable(name).filter(|value| !value.is_empty());
            value.unwrap_or_else(|| {
                missing.push(name);
                String::new()
            })
        };
        let settings = Self {
            platform_name: text(ENV_PLATFORM_NAME),
            partition: text(ENV_PARTITION),
            controls_bucket: text(ENV_CONTROLS_BUCKET),
            control_records_table: text(ENV_CONTROL_RECORDS_TABLE),
        };
        if missing.is_empty() { Ok(settings) } else { Err(SettingsError(missing)) }
    }
}

impl From<&SettingsError> for Diagnostic {
    fn from(error: &SettingsError) -> Self {
        Self { error_type: "InvalidConfiguration".to_owned(), error_message: error.to_string() }
    }
}
