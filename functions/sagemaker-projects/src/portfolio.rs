use aws_ports::AwsError;

use crate::aws::{Ports, Share};

/// Who provides the portfolio of SageMaker's project templates, by the service's name before and after "AI" joined it.
const PROVIDERS: [&str; 2] = ["Amazon SageMaker", "Amazon SageMaker AI"];
/// How the portfolio's name ends; what comes before it is the service's name and changed with it.
const NAME: &str = "Solutions and ML Ops products";

/// The portfolio of SageMaker's project templates among all accepted shares; `None` while the share is not accepted.
///
/// # Errors
/// The listing's own, after the SDK's retries.
pub(crate) async fn find(aws: &impl Ports) -> Result<Option<Share>, AwsError> {
    let mut shares = Vec::new();
    let mut page = None;
    loop {
        let answer = aws.list_accepted_portfolio_shares(page).await?;
        shares.extend(answer.items);
        page = answer.next;
        if page.is_none() {
            return Ok(choose(shares));
        }
    }
}

/// No field of a share says which service it came with: a portfolio's owner writes provider and name as it likes. Of all
/// whose provider is SageMaker, the one with the known name wins, then the oldest, then the first by id. The service's
/// portfolio is as old as SageMaker projects, so no portfolio that somebody shares later takes its place, and the choice
/// is the same in every run.
fn choose(shares: Vec<Share>) -> Option<Share> {
    let candidates: Vec<Share> =
        shares.into_iter().filter(|share| PROVIDERS.contains(&share.provider_name.as_str())).collect();
    if candidates.len() > 1 {
        let portfolios: Vec<&str> = candidates.iter().map(|share| share.portfolio_id.as_str()).collect();
        tracing::warn!(?portfolios, "found several accepted portfolios whose provider is SageMaker");
    }
    candidates.into_iter().min_by_key(|share| {
        (!share.display_name.ends_with(NAME), share.created.unwrap_or(i64::MAX), share.portfolio_id.clone())
    })
}

#[cfg(test)]
mod tests {
    use super::choose;
    use crate::aws::Share;
    use proptest::prelude::*;

    fn share(portfolio_id: &str, provider: &str, name: &str, created: Option<i64>) -> Share {
        Share { portfolio_id: portfolio_id.into(), provider_name: provider.into(), display_name: name.into(), created }
    }

    #[test]
    fn e03_the_choice_among_several_portfolios_has_a_reason() {
        let known = "Amazon SageMaker Solutions and ML Ops products";
        let rows = [
            ("none", vec![], None),
            ("another provider", vec![share("p1", "Platform team", known, Some(1))], None),
            ("a provider that only begins alike", vec![share("p1", "Amazon SageMaker team", known, Some(1))], None),
            ("another name of the one provider", vec![share("p1", "Amazon SageMaker", "Projects", None)], Some("p1")),
            (
                "the known name before the older",
                vec![
                    share("p1", "Amazon SageMaker", "JumpStart", Some(1)),
                    share("p2", "Amazon SageMaker", known, Some(9)),
                ],
                Some("p2"),
            ),
            (
                "the renamed service",
                vec![share("p2", "Amazon SageMaker AI", "Amazon SageMaker AI Solutions and ML Ops products", Some(2))],
                Some("p2"),
            ),
            (
                "the older of two with the name",
                vec![share("p1", "Amazon SageMaker", known, Some(9)), share("p2", "Amazon SageMaker", known, Some(2))],
                Some("p2"),
            ),
            (
                "a known age before an unknown one, then the id",
                vec![
                    share("p3", "Amazon SageMaker", known, None),
                    share("p2", "Amazon SageMaker", known, Some(3)),
                    share("p1", "Amazon SageMaker", known, Some(3)),
                ],
                Some("p1"),
            ),
        ];
        for (case, shares, expected) in rows {
            assert_eq!(choose(shares).map(|share| share.portfolio_id).as_deref(), expected, "{case}");
        }
    }

    proptest! {
        #[test]
        fn e03_the_choice_does_not_depend_on_the_listings_order(
            (ordered, shuffled) in prop::collection::vec(
                (0u8..4, prop::sample::select(vec!["Amazon SageMaker", "Amazon SageMaker AI", "x"]),
                 prop::sample::select(vec!["JumpStart", "Solutions and ML Ops products"]), prop::option::of(0i64..3)), 0..6)
                .prop_map(|rows| rows.into_iter().enumerate()
                    .map(|(n, (id, provider, name, created))| share(&format!("p{id}{n}"), provider, name, created)).collect::<Vec<_>>())
                .prop_flat_map(|shares| (Just(shares.clone()), Just(shares).prop_shuffle()))
        ) {
            prop_assert_eq!(choose(ordered), choose(shuffled));
        }
    }
}
