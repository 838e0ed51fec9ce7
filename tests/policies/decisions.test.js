import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { TABLES, decide } from "./decisions.js";
import { MODES, policyOf } from "./policies.js";

for (const mode of MODES) {
  for (const [resource, cases] of Object.entries(TABLES)) {
    describe(`the policy of the ${resource}, targets given as ${mode}`, () => {
      for (const row of cases) {
        test(row.name, async () => {
          const { actual, expected } = await decide(policyOf(resource, mode), mode, row);
          assert.deepEqual(actual, expected);
        });
      }
    });
  }
}

test("every case has a name of its own", () => {
  for (const [resource, cases] of Object.entries(TABLES)) {
    const names = cases.map(({ name }) => name);
    assert.deepEqual(names, [...new Set(names)], resource);
  }
});
