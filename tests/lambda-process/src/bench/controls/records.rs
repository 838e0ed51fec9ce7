use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::bench::services::Call;
use crate::bench::wire::Answer;

/// What DynamoDB reads for one page of a query.
const PAGE_BYTES: usize = 1 << 20;

/// The table of what is known of resources.
#[derive(Default)]
pub(crate) struct Records {
    /// By partition and sort key.
    items: BTreeMap<(String, String), Value>,
}

/// What the records say of resources.
#[derive(Default)]
pub(crate) struct Judged {
    pub(crate) resources: usize,
    pub(crate) kinds: BTreeSet<String>,
    pub(crate) rules: BTreeSet<String>,
    /// How many of each verdict.
    pub(crate) verdicts: BTreeMap<String, usize>,
}

impl Records {
    pub(crate) fn answer(&mut self, call: &Call<'_>) -> Answer {
        let body: Value = serde_json::from_slice(&call.request.body).unwrap_or_default();
        match call.operation {
            "GetItem" => {
                let item = self.items.get(&key(&body, "/Key"));
                Answer::Document(item.map_or_else(|| json!({}), |item| json!({"Item": item})))
            }
            "PutItem" => self.put(&body),
            "DeleteItem" => {
                self.items.remove(&key(&body, "/Key"));
                Answer::Document(json!({}))
            }
            "Query" => self.query(&body),
            _ => Answer::unknown(call.operation),
        }
    }

    /// Only on top of the version that the writer has seen.
    fn put(&mut self, body: &Value) -> Answer {
        let key = key(body, "/Item");
        let found = self.items.get(&key).map(|item| text(item, "/version/N"));
        let expected = body.pointer("/ExpressionAttributeValues/:version/N").and_then(Value::as_str);
        if found != expected {
            return Answer::refusal("ConditionalCheckFailedException", "The conditional request failed");
        }
        self.items.insert(key, body.get("Item").cloned().unwrap_or_default());
        Answer::Document(json!({}))
    }

    fn query(&self, body: &Value) -> Answer {
        let scope = text(body, "/ExpressionAttributeValues/:scope/S");
        let prefix = text(body, "/ExpressionAttributeValues/:prefix/S");
        let after = text(body, "/ExclusiveStartKey/id/S");
        let from = (scope.to_owned(), prefix.max(after).to_owned());
        let (mut page, mut bytes, mut last) = (Vec::new(), 0, None);
        let found =
            self.items.range(from..).take_while(|((in_scope, id), _)| in_scope == scope && id.starts_with(prefix));
        for ((_, id), item) in found.filter(|((_, id), _)| after.is_empty() || id.as_str() > after) {
            if bytes >= PAGE_BYTES {
                let key = |id: &str| json!({"scope": {"S": scope}, "id": {"S": id}});
                return Answer::Document(json!({"Items": page, "LastEvaluatedKey": last.map(key)}));
            }
            bytes += item.to_string().len();
            page.push(item);
            last = Some(id.as_str());
        }
        Answer::Document(json!({"Items": page}))
    }

    pub(crate) fn judged(&self) -> Judged {
        let mut judged = Judged::default();
        let resources = self.items.iter().filter(|((_, id), _)| id.starts_with("resource/"));
        for (_, item) in resources {
            let document: Value = serde_json::from_str(text(item, "/document/S")).unwrap_or_default();
            judged.resources += 1;
            judged.kinds.insert(text(&document, "/kind").to_owned());
            let verdicts = document.get("verdicts").and_then(Value::as_object).into_iter().flatten();
            for (control, verdict) in verdicts {
                judged.rules.insert(control.clone());
                *judged.verdicts.entry(text(verdict, "/verdict").to_owned()).or_default() += 1;
            }
        }
        judged
    }
}

fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

fn key(body: &Value, place: &str) -> (String, String) {
    let member = |name: &str| text(body, &format!("{place}/{name}/S")).to_owned();
    (member("scope"), member("id"))
}

