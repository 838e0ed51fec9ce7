use std::collections::VecDeque;

/// What may go wrong with one operation of AWS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The service answers an error.
    Refused(&'static str),
    /// The request never arrives.
    Lost,
    /// The request is carried out and its answer never arrives.
    AnswerLost,
    /// The function ends before the request.
    KilledBefore,
    /// The function ends after the request was carried out.
    KilledAfter,
}

/// After how many operations something goes wrong, again and again.
#[derive(Debug, Default)]
pub(crate) struct Faults(pub(crate) VecDeque<(usize, Fault)>);

impl Faults {
    pub(crate) fn after(count: usize, fault: Fault) -> Self {
        Self(VecDeque::from([(count, fault)]))
    }

    pub(crate) fn next(&mut self) -> Option<Fault> {
        let (left, fault) = self.0.front_mut()?;
        if *left > 0 {
            *left -= 1;
            return None;
        }
        let fault = *fault;
        self.0.pop_front();
        Some(fault)
    }
}
