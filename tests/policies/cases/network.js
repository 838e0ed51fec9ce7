// From where a request may come is the same for the bucket and the key.

import {
  ANONYMOUS,
  FOREIGN,
  HUB,
  INTERNET,
  MODEL,
  ON_BEHALF,
  OTHER_TARGET,
  SOMEWHERE,
  TARGET,
  UNKNOWN,
  endpointOf,
  role,
} from "../requests.js";

const target = role(TARGET, MODEL);
const notebook = role(HUB, "notebook");
const impostor = role(HUB, "notebook", {
  tags: { "break-glass": "true", "network-perimeter-exception": "true", RoleName: "break-glass", Role: "pipeline" },
});

/**
 * Who tries a request from where. `allowed` is the decision on whom the network does not stop: the hub's own roles, which
 * need no statement of the function's; `denied` the one on all others.
 */
export function triedBy(allowed, denied) {
  return [
    { name: "a target's model role from the internet", as: target, from: INTERNET, then: denied },
    { name: "a target's model role that hides its way", as: target, from: SOMEWHERE, then: denied },
    {
      name: "a target's model role through the other target's endpoint",
      as: target,
      from: endpointOf(OTHER_TARGET),
      then: denied,
    },
    { name: "a target's model role through the hub's endpoint", as: target, from: endpointOf(HUB), then: denied },
    {
      name: "a target's model role through a foreign account's endpoint",
      as: target,
      from: endpointOf(FOREIGN),
      then: denied,
    },

    { name: "the hub's notebook through the hub's endpoint", as: notebook, from: endpointOf(HUB), then: allowed },
    { name: "a service on behalf of the hub's notebook", as: notebook, from: ON_BEHALF, then: allowed },
    { name: "stolen credentials of the hub's notebook from the internet", as: notebook, from: INTERNET, then: denied },
    {
      name: "stolen credentials of the hub's notebook that hide their way",
      as: notebook,
      from: SOMEWHERE,
      then: denied,
    },
    {
      name: "stolen credentials of the hub's notebook through a target's endpoint",
      as: notebook,
      from: endpointOf(TARGET),
      then: denied,
    },
    {
      name: "stolen credentials of the hub's notebook through a foreign account's endpoint",
      as: notebook,
      from: endpointOf(FOREIGN),
      then: denied,
    },
    { name: "a hub's role with tags that imitate an exemption", as: impostor, from: INTERNET, then: denied },
    {
      name: "the hub's administrator from the internet",
      as: role(HUB, "administrator"),
      from: INTERNET,
      then: denied,
    },

    { name: "the break-glass role from the internet", as: role(HUB, "break-glass"), from: INTERNET, then: allowed },
    {
      name: "the break-glass role through a foreign account's endpoint",
      as: role(HUB, "break-glass"),
      from: endpointOf(FOREIGN),
      then: allowed,
    },
    {
      name: "a hub's role with a longer name than the break-glass role",
      as: role(HUB, "break-glass-2"),
      from: INTERNET,
      then: denied,
    },
    {
      name: "a hub's role that has the break-glass role's name below a path",
      as: role(HUB, "x/break-glass"),
      from: INTERNET,
      then: denied,
    },
    {
      name: "a target's role of the break-glass role's name",
      as: role(TARGET, "break-glass"),
      from: INTERNET,
      then: denied,
    },

    { name: "nobody in particular, unsigned, from the internet", as: ANONYMOUS, from: INTERNET, then: denied },
    {
      name: "nobody in particular, unsigned, through a target's endpoint",
      as: ANONYMOUS,
      from: endpointOf(TARGET),
      then: denied,
    },
    { name: "nobody at all, from nowhere", as: UNKNOWN, from: SOMEWHERE, then: denied },
    { name: "nobody at all, through a target's endpoint", as: UNKNOWN, from: endpointOf(TARGET), then: denied },
  ];
}
