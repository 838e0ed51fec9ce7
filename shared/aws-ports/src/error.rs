use std::error::Error as StdError;
use std::fmt;

use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

/// What the message of a `ValidationException` holds when something is missing rather than malformed.
const NOT_FOUND: [&str; 5] =
    ["Could not find", "Cannot find", "does not exist", "RecordNotFound", "Requested resource not found"];

/// A failed AWS call: which operation, what the service answered, and the id under which AWS knows the request.
///
/// `operation` is written as in an IAM policy, `service:Operation`.
#[derive(Debug)]
pub struct AwsError {
    operation: &'static str,
    code: Option<String>,
    message: Option<String>,
    request_id: Option<String>,
    /// What kept the answer from being read, where there was none.
    cause: Option<String>,
}

impl AwsError {
    /// An error the service answered, for in-memory implementations of a port.
    #[must_use]
    pub fn answered(operation: &'static str, code: &str, message: &str) -> Self {
        Self {
            operation,
            code: Some(code.to_owned()),
            message: Some(message.to_owned()),
            request_id: Some("00000000-0000-0000-0000-000000000000".to_owned()),
            cause: None,
        }
    }

    /// An answer that broke off while its body was read.
    #[must_use]
    pub fn unread(operation: &'static str, cause: impl fmt::Display) -> Self {
        Self { operation, code: None, message: None, request_id: None, cause: Some(cause.to_string()) }
    }

    /// The same without `secret`, which was sent: services repeat what they do not take.
    #[must_use]
    pub fn without(mut self, secret: &str) -> Self {
        if !secret.is_empty() {
            for text in [&mut self.message, &mut self.cause].into_iter().flatten() {
                *text = text.replace(secret, "[secret]");
            }
        }
        self
    }

    /// The operation as in an IAM policy, e.g. `sagemaker:DescribeModelPackage`.
    #[must_use]
    pub fn operation(&self) -> &'static str {
        self.operation
    }

    /// The service's error code, e.g. `ThrottlingException`; `None` when no answer of the service was read. An answer without
    /// a body, as S3 gives to HEAD, has what its status stands for, e.g. `Forbidden`.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        self.code.as_deref()
    }

    /// The service's message; `None` when it gave none.
    #[must_use]
    pub fn message(&self) -> Option<&str> {
        self.message.as_deref()
    }

    /// The id under which AWS knows the request.
    #[must_use]
    pub fn request_id(&self) -> Option<&str> {
        self.request_id.as_deref()
    }

    /// The thing asked for does not exist. SageMaker says so with a `ValidationException` whose message begins "Could not
    /// find" or "Cannot find" or ends "does not exist" instead of a code of its own; of a notebook instance it is
    /// "RecordNotFound", of a training job "Requested resource not found.".
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        match self.code() {
            Some("ValidationException" | "ValidationError") => {
                self.message().is_some_and(|message| NOT_FOUND.iter().any(|not_found| message.contains(not_found)))
            }
            Some("NoSuchEntity" | "NoSuchKey") => true,
            // `ParameterNotFound`, `FileSystemNotFound`, EC2's `InvalidGroup.NotFound`.
            Some(code) => code.ends_with("NotFoundException") || code.ends_with("NotFound"),
            None => false,
        }
    }

    /// The thing to be made exists already.
    #[must_use]
    pub fn is_already_exists(&self) -> bool {
        self.code().is_some_and(|code| code.ends_with("AlreadyExistsException") || code.ends_with("AlreadyExists"))
    }

    /// The caller may not do this.
    #[must_use]
    pub fn is_access_denied(&self) -> bool {
        matches!(self.code(), Some("AccessDenied" | "AccessDeniedException" | "Forbidden" | "UnauthorizedOperation"))
    }

    /// The service asked for a slower pace, and the SDK's own attempts are used up.
    #[must_use]
    pub fn is_throttled(&self) -> bool {
        self.code().is_some_and(|code| {
            code.contains("Throttl")
                || matches!(
                    code,
                    "TooManyRequestsException"
                        | "TooManyRequests"
                        | "ProvisionedThroughputExceededException"
                        | "RequestLimitExceeded"
                        | "SlowDown"
                )
        })
    }

    /// The same call may succeed later: throttled, a fault of the service, or no answer at all.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        self.is_throttled()
            || self.code().is_none()
            || self.code().is_some_and(|code| {
                matches!(
                    code,
                    "InternalFailure"
                        | "InternalError"
                        | "InternalException"
                        | "InternalServerError"
                        | "InternalServerException"
                        | "DependencyTimeout"
                        | "Unavailable"
                        | "ServiceUnavailable"
                        | "ServiceException"
                )
            })
    }
}

