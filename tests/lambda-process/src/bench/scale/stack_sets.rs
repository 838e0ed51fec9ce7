use std::collections::BTreeMap;

use super::page;
use crate::bench::services::Call;
use crate::bench::wire::Answer;

/// CloudFormation's largest page.
pub(crate) const PAGE: usize = 100;

/// Account and region.
type Place = (String, String);
/// By name.
pub(crate) type Texts = BTreeMap<String, String>;

/// Self-managed stack sets of the hub account. An operation has succeeded everywhere when it is first asked for.
#[derive(Default)]
pub(crate) struct StackSets(BTreeMap<String, StackSet>);

#[derive(Default)]
struct StackSet {
    template: String,
    parameters: Texts,
    tags: Texts,
    administration_role: String,
    execution_role: String,
    stacks: BTreeMap<Place, Stack>,
    /// The oldest first.
    operations: Vec<Operation>,
}

#[derive(Default)]
struct Stack {
    /// The parameters it was made with; `None` until its first operation has ended.
    made_with: Option<Texts>,
    is_current: bool,
}

struct Operation {
    id: String,
    places: Vec<Place>,
    is_running: bool,
}

impl StackSets {
    /// The parameters of the stack there that was made with this value of one of them.
    pub(crate) fn stack(&self, account: &str, region: &str, (name, value): (&str, &str)) -> Option<&Texts> {
        let place = (account.to_owned(), region.to_owned());
        let mut stacks = self.0.values().filter_map(|set| set.stacks.get(&place)?.made_with.as_ref());
        stacks.find(|parameters| parameters.get(name).is_some_and(|found| found == value))
    }

    /// How many stacks were made with this value of a parameter.
    pub(crate) fn made_with(&self, parameter: &str, value: &str) -> usize {
        let stacks = self.0.values().flat_map(|set| set.stacks.values()).filter_map(|stack| stack.made_with.as_ref());
        stacks.filter(|parameters| parameters.get(parameter).is_some_and(|found| found == value)).count()
    }

    pub(crate) fn answer(&mut self, call: &Call<'_>) -> Answer {
        let form = Form(form_urlencoded::parse(&call.request.body).into_owned().collect());
        let name = form.text("StackSetName");
        if call.operation == "CreateStackSet" {
            return self.create(name, &form);
        }
        let Some(set) = self.0.get_mut(name) else {
            return Answer::refusal_with(404, "StackSetNotFoundException", format!("StackSet {name} not found"));
        };
        let answer = match call.operation {
            "DescribeStackSet" => Ok(set.describe(name)),
            "ListStackInstances" => set.list_instances(&form),
            "ListStackSetOperations" => set.list_operations(&form),
            "DescribeStackSetOperation" => set.describe_operation(form.text("OperationId")),
            "ListStackSetOperationResults" => set.list_results(&form),
            "CreateStackInstances" => set.create_instances(&form),
            "UpdateStackSet" => set.update(&form),
            _ => Err(Answer::unknown(call.operation)),
        };
        answer.map_or_else(|refusal| refusal, Answer::Text)
    }

    fn create(&mut self, name: &str, form: &Form) -> Answer {
        if self.0.contains_key(name) {
            return Answer::refusal_with(409, "NameAlreadyExistsException", format!("StackSet {name} exists"));
        }
        let mut set = StackSet::default();
        set.define(form);
        self.0.insert(name.to_owned(), set);
        Answer::Text(element("StackSetId", &format!("{name}:0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0")))
    }
}

impl StackSet {
    fn define(&mut self, form: &Form) {
        self.template = form.text("TemplateBody").to_owned();
        self.parameters = form.pairs("Parameters", "ParameterKey", "ParameterValue");
        self.tags = form.pairs("Tags", "Key", "Value");
        self.administration_role = form.text("AdministrationRoleARN").to_owned();
        self.execution_role = form.text("ExecutionRoleName").to_owned();
    }

    fn create_instances(&mut self, form: &Form) -> Result<String, Answer> {
        let places = form.places();
        let answer = self.start(form, &places)?;
        self.stacks.extend(places.into_iter().map(|place| (place, Stack::default())));
        Ok(answer)
    }

    fn update(&mut self, form: &Form) -> Result<String, Answer> {
        let places = form.places();
        if let Some((account, region)) = places.iter().find(|place| !self.stacks.contains_key(*place)) {
            let missing = format!("no instance in {account} in {region}");
            return Err(Answer::refusal_with(404, "StackInstanceNotFoundException", missing));
        }
        let answer = self.start(form, &places)?;
        self.define(form);
        self.stacks.values_mut().for_each(|stack| stack.is_current = false);
        Ok(answer)
    }

