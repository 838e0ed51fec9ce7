use std::fmt;

use serde::{Deserialize, Serialize};

/// What a control says of a resource, and why.
///
/// A reason is one clause with the member and the value that it rests on, e.g. `DirectInternetAccess is "Enabled"`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "verdict", content = "reason", rename_all = "camelCase")]
pub enum Verdict {
    /// It is as it should be.
    Pass,
    /// It is not, and this is what is wrong.
    Fail(String),
    /// The control asks for something that this resource cannot have or does not need.
    NotApplicable(String),
    /// What the control has to see could not be read, or was not in the service's answer.
    Unknown(String),
}

impl Verdict {
    /// The reason; a pass needs none.
    #[must_use]
    pub fn reason(&self) -> Option<&str> {
        match self {
            Self::Pass => None,
            Self::Fail(reason) | Self::NotApplicable(reason) | Self::Unknown(reason) => Some(reason),
        }
    }

    /// Whether something is wrong for certain: the only verdict that anything is ever done about.
    #[must_use]
    pub fn is_fail(&self) -> bool {
        matches!(self, Self::Fail(_))
    }

    /// `pass`, `fail`, `notApplicable` or `unknown`.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail(_) => "fail",
            Self::NotApplicable(_) => "notApplicable",
            Self::Unknown(_) => "unknown",
        }
    }

    /// Of the verdicts on several parts of one resource the one that counts: a failure before an unknown before a pass,
    /// and not applicable only where no part is. The reasons of those that count are joined.
    #[must_use]
    pub fn worst(verdicts: impl IntoIterator<Item = Self>) -> Option<Self> {
        verdicts.into_iter().reduce(|one, other| match (one, other) {
            (Self::Fail(a), Self::Fail(b)) => Self::Fail(format!("{a}; {b}")),
            (fail @ Self::Fail(_), _) | (_, fail @ Self::Fail(_)) => fail,
            (Self::Unknown(a), Self::Unknown(b)) => Self::Unknown(format!("{a}; {b}")),
            (unknown @ Self::Unknown(_), _) | (_, unknown @ Self::Unknown(_)) => unknown,
            (Self::Pass, _) | (_, Self::Pass) => Self::Pass,
            (other @ Self::NotApplicable(_), Self::NotApplicable(_)) => other,
        })
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.reason() {
            Some(reason) => write!(f, "{}: {reason}", self.word()),
            None => f.write_str(self.word()),
        }
    }
}
