//! Settings out of a registration, or every fault that they have.

use super::EndpointType::{Asynchronous, RealTime, Serverless};
use super::text::{is_key_arn, is_parameter_name, is_s3_uri, is_topic_arn, is_variant_name};
use super::traffic::traffic;
use super::{Alarms, DataCapture, EndpointSettings, EndpointType, Instance, Network, Scaling, Traffic, Variant};
use checked_document::{Node, Object};
use identifiers::instance_type::{is_instance_type, is_without_traffic_shift};
use std::str::FromStr;

/// Each member is read before the first `?`, so that no fault hides another.
pub(crate) fn endpoint(node: &Node<'_>) -> Option<EndpointSettings> {
    let mut members = node.object()?;
    let kind = members.required("type").and_then(|node| node.text::<EndpointType>());
    let with_instances = [RealTime, Asynchronous];
    let variants = of_kinds(&mut members, "variants", kind, &with_instances, |node| variants(node, kind));
    let serverless = of_kinds(&mut members, "serverless", kind, &[Serverless], serverless);
    let asynchronous = of_kinds(&mut members, "asynchronous", kind, &[Asynchronous], asynchronous);
    let needed = match kind {
        Some(Serverless) => vec!["serverless"],
        Some(Asynchronous) => vec!["variants", "asynchronous"],
        Some(RealTime) => vec!["variants"],
        None => Vec::new(),
    };
    for name in needed {
        if members.optional(name).is_none() {
            members.fault::<()>(format_args!("has no {name:?}, which this type of endpoint needs"));
        }
    }
    let volume_key_arn = optional(&mut members, "volumeKeyArn", key_arn);
    let scaling = {
        let variants = variants.as_ref().and_then(Option::as_deref).unwrap_or_default();
        of_kinds(&mut members, "scaling", kind, &with_instances, |node| scaling(node, kind, variants))
    };
    let data_capture = of_kinds(&mut members, "dataCapture", kind, &with_instances, data_capture);
    let alarms = optional(&mut members, "alarms", alarms);
    let traffic = {
        let variants = variants.as_ref().and_then(Option::as_deref).unwrap_or_default();
        optional(&mut members, "traffic", |node| traffic(node, variants)).map(|given| {
            let cannot = variants.iter().any(|variant| is_without_traffic_shift(&variant.instance.instance_type));
            // Alarms see nothing of a version that has all requests and is left alone with them at once.
            given.or_else(|| (alarms.is_some_and(|it| it.is_some()) && !cannot).then(Traffic::all_at_once))
        })
    };
    let network = of_kinds(&mut members, "network", kind, &with_instances, network);
    members.close();
    Some(EndpointSettings {
        endpoint_type: kind?,
        variants: variants?.unwrap_or_default(),
        serverless: serverless?,
        asynchronous: asynchronous?,
        volume_key_arn: volume_key_arn?,
        scaling: scaling?,
        data_capture: data_capture?,
        traffic: traffic?,
        alarms: alarms?,
        network: network?,
    })
}