    fn start(&mut self, form: &Form, places: &[Place]) -> Result<String, Answer> {
        let id = form.text("OperationId").to_owned();
        let refusal = |code: &str, operation: &Operation| Err(Answer::refusal_with(409, code, operation.id.clone()));
        if let Some(running) = self.operations.iter().find(|operation| operation.is_running) {
            return refusal("OperationInProgressException", running);
        }
        if let Some(known) = self.operations.iter().find(|operation| operation.id == id) {
            return refusal("OperationIdAlreadyExistsException", known);
        }
        let answer = element("OperationId", &id);
        self.operations.push(Operation { id, places: places.to_vec(), is_running: true });
        Ok(answer)
    }

    fn describe_operation(&mut self, id: &str) -> Result<String, Answer> {
        let Some(operation) = self.operations.iter_mut().find(|operation| operation.id == id) else {
            return Err(Answer::refusal_with(404, "OperationNotFoundException", format!("Operation {id} not found")));
        };
        if std::mem::take(&mut operation.is_running) {
            let made =
                |place: &Place| (place.clone(), Stack { made_with: Some(self.parameters.clone()), is_current: true });
            self.stacks.extend(operation.places.iter().map(made));
        }
        Ok(element("StackSetOperation", &operation.summary()))
    }

    fn describe(&self, name: &str) -> String {
        let parameters = members(
            self.parameters
                .iter()
                .map(|(key, value)| element("ParameterKey", key) + &element("ParameterValue", &escaped(value))),
        );
        let tags = members(self.tags.iter().map(|(key, value)| element("Key", key) + &element("Value", value)));
        let parts = [
            element("StackSetName", name),
            element("Status", "ACTIVE"),
            element("PermissionModel", "SELF_MANAGED"),
            element("AdministrationRoleARN", &self.administration_role),
            element("ExecutionRoleName", &self.execution_role),
            element("TemplateBody", &escaped(&self.template)),
            element("Parameters", &parameters),
            element("Tags", &tags),
        ];
        element("StackSet", &parts.concat())
    }

    fn list_instances(&self, form: &Form) -> Result<String, Answer> {
        let described = self.stacks.iter().map(|(place, stack)| {
            at(place) + &element("Status", if stack.is_current { "CURRENT" } else { "OUTDATED" })
        });
        form.listing(&described.collect::<Vec<_>>())
    }

    fn list_operations(&self, form: &Form) -> Result<String, Answer> {
        form.listing(&self.operations.iter().rev().map(Operation::summary).collect::<Vec<_>>())
    }

    fn list_results(&self, form: &Form) -> Result<String, Answer> {
        let operation = self.operations.iter().find(|operation| operation.id == form.text("OperationId"));
        let places = operation.map(|operation| operation.places.as_slice()).unwrap_or_default();
        form.listing(&places.iter().map(|place| at(place) + &element("Status", "SUCCEEDED")).collect::<Vec<_>>())
    }
}

impl Operation {
    fn summary(&self) -> String {
        let status = if self.is_running { "RUNNING" } else { "SUCCEEDED" };
        element("OperationId", &self.id) + &element("Status", status)
    }
}

/// A request's fields, decoded. Lists are `<name>.member.<number>`.
struct Form(Texts);

impl Form {
    fn text(&self, name: &str) -> &str {
        self.0.get(name).map(String::as_str).unwrap_or_default()
    }

    fn list(&self, name: &str) -> impl Iterator<Item = &String> {
        let prefix = format!("{name}.member.");
        self.0.iter().filter(move |(key, _)| key.starts_with(&prefix)).map(|(_, value)| value)
    }

    fn pairs(&self, list: &str, key: &str, value: &str) -> Texts {
        let pair = |number: usize| {
            let field = |name: &str| self.0.get(&format!("{list}.member.{number}.{name}")).cloned();
            Some((field(key)?, field(value).unwrap_or_default()))
        };
        (1..).map_while(pair).collect()
    }

    fn places(&self) -> Vec<Place> {
        let place = |account: &String| self.list("Regions").map(|region| (account.clone(), region.clone())).collect();
        self.list("Accounts").flat_map(|account| -> Vec<Place> { place(account) }).collect()
    }

    /// The page of these summaries that is asked for.
    fn listing(&self, summaries: &[String]) -> Result<String, Answer> {
        let asked = self.text("MaxResults").parse().unwrap_or(PAGE);
        let (shown, next) = page(summaries.len(), self.text("NextToken"), asked, PAGE)?;
        let shown = summaries.get(shown).unwrap_or_default().iter().cloned();
        Ok(element("Summaries", &members(shown)) + &next.map_or_else(String::new, |next| element("NextToken", &next)))
    }
}

fn at((account, region): &Place) -> String {
    element("Account", account) + &element("Region", region)
}

fn members(contents: impl Iterator<Item = String>) -> String {
    contents.map(|content| element("member", &content)).collect()
}

