use std::collections::{BTreeMap, BTreeSet};

use aws_ports::AwsError;
use deployment::{PlatformName, tags};
use futures_util::{StreamExt, stream};
use policy_document::PolicyDocument;

use crate::aws::Ports;
use crate::error::{Error, concerns};
use crate::fault::{Fault, accounts, listed};
use crate::input::{Hub, Targets};
use crate::judgement::{Judgement, judge};
use crate::place::Place;
use crate::repair::{Author, Repair};
use crate::role::{Duty, Role};

/// Calls at a time. A version has a handful of parts.
pub(crate) const AT_ONCE: usize = 8;

/// What is known so far of a version and its targets.
#[derive(Debug)]
pub(crate) struct Survey<'a, A> {
    pub(crate) aws: &'a A,
    pub(crate) hub: &'a Hub,
    pub(crate) targets: &'a Targets,
    /// Places whose policies count, with the ARNs that they have to open.
    needs: BTreeMap<Place, BTreeSet<String>>,
    pub(crate) faults: Vec<Fault>,
    pub(crate) notes: Vec<String>,
    pub(crate) repairs: Vec<Repair>,
}

impl<'a, A: Ports> Survey<'a, A> {
    pub(crate) fn new(aws: &'a A, hub: &'a Hub, targets: &'a Targets) -> Self {
        let (needs, faults) = (BTreeMap::new(), Vec::new());
        Self { aws, hub, targets, needs, faults, notes: Vec::new(), repairs: Vec::new() }
    }

    pub(crate) fn need(&mut self, place: Place, arn: String) {
        self.needs.entry(place).or_default().insert(arn);
    }

    /// What is missing, or not for this function to see, is a fault; every other error is one.
    pub(crate) fn unreadable(
        &mut self,
        path: String,
        what: &'static str,
        on: String,
        source: AwsError,
    ) -> Result<(), Error> {
        if !concerns(&source) {
            return Err(Error::Aws(source));
        }
        self.faults.push(Fault::Unreadable { path, what, on, source });
        Ok(())
    }

    /// Reads the policies of all places, one call each, and judges them for all targets.
    pub(crate) async fn policies(&mut self, author: &Author<'_>) -> Result<(), Error> {
        let (aws, hub) = (self.aws, self.hub);
        let needs = std::mem::take(&mut self.needs);
        let read = stream::iter(needs).map(|(place, resources)| async move {
            let policy = place.read(aws, hub).await;
            (place, resources, policy)
        });
        let read: Vec<_> = read.buffered(AT_ONCE).collect().await;
        for (place, resources, policy) in read {
            let document = match policy {
                Err(source) => {
                    let on = place.arn(hub);
                    self.unreadable(place.to_string(), "its policy", on, source)?;
                    continue;
                }
                Ok(None) => PolicyDocument::empty(),
                Ok(Some(policy)) => match policy.parse() {
                    Ok(document) => document,
                    Err(source) => {
                        self.faults.push(Fault::Unparsable { place, source });
                        continue;
                    }
                },
            };
            let judgement = judge(&document, &place, &resources, hub, self.targets);
            self.conclude(author, place, document, judgement).await?;
        }
        Ok(())
    }

    async fn conclude(
        &mut self,
        author: &Author<'_>,
        place: Place,
        document: PolicyDocument,
        judgement: Judgement,
    ) -> Result<(), Error> {
        let Judgement { missing, denied, doubts } = judgement;
        self.notes.extend(doubts.into_iter().map(|(question, of)| {
            let does = if question.allows { "lets" } else { "may shut" };
            let way = if question.allows { "in" } else { "out" };
            format!(
                "statement {} of the policy of {place} {does} role {} of {} {way} depending on {}, which cannot be known \
                 beforehand",
                question.statement, question.role, accounts(&of), listed(&question.keys)
            )
        }));
        self.faults.extend(denied.into_iter().map(|((role, statement), lack)| Fault::Denied {
            place: place.clone(),
            statement,
            role,
            lack,
        }));
        if missing.is_empty() {
            return Ok(());
        }
        if self.is_ours(&place, author.platform).await? {
            let repair = author.repair(place, document, &missing)?;
            let (size, limit, own) = (repair.policy.len(), repair.place.limit(), repair.own);
            if size > limit {
                self.faults.push(Fault::TooLarge { place: repair.place, size, own, limit });
            } else {
                self.repairs.push(repair);
            }
            return Ok(());
        }
        for (role, lack) in missing {
            let statement = author.statement(&place, &role, &lack.accounts)?;
            let way = way(&place, &role, author.platform);
            self.faults.push(Fault::Missing { place: place.clone(), role, lack, way, statement });
        }
        Ok(())
    }

    /// The group is registered with the platform, and a repository says by its tag whose it is. Bucket and keys belong to
    /// the environment's stack.
    async fn is_ours(&mut self, place: &Place, platform: &PlatformName) -> Result<bool, Error> {
        match place {
            Place::Bucket(_) | Place::Key(_) => Ok(false),
            Place::Group(_) => Ok(true),
            Place::Repository(_) => {
                let arn = place.arn(self.hub);
                match self.aws.list_tags_for_resource(&arn).await {
                    Ok(found) => {
                        let mut tags = tags(platform, None, None).into_iter();
                        Ok(tags.all(|(name, value)| found.get(&name) == Some(&value)))
                    }
                    Err(source) => {
                        self.unreadable(place.to_string(), "its tags", arn, source)?;
                        Ok(false)
                    }
                }
            }
        }
    }
}

/// What would make the missing statement.
fn way(place: &Place, role: &Role, platform: &PlatformName) -> String {
    let of_role = match role.duty {
        Duty::Serves => "RoleName",
        Duty::Makes => "ExecutionRoleName",
    };
    let access = |property: &str, value: &str| {
        format!(
            "give the environment's Custom::CrossAccountAccess {property} {value}, {of_role} {role}, and these accounts in \
             Accounts or their units in OrganizationPaths"
        )
    };
    match place {
        Place::Bucket(name) => access("BucketName", name),
        Place::Key(arn) => access("KeyArns", arn),
        Place::Group(name) => access("ModelPackageGroupNames", name.as_str()),
        Place::Repository(_) => {
            let tags = tags(platform, None, None).into_iter().map(|(key, value)| format!("{key}={value}"));
            let tags: Vec<_> = tags.collect();
            format!("tag the repository {}, and this platform adds what is missing", tags.join(" "))
        }
    }
}
