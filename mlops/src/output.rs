//! Results as people and as programs read them.

use std::io::{self, Write};

use serde::Serialize;

use crate::approval::Answered;
use crate::arguments::Format;
use crate::error::Error;
use crate::history::History;
use crate::status::Overview;

/// What a command answers. Its JSON form is its type's, and the names of its members stay.
pub trait Answer: Serialize {
    /// For people.
    fn text(&self) -> String;
}

/// Writes the answer, with a line break at its end.
///
/// # Errors
/// When it cannot be written. Who reads may stop early: that is no error.
pub fn print(out: &mut impl Write, format: Format, answer: &impl Answer) -> Result<(), Error> {
    let mut text = match format {
        Format::Text => printable(&answer.text()),
        Format::Json => serde_json::to_string_pretty(answer).map_err(io::Error::from)?,
    };
    text.push('\n');
    write(out, text.as_bytes())
}

pub(crate) fn write(out: &mut impl Write, bytes: &[u8]) -> Result<(), Error> {
    match out.write_all(bytes).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(()),
    }
}

/// Without the characters by which a text could rewrite what the terminal shows, or the direction it is read in: names and
/// comments are other people's.
pub fn printable(text: &str) -> String {
    let hidden = |c: char| {
        (c.is_control() && c != '\n')
            || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    text.chars().map(|c| if hidden(c) { '\u{fffd}' } else { c }).collect()
}

impl Answer for Answered {
    fn text(&self) -> String {
        let Self { group, stage, version, execution, decision, .. } = self;
        let verdict = match decision.decision {
            deployment::Verdict::Approved => "Approved",
            deployment::Verdict::Rejected => "Rejected",
        };
        format!("{verdict} version {version} of {group} for stage {stage}: execution {execution} goes on.")
    }
}

impl Answer for Overview {
    fn text(&self) -> String {
        let live = self.live.iter().map(|live| {
            let record = &live.record;
            vec![
                live.group.to_string(),
                live.stage.to_string(),
                record.version.to_string(),
                record.time.clone(),
                record.kind.as_str().to_owned(),
                record.accounts.to_string(),
                listed(&record.regions),
                or_dash(record.approval.by.as_deref()),
                or_dash(record.decision.as_ref().map(|decision| decision.by.as_str())),
                record.execution.clone(),
            ]
        });
        let waiting = self.waiting.iter().map(|waiting| {
            let asked = waiting.asked.as_ref();
            vec![
                waiting.group.to_string(),
                waiting.stage.to_string(),
                or_dash(asked.map(|asked| asked.version.to_string()).as_deref()),
                or_dash(asked.map(|asked| asked.expires.as_str())),
                or_dash(asked.and_then(|asked| asked.registered_by.as_deref())),
                or_dash(asked.map(|asked| asked.execution.as_str())),
            ]
        });
        let running = self.running.iter().map(|running| {
            let kind = running.kind.map(|kind| match kind {
                deployment::RequestKind::Approval => "approval",
                deployment::RequestKind::Rejection => "rejection",
            });
            vec![
                or_dash(running.group.as_deref()),
                or_dash(running.version.map(|version| version.to_string()).as_deref()),
                or_dash(kind),
                running.started.clone(),
                running.execution.clone(),
            ]
        });
        let mut parts = vec![
            section(
                "Live",
                &[
                    "GROUP",
                    "STAGE",
                    "VERSION",
                    "SINCE",
                    "BY",
                    "ACCOUNTS",
                    "REGIONS",
                    "APPROVED BY",
                    "DECIDED BY",
                    "EXECUTION",
                ],
                live.collect(),
            ),
            section(
                "Waiting for an answer",
                &["GROUP", "STAGE", "VERSION", "EXPIRES", "REGISTERED BY", "EXECUTION"],
                waiting.collect(),
            ),
        ];
        parts.extend(self.waiting.iter().filter_map(|waiting| {
            let asked = waiting.asked.as_ref()?;
            let results = asked.results.iter().map(|address| format!("\n  Results: {address}")).collect::<String>();
            let summary = asked.summary.trim_end().replace('\n', "\n  ");
            Some(format!("{}, {}:\n  {summary}{results}", waiting.group, waiting.stage))
        }));
        parts.push(section(
            "Being deployed",
            &["GROUP", "VERSION", "BECAUSE OF", "STARTED", "EXECUTION"],
            running.collect(),
        ));
        parts.extend(self.notes.iter().map(|note| format!("Note: {note}")));
        parts.retain(|part| !part.is_empty());
        parts.join("\n\n")
    }
}

impl Answer for History {
    fn text(&self) -> String {
        let rows = self.versions.iter().map(|ran| {
            vec![
                ran.group.to_string(),
                ran.stage.to_string(),
                ran.version.map_or_else(|| "none".to_owned(), |version| version.to_string()),
                listed(&ran.regions),
                ran.since.clone(),
                ran.kind.as_str().to_owned(),
                or_dash(ran.approval.by.as_deref()),
                or_dash(ran.decision.as_ref().map(|decision| decision.by.as_str())),
                ran.execution.clone(),
            ]
        });
        section(
            &format!("Account {} at {}", self.account, self.at),
            &["GROUP", "STAGE", "VERSION", "REGIONS", "SINCE", "BY", "APPROVED BY", "DECIDED BY", "EXECUTION"],
            rows.collect(),
        )
    }
}

fn or_dash(text: Option<&str>) -> String {
    text.filter(|text| !text.is_empty()).unwrap_or("-").to_owned()
}

fn listed(items: &[impl ToString]) -> String {
    items.iter().map(ToString::to_string).collect::<Vec<_>>().join(",")
}

/// A title and a table whose columns stand two spaces apart; nothing if it has no row.
fn section(title: &str, head: &[&str], rows: Vec<Vec<String>>) -> String {
    if rows.is_empty() {
        return String::new();
    }
    let table: Vec<Vec<String>> =
        std::iter::once(head.iter().map(|&name| name.to_owned()).collect()).chain(rows).collect();
    let width = |column: usize| table.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max();
    let widths: Vec<_> = (0..head.len()).map(|column| width(column).unwrap_or_default()).collect();
    let mut text = title.to_owned();
    for row in &table {
        let line: String = row.iter().zip(&widths).map(|(cell, &width)| format!("{cell:width$}  ")).collect();
        text.push('\n');
        text.push_str(line.trim_end());
    }
    text
}

#[cfg(test)]
mod tests {
    use std::io::{Error, ErrorKind, Write};

    use super::{printable, section, write};

    struct Pipe(ErrorKind);

    impl Write for Pipe {
        fn write(&mut self, _: &[u8]) -> Result<usize, Error> {
            Err(self.0.into())
        }

        fn flush(&mut self) -> Result<(), Error> {
            Ok(())
        }
    }

    #[test]
    fn who_stops_reading_has_read_enough_and_a_full_disk_is_an_error() {
        assert!(write(&mut Pipe(ErrorKind::BrokenPipe), b"x").is_ok());
        assert!(write(&mut Pipe(ErrorKind::StorageFull), b"x").is_err_and(|error| error.exit_code() == 1));
    }

    #[test]
    fn columns_are_aligned() {
        let rows = vec![vec!["churn".to_owned(), "7".to_owned()], vec!["\u{e9}t\u{e9}".to_owned(), "10".to_owned()]];
        assert_eq!(section("Live", &["GROUP", "V"], rows), "Live\nGROUP  V\nchurn  7\n\u{e9}t\u{e9}    10");
        assert_eq!(section("Live", &["GROUP"], Vec::new()), "");
    }

    #[test]
    fn nothing_steers_the_terminal() {
        assert_eq!(printable("a\u{1b}[2Jb\r\tc\nd\u{202e}e"), "a\u{fffd}[2Jb\u{fffd}\u{fffd}c\nd\u{fffd}e");
    }
}
