// The tables, and how a table is held against a policy.

import { isDeepStrictEqual } from "node:util";

import { cases as bucket } from "./cases/bucket.js";
import { cases as key } from "./cases/key.js";
import { cases as modelPackageGroup } from "./cases/model-package-group.js";
import { simulate, simulateUnlisted } from "./simulation.js";

export const TABLES = { bucket, key, "model-package-group": modelPackageGroup };

/** What the simulator says of a case, and what the case expects in this mode. */
export async function decide(policy, mode, row) {
  const { beside = [], unlisted = false } = row;
  const whole = { ...policy, Statement: [...policy.Statement, ...beside] };
  const actual = unlisted ? simulateUnlisted(whole, row) : await simulate(whole, row);
  return { actual, expected: row.then[mode] ?? row.then };
}

/** The name of the first case that this policy fails. */
export async function firstFailure(resource, mode, policy) {
  for (const row of TABLES[resource]) {
    const { actual, expected } = await decide(policy, mode, row);
    if (!isDeepStrictEqual(actual, expected)) {
      return row.name;
    }
  }
  return undefined;
}
