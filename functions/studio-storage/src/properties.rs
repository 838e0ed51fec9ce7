use std::str::FromStr;

use custom_resource::{FromProperties, Reader};
use environment::Environment;
use identifiers::{RoleArn, VpcId};

const VAULT: &str = "BackupVaultName";
const ROLE: &str = "BackupRoleArn";

/// What the template says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Properties {
    /// `EnvironmentName` and `EnvironmentType`: whose storage it is.
    pub environment: Environment,
    /// `VpcId`: the network in which the domain was.
    pub vpc_id: VpcId,
    /// `OnDelete`, and what a backup needs.
    pub on_delete: OnDelete,
}

/// What Delete does to the users' files. The network is cleared in any case.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum OnDelete {
    /// They stay.
    #[default]
    Retain,
    /// They are deleted once a backup is complete.
    Backup(Destination),
    /// They are deleted.
    Delete,
}

/// Where a backup goes, and who makes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Destination {
    /// `BackupVaultName`: a vault of the stack's account and region.
    pub vault: VaultName,
    /// `BackupRoleArn`: the role with which AWS Backup reads the file system.
    pub role: RoleArn,
}

/// The name of a backup vault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VaultName(String);

impl VaultName {
    /// The text it was read from.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for VaultName {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let named = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
        if named && (2..=50).contains(&text.len()) {
            Ok(Self(text.to_owned()))
        } else {
            Err("a backup vault's name of 2 to 50 letters, digits, hyphens and underscores")
        }
    }
}

/// `OnDelete` as it is written, before what a backup needs is known.
enum Choice {
    Retain,
    Backup,
    Delete,
}

impl FromStr for Choice {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "Retain" => Ok(Self::Retain),
            "Backup" => Ok(Self::Backup),
            "Delete" => Ok(Self::Delete),
            _ => Err("Retain, Backup or Delete"),
        }
    }
}

impl FromProperties for Properties {
    fn from_properties(reader: &mut Reader<'_>) -> Option<Self> {
        let (name, kind) = (reader.required("EnvironmentName"), reader.required("EnvironmentType"));
        let vpc_id = reader.required("VpcId");
        let on_delete = on_delete(reader);
        Some(Self { environment: Environment::new(name?, kind?), vpc_id: vpc_id?, on_delete: on_delete? })
    }
}

/// A vault beside `Retain` does no harm, so a template may pass its parameters whatever the choice. A vault beside `Delete`
/// says that somebody counts on a backup which would not be made.
fn on_delete(reader: &mut Reader<'_>) -> Option<OnDelete> {
    let choice: Option<Option<Choice>> = reader.optional("OnDelete");
    let (vault, role) = (reader.optional::<VaultName>(VAULT), reader.optional::<RoleArn>(ROLE));
    match choice?.unwrap_or(Choice::Retain) {
        Choice::Retain => vault.and(role).map(|_| OnDelete::Retain),
        Choice::Backup => {
            for (name, missing) in [(VAULT, matches!(vault, Some(None))), (ROLE, matches!(role, Some(None)))] {
                if missing {
                    reader.fault(name, "is missing, which OnDelete Backup needs");
                }
            }
            Some(OnDelete::Backup(Destination { vault: vault??, role: role?? }))
        }
        Choice::Delete => {
            for (name, given) in [(VAULT, vault?.is_some()), (ROLE, role?.is_some())] {
                if given {
                    let problem =
                        "is given although OnDelete is Delete, which makes no backup; say Backup or leave it out";
                    reader.fault(name, problem);
                }
            }
            Some(OnDelete::Delete)
        }
    }
}
