use control_records::{Records, ResourceRecord};
use controls::{Action, Configuration, CorrectionMode, Kind, control};
use findings::{CorrectionChange, CorrectionState};
use jiff::SignedDuration;
use serde_json::Value;

use super::resources::USED;
use super::{State, Trace, World};

impl World {
    /// What a call has to be justified by: a correction that holds now, a failure that is certain now, a notice that is old
    /// enough, and evidence that is there already.
    pub(crate) fn justify(&self, state: &mut State, operation: &'static str, arn: &str) {
        let Some(configuration) = state.configuration.as_deref().and_then(|it| Configuration::from_json(it).ok())
        else {
            state.violations.push(format!("{operation} of {arn} without a configuration that holds"));
            return;
        };
        let thing = &state.things[arn];
        let continues = thing.stopped_by_us && operation != "sagemaker:StopNotebookInstance";
        let resource = thing.resource(&self.scope, state.now);
        let mut reasons = Vec::new();
        let justified = USED.iter().filter_map(|id| control(id)).any(|control| {
            let mut fault = |text: String| {
                reasons.push(format!("{}: {text}", control.id));
                false
            };
            let Some(correction) = configuration.correction(control, &self.scope.account) else { return false };
            if !configuration.is_enabled(control) {
                return fault("disabled".to_owned());
            }
            if configuration.exemption(control, arn, state.now).is_some() {
                return fault("exempt".to_owned());
            }
            let does = match correction.action {
                Action::Notify => false,
                Action::Stop => operation.starts_with("sagemaker:Stop"),
                Action::Harden => operation.ends_with("NotebookInstance"),
                Action::Delete => operation.starts_with("sagemaker:Delete"),
            };
            if correction.mode != CorrectionMode::Act || !does {
                return fault(format!("{} in {:?}", correction.action, correction.mode));
            }
            let verdict = control.judge(&resource, &configuration.parameters);
            let starts = operation == "sagemaker:StartNotebookInstance";
            if starts && !continues {
                return fault("it was not stopped by a correction".to_owned());
            }
            if !starts && !verdict.as_ref().is_some_and(controls::Verdict::is_fail) {
                return fault(format!("{verdict:?}"));
            }
            let is_of = |change: &CorrectionChange| change.control == control.id && change.resource == arn;
            let told = state.trace.iter().rposition(|trace| match trace {
                Trace::Announced { change, .. } => {
                    is_of(change)
                        && change.state == CorrectionState::Marked
                        && (change.action, change.mode) == (correction.action, correction.mode)
                }
                _ => false,
            });
            let Some(told) = told else { return fault("nobody was told".to_owned()) };
            let Some(Trace::Announced { change, grace }) = state.trace.get(told) else { return false };
            let over = state.trace.iter().skip(told).any(|trace| match trace {
                Trace::Announced { change, .. } => {
                    is_of(change) && matches!(change.state, CorrectionState::Done | CorrectionState::Dropped)
                }
                _ => false,
            });
            if over {
                return fault("it was said to be over, and nothing new was said".to_owned());
            }
            let now_grace = SignedDuration::from_hours(correction.grace_hours.into());
            let grace = grace.unwrap_or_default().max(now_grace);
            if state.now.duration_since(change.at) < grace {
                return fault(format!("told at {}, and the grace is {grace}", change.at));
            }
            if thing.created.as_second() > change.at.as_second() {
                return fault("another one was meant".to_owned());
            }
            let kept = state.trace.iter().any(|trace| match trace {
                Trace::Evidence { document, at, .. } => {
                    *at == state.now
                        && document["decision"] == "acting"
                        && document["mark"]["control"] == control.id
                        && document["mark"]["arn"] == arn
                        && document["call"]["operation"] == operation
                }
                _ => false,
            });
            if !kept {
                return fault("nothing is in evidence".to_owned());
            }
            true
        });
        if !justified {
            state.violations.push(format!("{operation} of {arn} at {}: {}", state.now, reasons.join("; ")));
        }
        if !continues {
            state.touched.push(arn.to_owned());
        }
    }

    pub(crate) fn announced(&self, change: &CorrectionChange) {
        let mut state = self.lock();
        let Ok(configuration) = Configuration::from_json(state.configuration.as_deref().unwrap_or("{}")) else {
            state.violations.push(format!("{change:?} without a configuration that holds"));
            return;
        };
        let correction =
            control(&change.control).and_then(|control| configuration.correction(control, &self.scope.account));
        let grace = correction.map(|correction| SignedDuration::from_hours(correction.grace_hours.into()));
        let in_evidence = state.trace.iter().any(|trace| match trace {
            Trace::Evidence { key, .. } => {
                change.evidence.as_deref() == Some(format!("s3://controls-bucket/{key}").as_str())
            }
            _ => false,
        });
        if !in_evidence {
            state.violations.push(format!("{change:?} is not in evidence"));
        }
        if change.state == CorrectionState::Marked && grace.is_none_or(|grace| change.due != change.at + grace) {
            state.violations.push(format!("{change:?} is not what the configuration says: {grace:?}"));
        }
        let secrets = serde_json::to_string(change).unwrap();
        if secrets.contains("s3cr3t") {
            state.violations.push(format!("{secrets} tells a secret"));
        }
        state.trace.push(Trace::Announced { change: change.clone(), grace });
    }

    /// How many of each kind are on record, and by which configuration the run goes.
    pub(crate) async fn before_run(&self) -> (Vec<Kind>, Option<Configuration>) {
        let records = self.records.all::<ResourceRecord>(&self.scope).await.unwrap();
        let mut state = self.lock();
        state.touched.clear();
        let configuration = match state.configuration.as_deref() {
            Some(text) => Configuration::from_json(text).ok(),
            None => Some(Configuration::default()),
        };
        (records.iter().map(|record| record.record.kind).collect(), configuration)
    }

    pub(crate) fn after_run(&self, population: Vec<Kind>, configuration: Option<&Configuration>) {
        let mut state = self.lock();
        let mut touched = state.touched.clone();
        touched.sort();
        touched.dedup();
        if let Some(configuration) = configuration {
            let of = |arn: &String| Kind::of_arn_type(arn.splitn(6, ':').last().unwrap()).unwrap();
            let kinds: Vec<Kind> = touched.iter().map(of).collect();
            let same = population.iter().filter(|kind| kinds.contains(kind)).count() as u64;
            let cap = configuration.corrective.cap;
            let most = u64::from(cap.resources).min((same * u64::from(cap.percent) / 100).max(1));
            if touched.len() as u64 > most {
                state
                    .violations
                    .push(format!("{} resources were touched, and {most} may be: {touched:?}", touched.len()));
            }
        } else if !touched.is_empty() {
            state.violations.push(format!("{touched:?} were touched by a configuration with faults"));
        }
    }
}

/// A document's member as text.
pub(crate) fn text<'a>(document: &'a Value, pointer: &str) -> &'a str {
    document.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}
