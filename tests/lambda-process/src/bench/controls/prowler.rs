use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use lambda_process::{Memory, processor_time};
use serde_json::Value;
use tokio::process::Command;
use tokio::time::sleep;

use crate::bench::read_json;
use crate::bench::services::Services;

/// How often its memory and processor time are read: what the last moment adds is missed.
const SAMPLING: Duration = Duration::from_millis(20);
const FINDINGS: &str = "findings";

/// What Prowler did about SageMaker in one account and region.
pub(crate) struct Scan {
    /// From its start to its end.
    pub(crate) time: Duration,
    pub(crate) processor: Duration,
    pub(crate) peak_kib: u64,
    pub(crate) calls: BTreeMap<String, usize>,
    pub(crate) findings: Findings,
}

/// What it found.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Findings {
    pub(crate) rules: BTreeSet<String>,
    pub(crate) resources: BTreeSet<String>,
    /// How many of each status.
    pub(crate) statuses: BTreeMap<String, usize>,
}

/// Runs it with all of its rules for SageMaker.
///
/// # Errors
/// When it fails or writes no findings: its log is then what can be looked at.
pub(crate) async fn scan(program: &Path, services: &Services, region: &str, folder: &Path) -> Result<Scan> {
    let (log, output) = (folder.join("prowler.log"), folder.join("prowler"));
    if output.exists() {
        std::fs::remove_dir_all(&output).with_context(|| format!("cannot remove {}", output.display()))?;
    }
    services.take_calls();
    let started = Instant::now();
    let mut process = Command::new(program)
        .args([
            "aws",
            "--service",
            "sagemaker",
            "--region",
            region,
            "--no-banner",
            "--no-color",
            "--ignore-exit-code-3",
        ])
        .args(["--output-formats", "json-ocsf", "--output-filename", FINDINGS, "--output-directory"])
        .arg(&output)
        .args(["--log-level", "ERROR", "--log-file"])
        .arg(&log)
        .env_clear()
        .env("PATH", "/usr/local/bin:/usr/bin:/bin")
        .env("HOME", folder)
        .env("LANG", "C.UTF-8")
        .env("AWS_ENDPOINT_URL", services.url())
        .env("AWS_REGION", region)
        .env("AWS_DEFAULT_REGION", region)
        .env("AWS_ACCESS_KEY_ID", "AKIAEXAMPLEEXAMPLE00")
        .env("AWS_SECRET_ACCESS_KEY", "example")
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .with_context(|| format!("cannot start {}", program.display()))?;
    let id = process.id().context("it ended at once")?;
    let (mut peak_kib, mut processor) = (0, Duration::ZERO);
    let status = loop {
        tokio::select! {
            status = process.wait() => break status?,
            () = sleep(SAMPLING) => {
                // Neither is there once it has ended.
                peak_kib = Memory::of(id).map_or(peak_kib, |memory| memory.peak_kib);
                processor = processor_time(id).unwrap_or(processor);
            }
        }
    };
    let time = started.elapsed();
    ensure!(status.success(), "Prowler ended with {status}; see {}", log.display());
    let findings = Findings::of(&read_json::<Vec<Value>>(&written(&output)?)?);
    Ok(Scan { time, processor, peak_kib, calls: services.take_calls(), findings })
}

impl Scan {
    /// How many resources it described; it describes none twice.
    pub(crate) fn described(&self) -> usize {
        let describing = self.calls.iter().filter(|(call, _)| call.starts_with("sagemaker:Describe"));
        describing.map(|(_, count)| count).sum()
    }
}

fn written(folder: &Path) -> Result<PathBuf> {
    let file = folder.join(format!("{FINDINGS}.ocsf.json"));
    ensure!(file.is_file(), "Prowler wrote no {}", file.display());
    Ok(file)
}

impl Findings {
    /// From its list in the Open Cybersecurity Schema Framework's form.
    fn of(findings: &[Value]) -> Self {
        let mut found = Self::default();
        for finding in findings {
            let text = |pointer| finding.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
            found.rules.insert(text("/metadata/event_code"));
            found.resources.insert(text("/resources/0/uid"));
            *found.statuses.entry(text("/status_code").to_lowercase()).or_default() += 1;
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn findings_are_counted_by_rule_resource_and_status() {
        let finding = |rule: &str, resource: &str, status: &str| {
            let resources = [json!({"uid": resource})];
            json!({"metadata": {"event_code": rule}, "resources": resources, "status_code": status})
        };
        let found = Findings::of(&[finding("a", "x", "PASS"), finding("a", "y", "FAIL"), finding("b", "y", "FAIL")]);
        assert_eq!((found.rules.len(), found.resources.len()), (2, 2));
        assert_eq!(found.statuses, BTreeMap::from([("fail".to_owned(), 2), ("pass".to_owned(), 1)]));
        assert_eq!(Findings::of(&[]), Findings::default());
    }
}
