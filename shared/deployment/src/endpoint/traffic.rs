//! How requests move from one version to the next.

use super::reading::optional;
use super::{Shift, Traffic, Variant};
use checked_document::Node;
use identifiers::instance_type::is_without_traffic_shift;
use std::str::FromStr;

const LONGEST_WAIT: u32 = 3_600;
const EXECUTION: std::ops::RangeInclusive<u32> = 600..=28_800;
/// For what a shift does beside waiting: starting instances, above all.
const ROOM_TO_WORK: u32 = 1_800;

impl Traffic {
    /// What alarms need at least.
    pub(super) fn all_at_once() -> Self {
        let wait_seconds = 300;
        Self {
            shift: Shift::AllAtOnce,
            step_percentage: None,
            wait_seconds,
            termination_wait_seconds: 0,
            maximum_execution_seconds: wait_seconds + ROOM_TO_WORK,
        }
    }

    /// How long it waits altogether.
    fn waiting(shift: Shift, step_percentage: Option<u32>, wait: u32, termination_wait: u32) -> u32 {
        let steps = match shift {
            Shift::AllAtOnce => 1,
            Shift::Canary => 2,
            Shift::Linear => step_percentage.map_or(1, |step| 100_u32.div_ceil(step)),
        };
        steps * wait + termination_wait
    }
}

pub(super) fn traffic(node: &Node<'_>, variants: &[Variant]) -> Option<Traffic> {
    let default = Traffic::all_at_once();
    let mut traffic = node.object()?;
    let shift = traffic.required("shift").and_then(|node| node.text::<Shift>());
    let step_percentage = optional(&mut traffic, "stepPercentage", |node| match shift {
        Some(Shift::AllAtOnce) => node.fault("cannot be with \"allAtOnce\", which has one step"),
        Some(Shift::Linear) => node.integer(10..=50),
        Some(Shift::Canary) | None => node.integer(1..=50),
    });
    if matches!(shift, Some(Shift::Canary | Shift::Linear)) && step_percentage == Some(None) {
        traffic.fault::<()>("has no \"stepPercentage\", which \"canary\" and \"linear\" need");
    }
    let mut seconds =
        |name, default| traffic.optional(name).map_or(Some(default), |node| node.integer(0..=LONGEST_WAIT));
    let wait = seconds("waitSeconds", default.wait_seconds);
    let termination_wait = seconds("terminationWaitSeconds", default.termination_wait_seconds);
    let waiting = shift
        .zip(step_percentage)
        .zip(wait.zip(termination_wait))
        .map(|((shift, step), (wait, termination))| Traffic::waiting(shift, step, wait, termination));
    let maximum = match (traffic.optional("maximumExecutionSeconds"), waiting) {
        (Some(node), waiting) => node.integer(EXECUTION).and_then(|maximum| match waiting {
            Some(waiting) if maximum <= waiting => node
                .fault(format_args!("expected more than the {waiting} seconds that the shift waits, found {maximum}")),
            _ => Some(maximum),
        }),
        (None, Some(waiting)) if waiting >= *EXECUTION.end() => traffic.fault(format_args!(
            "waits {waiting} seconds, which is beyond the {} that a shift may take",
            EXECUTION.end()
        )),
        (None, waiting) => waiting.map(|waiting| (waiting + ROOM_TO_WORK).clamp(*EXECUTION.start(), *EXECUTION.end())),
    };
    traffic.close();
    if variants.iter().any(|variant| is_without_traffic_shift(&variant.instance.instance_type)) {
        return node.fault("cannot be with ml.inf1 instances, which SageMaker shifts no traffic to");
    }
    if matches!(shift, Some(Shift::Canary | Shift::Linear)) {
        for Variant { name, .. } in variants.iter().filter(|variant| variant.instance.count < 2) {
            node.fault::<()>(format_args!(
                "a step is at most half of the instances, and variant {name:?} has one; expected 2 or more, or \"allAtOnce\""
            ));
        }
    }
    Some(Traffic {
        shift: shift?,
        step_percentage: step_percentage?,
        wait_seconds: wait?,
        termination_wait_seconds: termination_wait?,
        maximum_execution_seconds: maximum?,
    })
}

impl FromStr for Shift {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "allAtOnce" => Ok(Self::AllAtOnce),
            "canary" => Ok(Self::Canary),
            "linear" => Ok(Self::Linear),
            _ => Err("allAtOnce, canary or linear"),
        }
    }
}
