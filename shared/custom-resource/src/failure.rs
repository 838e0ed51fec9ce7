use std::error::Error;
use std::fmt;

/// Why a method could not do what it was asked for.
///
/// Any error becomes one with `?`. What CloudFormation shows is the error and all its sources (R35).
#[derive(Debug)]
pub struct Failure {
    error: Box<dyn Error + Send + Sync>,
    half_made: bool,
}

impl Failure {
    /// Nothing was made. Takes an error or a text.
    pub fn new(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { error: error.into(), half_made: false }
    }

    /// Something was made before the error: the answer names the resource, so that its Delete reaches the handler.
    pub fn half_made(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { error: error.into(), half_made: true }
    }

    /// Something was made before the error.
    #[must_use]
    pub fn is_half_made(&self) -> bool {
        self.half_made
    }
}

impl<E: Error + Send + Sync + 'static> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::new(error)
    }
}

/// The error and its sources, outermost first.
impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&chain(self.error.as_ref()))
    }
}

/// An error and its sources in one line. A source that the text before already holds is not said twice: many errors
/// print theirs themselves.
pub(crate) fn chain(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        let cause = error.to_string();
        if !text.contains(&cause) {
            text = if text.is_empty() { cause } else { format!("{text}: {cause}") };
        }
        source = error.source();
    }
    text
}
