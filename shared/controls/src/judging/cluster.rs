use identifiers::instance_type::has_instance_store;

use super::Part;
use crate::Verdict;

/// The instances that a job or a monitoring job runs on: one type (`InstanceType`), groups of several types side by side
/// (`InstanceGroups`), or several types of which one is chosen (`InstancePreferences`, `InstanceConfigs`) and then named
/// (`SelectedInstanceType`).
#[derive(Debug)]
pub(crate) struct Cluster<'a> {
    config: Part<'a>,
}

impl<'a> Cluster<'a> {
    pub(crate) fn of(config: Part<'a>) -> Self {
        Self { config }
    }

    /// Judges what passes between instances; where there is one, nothing does.
    pub(crate) fn where_several(&self, judge: impl FnOnce() -> Verdict) -> Verdict {
        match self.most_instances() {
            Some(0 | 1) => Verdict::NotApplicable("it runs on one instance".to_owned()),
            Some(_) => judge(),
            None => Verdict::Unknown(format!("{} does not say how many instances it runs on", self.config.path())),
        }
    }

    /// The volumes have to have a key of their own, on instance types that take one.
    pub(crate) fn has_volume_key(&self) -> Verdict {
        has_volume_key(self.config.names("VolumeKmsKeyId"), &self.types())
    }

    /// How many instances run at once; of types to choose from, with the one that has most.
    fn most_instances(&self) -> Option<u64> {
        let groups = self.config.member("InstanceGroups").items();
        if !groups.is_empty() {
            return groups.iter().try_fold(0_u64, |sum, group| Some(sum.saturating_add(count(group)?)));
        }
        let own = count(&self.config);
        if let Some(selected) = self.config.member("SelectedInstanceCount").number() {
            return Some(selected);
        }
        let choices = self.choices();
        if choices.is_empty() {
            return own;
        }
        choices.iter().try_fold(0, |most, choice| Some(count(choice).or(own)?.max(most)))
    }

    fn types(&self) -> Vec<Part<'a>> {
        let of_each = |parts: Vec<Part<'a>>| parts.iter().map(|part| part.member("InstanceType")).collect::<Vec<_>>();
        let groups = self.config.member("InstanceGroups").items();
        let selected = self.config.member("SelectedInstanceType");
        if !groups.is_empty() {
            of_each(groups)
        } else if selected.is_present() {
            vec![selected]
        } else {
            let choices = self.choices();
            of_each(if choices.is_empty() { vec![self.config.clone()] } else { choices })
        }
    }

    fn choices(&self) -> Vec<Part<'a>> {
        ["InstancePreferences", "InstanceConfigs"].iter().flat_map(|name| self.config.member(name).items()).collect()
    }
}

fn count(part: &Part<'_>) -> Option<u64> {
    part.member("InstanceCount").number()
}

/// `key`, the verdict on a volume's key, unless one of the instance types encrypts disks of its own by itself: with such
/// a type the service refuses a request that names a key.
pub(crate) fn has_volume_key(key: Verdict, types: &[Part<'_>]) -> Verdict {
    if !key.is_fail() {
        return key;
    }
    let mut stores = Vec::new();
    for part in types {
        match part.text() {
            Some(name) if has_instance_store(name) => stores.push(name),
            Some(_) => {}
            None => return part.unreadable(part.value()),
        }
    }
    match stores.first() {
        Some(name) => Verdict::NotApplicable(format!("{name} encrypts its own disks and takes no key for them")),
        None if types.is_empty() => Verdict::Unknown("no instance type is in the service's answer".to_owned()),
        None => key,
    }
}
