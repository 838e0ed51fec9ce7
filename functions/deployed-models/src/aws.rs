//! The AWS operations this function may use, besides those of [`stack_sets::Removing`].

use aws_ports::{Aws, AwsError, Operation};
use std::future::Future;
use tokio::sync::OnceCell;

/// Parameter Store, where the records of live versions are.
pub trait Records: Send + Sync {
    /// `ssm:GetParametersByPath`, all levels and pages: the names.
    fn names_under(&self, path: &str) -> impl Future<Output = Result<Vec<String>, AwsError>> + Send;
    /// `ssm:DeleteParameters`; those that do not exist are as good as deleted. Any number of names.
    fn delete(&self, names: &[String]) -> impl Future<Output = Result<(), AwsError>> + Send;
}

/// The service itself. The client is made when it is first called.
#[derive(Debug)]
pub struct ParameterStore<'a> {
    aws: &'a Aws,
    client: OnceCell<aws_sdk_ssm::Client>,
}

impl<'a> ParameterStore<'a> {
    /// Loads nothing.
    pub const fn new(aws: &'a Aws) -> Self {
        Self { aws, client: OnceCell::const_new() }
    }

    /// Over a client that was configured elsewhere.
    pub fn over(client: aws_sdk_ssm::Client) -> Self {
        static UNUSED: Aws = Aws::new();
        Self { aws: &UNUSED, client: OnceCell::new_with(Some(client)) }
    }

    async fn client(&self) -> &aws_sdk_ssm::Client {
        self.client.get_or_init(|| async { aws_sdk_ssm::Client::new(self.aws.config().await) }).await
    }
}

/// `DeleteParameters` takes ten names a call.
const NAMES_PER_CALL: usize = 10;

impl Records for ParameterStore<'_> {
    async fn names_under(&self, path: &str) -> Result<Vec<String>, AwsError> {
        let call = self.client().await.get_parameters_by_path().path(path).recursive(true);
        let mut pages = call.into_paginator().send();
        let mut names = Vec::new();
        while let Some(page) = pages.next().await {
            let parameters = page.operation("ssm:GetParametersByPath")?.parameters.unwrap_or_default();
            names.extend(parameters.into_iter().filter_map(|parameter| parameter.name));
        }
        Ok(names)
    }

    async fn delete(&self, names: &[String]) -> Result<(), AwsError> {
        for names in names.chunks(NAMES_PER_CALL) {
            let call = self.client().await.delete_parameters().set_names(Some(names.to_vec()));
            call.send().await.operation("ssm:DeleteParameters")?;
        }
        Ok(())
    }
}
