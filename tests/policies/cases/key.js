import { HUB, INTERNET, MODEL, SOMEWHERE, TARGET, endpointOf, onBehalfBy, role, service } from "../requests.js";
import { GRANTED_TO_NOBODY, allowedBy, barredBy, deniedBy } from "../simulation.js";
import { actionsOn, each, given } from "./given.js";
import { triedBy } from "./network.js";
import { madeBy } from "./targets.js";

const KEY = "arn:aws:kms:eu-west-1:111111111111:key/11111111-2222-3333-4444-555555555555";

/** The key's account has the key's account administer it; from there on its roles' own policies decide. */
const ACCOUNT = allowedBy("Administration");
const USE = allowedBy("Use");
const USE_BY_SERVICES = allowedBy("UseByServices");
const NETWORK = deniedBy("Network");

const decrypt = { does: "kms:Decrypt", on: KEY };
const grant = { does: "kms:CreateGrant", on: KEY };
const toAService = { "kms:GrantIsForAWSResource": "true" };
const toAnyone = { "kms:GrantIsForAWSResource": "false" };

// All that AWS has, so that an action it adds is noticed when the data is renewed.
const ON_KEY = (await actionsOn("kms", "key")).filter(isAnybodys);

/** Need a key of another kind than S3 and volumes use. */
const OF_OTHER_KINDS = ["DeriveSharedSecret", "GenerateMac", "Sign", "Verify", "VerifyMac"].map(
  (name) => `kms:${name}`,
);
/** Read or make what the key protects, or have others do so. */
const USING = ON_KEY.filter((action) => /:(CreateGrant|Decrypt|Encrypt|GenerateDataKey|ReEncrypt)/.test(action));
const ADMINISTERING = ON_KEY.filter((action) => !USING.includes(action) && !OF_OTHER_KINDS.includes(action));

/** By itself a model role only opens what there is; services encrypt the endpoint's volume for it. */
const OPENING = /:(Decrypt|DescribeKey)/;
const USED_BY_SERVICES = /:(Decrypt|DescribeKey|GenerateDataKey|ReEncrypt)/;

/** Somebody else's statement, which the function leaves where it is. */
const TRAIL = {
  Sid: "Trail",
  Effect: "Allow",
  Principal: { Service: "cloudtrail.amazonaws.com" },
  Action: "kms:GenerateDataKey",
  Resource: "*",
};

function isAnybodys(action) {
  // KMS's own, between the regions of a key.
  return action !== "kms:SynchronizeMultiRegionKey";
}

function granted(by, actions) {
  return (action) => {
    if (action === "kms:CreateGrant") {
      return barredBy("kms:GrantIsForAWSResource");
    }
    if (actions.test(action)) {
      return by;
    }
    return USED_BY_SERVICES.test(action) ? barredBy("kms:ViaService") : GRANTED_TO_NOBODY;
  };
}

export const cases = [
  ...given("decryption through the caller's own endpoint by", decrypt, madeBy(USE)),
  ...given(
    "decryption by S3 on behalf of",
    decrypt,
    madeBy(USE_BY_SERVICES, () => onBehalfBy("s3")),
  ),
  ...given("a grant to a service, made by SageMaker on behalf of", { ...grant, adding: toAService }, [
    ...madeBy(allowedBy("Grant"), () => onBehalfBy("sagemaker")),
  ]),
  ...given("decryption, tried by", decrypt, triedBy(ACCOUNT, NETWORK)),

  ...given("a target's model role through its own endpoint:", { as: role(TARGET, MODEL), from: endpointOf(TARGET) }, [
    ...each(ON_KEY, KEY, granted(USE, OPENING)),
    { name: "a grant to whomever it likes", ...grant, adding: toAnyone, then: barredBy("kms:GrantIsForAWSResource") },
  ]),

  ...given(
    "SageMaker on behalf of a target's model role:",
    { as: role(TARGET, MODEL), from: onBehalfBy("sagemaker") },
    each(ON_KEY, KEY, granted(USE_BY_SERVICES, USED_BY_SERVICES)),
  ),

  ...given("on behalf of a target's model role", { as: role(TARGET, MODEL) }, [
    {
      name: "SageMaker grants the key to whomever the role likes",
      ...grant,
      from: onBehalfBy("sagemaker"),
      adding: toAnyone,
      then: barredBy("kms:GrantIsForAWSResource"),
    },
    {
      name: "a service that serves no models decrypts",
      ...decrypt,
      from: onBehalfBy("secretsmanager"),
      then: barredBy("aws:VpceAccount", "kms:ViaService"),
    },
  ]),

  ...given("the hub's notebook through the hub's endpoint:", { as: role(HUB, "notebook"), from: endpointOf(HUB) }, [
    ...each(ON_KEY, KEY, () => ACCOUNT),
  ]),

  ...given("stolen credentials of the hub's notebook:", { as: role(HUB, "notebook"), from: INTERNET }, [
    ...each(USING, KEY, () => NETWORK),
  ]),

  ...given("the hub's administrator from the internet:", { as: role(HUB, "administrator"), from: INTERNET }, [
    ...each(ADMINISTERING, KEY, () => ACCOUNT),
  ]),

  ...given("from no endpoint", decrypt, [
    {
      name: "EC2's infrastructure attaches a volume",
      as: role(HUB, "aws:ec2-infrastructure"),
      from: SOMEWHERE,
      then: ACCOUNT,
    },
    { name: "a role of nearly its name", as: role(HUB, "aws-ec2-infrastructure"), from: SOMEWHERE, then: NETWORK },
  ]),

  {
    name: "CloudTrail encrypts its log",
    as: service("cloudtrail.amazonaws.com"),
    does: "kms:GenerateDataKey",
    on: KEY,
    from: SOMEWHERE,
    beside: [TRAIL],
    then: allowedBy("Trail"),
  },
];
