use std::future::Future;

use aws_ports::AwsError;

use crate::{Record, Scope};

/// The largest document: an item has at most 400 KB with its keys and attributes' names, and a key at most 3 KB.
pub(crate) const MAX_DOCUMENT_BYTES: usize = 396 * 1024;

/// What an item was when it was read or written. Every write gives it a new one that it never had before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Version(pub(crate) u64);

impl Version {
    /// Random rather than counted: one that was deleted and made anew is another one, and a writer whose answer was lost
    /// knows its own.
    pub(crate) fn random() -> Self {
        Self(fastrand::u64(..))
    }
}

/// An item of the table, as it stands there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// The sort key; the partition key is its scope.
    pub id: String,
    /// What it is now.
    pub version: Version,
    /// JSON.
    pub document: String,
    /// When it may be deleted by itself, in seconds since 1970. It may still be there for days.
    pub expires: Option<i64>,
}

/// Some of the items, in the order of their ids.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Items {
    /// At most a megabyte.
    pub items: Vec<Item>,
    /// The id after which the next page begins; `None`: there is none.
    pub next: Option<String>,
}

/// A record and the version it was read at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Versioned<R> {
    /// The record.
    pub record: R,
    /// What [`Records::put`] and [`Records::delete`] are told, so that they change nothing newer.
    pub version: Version,
}

/// Some of the records, in the order of their ids.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<R> {
    /// The records; a page may have none, and not be the last.
    pub records: Vec<Versioned<R>>,
    /// What is given as `after` for the next page; `None`: there is none. A plain text that may be kept between invocations.
    pub next: Option<String>,
}

/// What became of a write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum Written {
    /// It stands there, with this version.
    At(Version),
    /// Somebody else wrote or deleted it since it was read. Nothing was written: read it again.
    Conflict,
}

/// What became of a deletion.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum Deleted {
    /// It is not there any more, or was not before.
    Gone,
    /// Somebody else wrote it since it was read. It is still there: read it again.
    Conflict,
}

/// Why a record was not read or written.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// The call failed.
    #[error(transparent)]
    Aws(#[from] AwsError),
    /// It is not what this software writes: a newer one may have written it.
    #[error("the record {id} of {scope} cannot be read: {problem}")]
    Unreadable {
        /// Where it belongs.
        scope: Scope,
        /// Its key.
        id: String,
        /// What is wrong with it.
        problem: serde_json::Error,
    },
    /// It does not fit into an item, even without what can be spared of it.
    #[error("the record {id} of {scope} has {bytes} bytes, more than an item can hold")]
    TooLarge {
        /// Where it belongs.
        scope: Scope,
        /// Its key.
        id: String,
        /// How large its document is.
        bytes: usize,
    },
    /// It cannot be written as JSON.
    #[error("the record {id} of {scope} cannot be written: {problem}")]
    Unwritable {
        /// Where it belongs.
        scope: Scope,
        /// Its key.
        id: String,
        /// What is wrong with it.
        problem: serde_json::Error,
    },
}

/// The table: [`RecordsInDynamoDb`](crate::RecordsInDynamoDb), or in memory for the tests of those that use it.
///
/// The first four are the operations; the others read and write records by them.
pub trait Records: Send + Sync {
    /// `dynamodb:GetItem`, as it stands at this moment; `None` if there is none.
    fn item(&self, scope: &Scope, id: &str) -> impl Future<Output = Result<Option<Item>, AwsError>> + Send;

    /// `dynamodb:Query`: one page of those whose ids begin with `prefix`, beginning after the id `after`.
    fn items(
        &self,
        scope: &Scope,
        prefix: &str,
        after: Option<&str>,
    ) -> impl Future<Output = Result<Items, AwsError>> + Send;

    /// `dynamodb:PutItem`, unless it is not at `expected` any more; `None`: unless it is there already.
    fn put_item(
        &self,
        scope: &Scope,
        item: &Item,
        expected: Option<Version>,
    ) -> impl Future<Output = Result<Written, AwsError>> + Send;

    /// `dynamodb:DeleteItem`, unless it is not at `expected` any more.
    fn delete_item(
        &self,
        scope: &Scope,
        id: &str,
        expected: Version,
    ) -> impl Future<Output = Result<Deleted, AwsError>> + Send;

    /// The record of that id, e.g. [`ResourceRecord::id_of`](crate::ResourceRecord::id_of); `None` if there is none.
    fn get<R: Record>(
        &self,
        scope: &Scope,
        id: &str,
    ) -> impl Future<Output = Result<Option<Versioned<R>>, RecordError>> + Send {
        async move { self.item(scope, id).await?.map(|item| read(scope, item)).transpose() }
    }

    /// One page of all records of a kind in a scope.
    fn page<R: Record>(
        &self,
        scope: &Scope,
        after: Option<&str>,
    ) -> impl Future<Output = Result<Page<R>, RecordError>> + Send {
        async move {
            let Items { items, next } = self.items(scope, R::PREFIX, after).await?;
            let records = items.into_iter().map(|item| read(scope, item)).collect::<Result<_, _>>()?;
            Ok(Page { records, next })
        }
    }

    /// All records of a kind in a scope.
    fn all<R: Record>(&self, scope: &Scope) -> impl Future<Output = Result<Vec<Versioned<R>>, RecordError>> + Send {
        async move {
            let mut page = self.page(scope, None).await?;
            let mut records = page.records;
            while let Some(after) = page.next {
                page = self.page(scope, Some(&after)).await?;
                records.append(&mut page.records);
            }
            Ok(records)
        }
    }

    /// Writes a record where it was read at `expected`, or where there was none. One that is too large is
    /// [shortened](Record::shorten).
    fn put<R: Record>(
        &self,
        scope: &Scope,
        record: &R,
        expected: Option<Version>,
    ) -> impl Future<Output = Result<Written, RecordError>> + Send {
        async move {
            let item = Item {
                id: record.id(),
                version: Version::random(),
                document: document(scope, record)?,
                expires: record.expires().map(jiff::Timestamp::as_second),
            };
            Ok(self.put_item(scope, &item, expected).await?)
        }
    }

    /// Deletes the record of that id where it was read at `expected`.
    fn delete(
        &self,
        scope: &Scope,
        id: &str,
        expected: Version,
    ) -> impl Future<Output = Result<Deleted, RecordError>> + Send {
        async move { Ok(self.delete_item(scope, id, expected).await?) }
    }
}

fn read<R: Record>(scope: &Scope, item: Item) -> Result<Versioned<R>, RecordError> {
    match serde_json::from_str(&item.document) {
        Ok(record) => Ok(Versioned { record, version: item.version }),
        Err(problem) => Err(RecordError::Unreadable { scope: scope.clone(), id: item.id, problem }),
    }
}

/// The JSON, of a shortened copy where it would not fit.
fn document<R: Record>(scope: &Scope, record: &R) -> Result<String, RecordError> {
    let write = |record: &R| {
        serde_json::to_string(record).map_err(|problem| RecordError::Unwritable {
            scope: scope.clone(),
            id: record.id(),
            problem,
        })
    };
    let mut document = write(record)?;
    if document.len() > MAX_DOCUMENT_BYTES {
        let mut short = record.clone();
        short.shorten(document.len() - MAX_DOCUMENT_BYTES);
        document = write(&short)?;
    }
    match document.len() {
        bytes if bytes > MAX_DOCUMENT_BYTES => {
            Err(RecordError::TooLarge { scope: scope.clone(), id: record.id(), bytes })
        }
        _ => Ok(document),
    }
}
