use identifiers::{Region, RoleName};

/// Where SageMaker looks for its project roles: it passes them by ARN, and the path is part of that.
pub const PATH: &str = "/service-role/";

/// The roles that SageMaker's projects and JumpStart expect, by name, and the services that each has to trust: the first
/// label of their principals. As SageMaker's console makes them; "AWS managed policies for SageMaker projects and
/// JumpStart" describes what each is for.
pub const KNOWN_ROLES: [(&str, &[&str]); 11] = [
    ("AmazonSageMakerServiceCatalogProductsLaunchRole", &["servicecatalog"]),
    (
        "AmazonSageMakerServiceCatalogProductsUseRole",
        &[
            "apigateway",
            "cloudformation",
            "codebuild",
            "codepipeline",
            "events",
            "firehose",
            "glue",
            "lambda",
            "sagemaker",
            "states",
        ],
    ),
    ("AmazonSageMakerServiceCatalogProductsApiGatewayRole", &["apigateway"]),
    ("AmazonSageMakerServiceCatalogProductsCloudformationRole", &["cloudformation"]),
    ("AmazonSageMakerServiceCatalogProductsCodeBuildRole", &["codebuild"]),
    ("AmazonSageMakerServiceCatalogProductsCodePipelineRole", &["codepipeline"]),
    ("AmazonSageMakerServiceCatalogProductsEventsRole", &["events"]),
    ("AmazonSageMakerServiceCatalogProductsExecutionRole", &["sagemaker"]),
    ("AmazonSageMakerServiceCatalogProductsFirehoseRole", &["firehose"]),
    ("AmazonSageMakerServiceCatalogProductsGlueRole", &["glue"]),
    ("AmazonSageMakerServiceCatalogProductsLambdaRole", &["lambda"]),
];

/// The services that the role has to trust; `None` if it is no project role.
pub(crate) fn services_of(name: &RoleName) -> Option<&'static [&'static str]> {
    let same = |known: &str| known.eq_ignore_ascii_case(name.as_str());
    KNOWN_ROLES.iter().find(|(known, _)| same(known)).map(|(_, services)| *services)
}

/// Whether `principal` is the service, seen from `region`.
///
/// `codebuild.amazonaws.com` is CodeBuild in China too, where other services end in `amazonaws.com.cn`, and some have a
/// principal for each region. IAM refuses principals that do not exist, so the first label and the region tell.
pub(crate) fn is_service(principal: &str, service: &str, region: &str) -> bool {
    let mut labels = principal.split('.');
    labels.next() == Some(service)
        && labels.next().is_some_and(|label| label == region || label.parse::<Region>().is_err())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_known_role_is_a_role_name_with_services() {
        for (name, services) in KNOWN_ROLES {
            assert_eq!(services_of(&name.parse().unwrap()), Some(services));
            assert!(!services.is_empty() && services.is_sorted(), "{name}");
        }
        assert_eq!(services_of(&"Studio".parse().unwrap()), None);
    }

    #[test]
    fn principals_of_every_partition() {
        for (principal, service, region, same) in [
            ("codebuild.amazonaws.com", "codebuild", "eu-central-1", true),
            ("codebuild.amazonaws.com", "codebuild", "cn-north-1", true),
            ("states.amazonaws.com.cn", "states", "cn-north-1", true),
            ("states.eu-central-1.amazonaws.com", "states", "eu-central-1", true),
            ("states.us-east-1.amazonaws.com", "states", "eu-central-1", false),
            ("states.cn-north-1.amazonaws.com.cn", "states", "cn-north-1", true),
            ("codebuilder.amazonaws.com", "codebuild", "eu-central-1", false),
            ("codebuild", "codebuild", "eu-central-1", false),
            ("evil.codebuild.amazonaws.com", "codebuild", "eu-central-1", false),
        ] {
            assert_eq!(is_service(principal, service, region), same, "{principal}");
        }
    }
}
