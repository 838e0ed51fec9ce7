//! What is written to the bucket, in which order.

use control_records::Records;
use controls::Configuration;
use jiff::Timestamp;
use serde::Deserialize;

use crate::aws::Bucket;
use crate::error::Error;
use crate::page::page;
use crate::report::{Report, VERSION};
use crate::settings::Settings;
use crate::survey::{Previous, survey};
use crate::task::Task;

const CONFIGURATION: &str = "configuration.json";
const LATEST_DOCUMENT: &str = "posture/latest.json";
const LATEST_PAGE: &str = "posture/latest.html";
const JSON: &str = "application/json";
const HTML: &str = "text/html; charset=utf-8";

/// The key of a sweep's document; in milliseconds, so that keys sort by time.
pub(crate) fn document_key(sweep: Timestamp) -> String {
    format!("posture/{sweep:.3}.json")
}

/// The key of a sweep's page.
pub(crate) fn page_key(sweep: Timestamp) -> String {
    format!("posture/{sweep:.3}.html")
}

/// Which report `latest` is, whatever its version.
#[derive(Deserialize)]
struct Head {
    sweep: Timestamp,
}

/// Writes the report of a sweep, unless it is there, then its page, then both as the latest ones, unless these are newer.
///
/// # Errors
/// Of the calls, and a configuration, record or report that cannot be read.
pub(crate) async fn publish(
    records: &impl Records,
    bucket: &impl Bucket,
    settings: &Settings,
    task: &Task,
) -> Result<Report, Error> {
    let latest = bucket.object(LATEST_DOCUMENT).await?;
    // One that cannot be read is replaced.
    let shown = latest.as_deref().and_then(|document| serde_json::from_slice::<Head>(document).ok());
    let is_newest = shown.is_none_or(|head| head.sweep <= task.sweep);
    let key = document_key(task.sweep);
    let document = match bucket.object(&key).await? {
        Some(document) => document,
        None => {
            let report = judged(records, bucket, settings, task, latest).await?;
            let document = serde_json::to_vec(&report).map_err(Error::Unwritable)?;
            drop(report);
            match bucket.create(&key, JSON, document.clone()).await? {
                true => document,
                // Delivered twice at once, and the other one was sooner.
                false => bucket.object(&key).await?.unwrap_or(document),
            }
        }
    };
    let report: Report =
        serde_json::from_slice(&document).map_err(|problem| Error::UnreadableReport { key, problem })?;
    let page = page(&report).into_bytes();
    bucket.put(&page_key(task.sweep), HTML, page.clone()).await?;
    if is_newest {
        bucket.put(LATEST_DOCUMENT, JSON, document).await?;
        bucket.put(LATEST_PAGE, HTML, page).await?;
    }
    Ok(report)
}

async fn judged(
    records: &impl Records,
    bucket: &impl Bucket,
    settings: &Settings,
    task: &Task,
    latest: Option<Vec<u8>>,
) -> Result<Report, Error> {
    let text = bucket.object(CONFIGURATION).await?;
    let text = text.map_or_else(|| "{}".to_owned(), |text| String::from_utf8_lossy(&text).into_owned());
    let configuration =
        Configuration::from_json(&text).map_err(|problem| Error::Configuration { key: CONFIGURATION, problem })?;
    survey(records, settings, &configuration, task, previous(latest, task.sweep)).await
}

/// What the sweep is compared with. A report that cannot be read is no reason for there to be none of this sweep.
fn previous(latest: Option<Vec<u8>>, sweep: Timestamp) -> Previous {
    let Some(latest) = latest else { return Err("there is no earlier report".to_owned()) };
    let unreadable = |problem: &dyn std::fmt::Display| format!("{LATEST_DOCUMENT} cannot be read: {problem}");
    let report: Report = serde_json::from_slice(&latest).map_err(|problem| unreadable(&problem))?;
    if report.version != VERSION {
        return Err(unreadable(&format_args!("it is of version {}", report.version)));
    }
    if report.sweep >= sweep {
        return Err(format!("{LATEST_DOCUMENT} is not of an earlier sweep"));
    }
    Ok(report)
}
