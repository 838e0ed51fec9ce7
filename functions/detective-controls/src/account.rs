use std::collections::BTreeMap;
use std::future::Future;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use aws_ports::AwsError;
use control_records::{Scope, Unread};
use controls::{Kind, List, Need};
use futures_util::{StreamExt, TryStreamExt, stream};
use serde_json::{Value, json};
use tokio::sync::OnceCell;

use crate::aws::Accounts;
use crate::related;
use crate::subject::Subject;

/// One account and region for as long as one invocation looks at it: counts its calls, and reads nothing twice that several
/// resources have in common.
pub(crate) struct Account<'a, A: Accounts> {
    accounts: &'a A,
    session: A::Session,
    pub(crate) scope: Scope,
    calls: AtomicU32,
    unread: Mutex<Vec<Unread>>,
    shared: Mutex<BTreeMap<(Need, String), Shared>>,
}

/// What several resources have in common, read once; `None` where it is not there or could not be read.
type Shared = Arc<OnceCell<Option<Value>>>;

/// Policies of one role that are read at once.
const POLICIES_AT_ONCE: usize = 4;

impl<'a, A: Accounts> Account<'a, A> {
    /// # Errors
    /// Of the call that lets into the account.
    pub(crate) async fn enter(accounts: &'a A, scope: Scope) -> Result<Self, AwsError> {
        let session = accounts.session(&scope).await?;
        Ok(Self {
            accounts,
            session,
            scope,
            calls: AtomicU32::new(0),
            unread: Mutex::default(),
            shared: Mutex::default(),
        })
    }

    /// How many calls were made so far.
    pub(crate) fn calls(&self) -> u32 {
        self.calls.load(Ordering::Relaxed)
    }

    /// What could not be read since this was asked last.
    pub(crate) fn take_unread(&self) -> Vec<Unread> {
        std::mem::take(&mut self.unread.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Says that something could not be read.
    pub(crate) fn report(&self, kind: Kind, name: Option<&str>, error: &AwsError) {
        let operation = error.operation();
        tracing::warn!(scope = %self.scope, %kind, name, operation, error = %error, "could not be read");
        let unread =
            Unread { kind, name: name.map(str::to_owned), operation: operation.to_owned(), error: error.to_string() };
        self.unread.lock().unwrap_or_else(PoisonError::into_inner).push(unread);
    }

    fn counted<T>(&self, call: impl Future<Output = T>) -> impl Future<Output = T> {
        self.calls.fetch_add(1, Ordering::Relaxed);
        call
    }

    /// The description, or `None` where there is no such resource.
    ///
    /// # Errors
    /// Of the call.
    pub(crate) async fn describe(&self, subject: &Subject) -> Result<Option<Value>, AwsError> {
        let Some(operation) = subject.kind.facts().describe else { return Ok(None) };
        match self.counted(self.accounts.describe(&self.session, operation, &subject.key)).await {
            Ok(description) => Ok(Some(description)),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// One page of a listing: its items, and the next page's token.
    ///
    /// # Errors
    /// Of the call.
    pub(crate) async fn list(
        &self,
        list: &'static List,
        mut input: Value,
        token: Option<&str>,
    ) -> Result<(Vec<Value>, Option<String>), AwsError> {
        if let Some(input) = input.as_object_mut() {
            input.insert("MaxResults".to_owned(), json!(PAGE));
            input.extend(token.map(|token| ("NextToken".to_owned(), token.into())));
        }
        let mut answer = self.counted(self.accounts.list(&self.session, list, &input)).await?;
        let items = match answer.get_mut(list.items).map(Value::take) {
            Some(Value::Array(items)) => items,
            _ => Vec::new(),
        };
        let next = answer.get("NextToken").and_then(Value::as_str).filter(|token| !token.is_empty());
        Ok((items, next.map(str::to_owned)))
    }

    /// What controls have to see beside the description. What is not there, or could not be read, is not in the answer; the
    /// latter is reported.
    pub(crate) async fn related(
        &self,
        subject: &Subject,
        arn: &str,
        description: &Value,
        needs: &[Need],
    ) -> BTreeMap<Need, Value> {
        let mut found = BTreeMap::new();
        for need in needs {
            let value = match need {
                // Nobody else has this resource's tags.
                Need::Tags => self.all_tags(arn).await.map(Some).unwrap_or_else(|error| {
                    self.report(subject.kind, Some(subject.name()), &error);
                    None
                }),
                _ => match related::named(*need, description) {
                    Some(name) => self.shared(*need, &name, subject).await,
                    None => None,
                },
            };
            if let Some(value) = value {
                found.insert(*need, value);
            }
        }
        found
    }

    async fn shared(&self, need: Need, name: &related::Named, subject: &Subject) -> Option<Value> {
        let cell = {
            let mut shared = self.shared.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(shared.entry((need, name.to_string())).or_default())
        };
        let read = || async {
            let found = match name {
                related::Named::Key(key) => self.counted(self.accounts.key(&self.session, key)).await.map(Some),
                related::Named::Role(role) => self.role_policies(role).await.map(Some),
                related::Named::Resource(other) => self.describe(other).await,
            };
            // What is not there any more was read: there is nothing to see.
            let found = if found.as_ref().is_err_and(AwsError::is_not_found) { Ok(None) } else { found };
            found.unwrap_or_else(|error| {
                self.report(subject.kind, Some(subject.name()), &error);
                None
            })
        };
        cell.get_or_init(read).await.clone()
    }

    async fn all_tags(&self, arn: &str) -> Result<Value, AwsError> {
        let mut tags = Vec::new();
        let mut token: Option<String> = None;
        loop {
            let mut answer = self.counted(self.accounts.tags(&self.session, arn, token.as_deref())).await?;
            if let Some(Value::Array(page)) = answer.get_mut("Tags") {
                tags.append(page);
            }
            token =
                answer.get("NextToken").and_then(Value::as_str).filter(|token| !token.is_empty()).map(str::to_owned);
            if token.is_none() {
                return Ok(tags.into());
            }
        }
    }

    /// The documents of AWS's own policies are not read: their ARNs say what they are.
    async fn role_policies(&self, role: &str) -> Result<Value, AwsError> {
        let (accounts, session) = (self.accounts, &self.session);
        let attached = self.counted(accounts.attached_policies(session, role)).await?;
        let inline = self.counted(accounts.inline_policies(session, role)).await?;
        let inline = stream::iter(&inline).map(|name| self.counted(accounts.inline_policy(session, role, name)));
        let mut documents: Vec<Value> = inline.buffered(POLICIES_AT_ONCE).try_collect().await?;
        let managed = attached.iter().filter(|arn| !arn.contains(":iam::aws:policy/"));
        let managed = stream::iter(managed).map(|arn| async move {
            let version = self.counted(accounts.default_version(session, arn)).await?;
            self.counted(accounts.policy(session, arn, &version)).await
        });
        documents.extend(managed.buffered(POLICIES_AT_ONCE).try_collect::<Vec<_>>().await?);
        Ok(json!({"attached": attached, "documents": documents}))
    }
}

/// Items a page: the most that the listings give.
pub(crate) const PAGE: u32 = 100;
