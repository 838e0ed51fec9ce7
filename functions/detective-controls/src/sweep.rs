//! Looks at everything in one account and region, page by page, from where the last invocation left off.

mod cursor;

use control_records::{Records, ResourceRecord, Scope, Unread, Versioned, Written};
use controls::{Kind, KindFacts, List};
use findings::{EventBus, SecurityHub};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::account::Account;
use crate::aws::{Accounts, Clock, ConfigurationDocument};
use crate::description;
use crate::error::Error;
use crate::metrics::Metrics;
use crate::plan::Judge;
use crate::rules::Rules;
use crate::settlement::{Case, Outlets, Settled, Settlement, View};
use crate::subject::Subject;
use crate::{Context, Services};
use cursor::{Cursor, Position, after};

/// A page of a hundred resources, all throttled, is done in as long. A function with less time uses half of it.
const RESERVE: SignedDuration = SignedDuration::from_secs(180);

/// What the state machine asks for.
#[derive(Debug, Deserialize)]
pub(crate) struct Task {
    scope: Scope,
    /// When the sweep of all accounts and regions began.
    sweep: Timestamp,
    cursor: Option<Cursor>,
}

/// How far a sweep has come.
#[derive(Debug, PartialEq, Serialize)]
pub struct Swept {
    /// What the next task is given; `None`: everything was looked at.
    cursor: Option<Cursor>,
    /// How many resources were listed so far.
    listed: u32,
    /// How many calls were made so far.
    calls: u32,
    /// How much could not be read so far.
    unread: usize,
    /// Whether it has come to its end without one listing that was answered.
    shut: bool,
    /// What this invocation did.
    settled: Settled,
}

/// Goes on with a sweep, until everything was looked at or the time is up.
pub(crate) async fn sweep<A, R, S, B, D, C>(
    services: &Services<'_, A, R, S, B, D, C>,
    context: &Context<'_>,
    task: Task,
) -> Result<Swept, Error>
where
    A: Accounts,
    R: Records,
    S: SecurityHub,
    B: EventBus,
    D: ConfigurationDocument,
    C: Clock,
{
    let Task { scope, sweep, cursor } = task;
    let mut cursor = cursor.unwrap_or_else(|| Cursor::start(scope.clone(), sweep));
    if (&cursor.record.scope, cursor.record.sweep) != (&scope, sweep) {
        return Err(Error::ForeignCursor);
    }
    let rules = Rules::read(services.document).await?;
    let account = match Account::enter(services.accounts, scope.clone()).await {
        Ok(account) => account,
        Err(error) if error.is_transient() => return Err(error.into()),
        Err(error) => {
            // Nothing of it can be seen; the other scopes go on.
            tracing::error!(%scope, error = %error, "account cannot be entered");
            let kinds = Kind::ALL.iter().copied().filter(|kind| kind.facts().list.is_some() && rules.look_at(*kind));
            let operation = error.operation().to_owned();
            let unread = |kind| Unread { kind, name: None, operation: operation.clone(), error: error.to_string() };
            cursor.note(kinds.map(unread).collect());
            finish(services.records, &mut cursor, services.clock.now()).await?;
            Metrics { settled: Settled::default(), unread: cursor.record.unread.len(), calls: 0 }.write(context);
            return Ok(answer(cursor, true, Settled::default()));
        }
    };
    let judge = Judge { rules: &rules, hub: context.hub, security_hub: context.settings.security_hub };
    let outlets = Outlets {
        records: services.records,
        security_hub: services.security_hub,
        bus: services.bus,
        clock: services.clock,
    };
    let settlement = Settlement { account: &account, outlets: &outlets, judge };
    let reserve = RESERVE.min(context.deadline.duration_since(context.now) / 2);
    let before = (cursor.record.calls, unread(&cursor));
    let mut settled = Settled::default();
    let finished = loop {
        let (cases, next) = match &cursor.position {
            Position::Listing { kind, running, token } => {
                let (kind, running, token) = (*kind, *running, token.clone());
                listing(settlement.account, &rules, &mut cursor, kind, running, token).await
            }
            Position::Unseen { after } => {
                let after = after.clone();
                unseen(services.records, &rules, &cursor, after.as_deref()).await?
            }
        };
        let (page, _) = Box::pin(settlement.settle(cases)).await?;
        settled += page;
        cursor.note(account.take_unread());
        cursor.record.calls = before.0 + account.calls();
        match next {
            Some(position) => cursor.position = position,
            None => break true,
        }
        if context.deadline.duration_since(services.clock.now()) < reserve {
            break false;
        }
    };
    if finished {
        finish(services.records, &mut cursor, services.clock.now()).await?;
    }
    let unread = unread(&cursor) - before.1;
    Metrics { settled, unread, calls: account.calls() }.write(context);
    tracing::info!(%scope, finished, ?settled, unread, calls = account.calls(), "swept");
    Ok(answer(cursor, finished, settled))
}

fn unread(cursor: &Cursor) -> usize {
    cursor.record.unread.len() + usize::try_from(cursor.record.unread_more).unwrap_or_default()
}

