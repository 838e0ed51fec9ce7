use serde_json::{Value, json};

use super::page;
use crate::bench::services::Call;
use crate::bench::wire::Answer;

/// Active accounts of the whole organization, the same number in each unit.
pub(crate) const ACCOUNTS: usize = 1000;
/// Closed accounts in each unit, listed first.
pub(crate) const CLOSED_IN_UNIT: usize = 2;
/// Organizations' largest page, and its usual one.
pub(crate) const PAGE: usize = 20;
const ROOT: &str = "r-ab12";
/// Each unit and what it lies in: two teams below the first, two stages below the first team.
pub(crate) const UNITS: [(&str, &str); 5] = [
    ("ou-ab12-workload", ROOT),
    ("ou-ab12-teamaaaa", "ou-ab12-workload"),
    ("ou-ab12-teambbbb", "ou-ab12-workload"),
    ("ou-ab12-stagingg", "ou-ab12-teamaaaa"),
    ("ou-ab12-producti", "ou-ab12-teamaaaa"),
];

/// The ids of the active accounts, in order.
pub(crate) fn account_ids() -> Vec<String> {
    (0..ACCOUNTS).map(|number| format!("2{number:011}")).collect()
}

/// AWS Organizations, with accounts in nested units.
pub(crate) fn answer(call: &Call<'_>) -> Answer {
    let (parent, child) = (call.text("ParentId"), call.text("ChildId"));
    let known = |id: &str| id == ROOT || UNITS.iter().any(|(unit, _)| *unit == id);
    match call.operation {
        "DescribeOrganization" => Answer::Document(json!({"Organization": {"Id": "o-exampleorg1"}})),
        "ListParents" => UNITS.iter().find(|(unit, _)| *unit == child).map_or_else(
            || Answer::refusal("ChildNotFoundException", format!("no child {child}")),
            |(_, above)| {
                let kind = if *above == ROOT { "ROOT" } else { "ORGANIZATIONAL_UNIT" };
                Answer::Document(json!({"Parents": [{"Id": above, "Type": kind}]}))
            },
        ),
        "ListAccountsForParent" | "ListOrganizationalUnitsForParent" if !known(&parent) => {
            Answer::refusal("ParentNotFoundException", format!("no parent {parent}"))
        }
        "ListAccountsForParent" => listing(call, "Accounts", &accounts_in(&parent)),
        "ListOrganizationalUnitsForParent" => listing(call, "OrganizationalUnits", &units_in(&parent)),
        _ => Answer::unknown(call.operation),
    }
}

/// The page of these items that the call asks for.
pub(crate) fn listing(call: &Call<'_>, name: &str, items: &[Value]) -> Answer {
    let asked = call.field("MaxResults").as_u64().map_or(PAGE, |asked| usize::try_from(asked).unwrap_or(0));
    match page(items.len(), &call.text("NextToken"), asked, PAGE) {
        Ok((shown, Some(next))) => Answer::Document(json!({name: items.get(shown), "NextToken": next})),
        Ok((shown, None)) => Answer::Document(json!({name: items.get(shown)})),
        Err(refusal) => refusal,
    }
}

fn units_in(parent: &str) -> Vec<Value> {
    let units = UNITS.iter().filter(|(_, above)| *above == parent);
    units.map(|(unit, _)| json!({"Id": unit, "Arn": arn(&format!("ou/o-exampleorg1/{unit}")), "Name": unit})).collect()
}

fn accounts_in(unit: &str) -> Vec<Value> {
    let Some(position) = UNITS.iter().position(|(id, _)| *id == unit) else { return Vec::new() };
    let size = ACCOUNTS / UNITS.len();
    let closed = (0..CLOSED_IN_UNIT).map(|number| (format!("9{position:05}{number:06}"), "SUSPENDED"));
    let active = account_ids().into_iter().skip(position * size).take(size).map(|id| (id, "ACTIVE"));
    closed.chain(active).map(|(id, state)| account(&id, state)).collect()
}

/// An account as listings describe it.
pub(crate) fn account(id: &str, state: &str) -> Value {
    json!({
        "Id": id,
        "Arn": arn(&format!("account/o-exampleorg1/{id}")),
        "Email": format!("{id}@example.com"),
        "Name": format!("account-{id}"),
        "Status": state,
        "State": state,
        "JoinedMethod": "CREATED",
        "JoinedTimestamp": 1_767_225_600.0,
    })
}

fn arn(resource: &str) -> String {
    format!("arn:aws:organizations::111122223333:{resource}")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_account_is_in_one_unit_and_every_unit_below_the_root() {
        let found: Vec<_> = UNITS.iter().flat_map(|(unit, _)| accounts_in(unit)).collect();
        let ids: BTreeSet<_> = found.iter().map(|account| account["Id"].as_str().unwrap()).collect();
        assert_eq!((found.len(), ids.len()), (ACCOUNTS + 5 * CLOSED_IN_UNIT, found.len()));
        assert_eq!(ids.iter().filter(|id| id.starts_with('2')).count(), ACCOUNTS);
        let mut below = vec![ROOT.to_owned()];
        let mut seen = 0;
        while let Some(parent) = below.pop() {
            let units = units_in(&parent);
            seen += units.len();
            below.extend(units.iter().map(|unit| unit["Id"].as_str().unwrap().to_owned()));
        }
        assert_eq!(seen, UNITS.len());
    }
}
