//! What grows with the number of accounts or apps, and what does not: the built functions beside Python handlers that
//! do what the reference solution does, on the same services.

mod access;
mod accounts;
mod apps;
mod deployment;
mod endpoints;
pub(crate) mod exchange;
mod hub;
mod organization;
mod registry;
mod report;
mod rollout;
mod stack_sets;
mod studio;
pub(crate) mod task;

use std::ops::Range;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::Result;

use super::programs::Programs;
use super::wire::Answer;
pub(crate) use report::Report;

/// Runs every scenario, or only those of these functions. Takes some minutes, most of them spent by the reference.
pub(crate) async fn measure(programs: &Programs, functions: &[String], latency: Duration) -> Result<Report> {
    let wanted = |(name, _): &(&str, &str)| functions.is_empty() || functions.iter().any(|function| function == name);
    let all = [access::FUNCTION, accounts::FUNCTION, apps::FUNCTION, deployment::DEPLOYMENT, deployment::VERIFICATION];
    programs.ensure_built(all.into_iter().filter(wanted).map(|(_, logical_id)| logical_id))?;
    let mut report = Report::new(latency);
    if wanted(&access::FUNCTION) {
        access::measure(programs, latency, &mut report).await?;
    }
    if wanted(&accounts::FUNCTION) {
        accounts::measure(programs, latency, &mut report).await?;
    }
    if wanted(&apps::FUNCTION) {
        apps::measure(programs, latency, &mut report).await?;
    }
    if wanted(&deployment::DEPLOYMENT) || wanted(&deployment::VERIFICATION) {
        deployment::measure(programs, latency, &mut report).await?;
    }
    Ok(report)
}

pub(crate) fn lock<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Where the page of a listing of `length` items lies that `token` begins, and the token of the next one.
pub(crate) fn page(
    length: usize,
    token: &str,
    asked: usize,
    most: usize,
) -> Result<(Range<usize>, Option<String>), Answer> {
    let from = if token.is_empty() { Ok(0) } else { token.parse() };
    match from {
        Ok(from) if from <= length && (1..=most).contains(&asked) => {
            let to = length.min(from + asked);
            Ok((from..to, (to < length).then(|| to.to_string())))
        }
        _ => Err(Answer::refusal("ValidationException", format!("no page of {asked} begins at {token:?}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::page;

    #[test]
    fn pages_follow_each_other_to_the_end() {
        assert_eq!(page(45, "", 20, 20).unwrap(), (0..20, Some("20".to_owned())));
        assert_eq!(page(45, "20", 20, 20).unwrap(), (20..40, Some("40".to_owned())));
        assert_eq!(page(45, "40", 20, 20).unwrap(), (40..45, None));
        assert_eq!(page(0, "", 20, 20).unwrap(), (0..0, None));
        for (token, asked) in [("x", 20), ("99", 20), ("", 21), ("", 0)] {
            assert!(page(45, token, asked, 20).is_err(), "{token} {asked}");
        }
    }
}
