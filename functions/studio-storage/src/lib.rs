//! `Custom::StudioStorage` {`EnvironmentName`, `EnvironmentType`, `VpcId`, `OnDelete`: `Retain` (default), `Backup` or
//! `Delete`, `BackupVaultName`, `BackupRoleArn`} -> {}: on Delete, what a Studio domain left goes out of its network, and
//! with it the users' files where the stack says so.
//!
//! A domain that is deleted leaves its file system with mount targets, two security groups that refer to each other, and
//! network interfaces that linger. As long as one of those is there the network cannot be deleted. So this resource
//! depends on the network and the domain on this resource: it is deleted after the one and before the other.
//!
//! Create and Update change nothing. Delete finds what to take away by its tags, as `Custom::StudioDomain` put them on:
//! mount targets, interfaces, rules, groups, in that order; and last the file system, with `Delete`, or with `Backup` once
//! `BackupVaultName` holds a complete backup, before which nothing at all is deleted.
//!
//! # Invariants
//! - Only what carries both of the environment's tags and the service's own is touched, in this network, and only when the
//!   domain that the service's tag names is gone. So nothing is taken from a domain that lives: when the resource is
//!   renamed or moved in its template, when a domain is kept, or when two environments share a network (R22).
//! - Every look starts from what there is. A Delete that was cut off goes on, one that failed keeps what it did and says
//!   what is left.
//! - A file system that was once retained is never deleted: `Retain` tags it `StudioStorage: Retained`. Otherwise the
//!   environment's next stack, which finds it by its tags, would delete what a person had decided to keep. To give it up,
//!   delete it by hand or take that tag off.
//! - No file is lost for want of readable properties: then the id suffices to clear the network, and the files stay.
//!
//! # Decisions
//! - Environment and network are the identity. A new network is another resource, whose predecessor clears the old network
//!   and leaves what is in the new one.
//! - `BackupVaultName` and `BackupRoleArn` are required with `Backup`, refused with `Delete`, of no effect with `Retain`.
//! - A backup belongs to the resource and not to the request: one that takes longer than the hour that CloudFormation
//!   waits is found again by the next try.
//! - An interface in use is waited for until `ServiceTimeout`. A group or file system that something uses while no interface
//!   is left is waited for three minutes; then the Delete fails and names what refers to it.

mod aws;
mod backup;
mod cleanup;
mod error;
mod leftovers;
mod network;
mod properties;

use std::time::Duration;

use custom_resource::{Attributes, CustomResource, Failure, PhysicalId, Progress, Request, Scope};
use environment::Environment;

pub use aws::{AwsServices, BackupJob, FileSystem, Group, Interface, MountTarget, Ports, Rule, Tag};
pub use error::Error;
pub use properties::{Destination, OnDelete, Properties, VaultName};

use cleanup::Memory;
use leftovers::Place;

/// A mount target takes half a minute to go, a backup minutes; a look costs a few calls.
const AGAIN_IN: Duration = Duration::from_secs(5);

/// The custom resource, over any implementation of its [`Ports`].
#[derive(Debug)]
pub struct StudioStorage<A> {
    aws: A,
}

impl<A: Ports> StudioStorage<A> {
    /// Calls nothing.
    pub const fn new(aws: A) -> Self {
        Self { aws }
    }

    async fn clean(&self, properties: &Properties, request: &Request<Option<Properties>>) -> Result<Progress, Error> {
        // A state that cannot be read only means that backups and patience begin anew.
        let state = request.state.clone().unwrap_or_default();
        let mut memory: Memory = serde_json::from_value(state).unwrap_or_default();
        let Properties { environment, vpc_id, on_delete } = properties;
        let place = Place { environment, vpc_id, scope: &request.scope };
        let owner = request.physical_id.as_str();
        let waiting_for = match cleanup::look(&self.aws, place, on_delete, owner, &mut memory).await {
            Ok(Some(waiting_for)) => waiting_for,
            Ok(None) => {
                tracing::info!(%vpc_id, "nothing of a deleted domain is left");
                return Ok(Attributes::new().into());
            }
            // The calls were repeated already; the service needs longer than that.
            Err(Error::Aws(error)) if error.is_transient() => error.to_string(),
            Err(error) => return Err(leftovers::halted(&self.aws, place, error).await),
        };
        let state = serde_json::to_value(memory).unwrap_or_default();
        Ok(Progress::Unfinished { waiting_for, state, again_in: AGAIN_IN })
    }
}

impl<A: Ports> CustomResource for StudioStorage<A> {
    const KIND: &'static str = "studio-storage";
    type Properties = Properties;

    fn identity(&self, scope: &Scope, properties: &Properties) -> Vec<String> {
        let Properties { environment, vpc_id, .. } = properties;
        let (name, kind) = (environment.name().to_string(), environment.kind().to_string());
        vec![name, kind, vpc_id.to_string(), scope.stack_guid.clone(), scope.logical_id.clone()]
    }

    async fn create(&self, request: &Request<Properties>) -> Result<Progress, Failure> {
        refuse_foreign_role(request)?;
        Ok(Attributes::new().into())
    }

    async fn update(&self, request: &Request<Properties>, _old: Option<&Properties>) -> Result<Progress, Failure> {
        self.create(request).await
    }

    async fn delete(&self, request: &Request<Option<Properties>>) -> Result<Progress, Failure> {
        if let Some(properties) = &request.properties {
            return Ok(self.clean(properties, request).await?);
        }
        let physical_id = request.physical_id.as_str();
        let Some(properties) = of_id(&request.physical_id) else {
            tracing::warn!(physical_id, "properties unreadable, nothing deleted");
            return Ok(Attributes::new().into());
        };
        tracing::warn!(physical_id, "properties unreadable, the files are retained");
        Ok(self.clean(&properties, request).await?)
    }
}

/// The id begins with environment and network, see `identity`.
fn of_id(id: &PhysicalId) -> Option<Properties> {
    let mut segments = id.segments().into_iter();
    let mut next = || segments.next();
    let environment = Environment::new(next()?.parse().ok()?, next()?.parse().ok()?);
    Some(Properties { environment, vpc_id: next()?.parse().ok()?, on_delete: OnDelete::Retain })
}

fn refuse_foreign_role(request: &Request<Properties>) -> Result<(), Error> {
    let OnDelete::Backup(Destination { role, .. }) = &request.properties.on_delete else { return Ok(()) };
    let Scope { account_id, partition, .. } = &request.scope;
    if role.account_id().as_str() == account_id && role.partition() == partition {
        return Ok(());
    }
    let (role, account_id, partition) = (role.clone(), account_id.clone(), partition.clone());
    Err(Error::ForeignRole { role, account_id, partition })
}
