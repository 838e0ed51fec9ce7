//! The bucket and the parameters of deployment records.

use super::Process;
use crate::world::BUCKET;
use aws_ports::AwsError;
use deployment::S3Uri;
use endpoint_verification as verification;

impl deployment_record::Records for Process<'_> {
    async fn parameter(&self, name: &str) -> Result<Option<String>, AwsError> {
        self.at_once("ssm:GetParameter", |state| Ok(state.parameters.get(name).cloned())).await
    }

    async fn put_parameter(&self, name: &str, value: &str) -> Result<(), AwsError> {
        self.at_once("ssm:PutParameter", |state| {
            if value.len() > 8_192 {
                return Err(("ValidationException", "longer than 8192"));
            }
            state.parameters.insert(name.to_owned(), value.to_owned());
            Ok(())
        })
        .await
    }

    async fn delete_parameter(&self, name: &str) -> Result<(), AwsError> {
        self.at_once("ssm:DeleteParameter", |state| {
            state.parameters.remove(name);
            Ok(())
        })
        .await
    }

    async fn object(&self, bucket: &str, key: &str) -> Result<Option<Vec<u8>>, AwsError> {
        self.at_once("s3:GetObject", |state| Ok(state.objects.get(&format!("{bucket}/{key}")).cloned())).await
    }

    async fn put_object(&self, bucket: &str, key: &str, body: String) -> Result<(), AwsError> {
        self.at_once("s3:PutObject", |state| {
            state.objects.insert(format!("{bucket}/{key}"), body.into_bytes());
            Ok(())
        })
        .await
    }
}

impl verification::Records for Process<'_> {
    fn bucket(&self) -> &str {
        BUCKET
    }

    async fn object(&self, uri: &S3Uri, _: u64) -> Result<verification::Object, AwsError> {
        self.at_once("s3:GetObject", |state| {
            let body = state.objects.get(&format!("{}/{}", uri.bucket(), uri.key()));
            let body = body.ok_or(("NoSuchKey", "The specified key does not exist."))?.clone();
            Ok(verification::Object { content_type: None, size: body.len() as u64, written: 0, body: Some(body) })
        })
        .await
    }

    async fn put(&self, key: &str, _: &str, body: String) -> Result<(), AwsError> {
        self.at_once("s3:PutObject", |state| {
            state.objects.insert(format!("{BUCKET}/{key}"), body.into_bytes());
            Ok(())
        })
        .await
    }
}
