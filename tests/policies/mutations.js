// A policy with one thing taken out of it.

import { isOwned, purposeOf } from "./policies.js";

/** Yields `{ what, policy }` for everything that can be taken out of the function's statements, one thing at a time. */
export function* mutations(policy) {
  for (const [index, statement] of policy.Statement.entries()) {
    if (!isOwned(statement.Sid)) {
      continue;
    }
    const changed = (what, change) => {
      const copy = structuredClone(policy);
      change(copy.Statement[index], copy);
      return { what: `${purposeOf(statement.Sid)} without ${what}`, policy: copy };
    };

    yield {
      ...changed("itself", (_, copy) => copy.Statement.splice(index, 1)),
      what: `no ${purposeOf(statement.Sid)}`,
    };
    for (const element of ["Action", "NotAction", "Resource"]) {
      for (const value of severals(statement[element])) {
        yield changed(value, (copy) => {
          copy[element] = copy[element].filter((other) => other !== value);
        });
      }
    }
    for (const [operator, keys] of Object.entries(statement.Condition ?? {})) {
      for (const [key, values] of Object.entries(keys)) {
        yield changed(`${operator} ${key}`, ({ Condition }) => {
          delete Condition[operator][key];
          if (Object.keys(Condition[operator]).length === 0) {
            delete Condition[operator];
          }
        });
        if (operator.endsWith("IfExists")) {
          yield changed(`IfExists at ${key}`, ({ Condition }) => {
            const strict = operator.replace("IfExists", "");
            Condition[strict] = { ...Condition[strict], [key]: values };
            delete Condition[operator][key];
          });
        }
        for (const value of severals(values)) {
          yield changed(`${value} in ${operator} ${key}`, ({ Condition }) => {
            Condition[operator][key] = values.filter((other) => other !== value);
          });
        }
      }
    }
  }
}

/** The values of a list, of which one can be missing. A single value is the element's, and goes with it. */
function severals(values) {
  return Array.isArray(values) && values.length > 1 ? values : [];
}
