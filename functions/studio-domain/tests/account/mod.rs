//! An account in memory: domains, what the service made for them, parameters, and the call that fails.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

use aws_ports::AwsError;
use identifiers::DomainId;
use studio_domain::{Domain, Ports, Tagged};

pub(crate) const SERVICE_TAG: &str = "ManagedByAmazonSageMakerResource";

type Tags = BTreeMap<String, String>;

pub(crate) struct Group {
    pub(crate) vpc_id: String,
    pub(crate) name: String,
    pub(crate) tags: Tags,
}

#[derive(Default)]
pub(crate) struct State {
    pub(crate) domains: BTreeMap<String, Domain>,
    pub(crate) file_systems: BTreeMap<String, Tags>,
    pub(crate) groups: BTreeMap<String, Group>,
    pub(crate) parameters: BTreeMap<String, String>,
    /// Each call, with what it writes.
    pub(crate) calls: Vec<String>,
    /// The call, from 1, that fails, with its code and whether its effect takes place all the same.
    pub(crate) failing: Option<(usize, &'static str, bool)>,
    /// Written by somebody else between the look at the parameter and its writing.
    pub(crate) race: Option<(String, String)>,
}

/// The one that a function works on; clones share it.
#[derive(Clone, Default)]
pub(crate) struct Account(Arc<Mutex<State>>);

impl Account {
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    /// A domain in service in `vpc`, with what the service makes for it: `fs-<name>`, `sg-in-<name>`, `sg-out-<name>`.
    pub(crate) fn with_domain(self, name: &str, vpc: &str) -> Self {
        let id = format!("d-{name}");
        let arn = format!("arn:aws:sagemaker:eu-central-1:123456789012:domain/{id}");
        let domain = Domain {
            arn: arn.clone(),
            status: "InService".into(),
            failure_reason: None,
            url: format!("https://{id}.studio.eu-central-1.sagemaker.aws"),
            file_system_id: Some(format!("fs-{name}")),
            vpc_id: vpc.into(),
            subnet_ids: vec!["subnet-b".into(), "subnet-a".into()],
            boundary_group_id: None,
        };
        let tags: Tags = [(SERVICE_TAG.to_owned(), arn)].into();
        {
            let mut state = self.state();
            state.domains.insert(id.clone(), domain);
            state.file_systems.insert(format!("fs-{name}"), tags.clone());
            for (short, long) in [("in", "inbound"), ("out", "outbound")] {
                let group = Group {
                    vpc_id: vpc.into(),
                    name: format!("security-group-for-{long}-nfs-{id}"),
                    tags: tags.clone(),
                };
                state.groups.insert(format!("sg-{short}-{name}"), group);
            }
        }
        self
    }

    /// `churn/dev`, or what stands for a missing tag, of a file system or a group.
    pub(crate) fn tagged(&self, id: &str) -> String {
        let state = self.state();
        let tags = state.file_systems.get(id).or_else(|| state.groups.get(id).map(|group| &group.tags)).unwrap();
        let tag = |key: &str| tags.get(key).map_or("-", String::as_str);
        format!("{}/{}", tag("EnvironmentName"), tag("EnvironmentType"))
    }

    pub(crate) fn writes(&self) -> Vec<String> {
        let state = self.state();
        let is_write = |call: &&String| !call.contains(":Describe") && !call.contains(":Get");
        state.calls.iter().filter(is_write).cloned().collect()
    }

    fn call<T>(
        &self,
        operation: &'static str,
        detail: &str,
        effect: impl FnOnce(&mut State) -> Result<T, &'static str>,
    ) -> Result<T, AwsError> {
        let mut state = self.state();
        state.calls.push(format!("{operation} {detail}").trim_end().to_owned());
        match state.failing {
            Some((at, code, takes_place)) if at == state.calls.len() => {
                if takes_place {
                    let _ = effect(&mut state);
                }
                Err(AwsError::answered(operation, code, "arranged by the test"))
            }
            _ => effect(&mut state).map_err(|code| AwsError::answered(operation, code, "as the service has it")),
        }
    }
}

fn tagged(id: &str, tags: &Tags) -> Tagged {
    Tagged { id: id.into(), tags: tags.clone().into_iter().collect() }
}

impl Ports for Account {
    async fn describe_domain(&self, domain_id: &DomainId) -> Result<Domain, AwsError> {
        self.call("sagemaker:DescribeDomain", domain_id.as_str(), |state| {
            state.domains.get(domain_id.as_str()).cloned().ok_or("ResourceNotFound")
        })
    }

    async fn describe_file_system(&self, id: &str) -> Result<Tagged, AwsError> {
        self.call("elasticfilesystem:DescribeFileSystems", id, |state| {
            state.file_systems.get(id).map(|tags| tagged(id, tags)).ok_or("FileSystemNotFound")
        })
    }

    async fn describe_security_groups(
        &self,
        vpc_id: &str,
        filter: &'static str,
        values: Vec<String>,
    ) -> Result<Vec<Tagged>, AwsError> {
        self.call("ec2:DescribeSecurityGroups", filter, |state| {
            let wanted = |(id, group): &(&String, &Group)| {
                let value = if filter == "group-id" { *id } else { &group.name };
                group.vpc_id == vpc_id && values.contains(value)
            };
            Ok(state.groups.iter().filter(wanted).map(|(id, group)| tagged(id, &group.tags)).collect())
        })
    }

    async fn tag_file_system(&self, id: &str, tags: &[(&str, &str)]) -> Result<(), AwsError> {
        self.call("elasticfilesystem:TagResource", id, |state| {
            let found = state.file_systems.get_mut(id).ok_or("FileSystemNotFound")?;
            found.extend(tags.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())));
            Ok(())
        })
    }

    async fn tag_security_groups(&self, ids: Vec<String>, tags: &[(&str, &str)]) -> Result<(), AwsError> {
        self.call("ec2:CreateTags", &ids.join(" "), |state| {
            for id in &ids {
                let found = state.groups.get_mut(id).ok_or("InvalidGroup.NotFound")?;
                found.tags.extend(tags.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())));
            }
            Ok(())
        })
    }

    async fn get_parameter(&self, name: &str) -> Result<String, AwsError> {
        self.call("ssm:GetParameter", name, |state| state.parameters.get(name).cloned().ok_or("ParameterNotFound"))
    }

    async fn put_parameter(&self, name: &str, value: &str, overwrite: bool) -> Result<(), AwsError> {
        self.call("ssm:PutParameter", name, |state| {
            state.parameters.extend(state.race.take());
            if !overwrite && state.parameters.contains_key(name) {
                return Err("ParameterAlreadyExists");
            }
            state.parameters.insert(name.into(), value.into());
            Ok(())
        })
    }

    async fn delete_parameter(&self, name: &str) -> Result<(), AwsError> {
        self.call("ssm:DeleteParameter", name, |state| {
            state.parameters.remove(name).map(drop).ok_or("ParameterNotFound")
        })
    }
}
