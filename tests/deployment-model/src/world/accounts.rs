//! Endpoints in the target accounts: what their stacks made of them.

use identifiers::ModelPackageArn;
use stack_sets::{InMemory, Location};
use std::collections::BTreeMap;

/// The endpoints of all accounts.
#[derive(Debug, Default)]
pub(crate) struct Endpoints(BTreeMap<(String, Location), Endpoint>);

/// One endpoint. Its name is that of its stack set.
#[derive(Debug, Clone)]
pub(crate) struct Endpoint {
    /// Of the stack, as the endpoint runs it.
    pub(crate) parameters: BTreeMap<String, String>,
    /// The configuration that its stack has asked for.
    asked: String,
}

const CONFIGURATION: &str = "ConfigurationName";

impl Endpoints {
    /// Makes, changes and removes endpoints as the stacks were meanwhile. `silent`: where an update leaves what was there.
    pub(crate) fn follow_but(&mut self, stack_sets: &InMemory, silent: impl Fn(&Location) -> bool) {
        let mut gone = std::mem::take(&mut self.0);
        for set in stack_sets.names() {
            for (at, (_, asked)) in stack_sets.stacks(&set, CONFIGURATION) {
                if asked.is_empty() {
                    continue;
                }
                let key = (set.clone(), at);
                let endpoint = match gone.remove(&key) {
                    Some(endpoint) if endpoint.asked == asked => endpoint,
                    Some(endpoint) if silent(&key.1) => Endpoint { asked, ..endpoint },
                    _ => Endpoint { parameters: stack_sets.parameters(&set, &key.1), asked },
                };
                self.0.insert(key, endpoint);
            }
        }
    }

    pub(crate) fn follow(&mut self, stack_sets: &InMemory) {
        self.follow_but(stack_sets, |_| false);
    }

    pub(crate) fn get(&self, name: &str, at: &Location) -> Option<&Endpoint> {
        self.0.get(&(name.to_owned(), at.clone()))
    }

    /// The endpoint whose configuration, and so whose model, has this name.
    pub(crate) fn of_configuration(&self, configuration: &str, at: &Location) -> Option<&Endpoint> {
        self.0
            .iter()
            .find(|((_, place), it)| place == at && it.parameters[CONFIGURATION] == configuration)
            .map(|it| it.1)
    }

    pub(crate) fn running(&self, name: &str) -> BTreeMap<Location, (String, ModelPackageArn)> {
        let of_name = self.0.iter().filter(|((endpoint, _), _)| endpoint == name);
        let runs =
            |it: &Endpoint| (it.parameters[CONFIGURATION].clone(), it.parameters["ModelPackageArn"].parse().unwrap());
        of_name.map(|((_, at), endpoint)| (at.clone(), runs(endpoint))).collect()
    }
}
