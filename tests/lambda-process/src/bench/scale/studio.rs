use std::collections::{BTreeMap, VecDeque};
use std::ops::Range;

use serde_json::{Value, json};

use super::page;
use crate::bench::services::Call;
use crate::bench::wire::Answer;

pub(crate) const DOMAIN: &str = "d-abcdefghijkl";
/// SageMaker's page when none is asked for, and its largest.
const USUAL_PAGE: usize = 10;
const LARGEST_PAGE: usize = 100;
/// In how many listings what is being deleted still shows before it is gone.
const LOOKS: u32 = 2;
/// How many apps of each type, and whose: a profile's, or a space's of its own.
const APPS: [(&str, usize, Owner); 5] = [
    ("KernelGateway", 400, Owner::Profile),
    ("JupyterServer", 100, Owner::Profile),
    ("Canvas", 100, Owner::Profile),
    ("JupyterLab", 250, Owner::Space),
    ("CodeEditor", 150, Owner::Space),
];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Owner {
    Profile,
    Space,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Status {
    InService,
    Deleting { looks: u32 },
    Deleted,
}

impl Status {
    fn name(self) -> &'static str {
        match self {
            Self::InService => "InService",
            Self::Deleting { .. } => "Deleting",
            Self::Deleted => "Deleted",
        }
    }

    fn seen(&mut self) {
        if let Self::Deleting { looks } = self {
            *self = if *looks <= 1 { Self::Deleted } else { Self::Deleting { looks: *looks - 1 } };
        }
    }
}

struct App {
    kind: &'static str,
    name: String,
    owner: Owner,
    owned_by: String,
    status: Status,
}

/// A Studio domain full of apps, and the function's own address for further invocations.
pub(crate) struct Studio {
    apps: Vec<App>,
    spaces: BTreeMap<String, Status>,
    invocations: VecDeque<Vec<u8>>,
}

impl Studio {
    pub(crate) fn new() -> Self {
        let apps = APPS.iter().flat_map(|&(kind, count, owner)| {
            (0..count).map(move |number| {
                let owned_by = match owner {
                    Owner::Profile => format!("user-{:02}", number % 50),
                    Owner::Space => format!("{}-{number}", kind.to_ascii_lowercase()),
                };
                // Lab apps have one name for all, so that only the owner tells them apart.
                let name = if owner == Owner::Space { "default".to_owned() } else { format!("app-{number}") };
                App { kind, name, owner, owned_by, status: Status::InService }
            })
        });
        let apps: Vec<_> = apps.collect();
        let owners = apps.iter().filter(|app| app.owner == Owner::Space).map(|app| app.owned_by.clone());
        let spaces = owners.map(|space| (space, Status::InService)).collect();
        Self { apps, spaces, invocations: VecDeque::new() }
    }

    /// Apps that exist still.
    pub(crate) fn apps_left(&self) -> usize {
        self.apps.iter().filter(|app| app.status != Status::Deleted).count()
    }

    /// Spaces that exist still.
    pub(crate) fn spaces_left(&self) -> usize {
        self.spaces.values().filter(|status| **status != Status::Deleted).count()
    }

    /// The payload of an invocation that the function asked for and that was not taken yet.
    pub(crate) fn take_invocation(&mut self) -> Option<Vec<u8>> {
        self.invocations.pop_front()
    }

    pub(crate) fn answer(&mut self, call: &Call<'_>) -> Answer {
        match (call.service, call.operation) {
            ("sagemaker", "DescribeDomain") => Answer::Document(json!({"DomainId": DOMAIN, "Status": "InService"})),
            ("sagemaker", "ListApps") => self.list_apps(call),
            ("sagemaker", "DeleteApp") => self.delete_app(call),
            ("sagemaker", "ListSpaces") => self.list_spaces(call),
            ("sagemaker", "DeleteSpace") => self.delete_space(call),
            ("lambda", "Invoke") => {
                self.invocations.push_back(call.request.body.to_vec());
                Answer::Text(String::new())
            }
            _ => Answer::unknown(call.operation),
        }
    }

    fn list_apps(&mut self, call: &Call<'_>) -> Answer {
        let (shown, next) = match paged(self.apps.len(), call) {
            Ok(page) => page,
            Err(refusal) => return refusal,
        };
        let mut listed = Vec::new();
        for app in self.apps.get_mut(shown).unwrap_or_default() {
            let (key, owner) = (app.owner.key(), &app.owned_by);
            let status = app.status.name();
            listed.push(json!({
                "DomainId": DOMAIN, "AppType": app.kind, "AppName": app.name, key: owner, "Status": status,
            }));
            app.status.seen();
        }
        listing("Apps", listed, next)
    }

