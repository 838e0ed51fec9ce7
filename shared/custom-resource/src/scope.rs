/// The stack a resource belongs to, read from the ARN in `StackId`, and its name there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scope {
    /// `aws`, `aws-cn`, `aws-us-gov`, ...
    pub partition: String,
    /// The stack's region.
    pub region: String,
    /// The stack's account, 12 digits.
    pub account_id: String,
    /// The stack's name.
    pub stack_name: String,
    /// The last part of the stack's ARN: tells it from earlier and later stacks of the same name.
    pub stack_guid: String,
    /// The stack's whole ARN.
    pub stack_id: String,
    /// `LogicalResourceId`: the resource's name in the template.
    pub logical_id: String,
}

impl Scope {
    /// Reads `arn:<partition>:cloudformation:<region>:<account>:stack/<name>/<guid>`; `None` when it is anything else.
    #[must_use]
    pub fn new(stack_id: &str, logical_id: &str) -> Option<Self> {
        let mut fields = stack_id.splitn(6, ':');
        let mut field = || fields.next().filter(|field| !field.is_empty());
        let (arn, partition, service, region, account_id) = (field()?, field()?, field()?, field()?, field()?);
        let mut resource = field()?.split('/');
        let mut part = || resource.next();
        let (stack, stack_name, stack_guid, rest) = (part()?, part()?, part()?, part());
        let whole = arn == "arn" && service == "cloudformation" && stack == "stack" && rest.is_none();
        (whole && !stack_name.is_empty() && !stack_guid.is_empty()).then(|| Self {
            partition: partition.to_owned(),
            region: region.to_owned(),
            account_id: account_id.to_owned(),
            stack_name: stack_name.to_owned(),
            stack_guid: stack_guid.to_owned(),
            stack_id: stack_id.to_owned(),
            logical_id: logical_id.to_owned(),
        })
    }
}
