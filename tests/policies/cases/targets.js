// Who is a target and who is not is the same for every resource.

import {
  ALIKE,
  EXECUTION,
  FOREIGN,
  MODEL,
  NESTED,
  OTHER_TARGET,
  SIBLING,
  TARGET,
  UNIT_BESIDE,
  UNLISTED,
  endpointOf,
  role,
} from "../requests.js";
import { barredBy } from "../simulation.js";

const NOT_ON_LIST = barredBy("aws:PrincipalAccount");
const NOT_IN_UNIT = barredBy("aws:PrincipalOrgPaths");
const NO_TARGET = { accounts: NOT_ON_LIST, units: NOT_IN_UNIT };

/**
 * Who may make a request that is allowed to a target's model role with the decision `then`. `from` says how a role of an
 * account comes: without it, through the account's own endpoint. `maker` is the decision for the role that makes endpoints.
 */
export function madeBy(then, from = endpointOf, maker = barredBy("aws:PrincipalArn")) {
  return [
    { name: "a target's model role", as: role(TARGET, MODEL), from: from(TARGET), then },
    { name: "the other target's model role", as: role(OTHER_TARGET, MODEL), from: from(OTHER_TARGET), then },
    {
      name: "the model role of an account of the unit that is not on the list",
      as: role(UNLISTED, MODEL),
      from: from(UNLISTED),
      then: { accounts: NOT_ON_LIST, units: then },
    },
    {
      name: "the model role of an account of a unit below the unit",
      as: role(NESTED, MODEL),
      from: from(NESTED),
      then: { accounts: NOT_ON_LIST, units: then },
    },
    {
      name: "the model role of an account on the list that has left the unit",
      as: role(OTHER_TARGET, MODEL, { path: UNIT_BESIDE }),
      from: from(OTHER_TARGET),
      then: { accounts: then, units: NOT_IN_UNIT },
    },
    {
      name: "the model role of an account of a unit beside the unit",
      as: role(SIBLING, MODEL),
      from: from(SIBLING),
      then: NO_TARGET,
    },
    {
      name: "the model role of an account of a unit whose id begins alike",
      as: role(ALIKE, MODEL),
      from: from(ALIKE),
      then: NO_TARGET,
    },
    {
      name: "a foreign account's role of the same name",
      as: role(FOREIGN, MODEL),
      from: from(FOREIGN),
      then: { accounts: NOT_ON_LIST, units: barredBy("aws:PrincipalOrgID", "aws:PrincipalOrgPaths") },
    },
    {
      name: "a role of a foreign organization that names its unit alike",
      as: role(FOREIGN, MODEL, { path: "o-f0f0f0f0f0/r-ab12/ou-ab12-11111111/" }),
      from: from(FOREIGN),
      then: { accounts: NOT_ON_LIST, units: barredBy("aws:PrincipalOrgID", "aws:PrincipalOrgPaths") },
    },
    {
      name: "the role that makes a target's endpoints",
      as: role(TARGET, EXECUTION),
      from: from(TARGET),
      then: maker,
    },
    {
      name: "another role of a target",
      as: role(TARGET, "developer"),
      from: from(TARGET),
      then: barredBy("aws:PrincipalArn"),
    },
    {
      name: "a role of a target with a longer name",
      as: role(TARGET, `${MODEL}-2`),
      from: from(TARGET),
      then: barredBy("aws:PrincipalArn"),
    },
    {
      name: "a role of a target that has the name below a path",
      as: role(TARGET, `x/${MODEL}`),
      from: from(TARGET),
      then: barredBy("aws:PrincipalArn"),
    },
    {
      name: "a role of a target with tags that name the model role",
      as: role(TARGET, "developer", { tags: { Name: MODEL, RoleName: MODEL, EnvironmentName: "secure-mlops" } }),
      from: from(TARGET),
      then: barredBy("aws:PrincipalArn"),
    },
  ];
}
