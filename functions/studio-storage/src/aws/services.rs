use aws_ports::{Aws, AwsError, Operation};
use aws_sdk_backup::Client as Backup;
use aws_sdk_ec2::Client as Ec2;
use aws_sdk_ec2::types::{Filter, IpPermission, SecurityGroup, UserIdGroupPair};
use aws_sdk_efs::Client as Efs;
use aws_sdk_efs::types::Tag as EfsTag;
use aws_sdk_sagemaker::Client as SageMaker;
use identifiers::{DomainId, VpcId};
use tokio::sync::OnceCell;

use super::{BackupJob, FileSystem, Group, Interface, MountTarget, Ports, Rule};
use crate::properties::Destination;

/// [`Ports`] over the SDK. A client is made when it is first called.
#[derive(Debug)]
pub struct AwsServices {
    aws: &'static Aws,
    sagemaker: OnceCell<SageMaker>,
    efs: OnceCell<Efs>,
    ec2: OnceCell<Ec2>,
    backup: OnceCell<Backup>,
}

impl AwsServices {
    /// Loads nothing.
    #[must_use]
    pub const fn new(aws: &'static Aws) -> Self {
        Self {
            aws,
            sagemaker: OnceCell::const_new(),
            efs: OnceCell::const_new(),
            ec2: OnceCell::const_new(),
            backup: OnceCell::const_new(),
        }
    }

    /// Over clients that were configured elsewhere.
    #[must_use]
    pub fn over(sagemaker: SageMaker, efs: Efs, ec2: Ec2, backup: Backup) -> Self {
        static UNUSED: Aws = Aws::new();
        Self {
            aws: &UNUSED,
            sagemaker: OnceCell::new_with(Some(sagemaker)),
            efs: OnceCell::new_with(Some(efs)),
            ec2: OnceCell::new_with(Some(ec2)),
            backup: OnceCell::new_with(Some(backup)),
        }
    }

    async fn sagemaker(&self) -> &SageMaker {
        self.sagemaker.get_or_init(|| async { SageMaker::new(self.aws.config().await) }).await
    }

    async fn efs(&self) -> &Efs {
        self.efs.get_or_init(|| async { Efs::new(self.aws.config().await) }).await
    }

    async fn ec2(&self) -> &Ec2 {
        self.ec2.get_or_init(|| async { Ec2::new(self.aws.config().await) }).await
    }

    async fn backup(&self) -> &Backup {
        self.backup.get_or_init(|| async { Backup::new(self.aws.config().await) }).await
    }
}

impl Ports for AwsServices {
    async fn describe_domain(&self, id: &DomainId) -> Result<String, AwsError> {
        let call = self.sagemaker().await.describe_domain().domain_id(id.as_str());
        let answer = call.send().await.operation("sagemaker:DescribeDomain")?;
        Ok(answer.status.map(|status| status.as_str().to_owned()).unwrap_or_default())
    }

