use aws_smithy_runtime_api::client::orchestrator::{HttpResponse, OrchestratorError};
use aws_smithy_types::error::ErrorMetadata;
use serde_json::Value;

/// What a service answered.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// As it was sent; an empty one is an object without members.
    pub body: Value,
    /// The id under which AWS knows the request.
    pub request_id: Option<String>,
}

/// Reads what a service answered: its JSON, or the code and message of its error.
pub(crate) fn read(response: &HttpResponse) -> Result<Answer, OrchestratorError<ErrorMetadata>> {
    let body = response.body().bytes().unwrap_or_default();
    if response.status().is_success() {
        let request_id = response.headers().get("x-amzn-requestid").map(str::to_owned);
        let body = match body {
            [] => Value::Object(serde_json::Map::new()),
            body => serde_json::from_slice(body).map_err(|error| OrchestratorError::response(error.into()))?,
        };
        return Ok(Answer { body, request_id });
    }
    Err(OrchestratorError::operation(error(response, body)))
}

/// An error's code stands in a header or in the body, as `Code`, `prefix#Code` or `Code:address`; its message in a member
/// whose first letter depends on the service.
fn error(response: &HttpResponse, body: &[u8]) -> ErrorMetadata {
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    let member = |names: &[&str]| names.iter().find_map(|name| body.get(name)?.as_str());
    let code = response.headers().get("x-amzn-errortype").or_else(|| member(&["__type", "code", "Code"]));
    let mut metadata = ErrorMetadata::builder();
    if let Some(code) = code {
        let code = code.rsplit('#').next().unwrap_or(code);
        metadata = metadata.code(code.split(':').next().unwrap_or(code));
    }
    if let Some(message) = member(&["message", "Message", "errorMessage"]) {
        metadata = metadata.message(message);
    }
    metadata.build()
}
