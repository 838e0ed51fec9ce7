/// How a service is reached.
#[derive(Debug)]
pub struct Service {
    /// The suffix of the variable `AWS_ENDPOINT_URL_<id>`.
    pub id: &'static str,
    /// What the host begins with: `<host>.<region>.<the partition's suffix>`.
    pub host: &'static str,
    /// The service's name in a signature and in an IAM policy.
    pub signing_name: &'static str,
    /// How an operation and its input are written.
    pub protocol: Protocol,
}

/// One of AWS's JSON protocols.
#[derive(Debug)]
pub enum Protocol {
    /// `X-Amz-Target: <target>.<operation>`, everything in the body.
    AwsJson {
        /// The prefix that the service's model gives.
        target: &'static str,
        /// `1.0` or `1.1`.
        version: &'static str,
    },
    /// An operation is a path; those called here take everything in the body of a POST.
    RestJson,
}

/// An operation of a service.
#[derive(Debug, Clone, Copy)]
pub struct Call {
    /// As in an IAM policy, `service:Operation`.
    pub name: &'static str,
    /// What is posted to; `/` but for [`Protocol::RestJson`].
    pub path: &'static str,
}

impl Call {
    /// An operation of a service that takes its name from a header.
    #[must_use]
    pub const fn named(name: &'static str) -> Self {
        Self { name, path: "/" }
    }

    /// An operation that is a path.
    #[must_use]
    pub const fn post(name: &'static str, path: &'static str) -> Self {
        Self { name, path }
    }

    /// The name without the service: `DescribeModel`.
    pub(crate) fn operation(self) -> &'static str {
        self.name.split_once(':').map_or(self.name, |(_, operation)| operation)
    }
}

/// Amazon SageMaker.
pub const SAGEMAKER: Service = Service {
    id: "SAGEMAKER",
    host: "api.sagemaker",
    signing_name: "sagemaker",
    protocol: Protocol::AwsJson { target: "SageMaker", version: "1.1" },
};

/// AWS Security Hub.
pub const SECURITY_HUB: Service =
    Service { id: "SECURITYHUB", host: "securityhub", signing_name: "securityhub", protocol: Protocol::RestJson };

/// Amazon DynamoDB.
pub const DYNAMODB: Service = Service {
    id: "DYNAMODB",
    host: "dynamodb",
    signing_name: "dynamodb",
    protocol: Protocol::AwsJson { target: "DynamoDB_20120810", version: "1.0" },
};

/// Amazon EventBridge.
pub const EVENT_BRIDGE: Service = Service {
    id: "EVENTBRIDGE",
    host: "events",
    signing_name: "events",
    protocol: Protocol::AwsJson { target: "AWSEvents", version: "1.1" },
};

/// AWS Key Management Service.
pub const KMS: Service = Service {
    id: "KMS",
    host: "kms",
    signing_name: "kms",
    protocol: Protocol::AwsJson { target: "TrentService", version: "1.1" },
};