    async fn describe_file_systems(&self) -> Result<Vec<FileSystem>, AwsError> {
        let mut pages = self.efs().await.describe_file_systems().into_paginator().send();
        let mut found = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.operation("elasticfilesystem:DescribeFileSystems")?.file_systems.unwrap_or_default();
            found.extend(page.into_iter().map(|file_system| FileSystem {
                id: file_system.file_system_id,
                arn: file_system.file_system_arn.unwrap_or_default(),
                state: file_system.life_cycle_state.as_str().to_owned(),
                tags: file_system.tags.into_iter().map(|tag| (tag.key, tag.value)).collect(),
            }));
        }
        Ok(found)
    }

    async fn describe_mount_targets(&self, file_system_id: &str) -> Result<Vec<MountTarget>, AwsError> {
        let call = self.efs().await.describe_mount_targets().file_system_id(file_system_id);
        let mut pages = call.into_paginator().send();
        let mut found = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.operation("elasticfilesystem:DescribeMountTargets")?.mount_targets.unwrap_or_default();
            found.extend(page.into_iter().map(|target| MountTarget {
                id: target.mount_target_id,
                state: target.life_cycle_state.as_str().to_owned(),
                vpc_id: target.vpc_id,
            }));
        }
        Ok(found)
    }

    async fn delete_mount_target(&self, id: &str) -> Result<(), AwsError> {
        let call = self.efs().await.delete_mount_target().mount_target_id(id);
        call.send().await.operation("elasticfilesystem:DeleteMountTarget")?;
        Ok(())
    }

    async fn tag_file_system(&self, id: &str, (key, value): (&str, &str)) -> Result<(), AwsError> {
        // Key and value are set, which is all that the builder wants.
        let tags = EfsTag::builder().key(key).value(value).build().map(|tag| vec![tag]).unwrap_or_default();
        let call = self.efs().await.tag_resource().resource_id(id).set_tags(Some(tags));
        call.send().await.operation("elasticfilesystem:TagResource")?;
        Ok(())
    }

    async fn delete_file_system(&self, id: &str) -> Result<(), AwsError> {
        let call = self.efs().await.delete_file_system().file_system_id(id);
        call.send().await.operation("elasticfilesystem:DeleteFileSystem")?;
        Ok(())
    }

    async fn describe_security_groups(&self, vpc_id: &VpcId) -> Result<Vec<Group>, AwsError> {
        let in_network = Filter::builder().name("vpc-id").values(vpc_id.as_str()).build();
        let mut pages = self.ec2().await.describe_security_groups().filters(in_network).into_paginator().send();
        let mut found = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.operation("ec2:DescribeSecurityGroups")?.security_groups.unwrap_or_default();
            found.extend(page.into_iter().filter_map(group));
        }
        Ok(found)
    }

    async fn revoke_security_group_ingress(&self, group_id: &str, rule: &Rule) -> Result<(), AwsError> {
        let call = self.ec2().await.revoke_security_group_ingress().group_id(group_id);
        call.ip_permissions(permission(rule)).send().await.operation("ec2:RevokeSecurityGroupIngress")?;
        Ok(())
    }

    async fn revoke_security_group_egress(&self, group_id: &str, rule: &Rule) -> Result<(), AwsError> {
        let call = self.ec2().await.revoke_security_group_egress().group_id(group_id);
        call.ip_permissions(permission(rule)).send().await.operation("ec2:RevokeSecurityGroupEgress")?;
        Ok(())
    }

    async fn delete_security_group(&self, id: &str) -> Result<(), AwsError> {
        let call = self.ec2().await.delete_security_group().group_id(id);
        call.send().await.operation("ec2:DeleteSecurityGroup")?;
        Ok(())
    }

    async fn describe_network_interfaces(&self, group_ids: Vec<String>) -> Result<Vec<Interface>, AwsError> {
        let in_groups = Filter::builder().name("group-id").set_values(Some(group_ids)).build();
        let mut pages = self.ec2().await.describe_network_interfaces().filters(in_groups).into_paginator().send();
        let mut found = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.operation("ec2:DescribeNetworkInterfaces")?.network_interfaces.unwrap_or_default();
            found.extend(page.into_iter().filter_map(|interface| {
                let groups = interface.groups.unwrap_or_default().into_iter();
                Some(Interface {
                    id: interface.network_interface_id?,
                    status: interface.status.map(|status| status.as_str().to_owned()).unwrap_or_default(),
                    description: interface.description.unwrap_or_default(),
                    group_ids: groups.filter_map(|group| group.group_id).collect(),
                })
            }));
        }
        Ok(found)
    }

    async fn delete_network_interface(&self, id: &str) -> Result<(), AwsError> {
        let call = self.ec2().await.delete_network_interface().network_interface_id(id);
        call.send().await.operation("ec2:DeleteNetworkInterface")?;
        Ok(())
    }

    async fn start_backup_job(&self, file_system_arn: &str, to: &Destination, token: &str) -> Result<String, AwsError> {
        let call = self.backup().await.start_backup_job().resource_arn(file_system_arn).idempotency_token(token);
        let call = call.backup_vault_name(to.vault.as_str()).iam_role_arn(to.role.as_str());
        let answer = call.send().await.operation("backup:StartBackupJob")?;
        Ok(answer.backup_job_id.unwrap_or_default())
    }

    async fn describe_backup_job(&self, id: &str) -> Result<BackupJob, AwsError> {
        let call = self.backup().await.describe_backup_job().backup_job_id(id);
        let answer = call.send().await.operation("backup:DescribeBackupJob")?;
        Ok(BackupJob {
            id: id.to_owned(),
            state: answer.state.map(|state| state.as_str().to_owned()).unwrap_or_default(),
            message: answer.status_message.filter(|message| !message.is_empty()),
            created: answer.creation_date.map(|date| date.secs()),
            completed: answer.completion_date.map(|date| date.secs()),
        })
    }
}

fn group(group: SecurityGroup) -> Option<Group> {
    let (into, out) = (group.ip_permissions.unwrap_or_default(), group.ip_permissions_egress.unwrap_or_default());
    let rules = into.into_iter().map(|rule| (false, rule)).chain(out.into_iter().map(|rule| (true, rule)));
    Some(Group {
        id: group.group_id?,
        name: group.group_name.unwrap_or_default(),
        tags: group.tags.unwrap_or_default().into_iter().filter_map(|tag| Some((tag.key?, tag.value?))).collect(),
        rules: rules.flat_map(|(egress, permission)| rules_of(egress, permission)).collect(),
    })
}

/// A permission may name many groups; each is a rule of its own.
fn rules_of(egress: bool, permission: IpPermission) -> Vec<Rule> {
    let IpPermission { ip_protocol, from_port, to_port, user_id_group_pairs, .. } = permission;
    let protocol = ip_protocol.unwrap_or_default();
    let rule = |named: UserIdGroupPair| {
        let group_id = named.group_id?;
        Some(Rule { egress, protocol: protocol.clone(), from_port, to_port, group_id, account_id: named.user_id })
    };
    user_id_group_pairs.unwrap_or_default().into_iter().filter_map(rule).collect()
}

/// A rule as it was read: EC2 finds it by all its members.
fn permission(rule: &Rule) -> IpPermission {
    let named = UserIdGroupPair::builder().group_id(&rule.group_id).set_user_id(rule.account_id.clone()).build();
    IpPermission::builder()
        .ip_protocol(&rule.protocol)
        .set_from_port(rule.from_port)
        .set_to_port(rule.to_port)
        .user_id_group_pairs(named)
        .build()
}