fn element(name: &str, content: &str) -> String {
    format!("<{name}>{content}</{name}>")
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
pub(crate) mod tests {
    use http::Method;

    use super::*;
    use crate::bench::wire::tests::request;

    fn ask(sets: &mut StackSets, operation: &str, fields: &[(&str, &str)]) -> Result<String, String> {
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let request = request("cloudformation", Method::POST, "/", None, &body);
        match sets.answer(&Call { service: "cloudformation", operation, request: &request }) {
            Answer::Text(text) => Ok(text),
            Answer::Refusal { refusal } => Err(refusal.code),
            other => panic!("{other:?}"),
        }
    }

    const SET: (&str, &str) = ("StackSetName", "churn");
    const REGION: (&str, &str) = ("Regions.member.1", "eu-central-1");

    /// A set whose endpoint `churn` serves `version`, with an operation on these accounts that has ended.
    pub(crate) fn deployed(version: &str, accounts: &[&str]) -> StackSets {
        let mut sets = StackSets::default();
        let endpoint =
            [("Parameters.member.1.ParameterKey", "EndpointName"), ("Parameters.member.1.ParameterValue", "churn")];
        let model =
            [("Parameters.member.2.ParameterKey", "ModelPackageArn"), ("Parameters.member.2.ParameterValue", version)];
        ask(&mut sets, "CreateStackSet", &[&[SET, ("TemplateBody", "a<b&c")][..], &endpoint, &model].concat()).unwrap();
        let named: Vec<_> = (1..).map(|number| format!("Accounts.member.{number}")).take(accounts.len()).collect();
        let named = named.iter().map(String::as_str).zip(accounts.iter().copied());
        let fields: Vec<_> = [SET, REGION, ("OperationId", "create")].into_iter().chain(named).collect();
        ask(&mut sets, "CreateStackInstances", &fields).unwrap();
        ask(&mut sets, "DescribeStackSetOperation", &[SET, ("OperationId", "create")]).unwrap();
        sets
    }

    #[test]
    fn an_operation_keeps_others_out_until_it_is_asked_for() {
        let mut sets = deployed("seven", &["111111111111", "222222222222"]);
        assert_eq!(sets.made_with("ModelPackageArn", "seven"), 2);
        let model =
            [("Parameters.member.1.ParameterKey", "ModelPackageArn"), ("Parameters.member.1.ParameterValue", "eight")];
        let one = [SET, REGION, ("Accounts.member.1", "111111111111")];
        let update = |id| [&one[..], &model, &[("OperationId", id)]].concat();
        assert_eq!(
            ask(&mut sets, "UpdateStackSet", &update("create")),
            Err("OperationIdAlreadyExistsException".into())
        );
        ask(&mut sets, "UpdateStackSet", &update("first")).unwrap();
        assert_eq!(ask(&mut sets, "UpdateStackSet", &update("second")), Err("OperationInProgressException".into()));
        let listed = ask(&mut sets, "ListStackInstances", &[SET]).unwrap();
        assert_eq!((listed.matches("OUTDATED").count(), sets.made_with("ModelPackageArn", "eight")), (2, 0));
        let ended = ask(&mut sets, "DescribeStackSetOperation", &[SET, ("OperationId", "first")]).unwrap();
        assert!(ended.contains("SUCCEEDED"), "{ended}");
        let listed = ask(&mut sets, "ListStackInstances", &[SET]).unwrap();
        assert_eq!((listed.matches("CURRENT").count(), listed.matches("OUTDATED").count()), (1, 1));
        assert_eq!(sets.made_with("ModelPackageArn", "eight"), 1);
        let stranger = [SET, REGION, ("Accounts.member.1", "333333333333"), ("OperationId", "third")];
        assert_eq!(ask(&mut sets, "UpdateStackSet", &stranger), Err("StackInstanceNotFoundException".into()));
    }

    #[test]
    fn what_is_described_is_what_was_sent_and_listings_have_pages() {
        let accounts: Vec<_> = (0..150).map(|number| format!("2{number:011}")).collect();
        let mut sets = deployed("seven", &accounts.iter().map(String::as_str).collect::<Vec<_>>());
        let described = ask(&mut sets, "DescribeStackSet", &[SET]).unwrap();
        assert!(described.contains("<TemplateBody>a&lt;b&amp;c</TemplateBody>"), "{described}");
        for (operation, id) in [("ListStackInstances", ""), ("ListStackSetOperationResults", "create")] {
            let first = ask(&mut sets, operation, &[SET, ("OperationId", id)]).unwrap();
            assert!(first.contains("<NextToken>100</NextToken>"), "{operation}");
            let second = ask(&mut sets, operation, &[SET, ("OperationId", id), ("NextToken", "100")]).unwrap();
            assert_eq!((second.matches("<Account>").count(), second.contains("NextToken")), (50, false), "{operation}");
        }
        assert_eq!(ask(&mut sets, "DescribeStackSet", &[]), Err("StackSetNotFoundException".into()));
    }
}
