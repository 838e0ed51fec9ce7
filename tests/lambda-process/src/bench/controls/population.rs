use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde::Deserialize;
use serde_json::Value;
use tokio::process::Command;

use crate::bench::read_json;

/// Resources of every kind in one account and region, as SageMaker answers about them.
#[derive(Clone, Deserialize)]
pub(crate) struct Population {
    pub(crate) account: String,
    pub(crate) region: String,
    pub(crate) kinds: Vec<Kind>,
}

/// All of a kind.
#[derive(Clone, Deserialize)]
pub(crate) struct Kind {
    /// The call that lists them.
    pub(crate) list: String,
    /// The member of its answer that has them.
    pub(crate) items: String,
    /// The call that describes one.
    pub(crate) describe: String,
    pub(crate) resources: Vec<Resource>,
}

#[derive(Clone, Deserialize)]
pub(crate) struct Resource {
    pub(crate) arn: String,
    /// As it is listed.
    pub(crate) summary: Value,
    /// What the describing call is asked.
    pub(crate) asked: BTreeMap<String, String>,
    pub(crate) description: Value,
    pub(crate) tags: Value,
}

impl Population {
    /// So many resources of the local cloud. Made anew: jobs that were made too long ago are not looked at.
    pub(crate) async fn make(python: &Path, cases: &Path, folder: &Path, resources: usize) -> Result<Self> {
        let file = folder.join("population.json");
        let mut making = Command::new(python);
        making.arg(cases.join("population.py")).arg(resources.to_string()).arg(&file);
        let status = making.env("PYTHONDONTWRITEBYTECODE", "1").status().await.context("cannot start Python")?;
        ensure!(status.success(), "the population could not be made: {status}");
        read_json(&file)
    }

    pub(crate) fn size(&self) -> usize {
        self.kinds.iter().map(|kind| kind.resources.len()).sum()
    }

    /// Only the kinds that one of these calls, such as `sagemaker:DescribeModel`, describes.
    pub(crate) fn described_by(&self, calls: &BTreeMap<String, usize>) -> Self {
        let kinds = self.kinds.iter().map(|kind| match calls.contains_key(&format!("sagemaker:{}", kind.describe)) {
            true => kind.clone(),
            false => Kind { resources: Vec::new(), ..kind.clone() },
        });
        Self { kinds: kinds.collect(), ..self.clone() }
    }

    /// How many kinds there are any of.
    pub(crate) fn kinds(&self) -> usize {
        self.kinds.iter().filter(|kind| !kind.resources.is_empty()).count()
    }

    /// The names of the notebook instances whose users are root, which a control fails.
    pub(crate) fn notebooks_with_root(&self) -> Vec<String> {
        let notebooks = self.kinds.iter().filter(|kind| kind.describe == "DescribeNotebookInstance");
        let resources = notebooks.flat_map(|kind| &kind.resources);
        let with_root = resources.filter(|it| it.description.get("RootAccess") == Some(&Value::from("Enabled")));
        with_root.filter_map(|it| it.asked.get("NotebookInstanceName").cloned()).collect()
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use serde_json::json;

    use super::*;

    /// Notebook instances, every other one with root access, and as many training jobs, every other one of them ended.
    pub(crate) fn population(of_each: usize) -> Population {
        let kind = |noun: &str, items: &str, facts: fn(usize) -> Value| {
            let resources = (0..of_each).map(|number| {
                let name = format!("{noun}-{number}");
                json!({
                    "arn": format!("arn:aws:sagemaker:eu-central-1:111122223333:{noun}/{number}"),
                    "summary": {format!("{noun}Name"): name, "CreationTime": number, "TrainingJobStatus": facts(number)},
                    "asked": {format!("{noun}Name"): name},
                    "description": {format!("{noun}Name"): name, "RootAccess": facts(number)},
                    "tags": [{"Key": "team", "Value": number.to_string()}],
                })
            });
            let (list, describe) = (format!("List{noun}s"), format!("Describe{noun}"));
            json!({"list": list, "items": items, "describe": describe, "resources": resources.collect::<Vec<_>>()})
        };
        serde_json::from_value(json!({
            "account": "111122223333",
            "region": "eu-central-1",
            "kinds": [
                kind("NotebookInstance", "NotebookInstances", |number| {
                    Value::from(if number % 2 == 0 { "Disabled" } else { "Enabled" })
                }),
                kind("TrainingJob", "TrainingJobSummaries", |number| {
                    Value::from(if number % 2 == 0 { "InProgress" } else { "Completed" })
                }),
            ],
        }))
        .unwrap()
    }

    #[test]
    fn kinds_that_nobody_describes_are_left_empty() {
        let all = population(4);
        let some = all.described_by(&BTreeMap::from([("sagemaker:DescribeTrainingJob".to_owned(), 4)]));
        assert_eq!((all.size(), some.size(), all.kinds(), some.kinds()), (8, 4, 2, 1));
        assert_eq!(all.notebooks_with_root(), ["NotebookInstance-1", "NotebookInstance-3"]);
        assert!(some.notebooks_with_root().is_empty());
    }
}
