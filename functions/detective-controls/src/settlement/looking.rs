use std::collections::BTreeMap;

use control_records::{Records, ResourceRecord, Versioned};
use controls::{Need, Resource, Verdict};
use findings::{EventBus, SecurityHub};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{Case, Looked, Settlement, View};
use crate::aws::{Accounts, Clock};
use crate::description;
use crate::error::Error;
use crate::observation::{Observation, is_same};
use crate::subject::Subject;

impl<A: Accounts, R: Records, S: SecurityHub, B: EventBus, C: Clock> Settlement<'_, A, R, S, B, C> {
    pub(super) async fn look(&self, case: &Case) -> Result<Looked, Error> {
        let now = self.outlets.clock.now();
        match &case.view {
            View::Describe { subject, arn, ended } => {
                if let (Some(created), Some(arn)) = (ended, arn)
                    && let Some(old) = self.record(arn).await?
                    && self.is_settled(&old.record, *created)
                {
                    let observed = Box::new(Observation::recorded(&old.record, now));
                    return Ok(Looked::Seen { observed, old: Some(old) });
                }
                self.describe(subject, arn.as_deref(), case.opened, now).await
            }
            View::Request(resource) => {
                let old = self.record(&resource.arn).await?;
                if old.as_ref().is_some_and(|old| old.record.looked_at > resource.looked_at) {
                    return Ok(Looked::Nothing);
                }
                let observed = Observation::of(Resource::clone(resource), BTreeMap::new(), None, self.judge.rules);
                Ok(Looked::Seen { observed: Box::new(observed), old })
            }
            View::Recorded { arn } => Ok(match self.record(arn).await? {
                Some(old) => {
                    let observed = Observation::recorded(&old.record, old.record.looked_at);
                    Looked::Seen { observed: Box::new(observed), old: Some(old) }
                }
                None => Looked::Nothing,
            }),
            View::Retire { arn, announce } => Ok(match self.record(arn).await? {
                Some(old) => Looked::Gone { old: Box::new(old), at: now, announce: *announce },
                None => Looked::Nothing,
            }),
        }
    }

    async fn describe(
        &self,
        subject: &Subject,
        arn: Option<&str>,
        opened: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<Looked, Error> {
        let description = match self.account.describe(subject).await {
            Ok(description) => description,
            Err(error) => return Ok(Looked::Unread(error)),
        };
        let is_there = |it: &Value| !description::is_deleted(description::status(subject.kind, it));
        let Some(description) = description.filter(is_there) else {
            return Ok(match self.last_record(subject, arn).await? {
                Some(old) if old.record.looked_at > now => Looked::Overtaken,
                Some(old) => Looked::Gone { old: Box::new(old), at: now, announce: true },
                None => Looked::Nothing,
            });
        };
        let arn = description::arn(subject.kind, &description).map_or_else(|| self.arn_of(subject), str::to_owned);
        let old = self.record(&arn).await?;
        if old.as_ref().is_some_and(|old| old.record.looked_at > now) {
            return Ok(Looked::Overtaken);
        }
        let created = description::created(&description);
        let known = old.as_ref().map(|old| &old.record).filter(|old| is_same(created, old));
        let last_opened = known.and_then(|old| old.last_opened).max(opened);
        let needs: Vec<Need> = self.judge.rules.needs(subject.kind).into_iter().collect();
        let mut related = self.account.related(subject, &arn, &description, &needs).await;
        if let Some(at) = last_opened.filter(|_| needs.contains(&Need::LastOpened)) {
            related.insert(Need::LastOpened, json!({"at": at}));
        }
        let resource = Resource {
            kind: subject.kind,
            account: self.account.scope.account.clone(),
            region: self.account.scope.region.clone(),
            name: subject.name().to_owned(),
            arn,
            description,
            related,
            looked_at: now,
        };
        let observed = Observation::of(resource, subject.key.clone(), last_opened, self.judge.rules);
        Ok(Looked::Seen { observed: Box::new(observed), old })
    }

    /// Whether what is on record of a job that has ended is all that there is to say: it was judged whole, by these rules.
    fn is_settled(&self, record: &ResourceRecord, created: Option<Timestamp>) -> bool {
        let rules = self.judge.rules;
        is_same(created, record)
            && description::has_ended(record.status.as_deref())
            && rules.modified.is_none_or(|modified| record.looked_at >= modified)
            && rules.controls_of(record.kind).count() == record.verdicts.len()
            && rules.controls_of(record.kind).all(|control| {
                let found = record.verdicts.get(control.id);
                found.is_some_and(|found| !matches!(found.verdict, Verdict::Unknown(_)))
            })
    }

    async fn record(&self, arn: &str) -> Result<Option<Versioned<ResourceRecord>>, Error> {
        Ok(self.outlets.records.get(&self.account.scope, &ResourceRecord::id_of(arn)).await?)
    }

    /// The record of what is not there any more: by its ARN, or the one that its name makes, which the service may have
    /// written in lower case.
    async fn last_record(
        &self,
        subject: &Subject,
        arn: Option<&str>,
    ) -> Result<Option<Versioned<ResourceRecord>>, Error> {
        if let Some(arn) = arn {
            return self.record(arn).await;
        }
        let arn = self.arn_of(subject);
        let lower = arn.to_lowercase();
        match self.record(&arn).await? {
            None if lower != arn => self.record(&lower).await,
            found => Ok(found),
        }
    }

    fn arn_of(&self, subject: &Subject) -> String {
        let (partition, scope) = (&self.judge.hub.partition, &self.account.scope);
        format!("arn:{partition}:sagemaker:{}:{}:{}", scope.region, scope.account, subject.arn_resource())
    }
}