/// A member that is not there is no fault: `Some(None)`. One that is there and faulty is `None`.
pub(super) fn optional<T>(
    members: &mut Object<'_>,
    name: &'static str,
    read: impl FnOnce(&Node<'_>) -> Option<T>,
) -> Option<Option<T>> {
    members.optional(name).map_or(Some(None), |node| read(&node).map(Some))
}

/// A member that only these kinds of endpoints may have; its own faults are named all the same.
fn of_kinds<T>(
    members: &mut Object<'_>,
    name: &'static str,
    kind: Option<EndpointType>,
    kinds: &[EndpointType],
    read: impl FnOnce(&Node<'_>) -> Option<T>,
) -> Option<Option<T>> {
    optional(members, name, |node| match kind {
        Some(kind) if !kinds.contains(&kind) => {
            let kinds: Vec<_> = kinds.iter().map(|kind| format!("\"{kind}\"")).collect();
            read(node);
            node.fault(format_args!("cannot be with type \"{kind}\", only with {}", kinds.join(" or ")))
        }
        _ => read(node),
    })
}

fn variants(node: &Node<'_>, kind: Option<EndpointType>) -> Option<Vec<Variant>> {
    let found = node.some(variant)?;
    let count = found.len();
    if count > 2 {
        return node.fault(format_args!("expected one or two variants, found {count}"));
    }
    if count > 1 && kind == Some(Asynchronous) {
        return node.fault("expected one variant: an asynchronous endpoint has one queue for all of its instances");
    }
    if let [first, second] = found.as_slice()
        && first.name == second.name
    {
        return node.fault(format_args!("has two variants of the name {:?}", first.name));
    }
    let total: u32 = found.iter().map(|variant| variant.weight).sum();
    if total != 100 {
        let how = if count == 1 { "; a single variant needs no weight" } else { "" };
        return node.fault(format_args!("expected weights that add up to 100, found {total}{how}"));
    }
    Some(found)
}

fn variant(node: &Node<'_>) -> Option<Variant> {
    let mut variant = node.object()?;
    let name = variant
        .required("name")
        .and_then(|node| node.text_where("a name of 1 to 63 letters, digits and inner hyphens", is_variant_name));
    let instance = variant.required("instance").and_then(|node| instance(&node));
    let weight = variant.optional("weight").map_or(Some(100), |node| node.integer(1..=100));
    variant.close();
    Some(Variant { name: name?, instance: instance?, weight: weight? })
}

fn instance(node: &Node<'_>) -> Option<Instance> {
    let mut instance = node.object()?;
    let instance_type = instance
        .required("type")
        .and_then(|node| node.text_where("an instance type such as ml.m5.large", is_instance_type));
    let count = instance.required("count").and_then(|node| node.integer(1..=1000));
    instance.close();
    Some(Instance { instance_type: instance_type?, count: count? })
}

fn serverless(node: &Node<'_>) -> Option<super::Serverless> {
    let mut serverless = node.object()?;
    let memory_mb = serverless.required("memoryMb").and_then(|node| {
        let memory = node.integer(1024..=6144)?;
        if memory.is_multiple_of(1024) {
            return Some(memory);
        }
        node.fault(format_args!("expected 1024, 2048, 3072, 4096, 5120 or 6144, found {memory}"))
    });
    let max_concurrency = serverless.required("maxConcurrency").and_then(|node| node.integer(1..=200));
    let provisioned_concurrency = optional(&mut serverless, "provisionedConcurrency", |node| {
        // With a faulty maximum, whatever SageMaker takes at most.
        node.integer(1..=max_concurrency.unwrap_or(200))
    });
    serverless.close();
    Some(super::Serverless {
        memory_mb: memory_mb?,
        max_concurrency: max_concurrency?,
        provisioned_concurrency: provisioned_concurrency?,
    })
}

fn asynchronous(node: &Node<'_>) -> Option<super::Asynchronous> {
    let mut members = node.object()?;
    let output_path = members.required("outputPath").and_then(|node| s3_uri(&node));
    let failure_path = optional(&mut members, "failurePath", s3_uri);
    let key_arn = optional(&mut members, "keyArn", key_arn);
    let success_topic_arn = optional(&mut members, "successTopicArn", topic_arn);
    let error_topic_arn = optional(&mut members, "errorTopicArn", topic_arn);
    let invocations = optional(&mut members, "maxConcurrentInvocationsPerInstance", |node| node.integer(1..=1000));
    members.close();
    Some(super::Asynchronous {
        output_path: output_path?,
        failure_path: failure_path?,
        key_arn: key_arn?,
        success_topic_arn: success_topic_arn?,
        error_topic_arn: error_topic_arn?,
        max_concurrent_invocations_per_instance: invocations?,
    })
}

fn scaling(node: &Node<'_>, kind: Option<EndpointType>, variants: &[Variant]) -> Option<Scaling> {
    let mut scaling = node.object()?;
    let lowest = u32::from(kind != Some(Asynchronous));
    let min_count = scaling.required("minCount").and_then(|node| node.integer(lowest..=1000));
    let max_count = scaling.required("maxCount").and_then(|node| {
        let max = node.integer(1..=1000)?;
        match min_count {
            Some(min) if max < min => {
                node.fault(format_args!("expected at least minCount, which is {min}, found {max}"))
            }
            _ => Some(max),
        }
    });
    let limits = min_count.zip(max_count);
    let outside = |count: u32| limits.is_some_and(|(min, max)| !(min..=max).contains(&count));
    for variant in variants.iter().filter(|variant| outside(variant.instance.count)) {
        let (name, count) = (&variant.name, variant.instance.count);
        node.fault::<()>(format_args!(
            "variant {name:?} begins with {count} instances, which is outside of its limits"
        ));
    }
    // From the scalable target's own bounds; what one instance can do is not known here.
    let mut load = |name, of| of_kinds(&mut scaling, name, kind, &[of], |node| node.integer(1..=100_000_000));
    let invocations_per_instance = load("invocationsPerInstance", RealTime);
    let backlog_per_instance = load("backlogPerInstance", Asynchronous);
    let needed = match kind {
        Some(RealTime) => Some(("invocationsPerInstance", invocations_per_instance)),
        Some(Asynchronous) => Some(("backlogPerInstance", backlog_per_instance)),
        Some(Serverless) | None => None,
    };
    if let Some((name, Some(None))) = needed {
        scaling.fault::<()>(format_args!("has no {name:?}, which is required"));
    }
    scaling.close();
    Some(Scaling {
        min_count: min_count?,
        max_count: max_count?,
        invocations_per_instance: invocations_per_instance?,
        backlog_per_instance: backlog_per_instance?,
    })
}

fn data_capture(node: &Node<'_>) -> Option<DataCapture> {
    let mut capture = node.object()?;
    let percentage = capture.required("percentage").and_then(|node| node.integer(1..=100));
    let destination = capture.required("destination").and_then(|node| s3_uri(&node));
    let key_arn = optional(&mut capture, "keyArn", key_arn);
    capture.close();
    Some(DataCapture { percentage: percentage?, destination: destination?, key_arn: key_arn? })
}

fn alarms(node: &Node<'_>) -> Option<Alarms> {
    let mut alarms = node.object()?;
    let max_server_errors = optional(&mut alarms, "maxServerErrors", |node| node.integer(0..=1_000_000));
    // Longer than an hour no request lives.
    let max_model_latency_ms = optional(&mut alarms, "maxModelLatencyMs", |node| node.integer(1..=3_600_000));
    if (max_server_errors, max_model_latency_ms) == (Some(None), Some(None)) {
        alarms.fault::<()>("has neither \"maxServerErrors\" nor \"maxModelLatencyMs\"; expected one of them or both");
    }
    alarms.close();
    Some(Alarms { max_server_errors: max_server_errors?, max_model_latency_ms: max_model_latency_ms? })
}

fn network(node: &Node<'_>) -> Option<Network> {
    let mut network = node.object()?;
    let subnets = network.required("subnetIdsParameter").and_then(|node| parameter_name(&node));
    let groups = network.required("securityGroupIdsParameter").and_then(|node| parameter_name(&node));
    network.close();
    Some(Network { subnet_ids_parameter: subnets?, security_group_ids_parameter: groups? })
}

fn s3_uri(node: &Node<'_>) -> Option<String> {
    node.text_where("an S3 URI such as s3://bucket/prefix", is_s3_uri)
}

fn key_arn(node: &Node<'_>) -> Option<String> {
    node.text_where(
        "a key's ARN such as arn:aws:kms:eu-central-1:111111111111:key/1234abcd-12ab-34cd-56ef-1234567890ab",
        is_key_arn,
    )
}

fn topic_arn(node: &Node<'_>) -> Option<String> {
    node.text_where("a topic's ARN such as arn:aws:sns:eu-central-1:111111111111:answers", is_topic_arn)
}

fn parameter_name(node: &Node<'_>) -> Option<String> {
    node.text_where("a parameter's name such as /team/prod/private-subnet-ids", is_parameter_name)
}

impl FromStr for EndpointType {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "realTime" => Ok(RealTime),
            "asynchronous" => Ok(Asynchronous),
            "serverless" => Ok(Serverless),
            _ => Err("realTime, asynchronous or serverless"),
        }
    }
}
