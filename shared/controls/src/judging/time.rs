use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use crate::judging::Part;

impl Part<'_> {
    /// As a moment: seconds since 1970, as the service answers, or a text (ISO 8601), as other tools write it down.
    /// `None` where it is absent or neither.
    pub(crate) fn time(&self) -> Option<Timestamp> {
        match self.value()? {
            Value::Number(seconds) => {
                let since_epoch = SignedDuration::try_from_secs_f64(seconds.as_f64()?).ok()?;
                Timestamp::from_duration(since_epoch).ok()
            }
            Value::String(text) => text.parse().ok(),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn moments_as_the_service_and_as_other_tools_write_them() {
        let read = |value: Value| Part::beside("At", Some(&value)).time().map(|at| at.to_string());
        assert_eq!(read(json!(1_792_584_000)).as_deref(), Some("2026-10-21T12:00:00Z"));
        assert_eq!(read(json!(1_792_584_000.25)).as_deref(), Some("2026-10-21T12:00:00.25Z"));
        assert_eq!(read(json!("2026-10-21T14:00:00+02:00")).as_deref(), Some("2026-10-21T12:00:00Z"));
        for bad in
            [json!(null), json!(""), json!("yesterday"), json!("2026-10-21"), json!(1e300), json!({}), json!(true)]
        {
            assert_eq!(read(bad.clone()), None, "{bad}");
        }
    }
}
