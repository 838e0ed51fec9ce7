use std::collections::BTreeMap;

use serde::Deserialize;

use super::services::Call;
use super::wire::Answer;

/// What one service always answers, by operation.
pub(crate) type Operations = BTreeMap<String, Canned>;

/// What one operation answers.
#[derive(Deserialize)]
#[serde(untagged)]
pub(crate) enum Canned {
    /// The first whose text is in the request's address or body.
    Choice(Vec<Choice>),
    /// The same for everyone.
    Always(Answer),
}

#[derive(Deserialize)]
pub(crate) struct Choice {
    when: String,
    answer: Answer,
}

/// Answers a call from the services by signing name. What has no answer there is refused.
pub(crate) fn answer(services: &BTreeMap<String, Operations>, call: &Call<'_>) -> Answer {
    let canned = services.get(call.service).and_then(|operations| operations.get(call.operation));
    let answer = match canned {
        Some(Canned::Always(answer)) => Some(answer),
        Some(Canned::Choice(choices)) => {
            let body = String::from_utf8_lossy(&call.request.body);
            let asked = |when: &str| body.contains(when) || call.request.target.contains(when);
            choices.iter().find(|choice| asked(&choice.when)).map(|choice| &choice.answer)
        }
        None => None,
    };
    answer.cloned().unwrap_or_else(|| Answer::unknown(&format!("{}:{}", call.service, call.operation)))
}

#[cfg(test)]
mod tests {
    use http::Method;
    use serde_json::json;

    use super::*;
    use crate::bench::wire::tests::request;

    #[test]
    fn a_choice_looks_at_address_and_body_and_what_is_not_there_is_refused() {
        let services: BTreeMap<String, Operations> = serde_json::from_value(json!({
            "elasticfilesystem": {
                "DescribeFileSystems": [
                    {"when": "FileSystemId=fs-1", "answer": {"FileSystems": [1]}},
                    {"when": "named", "answer": {"refusal": {"code": "FileSystemNotFound"}}},
                ],
            },
        }))
        .unwrap();
        let ask = |operation: &str, target: &str, body: &str| {
            let request = request("elasticfilesystem", Method::GET, target, None, body);
            answer(&services, &Call { service: "elasticfilesystem", operation, request: &request })
        };
        let found = Answer::Document(json!({"FileSystems": [1]}));
        assert_eq!(ask("DescribeFileSystems", "/file-systems?FileSystemId=fs-1", ""), found);
        assert_eq!(ask("DescribeFileSystems", "/", "named"), Answer::refusal("FileSystemNotFound", ""));
        for (operation, body) in [("DescribeFileSystems", ""), ("DeleteFileSystem", "named")] {
            let Answer::Refusal { refusal } = ask(operation, "/", body) else { panic!("{operation} was answered") };
            assert_eq!(refusal.code, "UnknownOperationException");
        }
    }
}
