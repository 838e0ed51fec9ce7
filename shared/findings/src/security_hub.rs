use std::future::Future;

use aws_json::{Call, Client};
use aws_ports::AwsError;
use serde_json::{Value, json};

/// A finding that Security Hub did not take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailedFinding {
    /// The finding's id.
    pub id: String,
    /// Security Hub's code, e.g. `InvalidInput`.
    pub code: String,
    /// Its message.
    pub message: String,
}

/// What became of one call.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ImportAnswer {
    /// How many were not taken.
    pub failed_count: usize,
    /// Which, and why.
    pub failed: Vec<FailedFinding>,
}

/// AWS Security Hub.
pub trait SecurityHub: Send + Sync {
    /// `securityhub:BatchImportFindings`, at most 100.
    fn import_findings(&self, findings: &[Value]) -> impl Future<Output = Result<ImportAnswer, AwsError>> + Send;
}

/// The service itself.
#[derive(Debug, Clone)]
pub struct SecurityHubInAws {
    client: Client,
}

impl SecurityHubInAws {
    /// `client` is one of [`aws_json::SECURITY_HUB`].
    #[must_use]
    pub fn new(client: Client) -> Self {
        Self { client }
    }
}

impl SecurityHub for SecurityHubInAws {
    async fn import_findings(&self, findings: &[Value]) -> Result<ImportAnswer, AwsError> {
        const CALL: Call = Call::post("securityhub:BatchImportFindings", "/findings/import");
        let answer = self.client.call(CALL, &json!({"Findings": findings})).await?;
        let count = answer.get("FailedCount").and_then(Value::as_u64);
        let count = count.ok_or_else(|| AwsError::unread(CALL.name, "FailedCount cannot be read from the answer"))?;
        let failed = answer.get("FailedFindings").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let text = |value: &Value, name| value.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        Ok(ImportAnswer {
            failed_count: usize::try_from(count).unwrap_or(usize::MAX),
            failed: failed
                .iter()
                .map(|failed| FailedFinding {
                    id: text(failed, "Id"),
                    code: text(failed, "ErrorCode"),
                    message: text(failed, "ErrorMessage"),
                })
                .collect(),
        })
    }
}
