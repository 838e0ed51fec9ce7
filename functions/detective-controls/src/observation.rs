use std::collections::BTreeMap;

use control_records::{ResourceRecord, Scope};
use controls::{Kind, Resource, Verdict};
use jiff::Timestamp;

use crate::description;
use crate::rules::Rules;
use crate::subject::Key;

/// A resource as it was seen at one moment, and what the controls say of it.
#[derive(Debug)]
pub(crate) struct Observation {
    pub(crate) kind: Kind,
    pub(crate) name: String,
    pub(crate) key: Key,
    pub(crate) arn: String,
    pub(crate) scope: Scope,
    pub(crate) created: Option<Timestamp>,
    pub(crate) status: Option<String>,
    pub(crate) instance_type: Option<String>,
    pub(crate) last_opened: Option<Timestamp>,
    pub(crate) looked_at: Timestamp,
    pub(crate) verdicts: BTreeMap<String, Verdict>,
    /// What they judged by; `None` where the verdicts are those on record.
    pub(crate) described: Option<Resource>,
}

impl Observation {
    /// Judges what was described.
    pub(crate) fn of(resource: Resource, key: Key, last_opened: Option<Timestamp>, rules: &Rules) -> Self {
        let parameters = &rules.configuration.parameters;
        let judged = rules
            .controls_of(resource.kind)
            .filter_map(|control| Some((control.id.to_owned(), control.judge(&resource, parameters)?)));
        Self {
            kind: resource.kind,
            name: resource.name.clone(),
            key,
            arn: resource.arn.clone(),
            scope: Scope { account: resource.account.clone(), region: resource.region.clone() },
            created: description::created(&resource.description),
            status: description::status(resource.kind, &resource.description).map(str::to_owned),
            instance_type: description::instance_type(&resource),
            last_opened,
            looked_at: resource.looked_at,
            verdicts: judged.collect(),
            described: Some(resource),
        }
    }

    /// What is on record, where it cannot have changed since.
    pub(crate) fn recorded(record: &ResourceRecord, looked_at: Timestamp) -> Self {
        let verdicts = record.verdicts.iter().map(|(control, record)| (control.clone(), record.verdict.clone()));
        Self {
            kind: record.kind,
            name: record.name.clone(),
            key: record.key.clone(),
            arn: record.arn.clone(),
            scope: Scope { account: record.account.clone(), region: record.region.clone() },
            created: record.created,
            status: record.status.clone(),
            instance_type: record.instance_type.clone(),
            last_opened: record.last_opened,
            looked_at,
            verdicts: verdicts.collect(),
            described: None,
        }
    }

    /// Whether a record is of this very resource, and not of one of the same name that is gone.
    pub(crate) fn is_of(&self, record: &ResourceRecord) -> bool {
        is_same(self.created, record)
    }
}

/// What says nothing of its making is taken for the same.
pub(crate) fn is_same(created: Option<Timestamp>, record: &ResourceRecord) -> bool {
    created.is_none() || record.created.is_none() || created == record.created
}
