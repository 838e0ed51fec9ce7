use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::population::Population;
use crate::bench::scale::page;
use crate::bench::services::Call;
use crate::bench::wire::Answer;

/// The pages of a listing where none are asked for, and the largest.
const USUAL_PAGE: usize = 10;
const LARGEST_PAGE: usize = 100;

/// SageMaker with a population in it.
pub(crate) struct SageMaker {
    listings: BTreeMap<String, Listing>,
    /// By operation, then by what is asked.
    descriptions: BTreeMap<String, BTreeMap<BTreeMap<String, String>, Value>>,
    /// By ARN.
    tags: BTreeMap<String, Value>,
}

struct Listing {
    items: String,
    summaries: Vec<Value>,
}

impl SageMaker {
    pub(crate) fn new(population: Population) -> Self {
        let mut sagemaker = Self { listings: BTreeMap::new(), descriptions: BTreeMap::new(), tags: BTreeMap::new() };
        for kind in population.kinds {
            let descriptions = sagemaker.descriptions.entry(kind.describe).or_default();
            let mut summaries = Vec::with_capacity(kind.resources.len());
            for resource in kind.resources {
                summaries.push(resource.summary);
                descriptions.insert(resource.asked, resource.description);
                sagemaker.tags.insert(resource.arn, resource.tags);
            }
            sagemaker.listings.insert(kind.list, Listing { items: kind.items, summaries });
        }
        sagemaker
    }

    pub(crate) fn answer(&self, call: &Call<'_>) -> Answer {
        if let Some(listing) = self.listings.get(call.operation) {
            return match serde_json::from_slice(&call.request.body) {
                Ok(asked) => listing.page(&asked).unwrap_or_else(|refusal| refusal),
                Err(error) => Answer::refusal("SerializationException", error.to_string()),
            };
        }
        if let Some(descriptions) = self.descriptions.get(call.operation) {
            let asked = serde_json::from_slice(&call.request.body).unwrap_or_default();
            return descriptions.get(&asked).map_or_else(
                || Answer::refusal("ResourceNotFound", format!("{} {asked:?} finds nothing", call.operation)),
                |description| Answer::Document(description.clone()),
            );
        }
        match call.operation {
            "ListTags" => {
                let arn = call.text("ResourceArn");
                self.tags.get(&arn).map_or_else(
                    || Answer::refusal("ResourceNotFound", format!("nothing is {arn}")),
                    |tags| Answer::Document(json!({"Tags": tags})),
                )
            }
            // The population has no models in a registry.
            "ListModelPackageGroups" => Answer::Document(json!({"ModelPackageGroupSummaryList": []})),
            _ => Answer::unknown(call.operation),
        }
    }
}

impl Listing {
    fn page(&self, asked: &Map<String, Value>) -> Result<Answer, Answer> {
        let known = ["MaxResults", "NextToken", "CreationTimeAfter", "CreationTimeBefore", "StatusEquals"];
        if let Some(unknown) = asked.keys().find(|name| !known.contains(&name.as_str())) {
            return Err(Answer::refusal("ValidationException", format!("{unknown} is not filtered by here")));
        }
        let wanted: Vec<_> = self.summaries.iter().filter(|summary| is_wanted(summary, asked)).collect();
        let most = asked.get("MaxResults").and_then(Value::as_u64);
        let most = most.map_or(USUAL_PAGE, |most| usize::try_from(most).unwrap_or(usize::MAX));
        let token = asked.get("NextToken").and_then(Value::as_str).unwrap_or_default();
        let (shown, next) = page(wanted.len(), token, most, LARGEST_PAGE)?;
        let shown = wanted.get(shown).unwrap_or_default();
        let mut answer = Map::from_iter([(self.items.clone(), json!(shown))]);
        answer.extend(next.map(|token| ("NextToken".to_owned(), token.into())));
        Ok(Answer::Document(answer.into()))
    }
}

