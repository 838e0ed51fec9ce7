use control_records::ResourceRecord;
use controls::Control;
use identifiers::{AccountId, Region};
use sha2::{Digest, Sha256};

/// Where all findings are kept, and by which platform.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hub {
    /// E.g. `aws-cn`.
    pub partition: String,
    /// The account whose Security Hub it is.
    pub account: AccountId,
    /// Its region.
    pub region: Region,
    /// Two platforms in one account have findings of their own.
    pub platform_name: String,
}

/// The longest id that a finding may have, in characters.
const LONGEST_ID: usize = 512;

impl Hub {
    /// Of the product that an account's own findings belong to.
    #[must_use]
    pub fn product_arn(&self) -> String {
        let Self { partition, account, region, .. } = self;
        format!("arn:{partition}:securityhub:{region}:{account}:product/{account}/default")
    }

    /// The id of the one finding of a control on a resource.
    #[must_use]
    pub fn finding_id(&self, control: &Control, resource: &ResourceRecord) -> String {
        let ResourceRecord { account, region, arn, .. } = resource;
        let prefix = format!("{}/{account}/{region}/{}", self.platform_name, control.id);
        let id = format!("{prefix}/{arn}");
        if id.chars().count() <= LONGEST_ID { id } else { format!("{prefix}/{:x}", Sha256::digest(arn)) }
    }
}
