use std::collections::BTreeSet;
use std::fmt;

use identifiers::{AccountId, Region};

use crate::aws::ImageName;

/// A version as the registry describes it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ModelPackage {
    /// As the registry spells it: policies must too.
    pub arn: String,
    /// Of the `InferenceSpecification`.
    pub containers: Vec<Container>,
}

/// One container of a version.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Container {
    /// `Image`: registry, repository, and a tag, a digest or neither.
    pub image: String,
    /// `ImageDigest`.
    pub digest: Option<String>,
    /// All that is put beside the container.
    pub data: Vec<ModelData>,
}

/// Files of a model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelData {
    /// Where they are.
    pub uri: String,
    /// All objects that begin so, not one of this name.
    pub is_prefix: bool,
}

/// Model data in a bucket.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Artifact {
    pub(crate) bucket: String,
    /// Or what the keys begin with.
    pub(crate) key: String,
    pub(crate) is_prefix: bool,
}

/// An image in a private registry of ECR.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Image {
    pub(crate) account: AccountId,
    pub(crate) region: Region,
    pub(crate) repository: String,
    /// As the version spells it.
    uri: String,
    /// What it is called there; without either it is `latest`.
    pub(crate) tag: Option<String>,
    pub(crate) digest: Option<String>,
}

/// What a version is made of, each once.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Parts {
    pub(crate) artifacts: BTreeSet<Artifact>,
    pub(crate) images: BTreeSet<Image>,
    /// Addresses that say nothing about a bucket or a registry of ECR.
    pub(crate) others: BTreeSet<String>,
}

impl ModelPackage {
    pub(crate) fn parts(&self) -> Parts {
        let mut parts = Parts::default();
        for container in &self.containers {
            match Image::parse(&container.image, container.digest.as_deref()) {
                Some(image) => _ = parts.images.insert(image),
                None => _ = parts.others.insert(format!("image {}", container.image)),
            }
            for data in &container.data {
                match Artifact::parse(data) {
                    Some(artifact) => _ = parts.artifacts.insert(artifact),
                    None => _ = parts.others.insert(format!("model data {}", data.uri)),
                }
            }
        }
        parts
    }
}

impl Artifact {
    fn parse(ModelData { uri, is_prefix }: &ModelData) -> Option<Self> {
        let (bucket, key) = uri.strip_prefix("s3://")?.split_once('/')?;
        let is_named = !bucket.is_empty() && (*is_prefix || !key.is_empty());
        is_named.then(|| Self { bucket: bucket.to_owned(), key: key.to_owned(), is_prefix: *is_prefix })
    }

    /// What a policy of the bucket has to open. A name with a `*` is matched by those patterns alone that match all that it
    /// may stand for.
    pub(crate) fn arn(&self, partition: &str) -> String {
        let all = if self.is_prefix { "*" } else { "" };
        format!("arn:{partition}:s3:::{}/{}{all}", self.bucket, self.key)
    }
}

impl Image {
    /// Reads `<account>.dkr.ecr.<region>.<suffix>/<repository>[:<tag>][@<digest>]`, with `ecr-fips` too, and the hosts of two
    /// address families, `<account>.dkr-ecr.<region>.on.aws`.
    fn parse(text: &str, digest: Option<&str>) -> Option<Self> {
        let (host, path) = text.split_once('/')?;
        let mut labels = host.split('.');
        let account = labels.next()?.parse().ok()?;
        let service = labels.next()?;
        if service == "dkr" {
            labels.next().filter(|label| matches!(*label, "ecr" | "ecr-fips"))?;
        } else if !matches!(service, "dkr-ecr" | "dkr-ecr-fips") {
            return None;
        }
        let region = labels.next()?.parse().ok()?;
        let (path, own) = path.split_once('@').map_or((path, None), |(path, digest)| (path, Some(digest)));
        let (repository, tag) = path.split_once(':').map_or((path, None), |(path, tag)| (path, Some(tag)));
        (!repository.is_empty()).then(|| Self {
            account,
            region,
            repository: repository.to_owned(),
            uri: text.to_owned(),
            tag: tag.map(str::to_owned),
            digest: own.or(digest).map(str::to_owned),
        })
    }

    /// By the digest where there is one: a tag may be moved after the version was registered.
    pub(crate) fn name(&self) -> ImageName {
        match (&self.digest, &self.tag) {
            (Some(digest), _) => ImageName::Digest(digest.clone()),
            (None, Some(tag)) => ImageName::Tag(tag.clone()),
            (None, None) => ImageName::Tag("latest".to_owned()),
        }
    }

    /// The repository's, in this partition.
    pub(crate) fn arn(&self, partition: &str) -> String {
        format!("arn:{partition}:ecr:{}:{}:repository/{}", self.region, self.account, self.repository)
    }
}

impl fmt::Display for Image {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "image {}", self.uri)?;
        match &self.digest {
            Some(digest) if !self.uri.contains('@') => write!(f, "@{digest}"),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_of_every_form() {
        let digest = "sha256:0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0";
        let in_ecr = |host: &str| format!("111111111111.{host}/team/churn:7@{digest}");
        for host in [
            "dkr.ecr.eu-west-1.amazonaws.com",
            "dkr.ecr-fips.eu-west-1.amazonaws.com",
            "dkr.ecr.eu-west-1.amazonaws.com.cn",
            "dkr-ecr.eu-west-1.on.aws",
            "dkr-ecr-fips.eu-west-1.on.aws",
        ] {
            let image = Image::parse(&in_ecr(host), None).unwrap();
            assert_eq!(image.to_string(), format!("image {}", in_ecr(host)));
            assert_eq!(image.name(), ImageName::Digest(digest.to_owned()), "{host}");
            assert_eq!((image.region.as_str(), image.tag.as_deref()), ("eu-west-1", Some("7")));
            assert_eq!(image.arn("aws"), "arn:aws:ecr:eu-west-1:111111111111:repository/team/churn");
        }
        let named = |text: &str, digest| {
            Image::parse(
                &format!("{}{text}", in_ecr("dkr.ecr.eu-west-1.amazonaws.com").split_once("/").unwrap().0),
                digest,
            )
            .unwrap()
            .name()
        };
        assert_eq!(named("/churn", None), ImageName::Tag("latest".into()));
        assert_eq!(named("/churn:7", None), ImageName::Tag("7".into()));
        assert_eq!(named("/churn:7", Some("sha256:a")), ImageName::Digest("sha256:a".into()));
        for other in [
            "",
            "churn",
            "public.ecr.aws/a/b:1",
            "docker.io/library/python",
            "1.dkr.ecr.eu-west-1.amazonaws.com/x",
            "111111111111.dkr.s3.eu-west-1.amazonaws.com/x",
            "111111111111.dkr.ecr.eu-west-1.amazonaws.com/",
        ] {
            assert_eq!(Image::parse(other, None), None, "{other}");
        }
    }

    #[test]
    fn artifacts_of_every_form() {
        let parsed = |uri: &str, is_prefix| Artifact::parse(&ModelData { uri: uri.to_owned(), is_prefix });
        assert_eq!(parsed("s3://models/a/b.tar.gz", false).unwrap().arn("aws-cn"), "arn:aws-cn:s3:::models/a/b.tar.gz");
        assert_eq!(parsed("s3://models/a/", true).unwrap().arn("aws"), "arn:aws:s3:::models/a/*");
        for other in ["s3://models", "s3://models/", "s3:///a", "https://models.s3.amazonaws.com/a"] {
            assert_eq!(parsed(other, false), None, "{other}");
        }
    }
}