fn answer(cursor: Cursor, finished: bool, settled: Settled) -> Swept {
    Swept {
        listed: cursor.record.listed.values().sum(),
        calls: cursor.record.calls,
        unread: unread(&cursor),
        shut: finished && unread(&cursor) > 0 && cursor.record.listed.is_empty(),
        settled,
        cursor: (!finished).then_some(cursor),
    }
}

/// One page of a listing, and what comes after it.
async fn listing<A: Accounts>(
    account: &Account<'_, A>,
    rules: &Rules,
    cursor: &mut Cursor,
    kind: Kind,
    running: bool,
    token: Option<String>,
) -> (Vec<Case>, Option<Position>) {
    let facts = kind.facts();
    let next_kind = Some(after(Some(kind)));
    let Some(list) = facts.list.as_ref().filter(|_| rules.look_at(kind)) else { return (Vec::new(), next_kind) };
    let input = input(facts, running, rules.horizon(cursor.record.sweep));
    let (items, next) = match account.list(list, input, token.as_deref()).await {
        Ok(page) => page,
        Err(error) => {
            account.report(kind, None, &error);
            return (Vec::new(), next_kind);
        }
    };
    let cases: Vec<Case> = items.iter().filter_map(|item| case(account, kind, list, item)).collect();
    *cursor.record.listed.entry(kind).or_default() += u32::try_from(cases.len()).unwrap_or(u32::MAX);
    let position = match next {
        Some(token) => Some(Position::Listing { kind, running, token: Some(token) }),
        None if facts.ends && !running => Some(Position::Listing { kind, running: true, token: None }),
        None => next_kind,
    };
    (cases, position)
}

/// What ends by itself stays listed for ever: those made since `horizon`, and of the older ones those that still run.
fn input(facts: &KindFacts, running: bool, horizon: Timestamp) -> Value {
    match (facts.ends, running) {
        (false, _) => json!({}),
        (true, false) => json!({"CreationTimeAfter": horizon.as_second()}),
        (true, true) => json!({"CreationTimeBefore": horizon.as_second(), "StatusEquals": "InProgress"}),
    }
}

fn case<A: Accounts>(account: &Account<'_, A>, kind: Kind, list: &List, item: &Value) -> Option<Case> {
    let status = description::status(kind, item);
    if description::is_deleted(status) {
        return None;
    }
    let Some(subject) = Subject::from_members(kind, |_, listed| item.get(listed)) else {
        account.report(kind, None, &aws_ports::AwsError::unread(list.operation, "an item has no name"));
        return None;
    };
    let ended = (kind.facts().ends && description::has_ended(status)).then(|| description::created(item));
    let arn = description::arn(kind, item).map(str::to_owned);
    Some(Case::swept(View::Describe { subject, arn, ended }))
}

/// One page of the records: those that this sweep has not seen, and that it should have.
async fn unseen(
    records: &impl Records,
    rules: &Rules,
    cursor: &Cursor,
    after: Option<&str>,
) -> Result<(Vec<Case>, Option<Position>), Error> {
    let page = records.page::<ResourceRecord>(&cursor.record.scope, after).await?;
    let views = page.records.into_iter().filter_map(|Versioned { record, .. }| view(rules, cursor, record));
    Ok((views.map(Case::swept).collect(), page.next.map(|after| Position::Unseen { after: Some(after) })))
}

fn view(rules: &Rules, cursor: &Cursor, record: ResourceRecord) -> Option<View> {
    let sweep = cursor.record.sweep;
    let horizon = rules.horizon(sweep);
    let facts = record.kind.facts();
    if !rules.look_at(record.kind) {
        return Some(View::Retire { arn: record.arn, announce: true });
    }
    if facts.list.is_none() {
        // What was asked for once, and can be seen nowhere.
        return match record.looked_at < horizon {
            true => Some(View::Retire { arn: record.arn, announce: false }),
            false => (!record.untold.is_empty()).then_some(View::Recorded { arn: record.arn }),
        };
    }
    if record.looked_at >= sweep || cursor.is_unread(record.kind, &record.name) {
        return None;
    }
    let made = record.created.unwrap_or(record.looked_at);
    if facts.ends && description::has_ended(record.status.as_deref()) && made < horizon {
        return Some(View::Retire { arn: record.arn, announce: false });
    }
    let key = record.key;
    let subject =
        if key.is_empty() { Subject::from_arn(&record.arn) } else { Some(Subject { kind: record.kind, key }) };
    Some(View::Describe { subject: subject?, arn: Some(record.arn), ended: None })
}

/// Writes what the sweep found out about itself. An invocation that is repeated writes the same.
async fn finish(records: &impl Records, cursor: &mut Cursor, now: Timestamp) -> Result<(), Error> {
    use control_records::{Record as _, SweepRecord};

    cursor.record.finished = Some(now);
    let (scope, id) = (&cursor.record.scope, cursor.record.id());
    let old = records.get::<SweepRecord>(scope, &id).await?.map(|old| old.version);
    match records.put(scope, &cursor.record, old).await? {
        Written::At(_) => Ok(()),
        Written::Conflict => Err(Error::Contended(id)),
    }
}
