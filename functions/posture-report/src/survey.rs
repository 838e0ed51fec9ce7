//! Reads the records of all accounts and regions, page by page, into a report.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use control_records::{Mark, Records, ResourceRecord, Scope, SweepRecord, VerdictRecord};
use controls::{CONTROLS, Configuration, Control, Severity, Verdict, control};
use jiff::Timestamp;

use crate::corrections::{self, Corrections, Known};
use crate::error::Error;
use crate::exemptions::Exemptions;
use crate::report::{
    ControlReport, CorrectionReport, Finding, Report, ScopeReport, ScopeState, SeverityReport, Totals, UnreadReport,
    VERSION,
};
use crate::settings::Settings;
use crate::task::Task;
use crate::trend::Comparison;

/// What there is to compare with: the last report, or why there is none.
pub(crate) type Previous = Result<Report, String>;

struct Survey<'a> {
    configuration: &'a Configuration,
    sweep: Timestamp,
    exemptions: Exemptions<'a>,
    comparison: Option<Comparison>,
    known: Known,
    by_control: BTreeMap<&'static str, Totals>,
    not_judged: u32,
    scopes: Vec<ScopeReport>,
    failures: Vec<Finding>,
    unknowns: Vec<Finding>,
    unread: Vec<UnreadReport>,
    unread_more: u32,
    corrections: Vec<CorrectionReport>,
}

/// The report of a sweep.
///
/// # Errors
/// Of the calls, and a record that cannot be read.
pub(crate) async fn survey(
    records: &impl Records,
    settings: &Settings,
    configuration: &Configuration,
    task: &Task,
    previous: Previous,
) -> Result<Report, Error> {
    let (previous, no_trend) = match previous {
        Ok(report) => (Some(report), None),
        Err(reason) => (None, Some(reason)),
    };
    let mut survey = Survey {
        configuration,
        sweep: task.sweep,
        exemptions: Exemptions::new(configuration, task.sweep),
        known: previous.as_ref().map(corrections::known).unwrap_or_default(),
        comparison: previous.map(Comparison::new),
        by_control: enabled(configuration).map(|control| (control.id, Totals::default())).collect(),
        not_judged: 0,
        scopes: Vec::new(),
        failures: Vec::new(),
        unknowns: Vec::new(),
        unread: Vec::new(),
        unread_more: 0,
        corrections: Vec::new(),
    };
    // One that was named twice is one; an error said of it counts.
    let mut scopes: BTreeMap<&Scope, Option<&String>> = BTreeMap::new();
    for swept in &task.scopes {
        let error = scopes.entry(&swept.scope).or_default();
        *error = error.or(swept.error.as_ref());
    }
    for (scope, error) in &scopes {
        survey.scope(records, scope, *error).await?;
    }
    Ok(survey.report(settings, no_trend, &scopes.into_keys().collect()))
}

fn enabled(configuration: &Configuration) -> impl Iterator<Item = &'static Control> {
    CONTROLS.iter().copied().filter(|control| configuration.is_enabled(control))
}

