//! An account in memory: what domains left in its networks, how long it takes to go, and the call that fails.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

use aws_ports::AwsError;
use identifiers::{DomainId, VpcId};
use studio_storage::{BackupJob, Destination, FileSystem, Group, Interface, MountTarget, Ports, Rule, Tag};

pub(crate) const VPC: &str = "vpc-0a1b2c3d4e5f67890";
pub(crate) const OTHER_VPC: &str = "vpc-1a2b3c4d";

/// A thing that goes by itself once this many looks at it are over; `None` is not on its way.
type Going = Option<u32>;

#[derive(Default)]
pub(crate) struct State {
    /// Domains that can be described, with their status.
    pub(crate) domains: BTreeMap<String, String>,
    pub(crate) file_systems: BTreeMap<String, (FileSystem, Going)>,
    /// By file system.
    pub(crate) mount_targets: BTreeMap<String, Vec<(MountTarget, Going)>>,
    pub(crate) groups: BTreeMap<String, (String, Group)>,
    pub(crate) interfaces: BTreeMap<String, (Interface, Going)>,
    /// Each job by the token that started it, and how many looks it runs on.
    pub(crate) jobs: BTreeMap<String, (BackupJob, u32)>,
    /// What a job ends as.
    pub(crate) backups_end: (&'static str, Option<&'static str>),
    pub(crate) backed_up: Vec<String>,
    /// Looks that something on its way still takes.
    pub(crate) pace: u32,
    /// Each call, with what it is about.
    pub(crate) calls: Vec<String>,
    /// The call, from 1, that fails, with its code and whether its effect takes place all the same.
    pub(crate) failing: Option<(usize, &'static str, bool)>,
}

/// The one that a function works on; clones share it.
#[derive(Clone)]
pub(crate) struct Account(Arc<Mutex<State>>);

fn tags(domain: &str, environment: &str) -> Vec<Tag> {
    let (name, kind) = environment.split_once('/').unwrap();
    [
        ("EnvironmentName", name),
        ("EnvironmentType", kind),
        ("ManagedByAmazonSageMakerResource", &format!("arn:aws:sagemaker:eu-central-1:123456789012:domain/d-{domain}")),
    ]
    .map(|(key, value)| (key.to_owned(), value.to_owned()))
    .into()
}

fn rule(egress: bool, group_id: &str) -> Rule {
    let (from_port, to_port) = (Some(2049), Some(2049));
    Rule { egress, protocol: "tcp".into(), from_port, to_port, group_id: group_id.into(), account_id: None }
}

impl Account {
    pub(crate) fn new() -> Self {
        Self(Arc::new(Mutex::new(State { backups_end: ("COMPLETED", None), pace: 2, ..State::default() })))
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    /// What the domain `d-<name>` leaves when it is deleted: `fs-<name>` with two mount targets, `sg-in-<name>` and
    /// `sg-out-<name>`, and an interface of an app that nothing uses.
    pub(crate) fn with_leftovers(self, name: &str, environment: &str, vpc: &str) -> Self {
        {
            let mut state = self.state();
            let id = format!("fs-{name}");
            let (arn, state_text) = (format!("arn:aws:elasticfilesystem:::{id}"), "available".to_owned());
            let file_system = FileSystem { id: id.clone(), arn, state: state_text, tags: tags(name, environment) };
            state.file_systems.insert(id.clone(), (file_system, None));
            let (inbound, outbound) = (format!("sg-in-{name}"), format!("sg-out-{name}"));
            for number in ["1", "2"] {
                let target = MountTarget {
                    id: format!("fsmt-{name}-{number}"),
                    state: "available".into(),
                    vpc_id: Some(vpc.to_owned()),
                };
                state.put_interface(&format!("eni-{}", target.id), "in-use", &inbound);
                state.mount_targets.entry(id.clone()).or_default().push((target, None));
            }
            for (group_id, way, egress, named) in
                [(&inbound, "inbound", false, &outbound), (&outbound, "outbound", true, &inbound)]
            {
                let group = Group {
                    id: group_id.clone(),
                    name: format!("security-group-for-{way}-nfs-d-{name}"),
                    tags: tags(name, environment),
                    rules: vec![rule(egress, named)],
                };
                state.groups.insert(group_id.clone(), (vpc.to_owned(), group));
            }
            state.put_interface(&format!("eni-app-{name}"), "available", &outbound);
        }
        self
    }

    pub(crate) fn ids(&self) -> Vec<String> {
        let state = self.state();
        let targets = state.mount_targets.values().flatten().map(|(target, _)| target.id.clone());
        let ids = state.file_systems.keys().chain(state.groups.keys()).chain(state.interfaces.keys()).cloned();
        ids.chain(targets).collect()
    }

    pub(crate) fn deletions(&self) -> Vec<String> {
        let state = self.state();
        let is_one = |call: &&String| call.contains(":Delete") || call.contains(":Revoke");
        state.calls.iter().filter(is_one).cloned().collect()
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

impl State {
    pub(crate) fn put_interface(&mut self, id: &str, status: &str, group_id: &str) {
        let interface = Interface {
            id: id.into(),
            status: status.into(),
            description: "of a test".into(),
            group_ids: vec![group_id.into()],
        };
        self.interfaces.insert(id.into(), (interface, None));
    }

    /// A group that somebody made, whose rule names another.
    pub(crate) fn put_group(&mut self, id: &str, vpc: &str, named: &str) {
        let group = Group { id: id.into(), name: format!("made-{id}"), tags: vec![], rules: vec![rule(false, named)] };
        self.groups.insert(id.into(), (vpc.into(), group));
    }
}

/// One look is over; whether it was the last.
fn passes(going: &mut Going) -> bool {
    match going {
        Some(0) => true,
        Some(looks) => {
            *looks -= 1;
            false
        }
        None => false,
    }
}

impl Ports for Account {
    async fn describe_domain(&self, id: &DomainId) -> Result<String, AwsError> {
        self.call("sagemaker:DescribeDomain", id.as_str(), |state| {
            state.domains.get(id.as_str()).cloned().ok_or("ResourceNotFound")
        })
    }

    async fn describe_file_systems(&self) -> Result<Vec<FileSystem>, AwsError> {
        self.call("elasticfilesystem:DescribeFileSystems", "", |state| {
            state.file_systems.retain(|_, (_, going)| !passes(going));
            Ok(state.file_systems.values().map(|(file_system, _)| file_system.clone()).collect())
        })
    }

    async fn describe_mount_targets(&self, file_system_id: &str) -> Result<Vec<MountTarget>, AwsError> {
        self.call("elasticfilesystem:DescribeMountTargets", file_system_id, |state| {
            if !state.file_systems.contains_key(file_system_id) {
                return Err("FileSystemNotFound");
            }
            let targets = state.mount_targets.entry(file_system_id.into()).or_default();
            targets.retain_mut(|(_, going)| !passes(going));
            Ok(targets.iter().map(|(target, _)| target.clone()).collect())
        })
    }

    async fn delete_mount_target(&self, id: &str) -> Result<(), AwsError> {
        self.call("elasticfilesystem:DeleteMountTarget", id, |state| {
            let pace = state.pace;
            let mut targets = state.mount_targets.values_mut().flatten();
            let (target, going) = targets.find(|(target, _)| target.id == id).ok_or("MountTargetNotFound")?;
            target.state = "deleting".into();
            *going = Some(pace);
            // EFS lets go of the interface a while after the mount target is gone.
            if let Some((_, going)) = state.interfaces.get_mut(&format!("eni-{id}")) {
                *going = Some(pace);
            }
            Ok(())
        })
    }

    async fn tag_file_system(&self, id: &str, (key, value): (&str, &str)) -> Result<(), AwsError> {
        self.call("elasticfilesystem:TagResource", id, |state| {
            let (file_system, _) = state.file_systems.get_mut(id).ok_or("FileSystemNotFound")?;
            file_system.tags.push((key.into(), value.into()));
            Ok(())
        })
    }

    async fn delete_file_system(&self, id: &str) -> Result<(), AwsError> {
        self.call("elasticfilesystem:DeleteFileSystem", id, |state| {
            let pace = state.pace;
            let mounted = state.mount_targets.get(id).is_some_and(|targets| !targets.is_empty());
            let (file_system, going) = state.file_systems.get_mut(id).ok_or("FileSystemNotFound")?;
            if mounted || file_system.tags.iter().any(|(key, _)| key == "replicated") {
                return Err("FileSystemInUse");
            }
            file_system.state = "deleting".into();
            *going = Some(pace);
            Ok(())
        })
    }

    async fn describe_security_groups(&self, vpc_id: &VpcId) -> Result<Vec<Group>, AwsError> {
        self.call("ec2:DescribeSecurityGroups", vpc_id.as_str(), |state| {
            let groups = state.groups.values().filter(|(vpc, _)| vpc == vpc_id.as_str());
            Ok(groups.map(|(_, group)| group.clone()).collect())
        })
    }

    async fn revoke_security_group_ingress(&self, group_id: &str, rule: &Rule) -> Result<(), AwsError> {
        assert!(!rule.egress);
        self.call("ec2:RevokeSecurityGroupIngress", group_id, |state| revoke(state, group_id, rule))
    }

    async fn revoke_security_group_egress(&self, group_id: &str, rule: &Rule) -> Result<(), AwsError> {
        assert!(rule.egress);
        self.call("ec2:RevokeSecurityGroupEgress", group_id, |state| revoke(state, group_id, rule))
    }

    async fn delete_security_group(&self, id: &str) -> Result<(), AwsError> {
        self.call("ec2:DeleteSecurityGroup", id, |state| {
            let named = state
                .groups
                .values()
                .any(|(_, group)| group.id != id && group.rules.iter().any(|rule| rule.group_id == id));
            let worn =
                state.interfaces.values().any(|(interface, _)| interface.group_ids.iter().any(|group| group == id));
            if named || worn {
                return Err("DependencyViolation");
            }
            state.groups.remove(id).map(drop).ok_or("InvalidGroup.NotFound")
        })
    }

    async fn describe_network_interfaces(&self, group_ids: Vec<String>) -> Result<Vec<Interface>, AwsError> {
        self.call("ec2:DescribeNetworkInterfaces", "", |state| {
            state.interfaces.retain(|_, (_, going)| !passes(going));
            let within = |interface: &&Interface| interface.group_ids.iter().any(|id| group_ids.contains(id));
            Ok(state.interfaces.values().map(|(interface, _)| interface).filter(within).cloned().collect())
        })
    }

    async fn delete_network_interface(&self, id: &str) -> Result<(), AwsError> {
        self.call("ec2:DeleteNetworkInterface", id, |state| {
            let (interface, _) = state.interfaces.get(id).ok_or("InvalidNetworkInterfaceID.NotFound")?;
            if interface.status != "available" {
                return Err("InvalidParameterValue");
            }
            state.interfaces.remove(id);
            Ok(())
        })
    }

    async fn start_backup_job(&self, arn: &str, to: &Destination, token: &str) -> Result<String, AwsError> {
        self.call("backup:StartBackupJob", &format!("{arn} {}", to.vault.as_str()), |state| {
            let (id, pace) = (format!("job-{}", state.jobs.len() + 1), state.pace);
            let created = Some(i64::MAX);
            let job = BackupJob { id, state: "CREATED".into(), message: None, created, completed: None };
            let (job, _) = state.jobs.entry(token.into()).or_insert((job, pace));
            let id = job.id.clone();
            state.backed_up.push(arn.into());
            Ok(id)
        })
    }

    async fn describe_backup_job(&self, id: &str) -> Result<BackupJob, AwsError> {
        self.call("backup:DescribeBackupJob", id, |state| {
            let (ended, message) = state.backups_end;
            let (job, left) =
                state.jobs.values_mut().find(|(job, _)| job.id == id).ok_or("ResourceNotFoundException")?;
            match left {
                0 if job.state == "CREATED" || job.state == "RUNNING" => {
                    job.state = ended.into();
                    job.message = message.map(str::to_owned);
                    job.completed = Some(i64::MAX);
                }
                0 => {}
                looks => {
                    *looks -= 1;
                    job.state = "RUNNING".into();
                }
            }
            Ok(job.clone())
        })
    }
}

fn revoke(state: &mut State, group_id: &str, rule: &Rule) -> Result<(), &'static str> {
    let (_, group) = state.groups.get_mut(group_id).ok_or("InvalidGroup.NotFound")?;
    let before = group.rules.len();
    group.rules.retain(|found| found != rule);
    if group.rules.len() == before { Err("InvalidPermission.NotFound") } else { Ok(()) }
}
