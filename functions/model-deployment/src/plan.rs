use crate::accounts::{accounts, organization_root};
use crate::aws::hub::{Hub, ModelPackage};
use crate::error::Error;
use crate::rejection::{self, Comeback};
use aws_sdk_sagemaker::types::ProductionVariantInstanceType;
use deployment::{
    DeploymentRequest, Draft, Fault, LiveRecord, ParameterNames, Payload, RequestKind, StageDraft, StageName,
    StagePlan, goes_back,
};
use identifiers::ModelPackageArn;
use serde::Serialize;
use std::collections::BTreeMap;

/// What an execution will do, decided before it touches anything.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Plan {
    /// What is deployed: the version in the request, or the one that comes back for a rejected one.
    pub(crate) request: DeploymentRequest,
    /// In order. None: there is nothing to do, or there are faults.
    pub(crate) stages: Vec<StagePlan>,
    /// Why nothing may be touched.
    pub(crate) faults: Vec<Fault>,
    /// A sample payload that is kept elsewhere, whose size is still to be looked at.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) payload: Option<StoredPayload>,
    /// Whether the version is older than the live one.
    pub(crate) goes_back: bool,
    /// Whether who registered the version may not say yes to a stage.
    pub(crate) separation_of_duties: bool,
    /// Why there is nothing to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) reason: Option<String>,
}

/// A sample payload in S3.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct StoredPayload {
    /// Where the registration names it.
    pub(crate) path: &'static str,
    /// `s3://bucket/key`.
    pub(crate) s3_uri: String,
    /// What SageMaker takes for this kind of endpoint, in bytes; the smallest if there are several kinds.
    pub(crate) limit: u64,
}

/// Decides what the execution will do. Everything that is wrong is found before anything is touched, and named at once.
///
/// # Errors
/// Of the calls; a group that is not registered; a rejected version with nothing to come back to.
pub(crate) async fn plan(hub: &impl Hub, request: &DeploymentRequest) -> Result<Plan, Error> {
    let names = ParameterNames::new(&request.platform_name, request.group());
    let parameter = names.registration();
    let document = hub.parameter(&parameter).await?.ok_or(Error::NotRegistered { parameter })?;
    let draft = Draft::read(&document);
    let live = live_records(hub, &names, &draft).await?;
    match request.kind {
        RequestKind::Approval => deployment(hub, request.clone(), draft, &live).await,
        RequestKind::Rejection => match rejection::comeback(hub, request, &draft, &live).await? {
            Comeback::Nothing { reason } => Ok(Plan::nothing(request, &draft, reason)),
            Comeback::To(earlier) => {
                let request = DeploymentRequest {
                    model_package_arn: earlier.model_package_arn,
                    approval: earlier.approval,
                    ..request.clone()
                };
                let mut plan = deployment(hub, request, draft, &live).await?;
                // Who rejected the version has decided; the way back must not wait for somebody else.
                plan.stages.iter_mut().for_each(|stage| stage.approval = None);
                Ok(plan)
            }
        },
    }
}

async fn deployment(
    hub: &impl Hub,
    request: DeploymentRequest,
    mut draft: Draft,
    live: &BTreeMap<StageName, LiveRecord>,
) -> Result<Plan, Error> {
    let arn = &request.model_package_arn;
    let package = hub.model_package(arn).await?;
    let mut faults = std::mem::take(&mut draft.faults);
    let accounts = accounts(hub, &draft.stages, (arn.account_id(), arn.region()), &mut faults).await?;
    faults.extend(draft.stages.iter().flat_map(instance_faults));
    faults.extend(package_faults(arn, package.as_ref(), &draft.stages));
    let goes_back = goes_back(&request, last_stage(&draft).and_then(|name| live.get(name)));
    let mut plan = Plan { payload: stored_payload(&draft), goes_back, faults, ..Plan::nothing(&request, &draft, None) };
    if !plan.faults.is_empty() {
        return Ok(plan);
    }
    let registration = draft.finish().map_err(Error::Registration)?;
    let root = organization_root(hub, &registration.permissions).await?;
    for (stage, accounts) in registration.stages.iter().zip(accounts) {
        let planned = StagePlan::new(&request, &registration, stage, root.clone(), accounts);
        plan.stages.push(planned.map_err(|strangers| Error::Waves { stage: stage.name.clone(), strangers })?);
    }
    tracing::info!(
        model_package_arn = arn.as_str(),
        approval_id = request.approval.id,
        goes_back,
        stages = %plan.stages.iter().map(|it| format!("{}: {} accounts", it.name, it.accounts.len())).collect::<Vec<_>>().join(", "),
        "deployment planned"
    );
    Ok(plan)
}

