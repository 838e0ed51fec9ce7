// Who asks and from where, as the keys that AWS puts into a request's context.

/** Owns the bucket, the key and the model package group. */
export const HUB = "111111111111";
/** On the list, and in the unit. */
export const TARGET = "222222222222";
/** Likewise. */
export const OTHER_TARGET = "333333333333";
/** In the unit, but not on the list. */
export const UNLISTED = "444444444444";
/** In a unit below the unit. */
export const NESTED = "555555555555";
/** In a unit beside the unit. */
export const SIBLING = "666666666666";
/** In a unit beside the unit, whose id begins with the unit's id. */
export const ALIKE = "777777777777";
/** Of another organization. */
export const FOREIGN = "999999999999";

const ORGANIZATION = "o-a1b2c3d4e5";
const UNIT = `${ORGANIZATION}/r-ab12/ou-ab12-11111111/`;
/** Where an account is that has left the unit. */
export const UNIT_BESIDE = `${ORGANIZATION}/r-ab12/ou-ab12-33333333/`;

const PATHS = {
  [HUB]: `${ORGANIZATION}/r-ab12/ou-ab12-99999999/`,
  [TARGET]: UNIT,
  [OTHER_TARGET]: UNIT,
  [UNLISTED]: UNIT,
  [NESTED]: `${UNIT}ou-ab12-22222222/`,
  [SIBLING]: UNIT_BESIDE,
  [ALIKE]: `${UNIT.slice(0, -1)}9/`,
  [FOREIGN]: "o-f0f0f0f0f0/r-ff00/ou-ff00-11111111/",
};

/** The role that `RoleName` names in the target accounts. */
export const MODEL = "secure-mlops-model";

/** The role that `ExecutionRoleName` names there: CloudFormation makes endpoints with it. */
export const EXECUTION = "secure-mlops-stack-set-execution";

/** A session of a role. `path` is where its account is in the organization, `tags` are the role's tags. */
export function role(account, name, { path = PATHS[account], tags = {} } = {}) {
  const lastName = name.split("/").at(-1);
  return {
    arn: `arn:aws:sts::${account}:assumed-role/${lastName}/session`,
    account,
    keys: {
      "aws:PrincipalArn": `arn:aws:iam::${account}:role/${name}`,
      "aws:PrincipalAccount": account,
      "aws:PrincipalOrgID": organizationOf(path),
      "aws:PrincipalOrgPaths": [path],
      "aws:PrincipalType": "AssumedRole",
      "aws:PrincipalIsAWSService": "false",
      "aws:userid": `AROAEXAMPLEEXAMPLE000:session`,
      ...Object.fromEntries(Object.entries(tags).map(([key, value]) => [`aws:PrincipalTag/${key}`, value])),
    },
  };
}

/** A service that acts for itself, as S3 does when it delivers its access logs. */
export function service(name) {
  return {
    arn: name,
    keys: { "aws:PrincipalIsAWSService": "true", "aws:PrincipalServiceName": name },
  };
}

/** An unsigned request. AWS documents `anonymous` as its account. */
export const ANONYMOUS = { keys: { "aws:PrincipalAccount": "anonymous", "aws:PrincipalType": "Anonymous" } };

/** An unsigned request of which nothing is known at all. */
export const UNKNOWN = { keys: {} };

/** Through a VPC endpoint that the account owns. */
export function endpointOf(account, { path = PATHS[account] } = {}) {
  return {
    "aws:SourceVpce": `vpce-0${account}`,
    "aws:SourceVpc": `vpc-0${account}`,
    "aws:VpcSourceIp": "10.0.1.23",
    "aws:VpceAccount": account,
    "aws:VpceOrgID": organizationOf(path),
    "aws:VpceOrgPaths": [path],
    "aws:ViaAWSService": "false",
  };
}

/** From anywhere: a request that came through no VPC endpoint has none of the endpoint's keys. */
export const INTERNET = { "aws:SourceIp": "203.0.113.7", "aws:ViaAWSService": "false" };

/** A request that tells nothing of its way. */
export const SOMEWHERE = {};

/** By an AWS service with the caller's rights; the service's call tells nothing of the caller's network. */
export const ON_BEHALF = { "aws:ViaAWSService": "true" };

/** The same for a call to KMS, which is told the service's name too. */
export function onBehalfBy(service) {
  return { ...ON_BEHALF, "kms:ViaService": `${service}.eu-west-1.amazonaws.com` };
}

/** What AWS adds to every request, whoever sends it. */
export function surroundings(principal, action) {
  return {
    "aws:SecureTransport": "true",
    "aws:ResourceAccount": HUB,
    "aws:ResourceOrgID": ORGANIZATION,
    "aws:ResourceOrgPaths": [PATHS[HUB]],
    ...(action.startsWith("kms:") && principal.account ? { "kms:CallerAccount": principal.account } : {}),
  };
}

function organizationOf(path) {
  return path.split("/")[0];
}
