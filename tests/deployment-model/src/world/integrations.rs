//! The AWS operations that the state machine calls itself.

use super::World;
use crate::machine::{Called, TaskError};
use serde_json::{Value, json};
use std::collections::BTreeSet;

impl World {
    /// Anything that is not known here is a failed test: its name, its arguments, and their values as far as the services
    /// look at them.
    pub(super) fn integrate(&self, integration: &str, arguments: &Value) -> Called {
        let answered = |answer: Value| Called::Answered(Ok(answer));
        let mut state = self.state();
        match integration {
            "sns:publish" => {
                let [_, subject, message] = texts(arguments, ["TopicArn", "Subject", "Message"]);
                let accepted = (1..=100).contains(&subject.len()) && subject.is_ascii();
                assert!(accepted && subject.starts_with(|first: char| first.is_ascii_alphanumeric()), "{subject:?}");
                assert!((1..=262_144).contains(&message.len()), "{message:?}");
                state.messages.push(arguments.clone());
                answered(json!({"MessageId": state.messages.len().to_string()}))
            }
            "aws-sdk:ssm:putParameter.waitForTaskToken" => {
                only(arguments, &["Name", "Type", "KeyId", "Tier", "Overwrite", "Value"]);
                let [name, kind, key, tier, value] = ["Name", "Type", "KeyId", "Tier", "Value"]
                    .map(|field| arguments[field].as_str().unwrap().to_owned());
                assert!(!key.is_empty(), "a token is encrypted with a key of the platform's own");
                assert_eq!((kind.as_str(), tier.as_str()), ("SecureString", "Intelligent-Tiering"));
                assert_eq!(arguments["Overwrite"], true);
                assert!((1..=8_192).contains(&value.len()), "{name} has {} bytes", value.len());
                state.parameters.insert(name, value);
                Called::Waits
            }
            "aws-sdk:ssm:deleteParameter" => {
                let [name] = texts(arguments, ["Name"]);
                match state.parameters.remove(&name) {
                    Some(_) => answered(json!({})),
                    None => Called::Answered(Err(TaskError {
                        error: "Ssm.ParameterNotFoundException".to_owned(),
                        cause: format!("no parameter {name}"),
                    })),
                }
            }
            "aws-sdk:cloudwatch:describeAlarms" => {
                only(arguments, &["AlarmNames", "AlarmTypes", "MaxRecords"]);
                assert_eq!(arguments["AlarmTypes"], json!(["MetricAlarm", "CompositeAlarm"]));
                let asked = arguments["AlarmNames"].as_array().unwrap();
                let asked: BTreeSet<_> = asked.iter().map(|name| name.as_str().unwrap()).collect();
                assert!((1..=100).contains(&asked.len()), "CloudWatch takes 1 to 100 names, and each once: {asked:?}");
                let most = arguments["MaxRecords"].as_u64().unwrap_or(50);
                assert!(asked.len() as u64 <= most, "the state machine reads one page, of {most} alarms");
                let alarm = |(name, is_in_alarm): (&String, &bool)| {
                    let (value, reason) = if *is_in_alarm { ("ALARM", "crossed") } else { ("OK", "fine") };
                    json!({"AlarmName": name, "StateValue": value, "StateReason": reason})
                };
                let found = state.alarms.iter().filter(|(name, _)| asked.contains(name.as_str()));
                // Metric alarms and composite ones come in lists of their own.
                let (composite, metric): (Vec<_>, Vec<_>) = found.partition(|(name, _)| name.starts_with("composite"));
                let list = |found: Vec<_>| found.into_iter().map(alarm).collect::<Vec<_>>();
                answered(json!({"MetricAlarms": list(metric), "CompositeAlarms": list(composite)}))
            }
            "aws-sdk:cloudwatch:putMetricData" => {
                only(arguments, &["Namespace", "MetricData"]);
                assert_eq!(arguments["Namespace"], "SecureMlops");
                for metric in arguments["MetricData"].as_array().unwrap() {
                    only(metric, &["MetricName", "Dimensions", "Value", "Unit"]);
                    assert!(metric["Dimensions"].as_array().unwrap().iter().all(|it| it["Value"] != ""), "{metric}");
                    state.metrics.push(metric.clone());
                }
                answered(json!({}))
            }
            "events:putEvents" => {
                only(arguments, &["Entries"]);
                for entry in arguments["Entries"].as_array().unwrap() {
                    only(entry, &["Source", "DetailType", "Detail"]);
                    assert!(entry["Detail"].is_object(), "{entry}");
                    state.events.push(entry.clone());
                }
                answered(json!({"Entries": [{"EventId": state.events.len().to_string()}], "FailedEntryCount": 0}))
            }
            other => panic!("nobody knows {other}"),
        }
    }
}

fn only(arguments: &Value, known: &[&str]) {
    for name in arguments.as_object().unwrap().keys() {
        assert!(known.contains(&name.as_str()), "{name} is none of {known:?}: {arguments}");
    }
}

fn texts<const N: usize>(arguments: &Value, names: [&str; N]) -> [String; N] {
    only(arguments, &names);
    names.map(|name| arguments[name].as_str().unwrap_or_else(|| panic!("{name} is no text: {arguments}")).to_owned())
}
