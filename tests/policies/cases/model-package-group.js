import {
  ANONYMOUS,
  EXECUTION,
  HUB,
  INTERNET,
  MODEL,
  ON_BEHALF,
  SIBLING,
  TARGET,
  UNLISTED,
  endpointOf,
  role,
} from "../requests.js";
import { ALLOWED_BY_ITSELF, GRANTED_TO_NOBODY, allowedBy, barredBy } from "../simulation.js";
import { actionsOn, each, given } from "./given.js";
import { madeBy } from "./targets.js";

const HERE = "arn:aws:sagemaker:eu-west-1:111111111111";
const GROUP = `${HERE}:model-package-group/churn`;
const VERSION = `${HERE}:model-package/churn/7`;

const target = { as: role(TARGET, MODEL), from: endpointOf(TARGET) };
// CloudFormation calls with the role that the stack set names.
const maker = { as: role(TARGET, EXECUTION), from: ON_BEHALF };
const approver = { as: role(HUB, "approver"), from: INTERNET };

const describeGroup = { does: "sagemaker:DescribeModelPackageGroup", on: GROUP };
const createModel = { does: "sagemaker:CreateModel", on: VERSION, unlisted: true };
const describe = { does: "sagemaker:DescribeModelPackage", on: VERSION };

// All that AWS has, so that an action it adds is noticed when the data is renewed.
const ON_GROUP = await actionsOn("sagemaker", "model-package-group");
const ON_VERSION = await actionsOn("sagemaker", "model-package");

/** What a target's model role may do, and the role that makes its endpoints, beside CreateModel, which AWS's list does not have on a version. */
const GRANTED = {
  "sagemaker:DescribeModelPackage": allowedBy("Packages"),
  "sagemaker:DescribeModelPackageGroup": allowedBy("Group"),
  "sagemaker:ListModelPackages": allowedBy("Packages"),
};
const granted = (action) => GRANTED[action] ?? GRANTED_TO_NOBODY;

/** Who may do what both roles of a target may do, with the decision `then`. */
function madeByBoth(then) {
  return [
    ...madeBy(then, endpointOf, then),
    {
      name: "the role that makes the endpoints of an account of the unit that is not on the list",
      as: role(UNLISTED, EXECUTION),
      from: ON_BEHALF,
      then: { accounts: barredBy("aws:PrincipalAccount"), units: then },
    },
    {
      name: "the role that makes the endpoints of an account of a unit beside the unit",
      as: role(SIBLING, EXECUTION),
      from: ON_BEHALF,
      then: { accounts: barredBy("aws:PrincipalAccount"), units: barredBy("aws:PrincipalOrgPaths") },
    },
    {
      name: "a role of a target with a longer name than the one that makes endpoints",
      as: role(TARGET, `${EXECUTION}-2`),
      from: ON_BEHALF,
      then: barredBy("aws:PrincipalArn"),
    },
  ];
}

export const cases = [
  ...given("the group, described by", describeGroup, madeByBoth(allowedBy("Group"))),
  ...given("a version, described by", describe, madeByBoth(allowedBy("Packages"))),

  ...given("a version, described", describe, [
    // SageMaker tells no policy through whose endpoint a request came, so the network has no say.
    { name: "by a target's model role from the internet", ...target, from: INTERNET, then: allowedBy("Packages") },
    {
      name: "by nobody in particular, unsigned",
      as: ANONYMOUS,
      from: endpointOf(TARGET),
      then: {
        accounts: barredBy("aws:PrincipalAccount", "aws:PrincipalArn"),
        units: barredBy("aws:PrincipalArn", "aws:PrincipalOrgID", "aws:PrincipalOrgPaths"),
      },
    },
  ]),

  ...given("a target's model role on the group:", target, each(ON_GROUP, GROUP, granted)),
  ...given("a target's model role on a version:", target, each(ON_VERSION, VERSION, granted)),
  ...given("the role that makes a target's endpoints on the group:", maker, each(ON_GROUP, GROUP, granted)),
  ...given("the role that makes a target's endpoints on a version:", maker, each(ON_VERSION, VERSION, granted)),

  ...given("a group whose name begins alike,", target, [
    { name: "described by a target", ...describeGroup, on: `${GROUP}-2`, then: GRANTED_TO_NOBODY },
    {
      name: "its version described by a target",
      ...describe,
      on: `${HERE}:model-package/churn-2/7`,
      then: GRANTED_TO_NOBODY,
    },
  ]),

  ...given("a model made of a version by", createModel, madeByBoth(allowedBy("Packages")).map(decisionOnly)),

  ...given(
    "the hub's approver on the group:",
    approver,
    each(ON_GROUP, GROUP, () => ALLOWED_BY_ITSELF),
  ),
  ...given(
    "the hub's approver on a version:",
    approver,
    each(ON_VERSION, VERSION, () => ALLOWED_BY_ITSELF),
  ),
];

/** An action that is not on AWS's list is simulated without the statements that decide. */
function decisionOnly(row) {
  const only = ({ decision }) => ({ decision });
  const { accounts, units } = row.then;
  return { ...row, then: accounts ? { accounts: only(accounts), units: only(units) } : only(row.then) };
}
