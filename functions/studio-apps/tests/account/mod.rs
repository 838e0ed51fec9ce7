//! SageMaker of one account in memory: domains with apps and spaces that take some looks to go, and the call that fails.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use aws_ports::AwsError;
use identifiers::DomainId;
use studio_apps::{App, Owner, Page, Ports, Space};

pub(crate) const LIST_APPS: &str = "sagemaker:ListApps";
pub(crate) const LIST_SPACES: &str = "sagemaker:ListSpaces";
pub(crate) const DELETE_APP: &str = "sagemaker:DeleteApp";
pub(crate) const DELETE_SPACE: &str = "sagemaker:DeleteSpace";

/// What comes of a deletion.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Fate {
    /// It takes this many looks.
    Goes(usize),
    /// It takes a look, and then the thing is in this status again.
    Returns(&'static str),
    /// It is answered with this code and message.
    Refused(&'static str, &'static str),
    /// It is accepted, and nothing happens.
    Ignored,
}

#[derive(Debug, Clone)]
struct Held<T> {
    thing: T,
    fate: Fate,
    /// Looks until the deletion that was asked for has ended, or the thing is in service.
    busy_for: usize,
}

/// Code and message of a failing call, and whether its effect takes place all the same.
pub(crate) type Failing = (usize, &'static str, &'static str, bool);

/// What one domain holds.
type Domain = (Vec<Held<App>>, Vec<Held<Space>>);

#[derive(Default)]
pub(crate) struct State {
    domains: BTreeMap<String, Domain>,
    pub(crate) calls: Vec<&'static str>,
    /// The call, from 1, that fails.
    pub(crate) failing: Option<Failing>,
    /// The operation that is always answered so.
    pub(crate) always: Option<(&'static str, &'static str, &'static str)>,
    /// Deletions between two looks until the rest is throttled.
    pub(crate) deletions_per_look: Option<usize>,
    deletions: usize,
    /// How long a deletion takes.
    pub(crate) delay: Duration,
    at_once: usize,
    pub(crate) most_at_once: usize,
    /// What a listing of a domain that does not exist is answered; else it is empty.
    pub(crate) unknown_domain: Option<(&'static str, &'static str)>,
}

/// The one that a function works on; clones share it.
#[derive(Clone, Default)]
pub(crate) struct Account(Arc<Mutex<State>>);

const PAGE: usize = 100;

pub(crate) fn app(kind: &str, name: &str, owner: Owner, status: &str) -> App {
    App { kind: kind.into(), name: name.into(), owner, status: status.into() }
}

pub(crate) fn of_user(name: &str) -> Owner {
    Owner::UserProfile(name.into())
}

pub(crate) fn of_space(name: &str) -> Owner {
    Owner::Space(name.into())
}

impl Account {
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    pub(crate) fn with_app(self, domain: &str, app: App, fate: Fate) -> Self {
        let busy_for = match app.status.as_str() {
            "Pending" | "Deleting" => 3,
            _ => 0,
        };
        self.state().domains.entry(domain.into()).or_default().0.push(Held { thing: app, fate, busy_for });
        self
    }

    pub(crate) fn with_space(self, domain: &str, name: &str, status: &str, fate: Fate) -> Self {
        let space = Space { name: name.into(), status: status.into() };
        let busy_for = if status == "Deleting" { 3 } else { 0 };
        self.state().domains.entry(domain.into()).or_default().1.push(Held { thing: space, fate, busy_for });
        self
    }

    /// What would keep the domain and its profiles from being deleted, as text.
    pub(crate) fn holds(&self, domain: &str) -> Vec<String> {
        let state = self.state();
        let Some((apps, spaces)) = state.domains.get(domain) else { return Vec::new() };
        let is_there = |status: &str| !matches!(status, "Deleted" | "Failed");
        let apps = apps.iter().filter(|app| is_there(&app.thing.status)).map(|app| app.thing.to_string());
        apps.chain(spaces.iter().map(|space| format!("space {}", space.thing.name))).collect()
    }

    pub(crate) fn count(&self, operation: &str) -> usize {
        self.state().calls.iter().filter(|call| **call == operation).count()
    }

    fn call<T>(
        &self,
        operation: &'static str,
        effect: impl FnOnce(&mut State) -> Result<T, (&'static str, &'static str)>,
    ) -> Result<T, AwsError> {
        let mut state = self.state();
        state.calls.push(operation);
        if let Some((always, code, message)) = state.always
            && always == operation
        {
            return Err(AwsError::answered(operation, code, message));
        }
        match state.failing {
            Some((at, code, message, takes_place)) if at == state.calls.len() => {
                if takes_place {
                    let _ = effect(&mut state);
                }
                Err(AwsError::answered(operation, code, message))
            }
            _ => effect(&mut state).map_err(|(code, message)| AwsError::answered(operation, code, message)),
        }
    }

