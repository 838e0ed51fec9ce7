use serde_json::Value;

use crate::answer::{Ids, Outcome};
use crate::attributes::Attributes;
use crate::deadline::TimeLeft;
use crate::envelope::{Envelope, RequestType};
use crate::failure::Failure;
use crate::physical_id::PhysicalId;
use crate::properties::{self, Faults};
use crate::resource::{CustomResource, Progress, Request};
use crate::scope::Scope;

/// What a request comes to.
pub(crate) enum Plan<P> {
    /// The handler has no part in it.
    Settled(Outcome),
    /// Call the handler; `ids` are what to answer then.
    Call { ids: Ids, call: Box<Call<P>> },
}

/// One method of the handler with its arguments.
pub(crate) enum Call<P> {
    Create(Request<P>),
    Update(Request<P>, Option<P>),
    Delete(Request<Option<P>>),
}

/// The requests that end without a resource: those that cannot be understood, and the Delete of what was never made
/// (R19). These must work even when the function cannot start.
pub(crate) fn settled(envelope: &Envelope, kind: &str) -> Option<Outcome> {
    if !envelope.faults.is_empty() {
        return Some(Outcome::failed(format!("the event cannot be used: {}", envelope.faults.join("; "))));
    }
    if Scope::new(&envelope.stack_id, &envelope.logical_id).is_none() {
        return Some(Outcome::failed("the event cannot be used: StackId is not the ARN of a stack"));
    }
    let marker = PhysicalId::failed_create(kind);
    let never_made = envelope.current_id.as_deref() == Some(marker.as_str());
    (envelope.request_type == Some(RequestType::Delete) && never_made).then(|| Outcome::Done(Attributes::new()))
}

/// Runs the resource's own code for reading properties and telling identities, so it belongs inside the guard.
pub(crate) fn plan<R: CustomResource>(resource: &R, envelope: &Envelope, time: TimeLeft) -> Plan<R::Properties> {
    let (Some(request_type), Some(scope)) =
        (envelope.request_type, Scope::new(&envelope.stack_id, &envelope.logical_id))
    else {
        return Plan::Settled(Outcome::failed("the event cannot be used"));
    };
    let target = |properties: &R::Properties| PhysicalId::new(R::KIND, resource.identity(&scope, properties));
    let ids = Ids::without_target(envelope, R::KIND);
    let current = envelope.current_id.as_deref().unwrap_or_default();
    let ours = PhysicalId::of_kind(R::KIND, current);
    let state = envelope.continuation.as_ref().map(|continuation| continuation.state.clone());
    let request_id = envelope.request_id.clone();

    if request_type == RequestType::Delete {
        let properties = read::<R>(&envelope.properties).ok();
        // An id that is not ours names nothing of ours; what the properties name may exist all the same (R20).
        return match ours.or_else(|| properties.as_ref().map(target)) {
            Some(physical_id) => {
                let request = Request { properties, physical_id, scope, request_id, time, state };
                Plan::Call { ids, call: Box::new(Call::Delete(request)) }
            }
            None => Plan::Settled(Outcome::Done(Attributes::new())),
        };
    }
    let properties = match read::<R>(&envelope.properties) {
        Ok(properties) => properties,
        Err(faults) => return Plan::Settled(Outcome::failed(faults.to_string())),
    };
    let physical_id = target(&properties);
    if request_type == RequestType::Create {
        let ids = ids.with_target(envelope, &physical_id);
        let request = Request { properties, physical_id, scope, request_id, time, state };
        return Plan::Call { ids, call: Box::new(Call::Create(request)) };
    }
    let old = read::<R>(&envelope.old_properties).ok();
    let in_place = ours.as_ref() == Some(&physical_id);
    // A foreign id for the identity that the resource already has: were the answer a new id, CloudFormation would send a
    // Delete for the foreign one, with the old properties, and those lead to the very resource that was just adopted.
    let adopted = ours.is_none()
        && current != PhysicalId::failed_create(R::KIND).as_str()
        && old.as_ref().map(target).as_ref() == Some(&physical_id);
    let ids = if adopted { ids } else { ids.with_target(envelope, &physical_id) };
    let request = Request { properties, physical_id, scope, request_id, time, state };
    let call = if in_place { Call::Update(request, old) } else { Call::Create(request) };
    Plan::Call { ids, call: Box::new(call) }
}

fn read<R: CustomResource>(properties: &Value) -> Result<R::Properties, Faults> {
    properties::read(properties, !R::NO_ECHO)
}

impl<P: Send + Sync> Call<P> {
    pub(crate) async fn run<R: CustomResource<Properties = P>>(&self, resource: &R) -> Result<Progress, Failure> {
        match self {
            Self::Create(request) => resource.create(request).await,
            Self::Update(request, old) => resource.update(request, old.as_ref()).await,
            Self::Delete(request) => resource.delete(request).await,
        }
    }

    pub(crate) fn method(&self) -> &'static str {
        match self {
            Self::Create(_) => "create",
            Self::Update(..) => "update",
            Self::Delete(_) => "delete",
        }
    }

    pub(crate) fn resume(&mut self, state: Value) {
        match self {
            Self::Create(request) | Self::Update(request, _) => request.state = Some(state),
            Self::Delete(request) => request.state = Some(state),
        }
    }
}
