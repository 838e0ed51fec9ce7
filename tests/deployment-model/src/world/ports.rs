//! All ports of all functions, for one process: each call is one that the process may end at.

mod access;
mod accounts;
mod approval;
mod hub;
mod records;
mod stack_sets;

use super::{Fault, State, World};
use ::stack_sets::{InMemory, Moment};
use aws_ports::AwsError;
use std::future::pending;
use std::sync::OnceLock;
use tokio::sync::Notify;

/// One invocation of a function.
pub(super) struct Process<'w> {
    world: &'w World,
    ended: Notify,
    error: OnceLock<&'static str>,
}

impl<'w> Process<'w> {
    pub(super) fn new(world: &'w World) -> Self {
        Self { world, ended: Notify::new(), error: OnceLock::new() }
    }

    /// Until it is ended from outside: what that is called.
    pub(super) async fn end(&self) -> &'static str {
        self.ended.notified().await;
        self.error.get().unwrap()
    }

    async fn dies<T>(&self, error: &'static str) -> T {
        // Calls run side by side, and only one of them is the first.
        let _ = self.error.set(error);
        self.ended.notify_one();
        pending().await
    }

    /// Passes a call on, or what becomes of it.
    async fn call<T: Send>(
        &self,
        operation: &'static str,
        effect: impl Future<Output = Result<T, AwsError>> + Send,
    ) -> Result<T, AwsError> {
        match self.world.next_fault() {
            None => effect.await,
            Some(Fault::Killed(Moment::Before, error)) => self.dies(error).await,
            Some(Fault::Killed(Moment::After, error)) => {
                drop(effect.await);
                self.dies(error).await
            }
            Some(Fault::Throttled) => Err(AwsError::answered(operation, "ThrottlingException", "Rate exceeded")),
            Some(Fault::Lost) => {
                drop(effect.await);
                Err(AwsError::answered(operation, "InternalFailure", "the answer was lost"))
            }
            Some(Fault::Denied) => Err(AwsError::answered(operation, "AccessDeniedException", "not authorized")),
        }
    }

    /// A call about what the world keeps in one place.
    async fn at_once<T: Send>(
        &self,
        operation: &'static str,
        effect: impl FnOnce(&mut State) -> Result<T, (&'static str, &'static str)> + Send,
    ) -> Result<T, AwsError> {
        self.call(operation, async move {
            effect(&mut self.world.state()).map_err(|(code, message)| AwsError::answered(operation, code, message))
        })
        .await
    }

    async fn on_stack_sets<'p, T: Send, F: Future<Output = Result<T, AwsError>> + Send>(
        &'p self,
        operation: &'static str,
        effect: impl FnOnce(&'p InMemory) -> F,
    ) -> Result<T, AwsError> {
        self.call(operation, effect(&self.world.stack_sets)).await
    }

    /// A call about an endpoint, as its stack left it.
    async fn in_account<T: Send>(
        &self,
        operation: &'static str,
        effect: impl FnOnce(&mut State) -> Result<T, (&'static str, &'static str)> + Send,
    ) -> Result<T, AwsError> {
        self.at_once(operation, |state| {
            let mut endpoints = std::mem::take(&mut state.endpoints);
            endpoints.follow_but(&self.world.stack_sets, |at| state.troubles.rolls_back_silently.contains(at));
            state.endpoints = endpoints;
            effect(state)
        })
        .await
    }
}
