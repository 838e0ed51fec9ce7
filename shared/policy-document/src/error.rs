/// Why a text is no policy document, or a value no statement.
///
/// No message quotes the document: it may be long, and whose it is, is not known here.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The text is not JSON, or not an object.
    #[error("the policy document is not a JSON object: {0}")]
    NotAnObject(#[source] serde_json::Error),
    /// Without this element no service takes a policy.
    #[error("the policy document has no Statement")]
    NoStatement,
    /// Which of them counts, services do not say.
    #[error("the policy document has the element {0} more than once")]
    Repeated(String),
    /// `Statement` is neither an object nor a list.
    #[error("Statement is neither a statement nor a list of statements")]
    NotStatements,
    /// An item of `Statement` is not an object.
    #[error("statement {index} is not a JSON object")]
    NotAStatement {
        /// Counts from 0.
        index: usize,
    },
    /// A value that was to become a statement does not serialize.
    #[error("the statement does not serialize: {0}")]
    NotSerializable(#[source] serde_json::Error),
}
