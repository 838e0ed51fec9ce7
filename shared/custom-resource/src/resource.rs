use serde_json::Value;

use crate::attributes::Attributes;
use crate::deadline::TimeLeft;
use crate::failure::Failure;
use crate::physical_id::PhysicalId;
use crate::properties::FromProperties;
use crate::scope::Scope;

/// One kind of resource: what CloudFormation's three requests do to it.
///
/// Each method may be called more than once for the same request (Lambda delivers an event again, R30), after an earlier
/// attempt that stopped half-way, and backwards when a stack rolls back (R23). So a method brings about the state that the
/// properties describe, whatever it finds; it does not replay a difference.
pub trait CustomResource: Send + Sync + 'static {
    /// Kebab-case name of the resource, first segment of each physical id, e.g. `sagemaker-projects`.
    ///
    /// Checked when the function is compiled: lower-case letters, digits and hyphens, at most 60. Renaming it turns the
    /// resources of existing stacks into foreign ones (see [`CustomResource::delete`]).
    const KIND: &'static str;

    /// The attributes are secrets: answers carry `NoEcho`, and faults do not quote property values (R37).
    const NO_ECHO: bool = false;

    /// What the template's author writes under `Properties`.
    type Properties: FromProperties + Send + Sync + 'static;

    /// The segments of the physical id after `KIND` (R17, R18).
    ///
    /// Only what forces a replacement belongs here: when an update changes it, CloudFormation gets a new id and, once the
    /// whole update has succeeded, sends a Delete for the old one. By default the resource is one per stack and logical
    /// id, and is never replaced. Must depend on its arguments alone, and two resources must not share an identity.
    fn identity(&self, scope: &Scope, _properties: &Self::Properties) -> Vec<String> {
        vec![scope.stack_name.clone(), scope.stack_guid.clone(), scope.logical_id.clone()]
    }

    /// Makes the resource, or adopts what an earlier attempt at the same identity made.
    ///
    /// Also called for an Update whose identity differs from the current id's: the old resource must stay as it is, a
    /// Delete for it follows (R22).
    ///
    /// # Errors
    /// A failure means that nothing was made, and the Delete that CloudFormation sends next never reaches [`Self::delete`]
    /// (R19). When something was made, say so with [`Failure::half_made`].
    fn create(&self, request: &Request<Self::Properties>) -> impl Future<Output = Result<Progress, Failure>> + Send;

    /// Brings the resource to the new properties. The identity is unchanged.
    ///
    /// `old` is `None` when the old properties cannot be read, as those of an earlier release may not be (R24). It is
    /// called with `old` equal to the new properties when only `ServiceToken` or `ServiceTimeout` changed (R25): it must
    /// return the attributes all the same, for `Fn::GetAtt` reads them from this answer.
    ///
    /// # Errors
    /// A failure keeps the current id, and CloudFormation sends another Update with the old properties.
    fn update(
        &self,
        request: &Request<Self::Properties>,
        old: Option<&Self::Properties>,
    ) -> impl Future<Output = Result<Progress, Failure>> + Send;

    /// Removes the resource. What is gone already is a success (R26). The attributes are not sent.
    ///
    /// The properties are `None` when they cannot be read although the id is one of this kind: the id has to suffice,
    /// see [`PhysicalId::segments`]. Never called for a resource whose Create failed with nothing made (R19). For an id
    /// that is not of this kind, as CloudFormation invents one when it cancels a Create (R20), it is called with the
    /// id that these properties give, or not at all when they cannot be read.
    ///
    /// # Errors
    /// A failure leaves the resource in the stack as `DELETE_FAILED`.
    fn delete(
        &self,
        request: &Request<Option<Self::Properties>>,
    ) -> impl Future<Output = Result<Progress, Failure>> + Send;
}

/// What a method of [`CustomResource`] is asked for.
///
/// The address that answers CloudFormation is not here: the library alone holds it (R39).
pub struct Request<P> {
    /// The resource's own properties, read and checked.
    pub properties: P,
    /// The id of the resource this request is about: the new one when it is being made.
    pub physical_id: PhysicalId,
    /// Where the resource lives.
    pub scope: Scope,
    /// CloudFormation's id of the request. The same when an event is delivered again, but also when a deployment is
    /// retried: a token for idempotency, never a name that may be used once only (R31).
    pub request_id: String,
    /// How long the method may take.
    pub time: TimeLeft,
    /// What the last [`Progress::Unfinished`] of this request handed over; `None` in the first call.
    pub state: Option<Value>,
}

/// What a method has reached.
#[derive(Debug)]
pub enum Progress {
    /// The resource is as asked for.
    Done(Attributes),
    /// The work goes on by itself, and has to be looked at again.
    ///
    /// The library calls the same method again after `again_in`, in this invocation while it has time left, then in a new
    /// one (see [`crate::Function::continuing_with`]), until `ServiceTimeout` is nearly over. Then it answers FAILED,
    /// saying what was waited for. After the first one, a failure counts as [`Failure::half_made`].
    Unfinished {
        /// What is waited for, for a person who reads the stack's events: "the portfolio share".
        waiting_for: String,
        /// Handed to the next call as [`Request::state`]. Small, and no secrets: it travels in an invocation's payload.
        state: Value,
        /// How long to wait before the next call.
        again_in: std::time::Duration,
    },
}

impl From<Attributes> for Progress {
    fn from(attributes: Attributes) -> Self {
        Self::Done(attributes)
    }
}
