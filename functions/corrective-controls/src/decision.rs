//! What is done about a marked resource, as it was just seen. Nothing here calls AWS.

use control_records::{Mark, MarkState};
use controls::{Action, Configuration, Control, Correction, CorrectionMode, Verdict};
use identifiers::AccountId;
use jiff::{SignedDuration, Timestamp};

use crate::seen::{Look, Seen};
use crate::step::{START_NOTEBOOK, STOP_NOTEBOOK, Standing, UPDATE_NOTEBOOK, standing};

/// The longest that a function runs: an invocation that has not told by then what came of its call never will.
const IN_FLIGHT: SignedDuration = SignedDuration::from_mins(15);

/// What is done about a mark.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Decision {
    /// The call is made, or only said; `None`: there is only something to say.
    Act(Option<Step>),
    /// Nothing for now. The mark stays as it is.
    Wait(String),
    /// Nothing any more.
    Drop(String),
    /// What was begun has come to its end.
    Done(String),
    /// Its owner was told something else, and is told again: the grace begins anew.
    Renew(String),
}

/// A call of a correction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Step {
    /// As in an IAM policy.
    pub(crate) call: &'static str,
    /// The resource is started again at the end, because it ran before the correction.
    pub(crate) restart: bool,
    /// Whether the correction is done with it.
    pub(crate) last: bool,
}

impl Step {
    fn new(action: Action, call: &'static str, restart: bool) -> Self {
        Self { call, restart, last: action != Action::Harden || call == START_NOTEBOOK }
    }
}

/// A failure that may be corrected, by what the configuration says at this moment.
pub(crate) struct Allowed<'a> {
    pub(crate) control: &'static Control,
    pub(crate) correction: &'a Correction,
}

/// What the configuration allows about a control's failure of a resource.
///
/// # Errors
/// Why it allows nothing.
pub(crate) fn allowed<'a>(
    configuration: &'a Configuration,
    control: &str,
    account: &AccountId,
    arn: &str,
    now: Timestamp,
) -> Result<Allowed<'a>, String> {
    let control = controls::control(control).ok_or_else(|| "there is no such control any more".to_owned())?;
    if !configuration.is_enabled(control) {
        return Err("the configuration disables the control".to_owned());
    }
    let correction = configuration.correction(control, account);
    let correction = correction.ok_or_else(|| "the configuration has no correction for it here".to_owned())?;
    match configuration.exemption(control, arn, now) {
        Some(exemption) => {
            Err(format!("exempt until {}: {} ({})", exemption.expires, exemption.reason, exemption.owner))
        }
        None => Ok(Allowed { control, correction }),
    }
}

/// When a mark may be acted on: never before its owner had the grace that he was told of, nor the one that holds now.
pub(crate) fn due(mark: &Mark, correction: &Correction) -> Timestamp {
    mark.due.max(after(mark.marked, correction))
}

/// The end of a grace that begins at `marked`.
pub(crate) fn after(marked: Timestamp, correction: &Correction) -> Timestamp {
    let grace = SignedDuration::from_hours(i64::from(correction.grace_hours));
    marked.checked_add(grace).unwrap_or(Timestamp::MAX)
}

/// Why its owner has to be told again, if he has: what he was told of was something milder.
pub(crate) fn renewal(mark: &Mark, correction: &Correction) -> Option<String> {
    if mark.action != correction.action {
        return Some(format!("the action is now {}, and was {}", correction.action, mark.action));
    }
    let acts = (mark.mode, correction.mode) == (CorrectionMode::DryRun, CorrectionMode::Act);
    acts.then(|| "it is going to be done now, and was only to be said".to_owned())
}

/// What is done about a mark that is due.
pub(crate) fn decide(mark: &Mark, look: &Look, now: Timestamp) -> Decision {
    let begun = matches!(mark.state, MarkState::Acting { .. });
    let over = |reason: String| if begun { Decision::Done(reason) } else { Decision::Drop(reason) };
    let Look::Found(seen) = look else { return over("it is gone".to_owned()) };
    match seen.created {
        // A resource that cannot be told from a later one of its name is left alone.
        None => return Decision::Wait("its description does not say when it was made".to_owned()),
        Some(created) if !is_same(mark, created) => {
            return over(format!("another one of its name was made at {created}"));
        }
        Some(_) => {}
    }
    match &mark.state {
        MarkState::Waiting => first(mark, seen),
        MarkState::Acting { at, answered: false, .. } if now.duration_since(*at) < IN_FLIGHT => {
            Decision::Wait("a call may still be under way".to_owned())
        }
        MarkState::Acting { at, restart, .. } => next(mark, seen, *at, *restart),
        MarkState::Done { .. } | MarkState::Dropped { .. } => Decision::Wait("it is over".to_owned()),
    }
}

