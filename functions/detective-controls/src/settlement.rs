//! Looks at resources, and makes what is known, Security Hub and the bus agree with what was seen.
//!
//! What is going to be told is written down first, then it is told, then it is written down that it was. Whoever is ended in
//! between leaves a record that says what may not have been told, and the next look at the resource tells it again.

mod looking;
mod telling;

use std::time::Duration;

use aws_ports::AwsError;
use control_records::{Deleted, Record, Records, ResourceRecord, Version, Versioned, Written};
use controls::Resource;
use findings::{EventBus, SecurityHub};
use futures_util::{StreamExt, TryStreamExt, stream};
use jiff::Timestamp;
use tokio::time::sleep;

use crate::account::Account;
use crate::aws::{Accounts, Clock};
use crate::error::Error;
use crate::observation::Observation;
use crate::plan::{Cause, Due, Judge, Plan, Told};
use crate::subject::Subject;

/// Resources that are looked at, and records that are written, at once.
const AT_ONCE: usize = 16;
/// How often a resource is looked at when others write its record at the same time.
const ATTEMPTS: u32 = 8;
const FIRST_PAUSE: Duration = Duration::from_millis(20);

/// Where what was found is kept and told.
#[derive(Debug)]
pub(crate) struct Outlets<'a, R, S, B, C> {
    pub(crate) records: &'a R,
    pub(crate) security_hub: &'a S,
    pub(crate) bus: &'a B,
    pub(crate) clock: &'a C,
}

/// A resource that is to be looked at, and why.
#[derive(Debug)]
pub(crate) struct Case {
    pub(crate) view: View,
    pub(crate) cause: Cause,
    /// When somebody opened it, where that is why it is looked at.
    pub(crate) opened: Option<Timestamp>,
    told: Told,
}

/// How it is looked at.
#[derive(Debug)]
pub(crate) enum View {
    /// It is described.
    Describe {
        subject: Subject,
        /// Its ARN, where a record or a listing has it.
        arn: Option<String>,
        /// A job that is listed as ended, and when it was made: what is on record of it counts, if it is whole and by these rules.
        ended: Option<Option<Timestamp>>,
    },
    /// There is nothing to ask: this is what was asked for, at the time of the call.
    Request(Box<Resource>),
    /// What is on record, whose telling was cut off.
    Recorded { arn: String },
    /// It is not looked at any more.
    Retire { arn: String, announce: bool },
}

impl Case {
    pub(crate) fn new(view: View, cause: Cause) -> Self {
        Self { view, cause, opened: None, told: Told::new() }
    }

    /// Of a resource that a sweep found.
    pub(crate) fn swept(view: View) -> Self {
        Self::new(view, Cause::default())
    }

    fn name(&self) -> &str {
        match &self.view {
            View::Describe { subject, .. } => subject.name(),
            View::Request(resource) => &resource.name,
            View::Recorded { arn } | View::Retire { arn, .. } => arn,
        }
    }
}

/// What became of the cases.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Settled {
    /// Resources that were judged.
    pub judged: u32,
    /// Resources that are gone, or not looked at any more.
    pub archived: u32,
    /// Cases without a resource: never there, or gone before anybody looked.
    pub missing: u32,
    /// Resources that could not be described.
    pub unread: u32,
    /// Verdicts that the bus was told of.
    pub announced: u32,
    /// Findings that Security Hub took.
    pub imported: u32,
    /// Findings and events that were not taken.
    pub untold: u32,
}

impl std::ops::AddAssign for Settled {
    fn add_assign(&mut self, other: Self) {
        self.judged += other.judged;
        self.archived += other.archived;
        self.missing += other.missing;
        self.unread += other.unread;
        self.announced += other.announced;
        self.imported += other.imported;
        self.untold += other.untold;
    }
}

/// What looking led to.
enum Looked {
    /// It is there.
    Seen { observed: Box<Observation>, old: Option<Versioned<ResourceRecord>> },
    /// It was there.
    Gone { old: Box<Versioned<ResourceRecord>>, at: Timestamp, announce: bool },
    /// Nothing is known of it and nothing is there.
    Nothing,
    /// It could not be described.
    Unread(AwsError),
    /// Somebody described it later than this look did.
    Overtaken,
}

/// What is to be told, with the record as it stands while it is.
struct Open {
    case: Case,
    record: ResourceRecord,
    version: Option<Version>,
    due: Vec<Due>,
    described: Option<Resource>,
    /// When it was seen to be gone.
    gone: Option<Timestamp>,
}

/// Everything that one invocation settles with.
pub(crate) struct Settlement<'a, A: Accounts, R, S, B, C> {
    pub(crate) account: &'a Account<'a, A>,
    pub(crate) outlets: &'a Outlets<'a, R, S, B, C>,
    pub(crate) judge: Judge<'a>,
}