#[cfg(test)]
mod tests {
    use http::Method;

    use super::*;
    use crate::bench::wire::tests::request;

    fn ask(records: &mut Records, operation: &str, body: &Value) -> Result<Value, String> {
        let request = request("dynamodb", Method::POST, "/", None, &body.to_string());
        match records.answer(&Call { service: "dynamodb", operation, request: &request }) {
            Answer::Document(document) => Ok(document),
            Answer::Refusal { refusal } => Err(refusal.code),
            other => panic!("{other:?}"),
        }
    }

    fn item(id: &str, version: u32, document: &str) -> Value {
        let version = version.to_string();
        json!({"scope": {"S": "1/eu"}, "id": {"S": id}, "version": {"N": version}, "document": {"S": document}})
    }

    fn put(records: &mut Records, item: &Value, expected: Option<u32>) -> Result<Value, String> {
        let values = expected.map(|version| json!({":version": {"N": version.to_string()}}));
        ask(records, "PutItem", &json!({"Item": item, "ExpressionAttributeValues": values}))
    }

    #[test]
    fn only_the_version_that_was_seen_is_written_over() {
        let mut records = Records::default();
        let conflict = Err("ConditionalCheckFailedException".to_owned());
        assert_eq!(put(&mut records, &item("resource/a", 1, "{}"), Some(7)), conflict);
        put(&mut records, &item("resource/a", 1, "{}"), None).unwrap();
        assert_eq!(put(&mut records, &item("resource/a", 2, "{}"), None), conflict);
        put(&mut records, &item("resource/a", 2, "{}"), Some(1)).unwrap();
        let key = json!({"Key": {"scope": {"S": "1/eu"}, "id": {"S": "resource/a"}}});
        assert_eq!(ask(&mut records, "GetItem", &key).unwrap()["Item"]["version"]["N"], "2");
        ask(&mut records, "DeleteItem", &key).unwrap();
        assert_eq!(ask(&mut records, "GetItem", &key), Ok(json!({})));
    }

    #[test]
    fn a_query_pages_by_size_through_one_prefix_of_one_scope() {
        let mut records = Records::default();
        let long = "x".repeat(PAGE_BYTES / 2);
        for id in ["mark/a", "resource/a", "resource/b", "resource/c", "sweep/a"] {
            put(&mut records, &item(id, 1, &long), None).unwrap();
        }
        let mut query = json!({"ExpressionAttributeValues": {":scope": {"S": "1/eu"}, ":prefix": {"S": "resource/"}}});
        let page = ask(&mut records, "Query", &query).unwrap();
        assert_eq!(
            (page["Items"].as_array().unwrap().len(), &page["LastEvaluatedKey"]["id"]["S"]),
            (2, &json!("resource/b"))
        );
        query["ExclusiveStartKey"] = page["LastEvaluatedKey"].clone();
        let page = ask(&mut records, "Query", &query).unwrap();
        assert_eq!((page["Items"].as_array().unwrap().len(), page.get("LastEvaluatedKey")), (1, None));
        query["ExpressionAttributeValues"][":scope"]["S"] = "2/eu".into();
        assert_eq!(ask(&mut records, "Query", &query), Ok(json!({"Items": []})));
    }

    #[test]
    fn verdicts_are_counted_over_all_resources() {
        let mut records = Records::default();
        for (id, verdict) in [("resource/a", "pass"), ("resource/b", "fail"), ("sweep/a", "fail")] {
            let document = json!({"kind": "Model", "verdicts": {"model-in-vpc": {"verdict": verdict}}});
            put(&mut records, &item(id, 1, &document.to_string()), None).unwrap();
        }
        let judged = records.judged();
        assert_eq!((judged.resources, judged.kinds.len(), judged.rules.len()), (2, 1, 1));
        assert_eq!(judged.verdicts, BTreeMap::from([("fail".to_owned(), 1), ("pass".to_owned(), 1)]));
    }
}
