use std::collections::BTreeMap;

use control_records::{Records, ResourceRecord, VerdictRecord, Written};
use controls::{Configuration, control};
use findings::Transition;
use serde_json::{Value, json};

use super::{HUB, World, hub, resources};

impl World {
    /// Looks at every resource, writes its record, and gives the events of what changed.
    pub(crate) async fn detect(&self, actor: Option<&str>) -> Vec<Value> {
        let (things, now, configuration) = {
            let state = self.lock();
            let configuration = state.configuration.clone().unwrap_or_else(|| "{}".to_owned());
            (state.things.clone(), state.now, Configuration::from_json(&configuration).unwrap_or_default())
        };
        let mut events = Vec::new();
        let known = self.records.all::<ResourceRecord>(&self.scope).await.unwrap();
        for old in &known {
            if !things.contains_key(&old.record.arn) {
                let _ = self.records.delete(&self.scope, &ResourceRecord::id_of(&old.record.arn), old.version).await;
                for (id, verdict) in &old.record.verdicts {
                    let gone = Transition::gone(&hub(), control(id).unwrap(), &old.record, verdict, now);
                    events.push(envelope(&gone));
                }
            }
        }
        for (arn, thing) in &things {
            let old = known.iter().find(|old| old.record.arn == *arn);
            let same = old.filter(|old| old.record.created == Some(thing.created));
            let resource = thing.resource(&self.scope, now);
            let mut record = ResourceRecord {
                kind: thing.kind,
                name: resource.name.clone(),
                key: thing.key.clone(),
                arn: arn.clone(),
                account: self.scope.account.clone(),
                region: self.scope.region.clone(),
                created: Some(thing.created),
                status: Some(thing.status().to_owned()),
                instance_type: None,
                last_opened: thing.last_opened,
                looked_at: now,
                verdicts: BTreeMap::new(),
                untold: BTreeMap::new(),
            };
            let mut changed = Vec::new();
            for control in controls::CONTROLS.iter().filter(|control| resources::USED.contains(&control.id)) {
                let Some(verdict) = control.judge(&resource, &configuration.parameters) else { continue };
                let before = same.and_then(|old| old.record.verdicts.get(control.id));
                let unchanged = before.filter(|before| before.verdict.word() == verdict.word());
                let judged = VerdictRecord {
                    since: unchanged.map_or(now, |before| before.since),
                    first_failed: None,
                    exemption: None,
                    actor: unchanged.map_or(actor.map(str::to_owned), |before| before.actor.clone()),
                    event_id: None,
                    imported: None,
                    verdict,
                };
                record.verdicts.insert(control.id.to_owned(), judged);
                if unchanged.is_none() {
                    changed.push((*control, before.map(|before| before.verdict.clone())));
                }
            }
            let written = self.records.put(&self.scope, &record, old.map(|old| old.version)).await.unwrap();
            assert!(matches!(written, Written::At(_)));
            for (control, before) in changed {
                let verdict = &record.verdicts[control.id];
                events.push(envelope(&Transition::new(&hub(), control, &record, before.as_ref(), verdict)));
            }
        }
        events
    }
}

fn envelope(transition: &Transition) -> Value {
    json!({
        "version": "0", "id": "17793124-05d4-b198-2fde-7ededc63b103", "account": HUB, "region": "eu-central-1",
        "source": "secure-mlops", "detail-type": Transition::DETAIL_TYPE, "time": transition.at,
        "resources": [transition.resource], "detail": transition,
    })
}
