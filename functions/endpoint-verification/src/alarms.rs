use crate::aws::targets::TargetAccounts;
use crate::results::{Check, Outcome};
use crate::session::Place;
use aws_ports::AwsError;

/// Looks for alarms that belong to the endpoint, which is by their names, and have gone off.
pub(crate) async fn look<T: TargetAccounts>(place: &Place<'_, T>, endpoint: &str) -> Result<Check, AwsError> {
    let prefix = format!("{endpoint}-");
    let names = place.targets.alarms(place.session, place.region, &prefix).await?;
    let expected = format!("no alarm {prefix}* in ALARM");
    Ok(match names.as_slice() {
        [] => Check::of(Outcome::Passed, "alarms", expected, "none"),
        names => Check::of(Outcome::Failed, "alarms", expected, names.join(", ")),
    })
}
