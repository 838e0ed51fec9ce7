use aws_ports::AwsError;
use custom_resource::Scope;
use policy_document::{PolicyDocument, Principal, Statement};

use crate::aws::Ports;
use crate::error::{Cause, Error, Fault, StalePrincipal, Undone};
use crate::place::Place;
use crate::statements::Owner;

/// Policies read, and what would become of them.
#[derive(Default)]
pub(crate) struct Survey {
    /// Only policies that differ from what is wished.
    pub(crate) changes: Vec<Change>,
    pub(crate) faults: Vec<Fault>,
    /// Statements of ours were found: something is made already.
    pub(crate) found_own: bool,
    /// Bytes of the largest policy, in hundredths of what its service takes.
    pub(crate) fullest: usize,
}

/// One policy to be written.
pub(crate) struct Change {
    place: Place,
    /// To the byte.
    before: Option<String>,
    after: Option<String>,
    owner: Owner,
}

impl Survey {
    /// A policy that is to hold `wished`.
    pub(crate) async fn wish(
        &mut self,
        aws: &impl Ports,
        scope: &Scope,
        owner: &Owner,
        place: Place,
        wished: Vec<Statement>,
    ) {
        match place.read(aws, scope).await {
            Ok(before) => self.consider(owner, place, before, wished),
            Err(source) => self.faults.push(unreadable(scope, place, source)),
        }
    }

    /// A policy that no longer is to hold anything of ours. What is gone holds nothing, and neither does what `unwritten`
    /// says of the error.
    pub(crate) async fn leave(
        &mut self,
        aws: &impl Ports,
        scope: &Scope,
        owner: &Owner,
        place: Place,
        unwritten: impl Fn(&Place, &AwsError) -> bool,
    ) {
        match place.read(aws, scope).await {
            Ok(before) => self.consider(owner, place, before, Vec::new()),
            Err(error) if place.is_gone(&error) => tracing::info!(%place, %error, "place is gone"),
            Err(error) if unwritten(&place, &error) => tracing::warn!(%place, %error, "place is another's"),
            Err(source) => self.faults.push(unreadable(scope, place, source)),
        }
    }

    fn consider(&mut self, owner: &Owner, place: Place, before: Option<String>, wished: Vec<Statement>) {
        let mut document: PolicyDocument = match before.as_deref().map(str::parse).transpose() {
            Ok(document) => document.unwrap_or_else(PolicyDocument::empty),
            Err(source) => return self.faults.push(Fault::Unparsable { place, source }),
        };
        self.found_own |= document.statements().any(|statement| owner.owns(statement.sid()));
        let uses_variables = wished.iter().any(|statement| statement.json().contains("${"));
        if uses_variables && document.version() != Some("2012-10-17") {
            let version = document.version().map(str::to_owned);
            return self.faults.push(Fault::OldVersion { place, version });
        }
        let own = wished.iter().map(|statement| statement.json().len() + 1).sum();
        let wished_any = !wished.is_empty();
        let changed = document.replace(|sid| owner.owns(sid), wished);
        let (size, limit) = (document.size(), place.limit());
        if wished_any && size > limit {
            return self.faults.push(Fault::TooLarge { place, size, own, limit });
        }
        self.fullest = self.fullest.max(size * 100 / limit);
        if changed {
            let after = (!document.is_empty()).then(|| document.to_string());
            self.changes.push(Change { place, before, after, owner: owner.clone() });
        }
    }
}

/// Writes every policy, or none: when one fails, those before it are put back.
pub(crate) async fn commit(aws: &impl Ports, scope: &Scope, changes: &[Change]) -> Result<(), Error> {
    for (at, change) in changes.iter().enumerate() {
        if let Err(cause) = change.write(aws, scope).await {
            // Without a definite answer the policy may be written all the same.
            let unknown = matches!(&cause, Cause::Aws(error) if error.is_transient() && !error.is_throttled());
            let written = changes.get(..at + usize::from(unknown)).unwrap_or_default();
            let undone = put_back(aws, scope, written).await;
            return Err(Error::NotWritten { place: change.place.clone(), cause, undone });
        }
    }
    Ok(())
}

async fn put_back(aws: &impl Ports, scope: &Scope, written: &[Change]) -> Undone {
    let mut undone = Undone::default();
    for change in written.iter().rev() {
        let place = change.place.clone();
        match place.write(aws, scope, change.before.as_deref()).await {
            Ok(()) => {
                tracing::warn!(%place, "policy put back");
                undone.put_back.push(place);
            }
            Err(error) => {
                tracing::error!(%place, %error, "policy not put back");
                undone.not_put_back.push((place, error));
            }
        }
    }
    undone
}

impl Change {
    pub(crate) fn place(&self) -> &Place {
        &self.place
    }

    /// Looks once more before writing: the services have no conditional write, so this is as short as the moment can be in
    /// which somebody else's change would be lost.
    async fn write(&self, aws: &impl Ports, scope: &Scope) -> Result<(), Cause> {
        if self.place.read(aws, scope).await.map_err(Cause::Aws)? != self.before {
            return Err(Cause::Moved);
        }
        self.write_unseen(aws, scope).await.map_err(|error| {
            let stale = if is_malformed(&error) { self.stale_principals() } else { Vec::new() };
            if stale.is_empty() { Cause::Aws(error) } else { Cause::StalePrincipals(stale, error) }
        })
    }

    /// Writes without another look.
    pub(crate) async fn write_unseen(&self, aws: &impl Ports, scope: &Scope) -> Result<(), AwsError> {
        if matches!(self.place, Place::Key(_)) && self.after.is_none() {
            // KMS lets nobody write a policy that would leave the key without one who may write the next, so this was
            // never a key that works.
            tracing::warn!(place = %self.place, "key has no statement but this stack's, and keeps them");
            return Ok(());
        }
        self.place.write(aws, scope, self.after.as_deref()).await?;
        let bytes = self.after.as_ref().map_or(0, String::len);
        tracing::info!(place = %self.place, bytes, "policy written");
        Ok(())
    }

    /// Statements of others in what was to be written that name ids instead of ARNs.
    fn stale_principals(&self) -> Vec<StalePrincipal> {
        let Some(Ok(document)) = self.after.as_deref().map(str::parse::<PolicyDocument>) else { return Vec::new() };
        let others = document.statements().enumerate().filter(|(_, statement)| !self.owner.owns(statement.sid()));
        others
            .flat_map(|(index, statement)| {
                let ids = statement.principals().into_iter().filter_map(|principal| match principal {
                    Principal::Aws(id) if is_unique_id(id) => Some(id.to_owned()),
                    _ => None,
                });
                let name = statement.sid().map_or_else(|| index.to_string(), str::to_owned);
                ids.map(|id| StalePrincipal { statement: name.clone(), id }).collect::<Vec<_>>()
            })
            .collect()
    }
}

/// `AROA`, `AIDA` and the like, then letters and digits: no account id and no ARN.
fn is_unique_id(text: &str) -> bool {
    text.len() >= 16
        && text.starts_with('A')
        && text.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
}

/// The services' ways of refusing a document for what it says.
fn is_malformed(error: &AwsError) -> bool {
    matches!(error.code(), Some("MalformedPolicy" | "MalformedPolicyDocumentException" | "ValidationException"))
}

fn unreadable(scope: &Scope, place: Place, source: AwsError) -> Fault {
    Fault::Unreadable { place, account: scope.account_id.clone(), region: scope.region.clone(), source }
}