impl Survey<'_> {
    async fn scope(&mut self, records: &impl Records, scope: &Scope, error: Option<&String>) -> Result<(), Error> {
        let swept = records.get::<SweepRecord>(scope, &SweepRecord::id_of(self.sweep)).await?;
        let mut report = self.swept(scope, error, swept.map(|swept| swept.record));
        let mut corrections = Corrections::default();
        for mark in records.all::<Mark>(scope).await? {
            corrections.add(scope, mark.record);
        }
        let mut after = None;
        loop {
            let page = records.page::<ResourceRecord>(scope, after.as_deref()).await?;
            for resource in page.records {
                report.resources += 1;
                corrections.meet(&resource.record);
                self.resource(resource.record, &mut report.totals);
            }
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        self.corrections.append(&mut corrections.finish(&self.known, self.sweep));
        self.scopes.push(report);
        Ok(())
    }

    fn swept(&mut self, scope: &Scope, error: Option<&String>, record: Option<SweepRecord>) -> ScopeReport {
        let finished = record.as_ref().and_then(|record| record.finished);
        let state = match &record {
            None => ScopeState::NotSwept,
            Some(_) if finished.is_some() && error.is_none() => ScopeState::Swept,
            Some(_) => ScopeState::Unfinished,
        };
        let listed = record.as_ref().map_or(0, |record| record.listed.values().sum());
        let (unread, more) = record.map_or((Vec::new(), 0), |record| (record.unread, record.unread_more));
        self.unread_more += more;
        let count = u32::try_from(unread.len()).unwrap_or(u32::MAX).saturating_add(more);
        self.unread.extend(unread.into_iter().map(|unread| UnreadReport {
            account: scope.account.clone(),
            region: scope.region.clone(),
            kind: unread.kind,
            name: unread.name,
            operation: unread.operation,
            error: unread.error,
        }));
        ScopeReport {
            account: scope.account.clone(),
            region: scope.region.clone(),
            state,
            error: error.cloned(),
            finished,
            listed,
            resources: 0,
            unread: count,
            totals: Totals::default(),
        }
    }

    fn resource(&mut self, mut record: ResourceRecord, totals: &mut Totals) {
        for (id, verdict) in std::mem::take(&mut record.verdicts) {
            match control(&id).filter(|control| self.configuration.is_enabled(control)) {
                Some(control) => self.verdict(control, &record, verdict, totals),
                None => self.not_judged += 1,
            }
        }
        if let Some(comparison) = &mut self.comparison {
            comparison.looked_at(&record.arn);
        }
    }

    fn verdict(&mut self, control: &Control, record: &ResourceRecord, said: VerdictRecord, totals: &mut Totals) {
        let VerdictRecord { verdict, since, first_failed, actor, event_id, .. } = said;
        let exemption = self.exemptions.meet(control.id, &record.arn, verdict.is_fail());
        let exempt = exemption.is_some();
        let is_new = match &mut self.comparison {
            Some(comparison) => comparison.meet(control.id, &record.arn, &verdict, exempt),
            None => false,
        };
        totals.count(&verdict, exempt);
        self.by_control.entry(control.id).or_default().count(&verdict, exempt);
        let (list, reason) = match verdict {
            Verdict::Fail(reason) => (&mut self.failures, reason),
            Verdict::Unknown(reason) => (&mut self.unknowns, reason),
            Verdict::Pass | Verdict::NotApplicable(_) => return,
        };
        list.push(Finding {
            control: control.id.to_owned(),
            severity: control.severity,
            kind: record.kind,
            name: record.name.clone(),
            arn: record.arn.clone(),
            account: record.account.clone(),
            region: record.region.clone(),
            reason,
            since,
            first_failed,
            actor,
            event_id,
            exemption,
            is_new,
        });
    }

    fn report(mut self, settings: &Settings, no_trend: Option<String>, scopes: &BTreeSet<&Scope>) -> Report {
        let mut totals = Totals::default();
        for scope in &self.scopes {
            totals += scope.totals;
        }
        let by_control = by_control(self.configuration, &self.by_control);
        let is_watched = |finding: &Finding| {
            let scope = Scope { account: finding.account.clone(), region: finding.region.clone() };
            scopes.contains(&scope) && self.by_control.contains_key(finding.control.as_str())
        };
        let trend = self.comparison.map(|comparison| comparison.finish(is_watched));
        for findings in [&mut self.failures, &mut self.unknowns] {
            findings.sort_by(|a, b| place(a).cmp(&place(b)));
        }
        self.corrections.sort_by(|a, b| {
            let place = |it: &CorrectionReport| (Reverse(it.at), it.control.clone(), it.arn.clone());
            place(a).cmp(&place(b))
        });
        let swept = self.scopes.iter().all(|scope| scope.state == ScopeState::Swept && scope.unread == 0);
        Report {
            version: VERSION,
            platform_name: settings.platform_name.clone(),
            bucket: settings.controls_bucket.clone(),
            sweep: self.sweep,
            complete: swept,
            resources: self.scopes.iter().map(|scope| scope.resources).sum(),
            totals,
            not_judged: self.not_judged,
            by_severity: by_severity(&by_control),
            by_control,
            savings: corrections::savings(&self.corrections, &self.configuration.parameters),
            scopes: self.scopes,
            failures: self.failures,
            unknowns: self.unknowns,
            unread: self.unread,
            unread_more: self.unread_more,
            trend,
            no_trend,
            exemptions: self.exemptions.report(),
            corrections: self.corrections,
        }
    }
}

/// The order of findings.
fn place(finding: &Finding) -> impl Ord {
    (Reverse(finding.severity), &finding.control, &finding.account, &finding.region, &finding.name, &finding.arn)
}

fn by_control(configuration: &Configuration, totals: &BTreeMap<&'static str, Totals>) -> Vec<ControlReport> {
    let mut controls: Vec<&Control> = enabled(configuration).collect();
    controls.sort_by_key(|control| (Reverse(control.severity), control.id));
    let report = |control: &Control| ControlReport {
        control: control.id.to_owned(),
        title: control.title.to_owned(),
        severity: control.severity,
        remediation: control.remediation.to_owned(),
        totals: totals.get(control.id).copied().unwrap_or_default(),
    };
    controls.into_iter().map(report).collect()
}

fn by_severity(controls: &[ControlReport]) -> Vec<SeverityReport> {
    let severities = [Severity::Critical, Severity::High, Severity::Medium, Severity::Low];
    let report = |severity| {
        let mut report = SeverityReport { severity, controls: 0, totals: Totals::default() };
        for control in controls.iter().filter(|control| control.severity == severity) {
            report.controls += 1;
            report.totals += control.totals;
        }
        report
    };
    severities.into_iter().map(report).collect()
}
