use control_records::{Scope, SweepRecord, Unread};
use controls::Kind;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Where a sweep goes on, and what it knows so far. The state machine carries it from one invocation to the next, so that an
/// invocation that is repeated counts nothing twice.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Cursor {
    pub(crate) position: Position,
    pub(crate) record: SweepRecord,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "phase", rename_all = "camelCase")]
pub(crate) enum Position {
    /// A page of a listing.
    Listing {
        kind: Kind,
        /// Of a kind that ends by itself: those that have not ended, however long ago they were made.
        running: bool,
        /// `None`: the first page.
        token: Option<String>,
    },
    /// A page of the records, for those that no listing had.
    Unseen {
        /// `None`: the first page.
        after: Option<String>,
    },
}

/// Step Functions carries 256 KB.
const MOST_NAMED: usize = 100;
const LONGEST_ERROR: usize = 500;

impl Cursor {
    pub(crate) fn start(scope: Scope, sweep: Timestamp) -> Self {
        let record = SweepRecord {
            scope,
            sweep,
            finished: None,
            listed: std::collections::BTreeMap::new(),
            calls: 0,
            unread: Vec::new(),
            unread_more: 0,
        };
        Self { position: after(None), record }
    }

    /// Keeps what could not be read; of more than there is room for, how much it was.
    pub(crate) fn note(&mut self, unread: Vec<Unread>) {
        for mut one in unread {
            if self.record.unread.len() < MOST_NAMED {
                one.error.truncate(one.error.floor_char_boundary(LONGEST_ERROR));
                self.record.unread.push(one);
            } else {
                self.record.unread_more += 1;
            }
        }
    }

    /// Whether a kind's listing, or the description of one of it, failed.
    pub(crate) fn is_unread(&self, kind: Kind, name: &str) -> bool {
        self.record
            .unread
            .iter()
            .any(|unread| unread.kind == kind && unread.name.as_deref().is_none_or(|it| it == name))
    }
}

/// What comes after a kind's last page: the next kind's first one.
pub(crate) fn after(kind: Option<Kind>) -> Position {
    let mut kinds = Kind::ALL.iter().copied().skip_while(|next| kind.is_some_and(|kind| *next != kind));
    if kind.is_some() {
        kinds.next();
    }
    match kinds.find(|kind| kind.facts().list.is_some()) {
        Some(kind) => Position::Listing { kind, running: false, token: None },
        None => Position::Unseen { after: None },
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failed assumption of a test is a failed test")]
mod tests {
    use super::*;

    #[test]
    fn every_kind_that_is_listed_comes_once() {
        let mut kinds = Vec::new();
        let mut position = after(None);
        while let Position::Listing { kind, .. } = position {
            kinds.push(kind);
            position = after(Some(kind));
        }
        let listed: Vec<Kind> = Kind::ALL.iter().copied().filter(|kind| kind.facts().list.is_some()).collect();
        assert_eq!(kinds, listed);
        assert_eq!(position, Position::Unseen { after: None });
    }

    #[test]
    fn a_cursor_stays_small_whatever_could_not_be_read() {
        let scope = Scope { account: "111111111111".parse().unwrap(), region: "eu-central-1".parse().unwrap() };
        let mut cursor = Cursor::start(scope, Timestamp::UNIX_EPOCH);
        let unread = |number: usize| Unread {
            kind: Kind::TrainingJob,
            name: Some(format!("{number:063}")),
            operation: "sagemaker:DescribeHyperParameterTuningJob".to_owned(),
            error: "ä".repeat(5000),
        };
        cursor.note((0..3000).map(unread).collect());
        let text = serde_json::to_string(&cursor).unwrap();
        assert!(text.len() < 128 * 1024, "{}", text.len());
        assert_eq!((cursor.record.unread.len(), cursor.record.unread_more), (100, 2900));
        assert!(cursor.is_unread(Kind::TrainingJob, &format!("{:063}", 7)));
        assert!(!cursor.is_unread(Kind::Model, "churn"));
        assert_eq!(serde_json::from_str::<Cursor>(&text).unwrap(), cursor);
    }
}
