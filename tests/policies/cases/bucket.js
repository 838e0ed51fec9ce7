import { HUB, INTERNET, MODEL, ON_BEHALF, SOMEWHERE, TARGET, endpointOf, role, service } from "../requests.js";
import { ALLOWED_BY_ITSELF, GRANTED_TO_NOBODY, allowedBy, deniedBy } from "../simulation.js";
import { actionsOn, each, given } from "./given.js";
import { triedBy } from "./network.js";
import { madeBy } from "./targets.js";

const BUCKET = "arn:aws:s3:::models";
const OBJECT = `${BUCKET}/churn/model.tar.gz`;

const READ = allowedBy("Read");
const READ_BY_SERVICES = allowedBy("ReadByServices");
const NETWORK = deniedBy("Network");
const NETWORK_LISTS = deniedBy("NetworkLists");

const read = { does: "s3:GetObject", on: OBJECT };
const list = { does: "s3:ListBucket", on: BUCKET };

// All that AWS has, so that an action it adds is noticed when the data is renewed.
const ON_BUCKET = await actionsOn("s3", "bucket");
const ON_OBJECT = await actionsOn("s3", "object");

/** Tell what is in the bucket; all others on it administer it. */
const LISTING = ["s3:ListBucket", "s3:ListBucketMultipartUploads", "s3:ListBucketVersions"];
/** S3's own, with the role that the replication's configuration names: S3 comes through no endpoint. */
const REPLICATING = ON_OBJECT.filter((action) => /Replica|ObjectOwnerOverride/.test(action));

const ADMINISTERING = ON_BUCKET.filter((action) => !LISTING.includes(action));
const GUARDED = ON_OBJECT.filter((action) => !REPLICATING.includes(action));

const GRANTED = ["s3:GetObject", "s3:GetObjectVersion", "s3:ListBucket"];
const granted = (by) => (action) => (GRANTED.includes(action) ? by : GRANTED_TO_NOBODY);

/** Somebody else's statements, which the function leaves where they are. */
const DELIVERY = [
  {
    Sid: "AccessLogs",
    Effect: "Allow",
    Principal: { Service: "logging.s3.amazonaws.com" },
    Action: "s3:PutObject",
    Resource: `${BUCKET}/*`,
  },
  {
    Sid: "ConfigLooks",
    Effect: "Allow",
    Principal: { Service: "config.amazonaws.com" },
    Action: "s3:ListBucket",
    Resource: BUCKET,
  },
];

export const cases = [
  ...given("an object, read by", read, madeBy(READ)),
  ...given("an object, tried to read by", read, triedBy(ALLOWED_BY_ITSELF, NETWORK)),
  ...given("the bucket, tried to list by", list, triedBy(ALLOWED_BY_ITSELF, NETWORK_LISTS)),

  ...given("a target's model role through its own endpoint:", { as: role(TARGET, MODEL), from: endpointOf(TARGET) }, [
    ...each(ON_BUCKET, BUCKET, granted(READ)),
    ...each(ON_OBJECT, OBJECT, granted(READ)),
  ]),

  ...given("the hub's notebook through the hub's endpoint:", { as: role(HUB, "notebook"), from: endpointOf(HUB) }, [
    ...each(ON_BUCKET, BUCKET, () => ALLOWED_BY_ITSELF),
    ...each(ON_OBJECT, OBJECT, () => ALLOWED_BY_ITSELF),
  ]),

  ...given("stolen credentials of the hub's notebook:", { as: role(HUB, "notebook"), from: INTERNET }, [
    ...each(LISTING, BUCKET, () => NETWORK_LISTS),
    ...each(GUARDED, OBJECT, () => NETWORK),
  ]),

  ...given("the hub's administrator from the internet:", { as: role(HUB, "administrator"), from: INTERNET }, [
    ...each(ADMINISTERING, BUCKET, () => ALLOWED_BY_ITSELF),
  ]),

  ...given(
    "S3's replication with a role of the hub:",
    { as: role(HUB, "replication"), from: INTERNET },
    each(REPLICATING, OBJECT, () => ALLOWED_BY_ITSELF),
  ),

  ...given("a service that delivers", { from: SOMEWHERE, beside: DELIVERY }, [
    {
      name: "access logs writes an object",
      as: service("logging.s3.amazonaws.com"),
      does: "s3:PutObject",
      on: OBJECT,
      then: allowedBy("AccessLogs"),
    },
    {
      name: "configurations lists the bucket",
      as: service("config.amazonaws.com"),
      ...list,
      then: allowedBy("ConfigLooks"),
    },
  ]),

  ...given("an object, read by a service on behalf of", read, madeBy(READ_BY_SERVICES, () => ON_BEHALF)),
  ...given("on behalf of a target's model role a service:", { as: role(TARGET, MODEL), from: ON_BEHALF }, [
    ...each(ON_BUCKET, BUCKET, granted(READ_BY_SERVICES)),
    ...each(ON_OBJECT, OBJECT, granted(READ_BY_SERVICES)),
  ]),
];
