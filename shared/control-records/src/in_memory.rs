use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use aws_ports::AwsError;

use crate::records::{Deleted, Item, Items, Version, Written};
use crate::{Records, Scope};

type Table = BTreeMap<(Scope, String), Item>;

/// The table in memory, for the tests of those that use it: small pages, and the same conditions as in DynamoDB.
#[derive(Debug, Default)]
pub struct RecordsInMemory {
    items: Mutex<Table>,
    refusals: Mutex<Vec<AwsError>>,
}

/// Items a page, so that whoever reads one page only is found out.
const PAGE: usize = 3;

impl RecordsInMemory {
    /// Without items.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Fails the next operations, the first one with the last of these.
    pub fn fail(&self, errors: Vec<AwsError>) {
        *lock(&self.refusals) = errors;
    }

    /// Puts a document there as another writer would, whatever is there.
    pub fn overwrite(&self, scope: &Scope, id: &str, document: impl Into<String>) {
        let item = Item { id: id.to_owned(), version: Version::random(), document: document.into(), expires: None };
        lock(&self.items).insert((scope.clone(), id.to_owned()), item);
    }

    /// All ids with their scopes, in order.
    #[must_use]
    pub fn ids(&self) -> Vec<(Scope, String)> {
        lock(&self.items).keys().cloned().collect()
    }

    fn accept(&self) -> Result<MutexGuard<'_, Table>, AwsError> {
        match lock(&self.refusals).pop() {
            Some(error) => Err(error),
            None => Ok(lock(&self.items)),
        }
    }
}

impl Records for RecordsInMemory {
    async fn item(&self, scope: &Scope, id: &str) -> Result<Option<Item>, AwsError> {
        Ok(self.accept()?.get(&(scope.clone(), id.to_owned())).cloned())
    }

    async fn items(&self, scope: &Scope, prefix: &str, after: Option<&str>) -> Result<Items, AwsError> {
        let all = self.accept()?;
        let found = all.iter().filter(|((of, id), _)| {
            of == scope && id.starts_with(prefix) && after.is_none_or(|after| id.as_str() > after)
        });
        let mut items: Vec<Item> = found.take(PAGE + 1).map(|(_, item)| item.clone()).collect();
        let more = items.len() > PAGE;
        items.truncate(PAGE);
        let next = if more { items.last().map(|item| item.id.clone()) } else { None };
        Ok(Items { items, next })
    }

    async fn put_item(&self, scope: &Scope, item: &Item, expected: Option<Version>) -> Result<Written, AwsError> {
        let mut items = self.accept()?;
        let key = (scope.clone(), item.id.clone());
        if items.get(&key).map(|found| found.version) != expected {
            return Ok(Written::Conflict);
        }
        items.insert(key, item.clone());
        Ok(Written::At(item.version))
    }

    async fn delete_item(&self, scope: &Scope, id: &str, expected: Version) -> Result<Deleted, AwsError> {
        let mut items = self.accept()?;
        let key = (scope.clone(), id.to_owned());
        match items.get(&key) {
            Some(found) if found.version != expected => Ok(Deleted::Conflict),
            _ => {
                items.remove(&key);
                Ok(Deleted::Gone)
            }
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
