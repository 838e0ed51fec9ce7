mod services;

use std::future::Future;

use aws_ports::AwsError;
use identifiers::{DomainId, VpcId};

use crate::properties::Destination;

pub use services::AwsServices;

/// Key and value.
pub type Tag = (String, String);

/// A file system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileSystem {
    /// `fs-...`.
    pub id: String,
    /// Its ARN, as AWS Backup wants it.
    pub arn: String,
    /// In the service's words: `available`, `deleting`.
    pub state: String,
    /// Its tags.
    pub tags: Vec<Tag>,
}

/// Where a network reaches a file system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MountTarget {
    /// `fsmt-...`.
    pub id: String,
    /// In the service's words: `available`, `deleting`.
    pub state: String,
    /// Its network.
    pub vpc_id: Option<String>,
}

/// A security group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// `sg-...`.
    pub id: String,
    /// Unique in its network.
    pub name: String,
    /// Its tags.
    pub tags: Vec<Tag>,
    /// Those of its rules that name a group; one for each group named.
    pub rules: Vec<Rule>,
}

/// A rule that lets traffic in from a group, or out to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// Out instead of in.
    pub egress: bool,
    /// `tcp`, or -1 for all.
    pub protocol: String,
    /// Absent where the protocol has no ports.
    pub from_port: Option<i32>,
    /// Absent where the protocol has no ports.
    pub to_port: Option<i32>,
    /// The group that it names.
    pub group_id: String,
    /// That group's account.
    pub account_id: Option<String>,
}

/// A network interface.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Interface {
    /// `eni-...`.
    pub id: String,
    /// In the service's words: `available` when nothing uses it.
    pub status: String,
    /// Says who made it.
    pub description: String,
    /// Its security groups.
    pub group_ids: Vec<String>,
}

/// A backup on its way or done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BackupJob {
    /// Its id.
    pub id: String,
    /// In the service's words: `RUNNING`, `COMPLETED`.
    pub state: String,
    /// Why it is in that state, where the service says so.
    pub message: Option<String>,
    /// In seconds since 1970.
    pub created: Option<i64>,
    /// In seconds since 1970.
    pub completed: Option<i64>,
}

/// Every AWS operation this function calls, besides invoking itself.
///
/// EFS also wants `ec2:DeleteNetworkInterface` of whoever deletes a mount target, and AWS Backup `iam:PassRole` of whoever
/// starts a job.
pub trait Ports: Send + Sync + 'static {
    /// `sagemaker:DescribeDomain`: the status.
    fn describe_domain(&self, id: &DomainId) -> impl Future<Output = Result<String, AwsError>> + Send;

    /// `elasticfilesystem:DescribeFileSystems`, all of the account and region.
    fn describe_file_systems(&self) -> impl Future<Output = Result<Vec<FileSystem>, AwsError>> + Send;

    /// `elasticfilesystem:DescribeMountTargets`, all of a file system.
    fn describe_mount_targets(
        &self,
        file_system_id: &str,
    ) -> impl Future<Output = Result<Vec<MountTarget>, AwsError>> + Send;

    /// `elasticfilesystem:DeleteMountTarget`.
    fn delete_mount_target(&self, id: &str) -> impl Future<Output = Result<(), AwsError>> + Send;

    /// `elasticfilesystem:TagResource`; other tags stay.
    fn tag_file_system(&self, id: &str, tag: (&str, &str)) -> impl Future<Output = Result<(), AwsError>> + Send;

    /// `elasticfilesystem:DeleteFileSystem`.
    fn delete_file_system(&self, id: &str) -> impl Future<Output = Result<(), AwsError>> + Send;

    /// `ec2:DescribeSecurityGroups`, all of a network.
    fn describe_security_groups(&self, vpc_id: &VpcId) -> impl Future<Output = Result<Vec<Group>, AwsError>> + Send;

    /// `ec2:RevokeSecurityGroupIngress`.
    fn revoke_security_group_ingress(
        &self,
        group_id: &str,
        rule: &Rule,
    ) -> impl Future<Output = Result<(), AwsError>> + Send;

    /// `ec2:RevokeSecurityGroupEgress`.
    fn revoke_security_group_egress(
        &self,
        group_id: &str,
        rule: &Rule,
    ) -> impl Future<Output = Result<(), AwsError>> + Send;

    /// `ec2:DeleteSecurityGroup`.
    fn delete_security_group(&self, id: &str) -> impl Future<Output = Result<(), AwsError>> + Send;

    /// `ec2:DescribeNetworkInterfaces`, all that are in one of these groups.
    fn describe_network_interfaces(
        &self,
        group_ids: Vec<String>,
    ) -> impl Future<Output = Result<Vec<Interface>, AwsError>> + Send;

    /// `ec2:DeleteNetworkInterface`.
    fn delete_network_interface(&self, id: &str) -> impl Future<Output = Result<(), AwsError>> + Send;

    /// `backup:StartBackupJob`: the job's id. The same token again answers the job that it started.
    fn start_backup_job(
        &self,
        file_system_arn: &str,
        to: &Destination,
        token: &str,
    ) -> impl Future<Output = Result<String, AwsError>> + Send;

    /// `backup:DescribeBackupJob`.
    fn describe_backup_job(&self, id: &str) -> impl Future<Output = Result<BackupJob, AwsError>> + Send;
}
