//! What can be asked of the tool.

use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use deployment::{PlatformName, StageName};
use identifiers::{AccountId, ModelPackageGroupName, Region};

use crate::moment::Moment;

const EXIT_CODES: &str = "\
Exit codes:
  0  done
  1  failed: AWS, the network, a document that cannot be read, or not confirmed
  2  bad usage
  3  nothing found, or nothing waits
  4  refused: who registered the version may not decide on it
  5  the question expired or was answered meanwhile

Credentials are looked for as the AWS CLI does: environment, profile (static, assumed role, single sign-on, process), web
identity, container and instance. They have to be those of the platform's own account.";

const ANSWER_HELP: &str = "\
Changes: ends the waiting of one execution, through states:SendTaskSuccess, with your ARN, the time and the comment in the
answer. Writes nothing else. The decision becomes part of the deployment's record.

IAM actions:
  ssm:GetParametersByPath  parameter/<platform>/deployments/<group>/approval*
  kms:Decrypt              the key of these parameters
  states:SendTaskSuccess   * (the service knows no resource for it)
  sts:GetCallerIdentity    needs no policy

Example:
  mlops approve --group churn --stage prod --comment 'CHG-4711'";

const STATUS_HELP: &str = "\
Changes: nothing.

IAM actions without --account:
  sts:GetCallerIdentity    needs no policy
  ssm:GetParametersByPath  parameter/<platform>/deployments*
  states:ListExecutions    stateMachine:<platform>-model-deployment
  ssm:GetParameters        parameter/<platform>/deployments/*/approval/*
  kms:Decrypt              the key of these parameters; without the last two, questions are listed without what they are about
IAM actions with --account:
  ssm:GetParameters        parameter/<platform>/deployment-records-bucket
  s3:ListBucket            the bucket, prefix history/*
  s3:GetObject             the bucket's objects history/*
  kms:Decrypt              the bucket's key, where it has one

Examples:
  mlops status
  mlops status --account 222222222222 --at 2026-01-31T12:00:00+01:00 --output json";

/// Decides on deployments that wait for approval, and says what runs where.
#[derive(Debug, Parser)]
#[command(name = "mlops", version, after_help = EXIT_CODES)]
pub struct Arguments {
    /// For every command.
    #[command(flatten)]
    pub global: Global,
    /// What is to be done.
    #[command(subcommand)]
    pub command: Command,
}

/// Options of every command.
#[derive(Debug, Args)]
#[command(next_help_heading = "Options of every command")]
pub struct Global {
    /// The platform, as its stack's parameter PlatformName has it
    #[arg(long, global = true, env = "MLOPS_PLATFORM", default_value = "secure-mlops", value_name = "NAME")]
    pub platform: PlatformName,
    /// The platform's region; otherwise from the environment or the profile
    #[arg(long, global = true, value_name = "REGION")]
    pub region: Option<Region>,
    /// The profile of the AWS configuration files; otherwise AWS_PROFILE or the default one
    #[arg(long, global = true, value_name = "PROFILE")]
    pub profile: Option<String>,
    /// How the result is written to standard output
    #[arg(long, global = true, value_enum, default_value_t = Format::Text)]
    pub output: Format,
}

/// How a result is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Tables for people
    Text,
    /// One JSON document with stable field names
    Json,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Lets a deployment that waits go on into the stage
    #[command(after_help = ANSWER_HELP)]
    Approve(Question),
    /// Keeps a deployment that waits out of the stage; what it changed so far is taken back
    #[command(after_help = ANSWER_HELP)]
    Reject(Question),
    /// Shows what is live, what waits and what runs; or which version ran in an account at a time
    #[command(after_help = STATUS_HELP)]
    Status(Status),
    /// Writes the completion script of a shell to standard output
    #[command(after_help = "Changes: nothing. Needs no AWS account.\n\nExample:\n  \
        mlops completions bash > /etc/bash_completion.d/mlops")]
    Completions {
        /// The shell
        shell: Shell,
    },
}

/// Which question is answered, and how.
#[derive(Debug, Clone, Args)]
pub struct Question {
    /// The model package group, as the registry spells it
    #[arg(long, value_name = "GROUP")]
    pub group: ModelPackageGroupName,
    /// The stage; needed where more than one waits
    #[arg(long, value_name = "STAGE")]
    pub stage: Option<StageName>,
    /// Answers only if it is this version that waits
    #[arg(long, value_name = "NUMBER")]
    pub model_version: Option<u32>,
    /// Why; at most 500 characters, kept with the decision
    #[arg(long, value_name = "TEXT", value_parser = comment)]
    pub comment: Option<String>,
    /// Does not ask back; needed where standard input is no terminal
    #[arg(long)]
    pub yes: bool,
}

/// What is looked at.
#[derive(Debug, Clone, Args)]
pub struct Status {
    /// Only this model package group
    #[arg(long, value_name = "GROUP")]
    pub group: Option<ModelPackageGroupName>,
    /// Which versions ran in this account
    #[arg(long, value_name = "ACCOUNT")]
    pub account: Option<AccountId>,
    /// At this time, RFC 3339; otherwise now
    #[arg(long, value_name = "TIME", requires = "account")]
    pub at: Option<Moment>,
    /// Only in this region of the account; --region is the platform's own
    #[arg(long, value_name = "REGION", requires = "account")]
    pub account_region: Option<Region>,
}

/// The decision is kept in documents of a few kilobytes, and shown on terminals.
fn comment(text: &str) -> Result<String, String> {
    const LONGEST: usize = 500;
    let text = text.trim();
    match text.chars().count() {
        0 => Err("expected a comment that says something".to_owned()),
        count if count > LONGEST => Err(format!("has {count} characters, expected at most {LONGEST}")),
        _ if text.contains(char::is_control) => Err("expected one line without control characters".to_owned()),
        _ => Ok(text.to_owned()),
    }
}
