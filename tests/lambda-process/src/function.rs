use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};
use tokio::process::Command;

use crate::process::{KillSwitch, Process};
use crate::runtime_api::RuntimeApi;

const ACCOUNT: &str = "111122223333";
const REGION: &str = "eu-central-1";

/// How to start a function: the program, its settings in Lambda and its environment.
#[derive(Clone, Debug)]
pub struct Function {
    program: PathBuf,
    arguments: Vec<OsString>,
    name: String,
    arn: Option<String>,
    memory_mb: u32,
    timeout: Duration,
    environment: BTreeMap<String, String>,
}

impl Function {
    /// A function whose `bootstrap` is this program. Named after its file or, when that is `bootstrap`, its folder;
    /// 128 MB and 30 seconds.
    pub fn new(program: impl AsRef<Path>) -> Self {
        let program = program.as_ref();
        let named = if program.ends_with("bootstrap") { program.parent() } else { Some(program) };
        let name = named.and_then(Path::file_stem).map_or_else(String::new, |name| name.to_string_lossy().into_owned());
        Self {
            program: program.to_owned(),
            arguments: Vec::new(),
            name,
            arn: None,
            memory_mb: 128,
            timeout: Duration::from_secs(30),
            environment: BTreeMap::new(),
        }
    }

    /// Starts the program with these arguments, as a runtime written in another language needs.
    #[must_use]
    pub fn arguments(mut self, arguments: impl IntoIterator<Item = impl Into<OsString>>) -> Self {
        self.arguments = arguments.into_iter().map(Into::into).collect();
        self
    }

    /// The function's name, which its log group and ARN follow.
    #[must_use]
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// The ARN that each event is said to be sent to; it names the function's account and region. Made up from the name
    /// where it is not given.
    #[must_use]
    pub fn arn(mut self, arn: impl Into<String>) -> Self {
        self.arn = Some(arn.into());
        self
    }

    /// The function's timeout. An event that is not answered by then ends the process, as in Lambda.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Adds a variable, or replaces one of Lambda's.
    #[must_use]
    pub fn env(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.environment.insert(name.into(), value.into());
        self
    }

    /// Starts the process.
    ///
    /// # Errors
    /// When the runtime API cannot listen or the program cannot be started.
    pub async fn start(&self) -> Result<Process> {
        self.start_with(KillSwitch::new()).await
    }

    /// Starts the process with a switch that something else, such as a [`Proxy`](crate::Proxy), may already hold.
    ///
    /// # Errors
    /// As [`start`](Self::start).
    pub async fn start_with(&self, switch: KillSwitch) -> Result<Process> {
        let arn =
            self.arn.clone().unwrap_or_else(|| format!("arn:aws:lambda:{REGION}:{ACCOUNT}:function:{}", self.name));
        let runtime = RuntimeApi::start(arn).await.context("cannot serve the runtime API")?;
        let mut command = Command::new(&self.program);
        command
            .args(&self.arguments)
            .env_clear()
            .envs(self.lambda_environment(&runtime.host()))
            .envs(&self.environment);
        Process::spawn(command, runtime, self.timeout, switch)
            .with_context(|| format!("cannot start {}", self.program.display()))
    }

    /// What Lambda sets. The credentials are made up, and the endpoint is a port where nothing listens, so that a
    /// function that was given no services reaches none, least of all the real ones.
    fn lambda_environment(&self, runtime_api: &str) -> Vec<(&'static str, String)> {
        vec![
            ("AWS_LAMBDA_RUNTIME_API", runtime_api.to_owned()),
            ("AWS_LAMBDA_FUNCTION_NAME", self.name.clone()),
            ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST".to_owned()),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", self.memory_mb.to_string()),
            ("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand".to_owned()),
            ("AWS_LAMBDA_LOG_GROUP_NAME", format!("/aws/lambda/{}", self.name)),
            ("AWS_LAMBDA_LOG_STREAM_NAME", "2026/01/01/[$LATEST]00000000000000000000000000000000".to_owned()),
            ("AWS_LAMBDA_LOG_FORMAT", "JSON".to_owned()),
            ("AWS_REGION", REGION.to_owned()),
            ("AWS_DEFAULT_REGION", REGION.to_owned()),
            ("AWS_ACCESS_KEY_ID", "ASIAEXAMPLEEXAMPLE00".to_owned()),
            ("AWS_SECRET_ACCESS_KEY", "example".to_owned()),
            ("AWS_SESSION_TOKEN", "example".to_owned()),
            ("AWS_ENDPOINT_URL", "http://127.0.0.1:9".to_owned()),
            ("_HANDLER", "bootstrap".to_owned()),
            ("LAMBDA_TASK_ROOT", self.program.parent().map_or_else(String::new, |path| path.display().to_string())),
            ("LANG", "en_US.UTF-8".to_owned()),
            ("PATH", "/usr/local/bin:/usr/bin:/bin".to_owned()),
            ("TZ", ":UTC".to_owned()),
        ]
    }
}
