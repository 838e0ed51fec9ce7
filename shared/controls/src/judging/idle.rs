use jiff::{SignedDuration, Timestamp};

use crate::Verdict;

/// Something that was last used at `last` has to have been used within so many hours before `now`.
pub(crate) fn used_within(hours: u32, last: Timestamp, now: Timestamp) -> Verdict {
    let unused = now.duration_since(last);
    if unused > SignedDuration::from_hours(hours.into()) {
        Verdict::Fail(format!(
            "nobody has used it since {last:.0}, {} hours ago; {hours} are allowed",
            unused.as_hours()
        ))
    } else {
        Verdict::Pass
    }
}
