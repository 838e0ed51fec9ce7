use std::str::FromStr;

/// What one method does.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) enum Step {
    /// Returns at once.
    #[default]
    Succeed,
    /// Fails with nothing made.
    Fail,
    /// Fails after something was made.
    FailHalfMade,
    /// Panics.
    Panic,
    /// Holds its thread until after the deadline.
    Block,
    /// Succeeds this many milliseconds after (or, negative, before) its time is up.
    FinishAround,
    /// Is unfinished for a number of turns.
    Unfinished,
}

#[derive(Debug, thiserror::Error)]
#[error("the name of a step")]
pub(crate) struct UnknownStep;

impl FromStr for Step {
    type Err = UnknownStep;

    fn from_str(name: &str) -> Result<Self, UnknownStep> {
        Ok(match name {
            "Succeed" => Self::Succeed,
            "Fail" => Self::Fail,
            "FailHalfMade" => Self::FailHalfMade,
            "Panic" => Self::Panic,
            "Block" => Self::Block,
            "FinishAround" => Self::FinishAround,
            "Unfinished" => Self::Unfinished,
            _ => return Err(UnknownStep),
        })
    }
}

/// The properties of the resource.
#[derive(Debug)]
pub(crate) struct Script {
    pub(crate) on_create: Step,
    pub(crate) on_update: Step,
    pub(crate) on_delete: Step,
    pub(crate) reason: String,
    /// Bytes of the attribute `Value`.
    pub(crate) size: usize,
    /// The character those bytes are made of, as far as it fits.
    pub(crate) fill: char,
    pub(crate) offset_ms: i64,
    pub(crate) turns: u64,
    pub(crate) again_in_ms: u64,
    /// Part of the identity.
    pub(crate) replace_when: Option<String>,
}

impl Default for Script {
    fn default() -> Self {
        Self {
            on_create: Step::default(),
            on_update: Step::default(),
            on_delete: Step::default(),
            reason: "the script orders it".to_owned(),
            size: 0,
            fill: 'a',
            offset_ms: 0,
            turns: 1,
            again_in_ms: 10,
            replace_when: None,
        }
    }
}

impl Script {
    pub(crate) fn step(&self, method: &str) -> Step {
        match method {
            "create" => self.on_create,
            "update" => self.on_update,
            _ => self.on_delete,
        }
    }

    pub(crate) fn value(&self) -> String {
        let mut value = self.fill.to_string().repeat(self.size / self.fill.len_utf8());
        while value.len() < self.size {
            value.push('a');
        }
        value
    }
}