impl AwsError {
    /// The same call may succeed a little later: transient, a fault of KMS or ECR in a code of its own, or another change
    /// of the same thing under way.
    #[must_use]
    pub fn is_passing(&self) -> bool {
        self.is_transient()
            || self.code().is_some_and(|code| {
                matches!(
                    code,
                    "ConflictException"
                        | "DependencyTimeoutException"
                        | "KMSInternalException"
                        | "OperationAborted"
                        | "ServerException"
                )
            })
    }
}

impl fmt::Display for AwsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.code, &self.message) {
            (Some(code), Some(message)) => write!(f, "{} answered {code}: {message}", self.operation)?,
            (Some(code), None) => write!(f, "{} answered {code}", self.operation)?,
            (None, _) => {
                write!(f, "{} got no answer", self.operation)?;
                if let Some(cause) = &self.cause {
                    write!(f, ": {cause}")?;
                }
            }
        }
        match &self.request_id {
            Some(id) => write!(f, " (request id {id})"),
            None => Ok(()),
        }
    }
}

/// The cause is part of the message already, so the chain ends here.
impl StdError for AwsError {}

/// The messages of an error and of everything beneath it. The SDK's own `DisplayErrorContext` appends the whole `Debug`
/// form, which holds the request.
fn chain(error: &dyn StdError) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(source) = next {
        text.push_str(": ");
        text.push_str(&source.to_string());
        next = source.source();
    }
    text
}

/// Names the operation of a call's result and turns the SDK's error into an [`AwsError`].
pub trait Operation<T> {
    /// `name` is written as in an IAM policy, `service:Operation`.
    ///
    /// # Errors
    /// The call's own error, with the service's code, message and request id.
    fn operation(self, name: &'static str) -> Result<T, AwsError>;
}

impl<T, E> Operation<T> for Result<T, SdkError<E, aws_smithy_runtime_api::client::orchestrator::HttpResponse>>
where
    E: ProvideErrorMetadata + StdError + Send + Sync + 'static,
{
    fn operation(self, name: &'static str) -> Result<T, AwsError> {
        self.map_err(|error| {
            let code = error.code().or_else(|| code_of_status(error.raw_response()?.status().as_u16()));
            AwsError {
                operation: name,
                code: code.map(str::to_owned),
                message: error.message().map(str::to_owned),
                request_id: request_id(&error),
                cause: code.is_none().then(|| chain(&error)),
            }
        })
    }
}

/// What an answer without a readable code says by its status. Of the service's own faults the status says no more than that
/// another try may help, which is what no code means too.
fn code_of_status(status: u16) -> Option<&'static str> {
    match status {
        301 => Some("MovedPermanently"),
        400 => Some("BadRequest"),
        401 => Some("Unauthorized"),
        403 => Some("Forbidden"),
        404 => Some("NotFound"),
        405 => Some("MethodNotAllowed"),
        412 => Some("PreconditionFailed"),
        _ => None,
    }
}

