use controls::Verdict;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::{Mark, MarkState, ResourceRecord, SweepRecord};

/// How long what is over and done with is kept: long enough to be looked back at, and no state that anything is decided by.
const KEPT: SignedDuration = SignedDuration::from_hours(90 * 24);

/// Something that is kept in the table.
pub trait Record: Serialize + DeserializeOwned + Clone + Send + Sync {
    /// What the ids of its kind begin with.
    const PREFIX: &'static str;

    /// Its `id` in the table.
    fn id(&self) -> String;

    /// When it may be deleted by itself; `None`: never.
    fn expires(&self) -> Option<Timestamp> {
        None
    }

    /// Gives up what can best be spared of it, about `excess` bytes in JSON: an item has a largest size, and a record that
    /// is not written is worse than a short one.
    fn shorten(&mut self, excess: usize);
}

impl ResourceRecord {
    /// `resource/<arn>`.
    #[must_use]
    pub fn id_of(arn: &str) -> String {
        format!("{}{arn}", Self::PREFIX)
    }
}

impl Record for ResourceRecord {
    const PREFIX: &'static str = "resource/";

    fn id(&self) -> String {
        Self::id_of(&self.arn)
    }

    /// The longest reasons lose their ends.
    fn shorten(&mut self, excess: usize) {
        let texts = self.verdicts.values_mut().filter_map(|record| reason(&mut record.verdict));
        shorten_longest(texts.collect(), excess);
    }
}

impl Mark {
    /// `mark/<control>/<arn>`.
    #[must_use]
    pub fn id_of(control: &str, arn: &str) -> String {
        format!("{}{control}/{arn}", Self::PREFIX)
    }
}

impl Record for Mark {
    const PREFIX: &'static str = "mark/";

    fn id(&self) -> String {
        Self::id_of(&self.control, &self.arn)
    }

    /// One that something is still to be done about never expires.
    fn expires(&self) -> Option<Timestamp> {
        match &self.state {
            MarkState::Waiting | MarkState::Acting { .. } => None,
            MarkState::Done { at, .. } | MarkState::Dropped { at, .. } => at.checked_add(KEPT).ok(),
        }
    }

    /// Why it was dropped loses its end.
    fn shorten(&mut self, excess: usize) {
        if let MarkState::Dropped { reason, .. } = &mut self.state {
            shorten_longest(vec![reason], excess);
        }
    }
}

impl SweepRecord {
    /// `sweep/<time>`, in milliseconds so that they sort by time.
    #[must_use]
    pub fn id_of(sweep: Timestamp) -> String {
        format!("{}{sweep:.3}", Self::PREFIX)
    }
}

impl Record for SweepRecord {
    const PREFIX: &'static str = "sweep/";

    fn id(&self) -> String {
        Self::id_of(self.sweep)
    }

    fn expires(&self) -> Option<Timestamp> {
        self.sweep.checked_add(KEPT).ok()
    }

    /// The last of what could not be read is counted instead of named.
    fn shorten(&mut self, excess: usize) {
        let mut given_up = 0;
        while given_up < excess
            && let Some(unread) = self.unread.pop()
        {
            // Quotes, the members' names and a comma, at least.
            given_up += unread.operation.len() + unread.error.len() + unread.name.map_or(0, |name| name.len()) + 50;
            self.unread_more += 1;
        }
    }
}

fn reason(verdict: &mut Verdict) -> Option<&mut String> {
    match verdict {
        Verdict::Pass => None,
        Verdict::Fail(reason) | Verdict::NotApplicable(reason) | Verdict::Unknown(reason) => Some(reason),
    }
}

/// Takes `excess` bytes from the longest texts, so that all of them end up about as long.
fn shorten_longest(mut texts: Vec<&mut String>, excess: usize) {
    const MARK: &str = " ...";
    let total: usize = texts.iter().map(|text| text.len()).sum();
    let mut left = total.saturating_sub(excess);
    texts.sort_by_key(|text| text.len());
    let mut count = texts.len();
    for text in texts {
        let share = left / count.max(1);
        if text.len() > share {
            let end = text.floor_char_boundary(share.saturating_sub(MARK.len()));
            text.truncate(end);
            text.push_str(MARK);
        }
        left = left.saturating_sub(text.len());
        count -= 1;
    }
}
