// The policies as the function cross-account-access makes them; a test of the function keeps the files as they are.

import { readFileSync } from "node:fs";

const RENDERED = new URL("../../functions/cross-account-access/tests/rendered/", import.meta.url);

/** By account ids, or by a place in the organization. */
export const MODES = ["accounts", "units"];

/** The `Sid` of a statement that the function owns. */
const OWNED = /^CrossAccount([A-Za-z]+?)[0-9a-f]{12}$/;

/** What every key policy holds beside the function's statements: the account administers its key. */
const ADMINISTRATION = {
  Sid: "Administration",
  Effect: "Allow",
  Principal: { AWS: "arn:aws:iam::111111111111:root" },
  Action: "kms:*",
  Resource: "*",
};

/** The policy of the `bucket`, the `key` or the `model-package-group` in one mode. */
export function policyOf(resource, mode) {
  const policy = JSON.parse(readFileSync(new URL(`${mode}/${resource}.json`, RENDERED), "utf8"));
  if (resource === "key") {
    policy.Statement.unshift(ADMINISTRATION);
  }
  return policy;
}

/** Whether the function makes this statement. */
export function isOwned(sid) {
  return OWNED.test(sid);
}

/** What a statement is for: its `Sid` without the marks of the function and of the stack that owns it. */
export function purposeOf(sid) {
  return OWNED.exec(sid)?.[1] ?? sid;
}
