// The negative control: the cases notice when a policy is no longer what it must be.

import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { TABLES, decide, firstFailure } from "./decisions.js";
import { mutations } from "./mutations.js";
import { MODES, policyOf } from "./policies.js";

/** What would become possible to whom without a part of a policy. */
const HOLES = [
  {
    resource: "bucket",
    taken: "no Network",
    admits: "an object, tried to read by stolen credentials of the hub's notebook from the internet",
  },
  {
    resource: "bucket",
    taken: "Read without ArnLike aws:PrincipalArn",
    admits: "an object, read by another role of a target",
  },
  {
    resource: "key",
    taken: "no Network",
    admits: "decryption, tried by stolen credentials of the hub's notebook from the internet",
  },
  {
    resource: "key",
    taken: "UseByServices without ArnLike aws:PrincipalArn",
    admits: "decryption by S3 on behalf of another role of a target",
  },
  {
    resource: "key",
    taken: "Grant without Bool kms:GrantIsForAWSResource",
    admits: "a target's model role through its own endpoint: a grant to whomever it likes",
  },
  {
    resource: "model-package-group",
    taken: "Packages without ArnLike aws:PrincipalArn",
    admits: "a version, described by another role of a target",
  },
];

for (const mode of MODES) {
  for (const { resource, taken, admits } of HOLES) {
    test(`${resource}, targets given as ${mode}, ${taken}: ${admits}`, async () => {
      const { policy } = [...mutations(policyOf(resource, mode))].find(({ what }) => what === taken);
      const row = TABLES[resource].find(({ name }) => name === admits);

      const { actual, expected } = await decide(policy, mode, row);

      assert.equal(actual.decision, "Allowed");
      assert.notEqual(expected.decision, "Allowed");
    });
  }

  for (const resource of Object.keys(TABLES)) {
    describe(`a case of the ${resource}, targets given as ${mode}, fails for`, () => {
      for (const { what, policy } of mutations(policyOf(resource, mode))) {
        test(what, async () => {
          assert.notEqual(await firstFailure(resource, mode, policy), undefined);
        });
      }
    });
  }
}