/// What is said at the end of the grace where saying is all. Nothing is touched by it, so what is on record is good enough.
pub(crate) fn remind(recorded: Option<&Verdict>) -> Decision {
    match recorded {
        Some(Verdict::Fail(_)) => Decision::Act(None),
        Some(Verdict::Unknown(reason)) => Decision::Wait(format!("nobody knows whether it fails: {reason}")),
        Some(Verdict::Pass | Verdict::NotApplicable(_)) => Decision::Drop("mended".to_owned()),
        None => Decision::Drop("it is gone".to_owned()),
    }
}

/// Times are compared in seconds: no two of one name are made within one.
pub(crate) fn is_same(mark: &Mark, created: Timestamp) -> bool {
    match mark.created {
        Some(marked) => marked.as_second() == created.as_second(),
        // Nobody knew then; whatever was made after the failure was seen is not what failed.
        None => created.as_second() <= mark.since.as_second(),
    }
}

/// Before anything was done.
fn first(mark: &Mark, seen: &Seen) -> Decision {
    let status = seen.status.as_deref();
    match &seen.verdict {
        None => Decision::Drop("the control does not look at it any more".to_owned()),
        Some(Verdict::Pass) => Decision::Drop("mended: the control passes".to_owned()),
        Some(Verdict::NotApplicable(reason)) => Decision::Drop(format!("the control does not apply: {reason}")),
        Some(Verdict::Unknown(reason)) => Decision::Wait(format!("nobody knows whether it fails: {reason}")),
        Some(Verdict::Fail(_)) => match standing(mark.action, mark.kind, status) {
            Standing::Ready(call) => {
                let restart = mark.action == Action::Harden && call == Some(STOP_NOTEBOOK);
                Decision::Act(call.map(|call| Step::new(mark.action, call, restart)))
            }
            Standing::Passing => Decision::Wait(is(status)),
            Standing::Over => Decision::Drop(is(status)),
            Standing::Never => Decision::Drop(format!("there is no way to {} a {}", mark.action, mark.kind)),
        },
    }
}

/// After a call was made, at `at`.
fn next(mark: &Mark, seen: &Seen, at: Timestamp, restart: bool) -> Decision {
    let status = seen.status.as_deref();
    let fails = match &seen.verdict {
        Some(Verdict::Fail(_)) => true,
        Some(Verdict::Pass | Verdict::NotApplicable(_)) | None => false,
        // What is stopped or gone is so whatever is known of the rest.
        Some(Verdict::Unknown(reason)) => match standing(mark.action, mark.kind, status) {
            Standing::Over => return Decision::Done(is(status)),
            _ => return Decision::Wait(format!("nobody knows whether it fails: {reason}")),
        },
    };
    let act = |call| Decision::Act(Some(Step::new(mark.action, call, restart)));
    let hardens = mark.action == Action::Harden;
    match standing(mark.action, mark.kind, status) {
        Standing::Passing => Decision::Wait(is(status)),
        Standing::Over if hardens => Decision::Drop(is(status)),
        Standing::Over => Decision::Done(is(status)),
        // Stopped by an earlier call.
        Standing::Ready(Some(UPDATE_NOTEBOOK)) if fails => act(UPDATE_NOTEBOOK),
        Standing::Ready(Some(UPDATE_NOTEBOOK)) if restart => act(START_NOTEBOOK),
        Standing::Ready(_) if !fails && hardens => Decision::Done("the control does not fail any more".to_owned()),
        Standing::Ready(_) if !fails => Decision::Drop("mended: the control does not fail any more".to_owned()),
        // It runs and fails: the call came to nothing, unless somebody has started it since.
        Standing::Ready(Some(_)) if seen.modified.is_some_and(|modified| modified > at) => {
            Decision::Renew("somebody has started it again".to_owned())
        }
        Standing::Ready(Some(call)) => Decision::Act(Some(Step::new(mark.action, call, hardens))),
        Standing::Ready(None) | Standing::Never => Decision::Done("there is nothing to do".to_owned()),
    }
}

fn is(status: Option<&str>) -> String {
    format!("it is {}", status.unwrap_or("in no state that its description says"))
}
