use std::future::Future;
use std::sync::atomic::{AtomicBool, Ordering};

use aws_ports::AwsError;
use futures_util::{StreamExt, stream};
use identifiers::DomainId;
use tokio::time::Instant;

use crate::aws::{App, Page, Ports, Space};
use crate::remainder::Remainder;

/// SageMaker grants an account some deletions a second, and each takes a tenth of one. More at once would only be
/// throttled.
const CALLS_AT_ONCE: usize = 5;

pub(crate) const DELETING: &str = "Deleting";
const DELETED: &str = "Deleted";
const FAILED: &str = "Failed";

/// Lists what the domain holds, asks all of it to go that is not going, and says what is left. A space is asked once its
/// apps are gone. Apps that failed come last and once no other app is left: they are listed for a day, whatever they
/// are asked, and must not take the pace from the others.
///
/// No deletion begins after `begin_until`, nor after one was throttled: the next look goes on.
///
/// # Errors
/// Of the listings. What a deletion answered is in the remainder.
pub(crate) async fn look(aws: &impl Ports, domain: &DomainId, begin_until: Instant) -> Result<Remainder, AwsError> {
    let apps = all(|page| aws.list_apps(domain, page)).await?;
    let spaces = all(|page| aws.list_spaces(domain, page)).await?;
    let pace = &Pace { begin_until, throttled: AtomicBool::new(false) };
    let mut remainder = Remainder::default();
    let (failed, apps): (Vec<App>, Vec<App>) =
        apps.into_iter().filter(|app| app.status != DELETED).partition(|app| app.status == FAILED);

    let is_going = |app: &App| app.status == DELETING;
    for (app, answer) in pace.ask_each(apps, is_going, |app| async move { aws.delete_app(domain, &app).await }).await {
        match answer {
            Answer::Gone => {}
            Answer::NotAsked | Answer::Accepted => remainder.leave_app(&app, None),
            Answer::Later(error) => remainder.leave_app(&app, Some(error)),
            Answer::Never(error) => remainder.refused.push(format!("{app}: {error}")),
        }
    }

    let (occupied, free): (Vec<Space>, Vec<Space>) =
        spaces.into_iter().partition(|space| remainder.occupies(&space.name));
    for space in occupied {
        remainder.leave_space(&space, None);
    }
    let is_going = |space: &Space| space.status == DELETING;
    let ask = |space: Space| async move { aws.delete_space(domain, &space.name).await };
    for (space, answer) in pace.ask_each(free, is_going, ask).await {
        match answer {
            Answer::Gone => {}
            Answer::NotAsked | Answer::Accepted => remainder.leave_space(&space, None),
            Answer::Later(error) => remainder.leave_space(&space, Some(error)),
            Answer::Never(error) => remainder.refused.push(format!("space {}: {error}", space.name)),
        }
    }

    if remainder.apps() > 0 {
        remainder.failed.extend(failed.iter().map(ToString::to_string));
        return Ok(remainder);
    }
    for (app, answer) in pace.ask_each(failed, |_| false, |app| async move { aws.delete_app(domain, &app).await }).await
    {
        match answer {
            Answer::Gone => {}
            Answer::NotAsked | Answer::Accepted | Answer::Later(_) => {
                remainder.settling = true;
                remainder.failed.push(app.to_string());
            }
            Answer::Never(error) => remainder.refused.push(format!("{app}: {error}")),
        }
    }
    Ok(remainder)
}

/// All pages of a listing; nothing where the domain is gone.
async fn all<T, F>(list: impl Fn(Option<String>) -> F) -> Result<Vec<T>, AwsError>
where
    F: Future<Output = Result<Page<T>, AwsError>>,
{
    let mut items = Vec::new();
    let mut next = None;
    loop {
        let page = match list(next).await {
            Ok(page) => page,
            Err(error) if error.is_not_found() => return Ok(items),
            Err(error) => return Err(error),
        };
        items.extend(page.items);
        next = page.next;
        if next.is_none() {
            return Ok(items);
        }
    }
}

/// What came of a deletion.
enum Answer {
    /// It is going already, or there was no time for it.
    NotAsked,
    /// It has begun.
    Accepted,
    /// There is nothing to delete.
    Gone,
    /// Not now.
    Later(AwsError),
    /// Not as things are.
    Never(AwsError),
}

/// Until when, and how fast, deletions are asked for.
struct Pace {
    begin_until: Instant,
    throttled: AtomicBool,
}

impl Pace {
    /// What came of each, in any order.
    async fn ask_each<T: Clone, F>(
        &self,
        things: Vec<T>,
        is_going: impl Fn(&T) -> bool,
        delete: impl Fn(T) -> F,
    ) -> Vec<(T, Answer)>
    where
        F: Future<Output = Result<(), AwsError>>,
    {
        let asked = things.into_iter().map(|thing| {
            let call = (!is_going(&thing)).then(|| delete(thing.clone()));
            async move {
                match call {
                    Some(call) => (thing, self.ask(call).await),
                    None => (thing, Answer::NotAsked),
                }
            }
        });
        stream::iter(asked).buffer_unordered(CALLS_AT_ONCE).collect().await
    }

    /// Makes the call if there is time for it.
    async fn ask(&self, call: impl Future<Output = Result<(), AwsError>>) -> Answer {
        if self.throttled.load(Ordering::Relaxed) || Instant::now() >= self.begin_until {
            return Answer::NotAsked;
        }
        match call.await {
            Ok(()) => Answer::Accepted,
            Err(error) if error.is_not_found() || is_gone(&error) => Answer::Gone,
            Err(error) if is_busy(&error) => Answer::Later(error),
            Err(error) if error.is_transient() => {
                self.throttled.fetch_or(error.is_throttled(), Ordering::Relaxed);
                Answer::Later(error)
            }
            Err(error) => Answer::Never(error),
        }
    }
}

/// An app is listed for a day after it went, and SageMaker has no code of its own for deleting it again.
fn is_gone(error: &AwsError) -> bool {
    error.code() == Some("ValidationException")
        && error.message().is_some_and(|message| {
            message.contains("has already been deleted") || message.contains("was automatically deleted")
        })
}

/// It is being made, changed or deleted, or apps still use it. A request that breaks a rule of the API is answered with
/// the same code, but no waiting helps it.
fn is_busy(error: &AwsError) -> bool {
    match error.code() {
        Some("ResourceInUse") => true,
        Some("ValidationException") => !error.message().is_some_and(|message| message.contains("validation error")),
        _ => false,
    }
}