impl Plan {
    fn nothing(request: &DeploymentRequest, draft: &Draft, reason: impl Into<Option<String>>) -> Self {
        Self {
            request: request.clone(),
            stages: Vec::new(),
            faults: Vec::new(),
            payload: None,
            goes_back: false,
            separation_of_duties: draft.separation_of_duties,
            reason: reason.into(),
        }
    }
}

pub(crate) fn last_stage(draft: &Draft) -> Option<&StageName> {
    draft.stages.last().and_then(|stage| stage.name.as_ref())
}

/// What is live in each stage. A record that cannot be read is as good as none: deploying writes it anew.
async fn live_records(
    hub: &impl Hub,
    names: &ParameterNames<'_>,
    draft: &Draft,
) -> Result<BTreeMap<StageName, LiveRecord>, Error> {
    let mut records = BTreeMap::new();
    for stage in draft.stages.iter().filter_map(|stage| stage.name.as_ref()) {
        let parameter = names.live(stage);
        let Some(text) = hub.parameter(&parameter).await? else { continue };
        match serde_json::from_str(&text) {
            Ok(record) => drop(records.insert(stage.clone(), record)),
            Err(error) => tracing::warn!(parameter, error = %error, "live record could not be read"),
        }
    }
    Ok(records)
}

/// The SDK knows the types of its day: a newer one needs a newer release of this platform.
fn instance_faults(stage: &StageDraft) -> Vec<Fault> {
    let types = stage.endpoint.iter().flat_map(deployment::EndpointSettings::instance_types);
    let known = ProductionVariantInstanceType::values();
    let fault = |instance_type: &str| {
        let nearest = known.iter().min_by_key(|name| strsim::damerau_levenshtein(name, instance_type));
        let hint = nearest.map(|name| format!("; did you mean {name}?")).unwrap_or_default();
        Fault {
            path: format!("{}.endpoint", stage.path),
            problem: format!("has instance type {instance_type}, which SageMaker's endpoints do not have{hint}"),
        }
    };
    types.filter(|name| !known.contains(name)).map(fault).collect()
}

fn package_faults(arn: &ModelPackageArn, package: Option<&ModelPackage>, stages: &[StageDraft]) -> Vec<Fault> {
    let fault = |problem: String| Fault { path: format!("model package {arn}"), problem };
    let Some(package) = package else {
        return vec![fault("does not exist".to_owned())];
    };
    let mut faults = Vec::new();
    if package.status != "Completed" {
        faults.push(fault(format!("expected ModelPackageStatus Completed, found {}", package.status)));
    }
    if package.approval_status != "Approved" {
        faults.push(fault(format!("expected ModelApprovalStatus Approved, found {}", package.approval_status)));
    }
    if package.containers == 0 {
        faults
            .push(fault("has no container in an InferenceSpecification, so no endpoint can be made of it".to_owned()));
    }
    let supported = &package.instance_types;
    for stage in stages.iter().filter(|_| !supported.is_empty()) {
        let types = stage.endpoint.iter().flat_map(deployment::EndpointSettings::instance_types);
        for instance_type in types.filter(|name| !supported.iter().any(|supported| supported == name)) {
            faults.push(fault(format!(
                "does not support instance type {instance_type} of {}, expected one of {}",
                stage.path,
                supported.join(", ")
            )));
        }
    }
    faults
}

fn stored_payload(draft: &Draft) -> Option<StoredPayload> {
    let Payload::S3Uri(s3_uri) = &draft.verification.as_ref()?.payload else { return None };
    let limits = draft.stages.iter().filter_map(|stage| stage.endpoint.as_ref()).map(deployment::payload_limit);
    Some(StoredPayload { path: "$.verification.payload.s3Uri", s3_uri: s3_uri.to_string(), limit: limits.min()? })
}
