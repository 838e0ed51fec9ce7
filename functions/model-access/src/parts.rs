use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;

use aws_ports::AwsError;
use futures_util::{StreamExt, stream};

use crate::aws::{Located, Ports};
use crate::error::Error;
use crate::fault::{Fault, named};
use crate::input::Hub;
use crate::package::{Artifact, Image};
use crate::place::Place;
use crate::survey::{AT_ONCE, Survey};

/// Finding what a version is made of.
impl<A: Ports> Survey<'_, A> {
    /// Finds the regions of the buckets that hold model data, and the keys that encrypt what is written to them.
    pub(crate) async fn artifacts(&mut self, artifacts: &BTreeSet<Artifact>) -> Result<(), Error> {
        let (aws, hub) = (self.aws, self.hub);
        let mut buckets: BTreeMap<&str, Vec<&Artifact>> = BTreeMap::new();
        for artifact in artifacts {
            buckets.entry(&artifact.bucket).or_default().push(artifact);
        }
        let looked = stream::iter(buckets)
            .map(|(bucket, artifacts)| async move { (bucket, artifacts, default_key(aws, hub, bucket).await) });
        let looked: Vec<_> = looked.buffered(AT_ONCE).collect().await;
        let mut keys: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for (bucket, artifacts, found) in looked {
            let place = Place::Bucket(bucket.to_owned());
            match found {
                Err(source) => {
                    // Its policy may be readable all the same, so that one answer has the faults of both.
                    let is_there = source.is_access_denied();
                    let (path, on) = (place.to_string(), place.arn(hub));
                    self.unreadable(path, "its default encryption", on, source)?;
                    if !is_there {
                        continue;
                    }
                }
                Ok(Located::Elsewhere(region)) => {
                    self.region(&place, &region);
                    self.notes.push(format!("the policy of {place} was not looked at: it is in {region}"));
                    continue;
                }
                Ok(Located::Here(key)) => {
                    self.region(&place, hub.region.as_str());
                    self.notes.push(format!(
                        "the objects of {place} were not looked at, as this function may read none: one that is missing, \
                         or encrypted with another key than {}, is not seen",
                        key.as_ref().map_or_else(|| "S3's own".to_owned(), |key| format!("the bucket's default {key}"))
                    ));
                    if let Some(key) = key {
                        keys.entry(key).or_default().insert(bucket.to_owned());
                    }
                }
            }
            for artifact in artifacts {
                self.need(place.clone(), artifact.arn(&hub.partition));
            }
        }
        self.keys(keys).await
    }

    async fn keys(&mut self, keys: BTreeMap<String, BTreeSet<String>>) -> Result<(), Error> {
        let aws = self.aws;
        let of = |key: &str, account: &str| key.split(':').nth(4).is_none_or(|found| found == account);
        let (own, others): (Vec<_>, Vec<_>) = keys.into_iter().partition(|(key, _)| of(key, self.hub.account.as_str()));
        for (key, buckets) in others {
            self.notes.push(format!(
                "key {key} is the default of {} and another account's: whether its policy allows kms:Decrypt to the \
                 targets cannot be seen from here",
                named(&buckets)
            ));
        }
        let looked = stream::iter(own).map(|(key, buckets)| async move {
            let described = aws.describe_key(&key).await;
            (key, buckets, described)
        });
        let looked: Vec<_> = looked.buffered(AT_ONCE).collect().await;
        for (key, buckets, described) in looked {
            match described {
                Err(source) => {
                    let on = if key.starts_with("arn:") { key.clone() } else { format!("key {key} of this account") };
                    self.unreadable(format!("key {key}"), "what it is", on, source)?;
                }
                Ok(found) if found.is_aws_managed => {
                    if !self.targets.outside(self.hub).is_empty() {
                        self.faults.push(Fault::AwsManagedKey { key: found.arn, buckets });
                    }
                }
                Ok(found) if found.state != "Enabled" => {
                    self.faults.push(Fault::KeyNotEnabled { key: found.arn, buckets, state: found.state });
                }
                Ok(found) => self.need(Place::Key(found.arn.clone()), found.arn),
            }
        }
        Ok(())
    }

    /// Finds the images of the hub.
    pub(crate) async fn images(&mut self, images: &BTreeSet<Image>) -> Result<(), Error> {
        let (aws, hub) = (self.aws, self.hub);
        for image in images {
            self.region(image, image.region.as_str());
            if image.account != hub.account {
                self.notes.push(format!(
                    "{image} is another account's: whether its repository's policy lets the targets pull it cannot be \
                     seen from here"
                ));
            } else if image.region != hub.region {
                let region = &image.region;
                self.notes
                    .push(format!("{image} and its repository's policy were not looked at: they are in {region}"));
            }
        }
        let here = images.iter().filter(|image| image.account == hub.account && image.region == hub.region);
        let looked = stream::iter(here).map(|image| async move {
            (image, aws.describe_image(image.account.as_str(), &image.repository, &image.name()).await)
        });
        let looked: Vec<_> = looked.buffered(AT_ONCE).collect().await;
        for (image, described) in looked {
            match described {
                Err(source) => {
                    self.unreadable(image.to_string(), "what it is", image.arn(&hub.partition), source)?;
                }
                Ok(tags) => {
                    if let Some(tag) = image.tag.as_ref().filter(|tag| image.digest.is_some() && !tags.contains(tag)) {
                        self.notes.push(format!("{image} is no longer what tag {tag} names"));
                    }
                    self.need(Place::Repository(image.repository.clone()), image.arn(&hub.partition));
                }
            }
        }
        Ok(())
    }

    /// SageMaker makes models of what is in their own region alone (API reference of `ContainerDefinition`, "must be in the
    /// same region as the model or endpoint"; of an image it says "Cross region ECR image pulls are not allowed").
    fn region(&mut self, what: &impl Display, found: &str) {
        let others = self.targets.regions.iter().filter(|(region, _)| region.as_str() != found);
        self.faults.extend(others.map(|(wanted, stages)| Fault::OtherRegion {
            path: what.to_string(),
            found: found.to_owned(),
            wanted: wanted.clone(),
            stages: stages.clone(),
        }));
    }
}

/// The key that a bucket encrypts with unless it is told otherwise; `None` is S3's own.
async fn default_key(aws: &impl Ports, hub: &Hub, bucket: &str) -> Result<Located<Option<String>>, AwsError> {
    match aws.get_bucket_encryption(bucket, hub.account.as_str()).await {
        Err(error) if error.code() == Some("ServerSideEncryptionConfigurationNotFoundError") => Ok(Located::Here(None)),
        found => found,
    }
}
