use crate::aws::hub::Hub;
use crate::error::Error;
use crate::plan::last_stage;
use deployment::{DeploymentRequest, Draft, EarlierVersion, LiveRecord, StageName};
use std::collections::BTreeMap;

/// What a rejection leads to.
pub(crate) enum Comeback {
    /// Everything stays.
    Nothing {
        /// In words.
        reason: String,
    },
    /// This version comes back everywhere.
    To(EarlierVersion),
}

/// Which version comes back for the rejected one: the last that was live in the last stage, and so everywhere, and is
/// still approved.
///
/// # Errors
/// Of the calls; a live version that was rejected and has no such predecessor goes on serving, and somebody has to know.
pub(crate) async fn comeback(
    hub: &impl Hub,
    request: &DeploymentRequest,
    draft: &Draft,
    live: &BTreeMap<StageName, LiveRecord>,
) -> Result<Comeback, Error> {
    let arn = &request.model_package_arn;
    let nothing = |reason: &str| Ok(Comeback::Nothing { reason: format!("version {}: {reason}", arn.version()) });
    let status = hub.model_package(arn).await?.map(|package| package.approval_status);
    if let Some(status) = status.filter(|status| status != "Rejected") {
        return nothing(&format!("is {status} by now, not Rejected"));
    }
    if !live.values().any(|record| record.model_package_arn == *arn) {
        return nothing("is live in no stage");
    }
    if !draft.rollback_on_reject {
        return nothing("goes on serving: the registration does not set rollbackOnReject");
    }
    let earlier = last_stage(draft).and_then(|name| live.get(name)).map(LiveRecord::versions).unwrap_or_default();
    for earlier in earlier.into_iter().filter(|earlier| earlier.model_package_arn != *arn) {
        let package = hub.model_package(&earlier.model_package_arn).await?;
        if package.is_some_and(|package| package.approval_status == "Approved") {
            return Ok(Comeback::To(earlier));
        }
    }
    Err(Error::NothingToComeBackTo { model_package_arn: arn.clone() })
}
