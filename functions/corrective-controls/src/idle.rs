use controls::Need;
use jiff::Timestamp;
use serde_json::Value;

use crate::seen::{Seen, time};

/// For how many whole hours a resource had shown no sign of use, where that is why something is done about it.
pub(crate) fn idle_hours(control: &str, seen: &Seen, now: Timestamp) -> Option<u32> {
    let resource = &seen.resource;
    let last = match control {
        "app-idle" => resource.member("/LastUserActivityTimestamp").and_then(time),
        "notebook-idle" => {
            let opened = resource.related(Need::LastOpened).and_then(|opened: &Value| time(opened.get("at")?));
            seen.modified.max(opened)
        }
        _ => None,
    };
    u32::try_from(now.duration_since(last?).as_hours()).ok()
}
