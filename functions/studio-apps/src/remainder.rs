use std::collections::{BTreeMap, BTreeSet};

use aws_ports::AwsError;
use identifiers::DomainId;

use crate::aws::{App, Owner, Space};

/// How many of what is left are named, in a reason of which CloudFormation shows little more than a thousand characters.
const LISTED: usize = 5;

/// What one look leaves of a domain.
#[derive(Debug, Default)]
pub(crate) struct Remainder {
    left: Vec<Left>,
    /// Apps that failed and are still listed, as text. They are not waited for.
    pub(crate) failed: Vec<String>,
    /// One of them may begin to go, or was not asked yet.
    pub(crate) settling: bool,
    /// Deletions that no waiting helps, with what was answered.
    pub(crate) refused: Vec<String>,
    occupied: BTreeSet<String>,
}

/// An app or a space that is still there.
#[derive(Debug)]
struct Left {
    /// `None` for a space.
    app_kind: Option<String>,
    text: String,
    status: String,
    /// What its deletion was answered.
    problem: Option<AwsError>,
}

impl Remainder {
    pub(crate) fn leave_app(&mut self, app: &App, problem: Option<AwsError>) {
        if let Owner::Space(space) = &app.owner {
            self.occupied.insert(space.clone());
        }
        let (app_kind, text, status) = (Some(app.kind.clone()), app.to_string(), app.status.clone());
        self.left.push(Left { app_kind, text, status, problem });
    }

    pub(crate) fn leave_space(&mut self, space: &Space, problem: Option<AwsError>) {
        let text = format!("space {}", space.name);
        self.left.push(Left { app_kind: None, text, status: space.status.clone(), problem });
    }

    /// Whether an app that is waited for runs in the space.
    pub(crate) fn occupies(&self, space: &str) -> bool {
        self.occupied.contains(space)
    }

    /// Nothing has to be waited for.
    pub(crate) fn is_empty(&self) -> bool {
        self.left.is_empty()
    }

    pub(crate) fn apps(&self) -> usize {
        self.left.iter().filter(|left| left.app_kind.is_some()).count()
    }

    pub(crate) fn spaces(&self) -> usize {
        self.left.len() - self.apps()
    }

    /// How many apps of which type and how many spaces are left, and the first ones by name. Those that do not go come
    /// before those that are going.
    pub(crate) fn describe(&self, domain: &DomainId) -> String {
        let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
        for kind in self.left.iter().filter_map(|left| left.app_kind.as_deref()) {
            *kinds.entry(kind).or_default() += 1;
        }
        let kinds: Vec<_> = kinds.iter().map(|(kind, count)| format!("{count} {kind}")).collect();
        let mut counts = Vec::new();
        if self.apps() > 0 {
            counts.push(format!("{} ({})", counted(self.apps(), "app"), kinds.join(", ")));
        }
        if self.spaces() > 0 {
            counts.push(counted(self.spaces(), "space"));
        }
        if counts.is_empty() {
            counts.push(format!("{} that had failed", counted(self.failed.len(), "app")));
        }
        let mut text = format!("{} of domain {domain} to go", counts.join(" and "));

        let mut left: Vec<_> = self.left.iter().collect();
        left.sort_by_key(|left| (left.problem.is_none(), left.status == crate::removal::DELETING, &left.text));
        let mut named: Vec<_> = left.iter().take(LISTED).map(|left| left.describe()).collect();
        if left.len() > LISTED {
            named.push(format!("{} more", left.len() - LISTED));
        }
        if !named.is_empty() {
            text = format!("{text}: {}", named.join(", "));
        }
        if !self.failed.is_empty() {
            let failed: Vec<_> = self.failed.iter().take(LISTED).map(String::as_str).collect();
            text = format!("{text}; {} Failed, among them {}", counted(self.failed.len(), "app"), failed.join(", "));
        }
        text
    }
}

impl Left {
    fn describe(&self) -> String {
        match &self.problem {
            Some(problem) => format!("{} ({}; {problem})", self.text, self.status),
            None => format!("{} ({})", self.text, self.status),
        }
    }
}

fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}
