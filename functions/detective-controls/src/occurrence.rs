use control_records::{Records, ResourceRecord, Scope};
use controls::{Kind, Resource};
use findings::{EventBus, SecurityHub};
use identifiers::{AccountId, Region};
use serde::Serialize;
use serde_json::{Value, json};

use crate::account::Account;
use crate::aws::{Accounts, Clock, ConfigurationDocument};
use crate::error::Error;
use crate::event::{self, Event, Mention, Request};
use crate::metrics::Metrics;
use crate::plan::{Cause, Judge};
use crate::rules::Rules;
use crate::settlement::{Case, Outlets, Settled, Settlement, View};
use crate::subject::Subject;
use crate::{Context, Services};

/// What an event led to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "status", rename_all = "camelCase")]
pub enum Answer {
    /// What it is about was looked at.
    Judged(Settled),
    /// There was nothing to look at.
    Ignored {
        /// Why.
        reason: String,
    },
}

/// Looks at what an event is about.
pub(crate) async fn judge<A, R, S, B, D, C>(
    services: &Services<'_, A, R, S, B, D, C>,
    context: &Context<'_>,
    event: &Value,
) -> Result<Answer, Error>
where
    A: Accounts,
    R: Records,
    S: SecurityHub,
    B: EventBus,
    D: ConfigurationDocument,
    C: Clock,
{
    let ignored = |reason: &str| {
        let (source, detail_type) = (event["source"].as_str(), event["detail-type"].as_str());
        let name = event.pointer("/detail/eventName").and_then(Value::as_str);
        tracing::info!(reason, source, detail_type, event_name = name, "event ignored");
        Ok(Answer::Ignored { reason: reason.to_owned() })
    };
    let event = match event::read(event) {
        Ok(event) => event,
        Err(reason) => return ignored(reason),
    };
    let (Ok(account), Ok(region)) = (event.account.parse::<AccountId>(), event.region.parse::<Region>()) else {
        return ignored("it names no account and region");
    };
    let scope = Scope { account, region };
    let rules = Rules::read(services.document).await?;
    if !is_of_interest(&rules, &event) {
        return ignored("no enabled control looks at what it is about");
    }
    let account = Account::enter(services.accounts, scope).await?;
    let cases = cases(services, context, &account, &rules, event).await?;
    let judge = Judge { rules: &rules, hub: context.hub, security_hub: context.settings.security_hub };
    let outlets = Outlets {
        records: services.records,
        security_hub: services.security_hub,
        bus: services.bus,
        clock: services.clock,
    };
    let settlement = Settlement { account: &account, outlets: &outlets, judge };
    let (settled, refused) = Box::pin(settlement.settle(cases)).await?;
    let unread = account.take_unread();
    Metrics { settled, unread: unread.len(), calls: account.calls() }.write(context);
    if let Some(refused) = refused {
        return Err(refused);
    }
    if settled.unread > 0 {
        // The event is delivered again, and what never can be read ends where failed events are kept.
        let problem = unread.into_iter().map(|unread| unread.error).collect();
        return Err(Error::Unread(problem));
    }
    Ok(Answer::Judged(settled))
}

fn is_of_interest(rules: &Rules, event: &Event) -> bool {
    let kind = |mention: &Mention| match mention {
        Mention::Subject(subject) => Some(subject.kind),
        Mention::Arn(arn) => crate::subject::resource_of(arn).and_then(Kind::of_arn_type),
        Mention::NotebooksWith(_) => Some(Kind::NotebookInstance),
    };
    let mut kinds = event.mentions.iter().filter_map(kind).chain(event.request.iter().map(|request| request.kind));
    kinds.any(|kind| rules.look_at(kind))
}

async fn cases<A, R, S, B, D, C>(
    services: &Services<'_, A, R, S, B, D, C>,
    context: &Context<'_>,
    account: &Account<'_, A>,
    rules: &Rules,
    event: Event,
) -> Result<Vec<Case>, Error>
where
    A: Accounts,
    R: Records,
    C: Clock,
{
    let cause = Cause { actor: event.actor, event_id: event.id };
    let now = services.clock.now();
    // An event of the future would be later than everything that is going to be seen.
    let at = event.at.map_or(now, |at| at.min(now));
    let opened = event.request.is_some().then_some(at);
    let mut cases = Vec::new();
    for mention in event.mentions {
        let subjects = match mention {
            Mention::Subject(subject) => vec![(subject, None)],
            Mention::Arn(arn) => known(services.records, &account.scope, arn).await?.into_iter().collect(),
            Mention::NotebooksWith(config) => using(account, &config).await?.into_iter().map(|it| (it, None)).collect(),
        };
        for (subject, arn) in subjects.into_iter().filter(|(subject, _)| rules.look_at(subject.kind)) {
            let mut case = Case::new(View::Describe { subject, arn, ended: None }, cause.clone());
            case.opened = opened;
            cases.push(case);
        }
    }
    if let Some(Request { kind, resource, name, description }) = event.request.filter(|it| rules.look_at(it.kind)) {
        let Scope { account, region } = account.scope.clone();
        let arn = format!("arn:{}:sagemaker:{region}:{account}:{resource}", context.hub.partition);
        let related = std::collections::BTreeMap::new();
        let resource = Resource { kind, account, region, name, arn, description, related, looked_at: at };
        cases.push(Case::new(View::Request(Box::new(resource)), cause));
    }
    Ok(cases)
}

/// What an ARN stands for: the record of it knows the name as it was given, and the ARN itself may not.
async fn known(records: &impl Records, scope: &Scope, arn: String) -> Result<Option<(Subject, Option<String>)>, Error> {
    let record = records.get::<ResourceRecord>(scope, &ResourceRecord::id_of(&arn)).await?;
    let subject = record.map(|found| Subject { kind: found.record.kind, key: found.record.key });
    let subject = subject.filter(|subject| !subject.key.is_empty()).or_else(|| Subject::from_arn(&arn));
    Ok(subject.map(|subject| (subject, Some(arn))))
}

/// The notebook instances that use a lifecycle configuration.
async fn using<A: Accounts>(account: &Account<'_, A>, config: &str) -> Result<Vec<Subject>, Error> {
    let Some(list) = &Kind::NotebookInstance.facts().list else { return Ok(Vec::new()) };
    let mut found = Vec::new();
    let mut token: Option<String> = None;
    loop {
        let input = json!({"NotebookInstanceLifecycleConfigNameContains": config});
        let (items, next) = account.list(list, input, token.as_deref()).await?;
        // A name that contains it is not always it.
        let items = items.iter().filter(|item| item["NotebookInstanceLifecycleConfigName"] == config);
        found.extend(
            items.filter_map(|item| Subject::from_members(Kind::NotebookInstance, |_, listed| item.get(listed))),
        );
        token = next;
        if token.is_none() {
            return Ok(found);
        }
    }
}
