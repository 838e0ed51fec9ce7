use controls::Corrective;

/// Why so many resources are not touched in one run; `None`: they may be. `population` is how many there are of their kinds.
///
/// A percentage of few resources is less than one: one may always be touched, or the cap would be a ban.
pub(crate) fn excess(corrective: &Corrective, count: usize, population: u32) -> Option<String> {
    let (resources, percent) = (corrective.cap.resources, corrective.cap.percent);
    let share = u64::from(population) * u64::from(percent) / 100;
    let most = u64::from(resources).min(share.max(1));
    (count as u64 > most).then(|| {
        format!(
            "{count} resources are due, and a run may touch {most}: at most {resources}, and {percent} % of the {population} \
             of their kinds; nothing is done until fewer are due or corrective.cap allows more"
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use controls::Configuration;

    #[test]
    fn both_limits_count_and_one_is_always_allowed() {
        let of = |resources: u32, percent: u32| {
            let document =
                format!(r#"{{"corrective": {{"cap": {{"resources": {resources}, "percent": {percent}}}}}}}"#);
            Configuration::from_json(&document).unwrap().corrective
        };
        for (resources, percent, count, population, held) in [
            (5, 10, 0, 0, false),
            (5, 10, 1, 0, false),
            (5, 10, 1, 3, false),
            (5, 10, 2, 19, true),
            (5, 10, 2, 20, false),
            (5, 10, 5, 1000, false),
            (5, 10, 6, 1000, true),
            (1000, 100, 7, 7, false),
            (1000, 100, 8, 7, true),
            (1, 100, 2, 1000, true),
        ] {
            let found = excess(&of(resources, percent), count, population);
            assert_eq!(found.is_some(), held, "{resources} {percent} {count} {population}: {found:?}");
        }
    }
}