impl<A: Accounts, R: Records, S: SecurityHub, B: EventBus, C: Clock> Settlement<'_, A, R, S, B, C> {
    /// Looks at each and tells what has changed. What could not be described is among the account's unread.
    ///
    /// # Errors
    /// Of reading and writing records. What Security Hub or the bus did not take is no error: it stays on record as untold, and
    /// the first refusal is in the answer.
    pub(crate) async fn settle(&self, mut cases: Vec<Case>) -> Result<(Settled, Option<Error>), Error> {
        let mut settled = Settled::default();
        let mut refused = None;
        for attempt in 0..ATTEMPTS {
            if cases.is_empty() {
                return Ok((settled, refused));
            }
            if attempt > 0 {
                // Clocks of two machines are not the same: what was looked at "later" may lie ahead.
                sleep(FIRST_PAUSE * 2_u32.pow(attempt)).await;
            }
            let looked = stream::iter(cases).map(|case| async {
                let looked = self.look(&case).await?;
                Ok::<_, Error>((case, looked))
            });
            let looked: Vec<(Case, Looked)> = looked.buffer_unordered(AT_ONCE).try_collect().await?;
            let mut again = Vec::new();
            let mut plans = Vec::new();
            for (case, looked) in looked {
                match looked {
                    Looked::Seen { observed, old } => plans.push(self.plan(case, *observed, old)),
                    Looked::Gone { old, at, announce } => {
                        let due = self.judge.gone(&old.record, at, announce, &case.told);
                        let Versioned { record, version } = *old;
                        plans.push(Open { case, record, version: Some(version), due, described: None, gone: Some(at) });
                    }
                    Looked::Nothing => settled.missing += 1,
                    Looked::Unread(error) => {
                        settled.unread += 1;
                        if let View::Describe { subject, .. } = &case.view {
                            self.account.report(subject.kind, Some(case.name()), &error);
                        }
                    }
                    Looked::Overtaken => again.push(case),
                }
            }
            let (written, conflicts) = self.all(plans, |open| self.announce_on_record(open)).await?;
            again.extend(conflicts);
            let (told, counts, first_refused) = self.tell(written).await?;
            settled += counts;
            refused = refused.or(first_refused);
            let (written, conflicts) = self.all(told, |open| self.finish(open)).await?;
            again.extend(conflicts);
            for open in &written {
                if open.gone.is_some() { settled.archived += 1 } else { settled.judged += 1 }
            }
            cases = again;
        }
        match cases.first() {
            None => Ok((settled, refused)),
            Some(case) => Err(Error::Contended(case.name().to_owned())),
        }
    }

    fn plan(&self, case: Case, observed: Observation, old: Option<Versioned<ResourceRecord>>) -> Open {
        let Plan { record, due } =
            self.judge.of(old.as_ref().map(|old| &old.record), &observed, &case.cause, &case.told);
        let version = old.map(|old| old.version);
        Open { case, record, version, due, described: observed.described, gone: None }
    }

    /// Those that were written, and the cases whose records others wrote.
    async fn all<F>(&self, open: Vec<Open>, write: impl Fn(Open) -> F) -> Result<(Vec<Open>, Vec<Case>), Error>
    where
        F: Future<Output = Result<(Open, bool), Error>>,
    {
        let results: Vec<(Open, bool)> = stream::iter(open).map(write).buffer_unordered(AT_ONCE).try_collect().await?;
        let (written, conflicts): (Vec<_>, Vec<_>) = results.into_iter().partition(|(_, written)| *written);
        let case = |(open, _): (Open, bool)| open.case;
        Ok((written.into_iter().map(|(open, _)| open).collect(), conflicts.into_iter().map(case).collect()))
    }

    /// Writes what is going to be told. A resource that is gone has it on record already.
    async fn announce_on_record(&self, mut open: Open) -> Result<(Open, bool), Error> {
        if open.due.is_empty() || open.gone.is_some() {
            return Ok((open, true));
        }
        let scope = &self.account.scope;
        match self.outlets.records.put(scope, &open.record, open.version).await? {
            Written::At(version) => {
                open.version = Some(version);
                Ok((open, true))
            }
            Written::Conflict => Ok((open, false)),
        }
    }

    /// Writes what was told. The record of a resource that is gone goes when everybody has heard of it.
    async fn finish(&self, open: Open) -> Result<(Open, bool), Error> {
        let (scope, records) = (&self.account.scope, self.outlets.records);
        let Some(version) = open.version.filter(|_| open.gone.is_some()) else {
            let written = records.put(scope, &open.record, open.version).await?;
            return Ok((open, matches!(written, Written::At(_))));
        };
        if open.record.untold.is_empty() {
            let deleted = records.delete(scope, &open.record.id(), version).await?;
            Ok((open, deleted == Deleted::Gone))
        } else {
            let written = records.put(scope, &open.record, Some(version)).await?;
            Ok((open, matches!(written, Written::At(_))))
        }
    }
}