    async fn deletion(
        &self,
        operation: &'static str,
        effect: impl FnOnce(&mut State) -> Result<(), (&'static str, &'static str)>,
    ) -> Result<(), AwsError> {
        let delay = {
            let mut state = self.state();
            state.at_once += 1;
            state.most_at_once = state.most_at_once.max(state.at_once);
            state.delay
        };
        // Gives the others their turn even where it takes no time.
        tokio::task::yield_now().await;
        tokio::time::sleep(delay).await;
        self.state().at_once -= 1;
        self.call(operation, |state| {
            state.deletions += 1;
            if state.deletions_per_look.is_some_and(|most| state.deletions > most) {
                return Err(("ThrottlingException", "Rate exceeded"));
            }
            effect(state)
        })
    }
}

/// A look later.
fn tick<T>(held: &mut Vec<Held<T>>, status: fn(&mut T) -> &mut String, is_listed_after: bool) {
    held.retain_mut(|held| {
        if held.busy_for == 0 {
            return true;
        }
        held.busy_for -= 1;
        if held.busy_for > 0 {
            return true;
        }
        let now = status(&mut held.thing);
        match (now.as_str(), held.fate) {
            ("Pending", _) => *now = "InService".into(),
            (_, Fate::Returns(back)) => *now = back.into(),
            _ => *now = "Deleted".into(),
        }
        is_listed_after || *now != "Deleted"
    });
}

fn begin<T>(held: &mut Held<T>, status: fn(&mut T) -> &mut String) -> Result<(), (&'static str, &'static str)> {
    let looks = match held.fate {
        Fate::Goes(looks) => looks,
        Fate::Returns(_) => 1,
        Fate::Refused(code, message) => return Err((code, message)),
        Fate::Ignored => return Ok(()),
    };
    *status(&mut held.thing) = "Deleting".into();
    held.busy_for = looks.max(1);
    Ok(())
}

fn page_of<T: Clone>(items: Vec<T>, page: Option<String>) -> Page<T> {
    let from: usize = page.map_or(0, |token| token.parse().unwrap());
    let next = (from + PAGE < items.len()).then(|| (from + PAGE).to_string());
    Page { items: items.into_iter().skip(from).take(PAGE).collect(), next }
}

impl Ports for Account {
    async fn list_apps(&self, domain: &DomainId, page: Option<String>) -> Result<Page<App>, AwsError> {
        self.call(LIST_APPS, |state| {
            let unknown_domain = state.unknown_domain;
            let Some((apps, spaces)) = state.domains.get_mut(domain.as_str()) else {
                return unknown_domain.map_or(Ok(Page { items: Vec::new(), next: None }), Err);
            };
            if page.is_none() {
                tick(apps, |app| &mut app.status, true);
                tick(spaces, |space| &mut space.status, false);
                state.deletions = 0;
            }
            Ok(page_of(apps.iter().map(|held| held.thing.clone()).collect(), page))
        })
    }

    async fn list_spaces(&self, domain: &DomainId, page: Option<String>) -> Result<Page<Space>, AwsError> {
        self.call(LIST_SPACES, |state| {
            let unknown_domain = state.unknown_domain;
            let Some((_, spaces)) = state.domains.get(domain.as_str()) else {
                return unknown_domain.map_or(Ok(Page { items: Vec::new(), next: None }), Err);
            };
            Ok(page_of(spaces.iter().map(|held| held.thing.clone()).collect(), page))
        })
    }

    async fn delete_app(&self, domain: &DomainId, app: &App) -> Result<(), AwsError> {
        self.deletion(DELETE_APP, |state| {
            let apps = state.domains.get_mut(domain.as_str()).map(|(apps, _)| apps);
            let same = |held: &&mut Held<App>| {
                (&held.thing.kind, &held.thing.name, &held.thing.owner) == (&app.kind, &app.name, &app.owner)
            };
            let held = apps.and_then(|apps| apps.iter_mut().find(same)).ok_or(("ResourceNotFound", "no such app"))?;
            match (held.thing.status.as_str(), held.fate) {
                ("Deleted", _) => Err(("ValidationException", "App default has already been deleted.")),
                ("Deleting", _) => Err(("ResourceInUse", "App default is being deleted.")),
                ("Pending", _) => Err(("ValidationException", "App default is in Pending status.")),
                ("Failed", Fate::Goes(0)) => {
                    Err(("ValidationException", "App default previously failed and was automatically deleted."))
                }
                _ => begin(held, |app| &mut app.status),
            }
        })
        .await
    }

    async fn delete_space(&self, domain: &DomainId, name: &str) -> Result<(), AwsError> {
        self.deletion(DELETE_SPACE, |state| {
            let Some((apps, spaces)) = state.domains.get_mut(domain.as_str()) else {
                return Err(("ResourceNotFound", "no such domain"));
            };
            let held = spaces.iter_mut().find(|held| held.thing.name == name);
            let held = held.ok_or(("ResourceNotFound", "no such space"))?;
            let used = |held: &Held<App>| {
                held.thing.owner == of_space(name) && !matches!(held.thing.status.as_str(), "Deleted" | "Failed")
            };
            if held.thing.status == "Deleting" || apps.iter().any(used) {
                return Err(("ResourceInUse", "Unable to delete Space because App(s) are associated with it."));
            }
            begin(held, |space| &mut space.status)
        })
        .await
    }
}
