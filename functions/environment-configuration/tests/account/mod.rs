//! SageMaker and Parameter Store of one account in memory, and what they were asked.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

use aws_ports::AwsError;
use environment_configuration::{Domain, Page, Parameter, Ports, Project, ProjectName};

pub(crate) const PROJECT: &str = "sagemaker:DescribeProject";
pub(crate) const DOMAIN: &str = "sagemaker:DescribeDomain";
pub(crate) const TAGS: &str = "sagemaker:ListTags";
pub(crate) const PARAMETERS: &str = "ssm:GetParameters";

/// Keys and values, a page each.
type Tags = Vec<Vec<(&'static str, &'static str)>>;

#[derive(Default)]
pub(crate) struct State {
    pub(crate) projects: BTreeMap<&'static str, Project>,
    pub(crate) domains: BTreeMap<&'static str, Domain>,
    pub(crate) tags: BTreeMap<String, Tags>,
    parameters: BTreeMap<String, (String, bool)>,
    /// Operation and what it was asked for.
    pub(crate) calls: Vec<(&'static str, String)>,
    /// The names of each call.
    pub(crate) batches: Vec<Vec<String>>,
    /// The operation that is always answered so.
    pub(crate) always: Option<(&'static str, &'static str)>,
}

/// The one that a function works on; clones share it.
#[derive(Clone, Default)]
pub(crate) struct Account(Arc<Mutex<State>>);

pub(crate) fn arn(of: &str) -> String {
    format!("arn:aws:sagemaker:eu-central-1:123456789012:{of}")
}

pub(crate) fn domain(id: &str) -> Domain {
    Domain {
        id: id.into(),
        arn: arn(&format!("domain/{id}")),
        vpc_id: "vpc-0a1b".into(),
        subnet_ids: vec!["subnet-2".into(), "subnet-1".into()],
        security_groups: vec!["sg-1".into(), "sg-2".into()],
        execution_role: "arn:aws:iam::123456789012:role/studio/Execution".into(),
    }
}

impl Account {
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    /// A project that was made in the domain `d-home`, if `in_studio`.
    pub(crate) fn with_project(self, name: &'static str, in_studio: bool) -> Self {
        let domain_id = in_studio.then(|| "d-home".to_owned());
        let project = Project { arn: arn(&format!("project/{name}")), domain_id };
        self.state().projects.insert(name, project);
        self.state().domains.insert("d-home", domain("d-home"));
        self
    }

    pub(crate) fn with_tags(self, of: &str, pages: Tags) -> Self {
        self.state().tags.insert(arn(of), pages);
        self
    }

    pub(crate) fn with_parameter(self, name: &str, value: &str) -> Self {
        self.state().parameters.insert(name.into(), (value.into(), false));
        self
    }

    pub(crate) fn with_secret(self, name: &str) -> Self {
        self.state().parameters.insert(name.into(), ("AQICAHh".into(), true));
        self
    }

    pub(crate) fn operations(&self) -> Vec<&'static str> {
        self.state().calls.iter().map(|(operation, _)| *operation).collect()
    }

    fn call<T>(
        &self,
        operation: &'static str,
        of: &str,
        answer: impl FnOnce(&mut State) -> Option<T>,
    ) -> Result<T, AwsError> {
        let mut state = self.state();
        state.calls.push((operation, of.to_owned()));
        match state.always {
            Some((always, code)) if always == operation => {
                Err(AwsError::answered(operation, code, "arranged by the test"))
            }
            _ => answer(&mut state)
                .ok_or_else(|| AwsError::answered(operation, "ValidationException", &format!("{of} does not exist"))),
        }
    }
}

impl Ports for Account {
    async fn describe_project(&self, name: &ProjectName) -> Result<Project, AwsError> {
        self.call(PROJECT, name.as_str(), |state| state.projects.get(name.as_str()).cloned())
    }

    async fn describe_domain(&self, id: &str) -> Result<Domain, AwsError> {
        self.call(DOMAIN, id, |state| state.domains.get(id).cloned())
    }

    async fn list_tags(&self, arn: &str, page: Option<String>) -> Result<Page<(String, String)>, AwsError> {
        self.call(TAGS, arn, |state| {
            let pages = state.tags.get(arn).cloned().unwrap_or_default();
            let at: usize = page.map_or(0, |token| token.parse().unwrap());
            let items = pages.get(at).cloned().unwrap_or_default();
            let items = items.into_iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect();
            Some(Page { items, next: (at + 1 < pages.len()).then(|| (at + 1).to_string()) })
        })
    }

    async fn get_parameters(&self, names: &[String]) -> Result<Vec<Parameter>, AwsError> {
        self.call(PARAMETERS, &names.join(" "), |state| {
            state.batches.push(names.to_vec());
            let found = names.iter().filter_map(|name| {
                let (value, secure) = state.parameters.get(name)?.clone();
                Some(Parameter { name: name.clone(), value, secure })
            });
            // In no order, as the service answers.
            Some(found.rev().collect())
        })
    }
}