    fn list_spaces(&mut self, call: &Call<'_>) -> Answer {
        // Deleted ones keep their place, so that a listing goes on where it was.
        let (shown, next) = match paged(self.spaces.len(), call) {
            Ok(page) => page,
            Err(refusal) => return refusal,
        };
        let mut listed = Vec::new();
        let page = self.spaces.iter_mut().skip(shown.start).take(shown.len());
        for (name, status) in page.filter(|(_, status)| **status != Status::Deleted) {
            listed.push(json!({"DomainId": DOMAIN, "SpaceName": name, "Status": status.name()}));
            status.seen();
        }
        listing("Spaces", listed, next)
    }

    fn delete_app(&mut self, call: &Call<'_>) -> Answer {
        let (kind, name) = (call.text("AppType"), call.text("AppName"));
        let (profile, space) = (call.text(Owner::Profile.key()), call.text(Owner::Space.key()));
        let wanted = |app: &&mut App| {
            let owner = if app.owner == Owner::Profile { &profile } else { &space };
            app.kind == kind && app.name == name && app.owned_by == *owner
        };
        match self.apps.iter_mut().find(wanted).map(|app| &mut app.status) {
            Some(status @ Status::InService) => {
                *status = Status::Deleting { looks: LOOKS };
                Answer::Document(json!({}))
            }
            Some(Status::Deleting { .. }) => {
                Answer::refusal("ResourceInUse", format!("{kind} {name} is being deleted"))
            }
            Some(Status::Deleted) | None => Answer::refusal("ResourceNotFound", format!("no {kind} {name}")),
        }
    }

    fn delete_space(&mut self, call: &Call<'_>) -> Answer {
        let name = call.text("SpaceName");
        let used = |app: &App| app.owner == Owner::Space && app.owned_by == name && app.status != Status::Deleted;
        if self.apps.iter().any(used) {
            return Answer::refusal("ResourceInUse", format!("space {name} has apps"));
        }
        match self.spaces.get_mut(&name) {
            Some(status @ Status::InService) => {
                *status = Status::Deleting { looks: LOOKS };
                Answer::Document(json!({}))
            }
            Some(Status::Deleting { .. }) => Answer::refusal("ResourceInUse", format!("space {name} is being deleted")),
            Some(Status::Deleted) | None => Answer::refusal("ResourceNotFound", format!("no space {name}")),
        }
    }
}

impl Owner {
    fn key(self) -> &'static str {
        match self {
            Self::Profile => "UserProfileName",
            Self::Space => "SpaceName",
        }
    }
}

fn paged(length: usize, call: &Call<'_>) -> Result<(Range<usize>, Option<String>), Answer> {
    let asked = call.field("MaxResults").as_u64().map_or(USUAL_PAGE, |asked| usize::try_from(asked).unwrap_or(0));
    page(length, &call.text("NextToken"), asked, LARGEST_PAGE)
}

fn listing(name: &str, listed: Vec<Value>, next: Option<String>) -> Answer {
    Answer::Document(next.map_or_else(|| json!({name: listed}), |next| json!({name: listed, "NextToken": next})))
}

#[cfg(test)]
mod tests {
    use http::Method;

    use super::*;
    use crate::bench::wire::tests::request;

    fn ask(studio: &mut Studio, operation: &str, body: &Value) -> Result<Value, String> {
        let request = request("sagemaker", Method::POST, "/", None, &body.to_string());
        match studio.answer(&Call { service: "sagemaker", operation, request: &request }) {
            Answer::Document(document) => Ok(document),
            Answer::Refusal { refusal } => Err(refusal.code),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn an_app_shows_as_deleting_for_some_looks_and_its_space_goes_after_it() {
        let mut studio = Studio::new();
        assert_eq!((studio.apps_left(), studio.spaces_left()), (1000, 400));
        let app = json!({"AppType": "CodeEditor", "AppName": "default", "SpaceName": "codeeditor-7"});
        let space = json!({"SpaceName": "codeeditor-7"});
        assert_eq!(ask(&mut studio, "DeleteSpace", &space), Err("ResourceInUse".to_owned()));
        assert_eq!(ask(&mut studio, "DeleteApp", &app), Ok(json!({})));
        assert_eq!(ask(&mut studio, "DeleteApp", &app), Err("ResourceInUse".to_owned()));
        let last_page = json!({"MaxResults": 100, "NextToken": "900"});
        let mut looks = 0;
        while studio.apps_left() == 1000 {
            ask(&mut studio, "ListApps", &json!({"MaxResults": 100, "NextToken": "850"})).unwrap();
            looks += 1;
        }
        assert_eq!(looks, LOOKS);
        assert!(ask(&mut studio, "ListApps", &last_page).unwrap().get("NextToken").is_none());
        assert_eq!(ask(&mut studio, "DeleteApp", &app), Err("ResourceNotFound".to_owned()));
        assert_eq!(ask(&mut studio, "DeleteSpace", &space), Ok(json!({})));
    }
}