fn is_wanted(summary: &Value, asked: &Map<String, Value>) -> bool {
    let created = summary.get("CreationTime").and_then(Value::as_f64).unwrap_or_default();
    let limit = |name: &str| asked.get(name).and_then(Value::as_f64);
    let status = || {
        let members = summary.as_object().into_iter().flatten();
        members.filter(|(name, _)| name.ends_with("JobStatus")).map(|(_, status)| status).next()
    };
    limit("CreationTimeAfter").is_none_or(|after| created > after)
        && limit("CreationTimeBefore").is_none_or(|before| created < before)
        && asked.get("StatusEquals").is_none_or(|wanted| status() == Some(wanted))
}

#[cfg(test)]
mod tests {
    use http::Method;

    use super::*;
    use crate::bench::controls::population::tests::population;
    use crate::bench::wire::tests::request;

    fn ask(sagemaker: &SageMaker, operation: &str, body: &Value) -> Result<Value, String> {
        let request = request("sagemaker", Method::POST, "/", None, &body.to_string());
        match sagemaker.answer(&Call { service: "sagemaker", operation, request: &request }) {
            Answer::Document(document) => Ok(document),
            Answer::Refusal { refusal } => Err(refusal.code),
            other => panic!("{other:?}"),
        }
    }

    fn listed(sagemaker: &SageMaker, operation: &str, items: &str, mut asked: Value) -> (usize, usize) {
        let (mut pages, mut found) = (0, 0);
        loop {
            let page = ask(sagemaker, operation, &asked).unwrap();
            pages += 1;
            found += page[items].as_array().unwrap().len();
            match page.get("NextToken") {
                Some(token) => asked["NextToken"] = token.clone(),
                None => return (pages, found),
            }
        }
    }

    #[test]
    fn listings_come_in_pages_of_the_size_that_is_asked_for() {
        let sagemaker = SageMaker::new(population(45));
        let notebooks = |asked| listed(&sagemaker, "ListNotebookInstances", "NotebookInstances", asked);
        assert_eq!(notebooks(json!({})), (5, 45));
        assert_eq!(notebooks(json!({"MaxResults": 20})), (3, 45));
        assert_eq!(notebooks(json!({"MaxResults": 100})), (1, 45));
        for faulty in [json!({"MaxResults": 101}), json!({"NextToken": "x"}), json!({"NameContains": "a"})] {
            let refused = ask(&sagemaker, "ListNotebookInstances", &faulty);
            assert_eq!(refused, Err("ValidationException".to_owned()), "{faulty}");
        }
    }

    #[test]
    fn jobs_are_filtered_by_their_time_and_status() {
        let sagemaker = SageMaker::new(population(10));
        let jobs = |asked| listed(&sagemaker, "ListTrainingJobs", "TrainingJobSummaries", asked).1;
        assert_eq!(jobs(json!({"CreationTimeAfter": 6})), 3);
        assert_eq!(jobs(json!({"CreationTimeBefore": 6})), 6);
        assert_eq!(jobs(json!({"CreationTimeBefore": 6, "StatusEquals": "InProgress"})), 3);
        assert_eq!(jobs(json!({"StatusEquals": "Failed"})), 0);
    }

    #[test]
    fn one_is_described_by_its_name_and_tagged_by_its_arn() {
        let sagemaker = SageMaker::new(population(2));
        let job = json!({"TrainingJobName": "TrainingJob-1"});
        assert_eq!(ask(&sagemaker, "DescribeTrainingJob", &job).unwrap()["TrainingJobName"], "TrainingJob-1");
        let arn = json!({"ResourceArn": "arn:aws:sagemaker:eu-central-1:111122223333:TrainingJob/1"});
        assert_eq!(ask(&sagemaker, "ListTags", &arn).unwrap()["Tags"][0]["Value"], "1");
        let missing = Err("ResourceNotFound".to_owned());
        assert_eq!(ask(&sagemaker, "DescribeTrainingJob", &json!({"TrainingJobName": "TrainingJob-2"})), missing);
        assert_eq!(ask(&sagemaker, "DescribeTrainingJob", &json!({"TrainingJobName": 1})), missing);
        assert_eq!(ask(&sagemaker, "ListTags", &json!({"ResourceArn": "arn"})), missing);
        assert_eq!(ask(&sagemaker, "DescribeModel", &job), Err("UnknownOperationException".to_owned()));
    }
}
