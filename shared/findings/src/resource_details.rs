use control_records::ResourceRecord;
use controls::{Kind, Need, Resource};
use serde_json::{Map, Value, json};

use crate::finding::time;
use crate::text::{cut, is_blank};

/// The partitions that the format knows; of a resource elsewhere only the ARN says where it is.
const PARTITIONS: [&str; 3] = ["aws", "aws-cn", "aws-us-gov"];
/// What the format has of a notebook instance. It has no other type of SageMaker's.
const NOTEBOOK_TEXTS: [&str; 15] = [
    "DefaultCodeRepository",
    "DirectInternetAccess",
    "FailureReason",
    "InstanceType",
    "KmsKeyId",
    "NetworkInterfaceId",
    "NotebookInstanceArn",
    "NotebookInstanceLifecycleConfigName",
    "NotebookInstanceName",
    "NotebookInstanceStatus",
    "PlatformIdentifier",
    "RoleArn",
    "RootAccess",
    "SubnetId",
    "Url",
];
const NOTEBOOK_LISTS: [&str; 3] = ["AcceleratorTypes", "AdditionalCodeRepositories", "SecurityGroups"];
const METADATA: &str = "InstanceMetadataServiceConfiguration";
const METADATA_VERSION: &str = "MinimumInstanceMetadataServiceVersion";

const MOST_PAIRS: usize = 50;
/// In characters; a key has to have fewer than 128, a value of `Other` fewer than 1024.
const LONGEST_KEY: usize = 127;
const LONGEST_TEXT: usize = 256;
/// In characters.
const LONGEST_ID: usize = 512;

/// The resource that a finding is about.
pub(crate) fn resource(record: &ResourceRecord, described: Option<&Resource>) -> Value {
    let mut resource = json!({
        "Type": if record.kind == Kind::NotebookInstance { "AwsSageMakerNotebookInstance" } else { "Other" },
        "Id": cut(&record.arn, LONGEST_ID),
        "Region": record.region,
    });
    let mut put = |name: &str, value: Value| {
        if let Some(members) = resource.as_object_mut() {
            members.insert(name.to_owned(), value);
        }
    };
    if let Some(partition) = record.arn.split(':').nth(1).filter(|partition| PARTITIONS.contains(partition)) {
        put("Partition", partition.into());
    }
    let tags = described.map(tags).unwrap_or_default();
    if !tags.is_empty() {
        put("Tags", tags.into());
    }
    let mut details = json!({"Other": other(record, described)});
    if let (Kind::NotebookInstance, Some(described), Some(members)) = (record.kind, described, details.as_object_mut())
    {
        members.insert("AwsSageMakerNotebookInstance".to_owned(), notebook(&described.description).into());
    }
    put("Details", details);
    resource
}

fn tags(described: &Resource) -> Map<String, Value> {
    let tags = described.related(Need::Tags).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    tags.iter()
        .filter_map(|tag| Some((tag.get("Key")?.as_str()?, tag.get("Value")?.as_str()?)))
        // A tag may have an empty value, a finding's may not.
        .filter(|(key, value)| !is_blank(key) && !is_blank(value))
        .take(MOST_PAIRS)
        .map(|(key, value)| (cut(key, LONGEST_KEY), cut(value, LONGEST_TEXT).into()))
        .collect()
}

fn notebook(description: &Value) -> Map<String, Value> {
    let mut details = Map::new();
    for name in NOTEBOOK_TEXTS {
        if let Some(text) = text(description.get(name)) {
            details.insert(name.to_owned(), text.into());
        }
    }
    for name in NOTEBOOK_LISTS {
        let items = description.get(name).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let items: Vec<String> = items.iter().filter_map(|item| text(Some(item))).collect();
        if !items.is_empty() {
            details.insert(name.to_owned(), items.into());
        }
    }
    if let Some(size) = description.get("VolumeSizeInGB").and_then(Value::as_i64) {
        details.insert("VolumeSizeInGB".to_owned(), size.into());
    }
    if let Some(version) = text(description.get(METADATA).and_then(|metadata| metadata.get(METADATA_VERSION))) {
        details.insert(METADATA.to_owned(), json!({METADATA_VERSION: version}));
    }
    details
}

/// What is on record, and of a kind that the format does not know the members of the description that are one value. What lies
/// deeper could hold what no finding should: environment variables, scripts, hyperparameters.
fn other(record: &ResourceRecord, described: Option<&Resource>) -> Map<String, Value> {
    let mut pairs = Map::new();
    let mut put = |name: &str, value: &str| {
        if !is_blank(value) {
            pairs.insert(name.to_owned(), cut(value, LONGEST_TEXT).into());
        }
    };
    put("Kind", record.kind.facts().name);
    put("Name", &record.name);
    put("Account", record.account.as_str());
    put("Region", record.region.as_str());
    put("Status", record.status.as_deref().unwrap_or_default());
    put("InstanceType", record.instance_type.as_deref().unwrap_or_default());
    put("Created", &record.created.map(time).unwrap_or_default());
    let members = described.and_then(|described| described.description.as_object());
    let members = members.filter(|_| record.kind != Kind::NotebookInstance);
    for (name, value) in members.into_iter().flatten() {
        if pairs.len() < MOST_PAIRS
            && name.chars().count() <= LONGEST_KEY
            && !is_blank(name)
            && let Some(value) = scalar(value)
        {
            pairs.entry(name).or_insert(value.into());
        }
    }
    pairs
}

fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::Bool(_) | Value::Number(_) => Some(value.to_string()),
        value => text(Some(value)),
    }
}

fn text(value: Option<&Value>) -> Option<String> {
    value.and_then(Value::as_str).filter(|text| !is_blank(text)).map(|text| cut(text, LONGEST_TEXT))
}
