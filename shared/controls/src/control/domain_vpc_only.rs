use crate::judging::{Part, in_subnets};
use crate::{Action, Control, Kind, Reference, Severity, Tool, Verdict};

pub(super) const CONTROL: Control = Control {
    id: "domain-vpc-only",
    title: "Traffic of Studio goes through the VPC",
    severity: Severity::High,
    kinds: &[Kind::Domain],
    needs: &[],
    references: &[
        Reference::all(Tool::Config, "sagemaker-domain-in-vpc"),
        Reference::all(Tool::Custodian, "value: AppNetworkAccessType"),
    ],
    remediation: "Make the VPC endpoints that Studio needs, delete the domain's running apps, then update the \
                  domain with AppNetworkAccessType VpcOnly and subnets of the environment. A domain with RStudio \
                  has to be made anew.",
    actions: &[Action::Notify],
    evaluate: |resource, parameters| {
        let domain = Part::of(resource);
        match domain.is("AppNetworkAccessType", "VpcOnly") {
            Verdict::Pass => in_subnets(&domain, "SubnetIds", parameters),
            other => other,
        }
    },
};

#[cfg(test)]
pub(super) const CASES: &[crate::case::Case] = {
    use crate::case::Case;
    const KIND: Kind = Kind::Domain;
    &[
        Case::pass(KIND, r#"{"AppNetworkAccessType": "VpcOnly", "SubnetIds": ["subnet-1"]}"#),
        Case::pass(KIND, r#"{"AppNetworkAccessType": "VpcOnly", "SubnetIds": ["subnet-1"]}"#)
            .parameters(r#"{"subnets": ["subnet-1"]}"#),
        Case::fail(KIND, r#"{"AppNetworkAccessType": "PublicInternetOnly", "SubnetIds": ["subnet-1"]}"#),
        Case::fail(KIND, r#"{"AppNetworkAccessType": "VpcOnly", "SubnetIds": ["subnet-9"]}"#)
            .parameters(r#"{"subnets": ["subnet-1"]}"#),
        Case::not_applicable(KIND, r#"{"Status": "Deleting", "AppNetworkAccessType": "PublicInternetOnly"}"#),
        Case::unknown(KIND, r#"{"Status": "InService"}"#),
        Case::unknown(KIND, r#"{"AppNetworkAccessType": "VpcOnly", "SubnetIds": "subnet-1"}"#),
    ]
};
