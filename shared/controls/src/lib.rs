//! What a SageMaker resource should be like.
//!
//! A [`Control`] is one file of `src/control`: what it is called, what it looks at, and a pure function from a described
//! [`Resource`] to a [`Verdict`]. Whoever describes resources (the detective function), acts on them (the corrective one)
//! or reports on them agrees with the others through this crate; nothing here calls AWS.
//!
//! Invariants:
//! - A control never passes a resource for want of knowledge: a member that the service always answers, and that is not
//!   there, makes the verdict [`Verdict::Unknown`].
//! - A control never fails a resource for a member that its type cannot have: that is [`Verdict::NotApplicable`].
//! - An empty string is an absent value.

mod configuration;
mod control;
mod judging;
mod kind;
mod resource;
mod verdict;

#[cfg(test)]
mod arbitrary;
#[cfg(test)]
mod case;
#[cfg(test)]
mod cases;

pub use configuration::{
    Configuration, Correction, CorrectionMode, Corrective, Exemption, IdleHours, InvalidConfiguration, Parameters,
};
pub use control::{Action, CONTROLS, Control, Reference, Severity, Tool, control};
pub use kind::{Kind, KindFacts, List};
pub use resource::{Need, Resource};
pub use verdict::Verdict;