/// The SDK keeps the id in the error's metadata; where the error's body could not be read, only the header has it.
fn request_id<E: ProvideErrorMetadata>(
    error: &SdkError<E, aws_smithy_runtime_api::client::orchestrator::HttpResponse>,
) -> Option<String> {
    error
        .meta()
        .extra("aws_request_id")
        .or_else(|| {
            let headers = error.raw_response()?.headers();
            headers.get("x-amzn-requestid").or_else(|| headers.get("x-amz-request-id"))
        })
        .map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answered(code: &str, message: &str) -> AwsError {
        AwsError::answered("sagemaker:DescribeModelPackage", code, message)
    }

    /// What another try a little later may settle, beyond what is transient.
    #[test]
    fn what_passes_is_told_apart() {
        for code in ["Throttling", "KMSInternalException", "ServerException", "OperationAborted", "ConflictException"] {
            assert!(answered(code, "").is_passing(), "{code}");
        }
        for code in ["AccessDenied", "ValidationException", "NoSuchKey"] {
            assert!(!answered(code, "").is_passing(), "{code}");
        }
        assert!(!answered("ConflictException", "").is_transient());
    }

    #[test]
    fn codes_are_told_apart() {
        let kinds = |error: &AwsError| {
            [
                error.is_not_found(),
                error.is_already_exists(),
                error.is_access_denied(),
                error.is_throttled(),
                error.is_transient(),
            ]
        };
        let rows: [(&str, &str, [bool; 5]); 24] = [
            ("ValidationException", "RecordNotFound", [true, false, false, false, false]),
            ("ValidationException", "Requested resource not found.", [true, false, false, false, false]),
            ("ValidationException", "Cannot find resource policy for: arn:...", [true, false, false, false, false]),
            ("ValidationException", "Could not find endpoint \"churn\".", [true, false, false, false, false]),
            ("ValidationException", "ModelPackage arn:... does not exist.", [true, false, false, false, false]),
            ("ValidationException", "1 validation error detected", [false, false, false, false, false]),
            ("ParameterNotFound", "", [true, false, false, false, false]),
            ("ResourceNotFound", "", [true, false, false, false, false]),
            ("FileSystemNotFound", "", [true, false, false, false, false]),
            ("InvalidGroup.NotFound", "", [true, false, false, false, false]),
            ("StackSetNotFoundException", "", [true, false, false, false, false]),
            ("OrganizationalUnitNotFoundException", "", [true, false, false, false, false]),
            ("ExecutionAlreadyExists", "", [false, true, false, false, false]),
            ("NameAlreadyExistsException", "", [false, true, false, false, false]),
            ("ParameterAlreadyExists", "", [false, true, false, false, false]),
            ("AccessDenied", "", [false, false, true, false, false]),
            ("AccessDeniedException", "", [false, false, true, false, false]),
            ("ThrottlingException", "Rate exceeded", [false, false, false, true, true]),
            ("TooManyRequestsException", "", [false, false, false, true, true]),
            ("TooManyRequests", "", [false, false, false, true, true]),
            ("InternalFailure", "", [false, false, false, false, true]),
            ("InternalServerError", "", [false, false, false, false, true]),
            ("Unavailable", "", [false, false, false, false, true]),
            ("DependencyViolation", "", [false, false, false, false, false]),
        ];
        for (code, message, expected) in rows {
            assert_eq!(kinds(&answered(code, message)), expected, "{code} {message}");
        }
    }

    #[test]
    fn an_answer_without_a_body_has_the_code_of_its_status() {
        use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
        use aws_smithy_types::body::SdkBody;
        use aws_smithy_types::error::ErrorMetadata;

        let failed = |status: u16, code: Option<&str>| {
            let mut response = HttpResponse::new(status.try_into().unwrap(), SdkBody::empty());
            response.headers_mut().insert("x-amz-request-id", "4442587FB7D0A2F9");
            let mut metadata = ErrorMetadata::builder();
            if let Some(code) = code {
                metadata = metadata.code(code);
            }
            let failed: Result<(), _> = Err(SdkError::service_error(metadata.build(), response));
            failed.operation("s3:GetObject").unwrap_err()
        };
        let refused = failed(403, None);
        assert_eq!(
            (refused.code(), refused.is_access_denied(), refused.is_transient()),
            (Some("Forbidden"), true, false)
        );
        assert_eq!(refused.to_string(), "s3:GetObject answered Forbidden (request id 4442587FB7D0A2F9)");
        assert_eq!(
            failed(403, Some("AccessDenied")).code(),
            Some("AccessDenied"),
            "the service's own word comes first"
        );
        assert!(failed(404, None).is_not_found());
        assert!([500, 503].into_iter().all(|status| failed(status, None).is_transient()));
    }

    #[test]
    fn a_secret_that_was_sent_is_not_repeated() {
        let error =
            || AwsError::answered("states:SendTaskSuccess", "ValidationException", "Value 't0k' at 'taskToken'");
        let without = error().without("t0k");
        assert_eq!(without.message(), Some("Value '[secret]' at 'taskToken'"));
        assert_eq!((without.code(), without.request_id()), (error().code(), error().request_id()));
        assert_eq!(
            AwsError::unread("s3:GetObject", "t0k: broke off").without("t0k").to_string(),
            "s3:GetObject got no answer: [secret]: broke off"
        );
        assert_eq!(error().without("").message(), error().message());
    }

    #[test]
    fn the_message_names_operation_code_and_request() {
        assert_eq!(
            answered("AccessDeniedException", "not authorized").to_string(),
            "sagemaker:DescribeModelPackage answered AccessDeniedException: not authorized \
             (request id 00000000-0000-0000-0000-000000000000)"
        );
    }
}
