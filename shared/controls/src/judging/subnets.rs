use crate::judging::Part;
use crate::{Parameters, Verdict};

/// A list of subnets that the service answers only where it was set: not empty, and none outside the configured ones.
pub(crate) fn in_subnets(part: &Part<'_>, name: &str, parameters: &Parameters) -> Verdict {
    let items = part.member(name).items();
    let each = items.iter().map(|subnet| in_subnet(subnet, parameters));
    Verdict::worst(std::iter::once(part.lists(name)).chain(each)).unwrap_or(Verdict::Pass)
}

/// A subnet's id that is one of the configured ones, or any where none are.
pub(crate) fn in_subnet(subnet: &Part<'_>, parameters: &Parameters) -> Verdict {
    match subnet.text() {
        Some(id) if parameters.subnets.is_empty() || parameters.subnets.iter().any(|allowed| allowed == id) => {
            Verdict::Pass
        }
        Some(id) => Verdict::Fail(format!("{} is {id}, which is none of the configured subnets", subnet.path())),
        None => subnet.unreadable(subnet.value()),
    }
}
