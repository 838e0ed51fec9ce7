// One request against one policy: allowed or denied, and what decided.

import { createValidatedPolicy, validateResourcePolicy } from "@cloud-copilot/iam-policy";
import { anonymousPrincipal, runSimulation, runUnsafeSimulation } from "@cloud-copilot/iam-simulate";

import { purposeOf } from "./policies.js";
import { HUB, surroundings } from "./requests.js";

/** What every principal may do by its own policies: everything, so that the resource's policy alone decides. */
const EVERYTHING = [
  {
    name: "everything",
    policy: { Version: "2012-10-17", Statement: [{ Effect: "Allow", Action: "*", Resource: "*" }] },
  },
];

/** Allowed by these statements of the resource's policy. */
export function allowedBy(...sids) {
  return { decision: "Allowed", by: sids };
}

/** Allowed by the principal's own policies: the resource's policy says nothing against it. */
export const ALLOWED_BY_ITSELF = { decision: "Allowed", by: [] };

/** Denied by these statements of the resource's policy. */
export function deniedBy(...sids) {
  return { decision: "ExplicitlyDenied", by: sids };
}

/** Not allowed: of the statements that allow the action on the resource, the nearest fail on these conditions alone. */
export function barredBy(...keys) {
  return { decision: "ImplicitlyDenied", by: keys };
}

/** Not allowed: no statement allows the action on the resource, to whomever. */
export const GRANTED_TO_NOBODY = { decision: "ImplicitlyDenied", by: [] };

/**
 * Simulates `{ as, does, on, from, adding }` against the policy of a resource of the hub account and says
 * `{ decision, by }`, of the form of the functions above.
 *
 * An action, resource or condition key that AWS does not have is an error, not a denial.
 */
export async function simulate(policy, request) {
  const outcome = await runSimulation(simulation(policy, request), {});
  if (outcome.resultType !== "single") {
    throw new Error(`${request.does} on ${request.on} cannot be simulated: ${JSON.stringify(outcome.errors)}`);
  }
  const { analysis, ignoredContextKeys } = outcome.result;
  if (ignoredContextKeys.length > 0) {
    throw new Error(`${request.does} has no condition keys ${ignoredContextKeys.join(", ")}`);
  }
  return { decision: analysis.result, by: deciding(analysis).sort() };
}

/**
 * The decision alone, for an action on a resource on which AWS's reference does not list it: SageMaker asks for
 * CreateModel on the owner's model package too, as its guide to deploying from another account says.
 */
export function simulateUnlisted(policy, request) {
  // This entry of the simulator wants a policy with a name.
  const named = createValidatedPolicy(policy, validateResourcePolicy, { name: "resource" });
  return { decision: runUnsafeSimulation(simulation(named, request), {}) };
}

function simulation(policy, { as, does, on, from, adding = {} }) {
  return {
    request: {
      principal: as.arn ?? anonymousPrincipal,
      action: does,
      resource: { resource: on, accountId: HUB },
      contextVariables: { ...surroundings(as, does), ...as.keys, ...from, ...adding },
    },
    identityPolicies: as.account ? EVERYTHING : [],
    serviceControlPolicies: [],
    resourceControlPolicies: [],
    resourcePolicy: policy,
    // Every bucket has it: a policy that S3 takes for a public one allows other accounts nothing.
    additionalSettings: { s3: { blockPublicAccess: true } },
  };
}

function deciding({ result, resourceAnalysis, blockedBy = [] }) {
  const { allowStatements, denyStatements, unmatchedStatements } = resourceAnalysis;
  const others = blockedBy.filter((reason) => reason !== "resource");
  if (others.length > 0) {
    return others;
  }
  switch (result) {
    case "Allowed":
      return sids(allowStatements);
    case "ExplicitlyDenied":
      return sids(denyStatements);
    default:
      return nearest(unmatchedStatements);
  }
}

function nearest(statements) {
  const failed = statements
    .filter(
      ({ statement, explain }) =>
        statement.isAllow() && explain.actionMatch && explain.resourceMatch && explain.principalMatch !== "NoMatch",
    )
    .map(({ explain }) => explain.conditions.filter(({ matches }) => !matches));
  const least = Math.min(...failed.map((conditions) => conditions.length));
  const keys = failed.filter(({ length }) => length === least).flatMap((conditions) => conditions.map(keyOf));
  return [...new Set(keys)];
}

function keyOf({ conditionKeyValue }) {
  return conditionKeyValue;
}

function sids(statements) {
  return statements.map(({ statement }) => purposeOf(statement.sid()));
}
