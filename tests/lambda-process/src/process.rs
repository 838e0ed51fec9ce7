use std::process::{ExitStatus, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use hyper::body::Bytes;
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, sleep_until, timeout, timeout_at};

use crate::runtime_api::{Pending, Post, RuntimeApi, Said};

/// Lambda's limit for everything before the first poll.
const START_UP: Duration = Duration::from_secs(10);
const ENDING: Duration = Duration::from_secs(5);

/// How an event ended.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// The function returned this.
    Response(Bytes),
    /// The function reported an error: its type and the error document. Lambda would run an asynchronous event again.
    Error {
        /// `Lambda-Runtime-Function-Error-Type`.
        error_type: String,
        /// The document, JSON in all known runtimes.
        body: Bytes,
    },
    /// The function's time ran out and its process was killed.
    TimedOut,
    /// The process ended before it answered.
    Exited(ExitStatus),
}

/// One event that was handed to the process.
#[derive(Clone, Debug)]
pub struct Invocation {
    /// The id Lambda would give it.
    pub request_id: String,
    /// How it ended.
    pub outcome: Outcome,
    /// From being handed the event to the outcome.
    pub duration: Duration,
}

/// The process's memory in KiB, as the kernel counts it.
#[derive(Clone, Copy, Debug, serde::Serialize)]
pub struct Memory {
    /// Resident now (`VmRSS`).
    pub resident_kib: u64,
    /// The most that was ever resident (`VmHWM`).
    pub peak_kib: u64,
}

impl Memory {
    /// That of the process with this id.
    ///
    /// # Errors
    /// When it has ended.
    pub fn of(process: u32) -> Result<Self> {
        let status = std::fs::read_to_string(format!("/proc/{process}/status"))?;
        let field = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
            let number = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
            number.with_context(|| format!("the process has no {name}: it has ended"))
        };
        Ok(Self { resident_kib: field("VmRSS")?, peak_kib: field("VmHWM")? })
    }
}

/// The kernel counts processor time in hundredths of a second for everybody, whatever its own clock is.
const TICK: Duration = Duration::from_millis(10);

/// How long the process with this id has been on a processor, its threads and the kernel's work for it included.
///
/// # Errors
/// When it has ended.
pub fn processor_time(process: u32) -> Result<Duration> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat"))?;
    // The name of the program may have anything in it but ends with the last parenthesis; after it come the fields from
    // the third on, of which user and system time are the 14th and 15th.
    let (_, fields) = stat.rsplit_once(')').context("the process has no name")?;
    let mut fields = fields.split_whitespace().skip(11).map(str::parse::<u32>);
    let mut ticks = || fields.next().context("the process has no times")?.context("a time is no number");
    Ok(TICK * (ticks()? + ticks()?))
}

/// What is left of a process.
#[derive(Clone, Debug)]
pub struct Ended {
    /// How it ended. Killed, when it had not ended before.
    pub exit: ExitStatus,
    /// Every line of standard output and standard error.
    pub log: Vec<String>,
    /// Errors it reported before it could take events: type and document.
    pub init_errors: Vec<(String, Bytes)>,
    /// Answers to events that were not open: to an earlier one, or a second one.
    pub stray_answers: Vec<String>,
}

/// Ends one process with SIGKILL, from wherever it is held.
#[derive(Clone, Debug)]
pub struct KillSwitch(Arc<Switch>);

#[derive(Debug)]
struct Switch {
    pulled: Notify,
    ended: watch::Sender<Option<ExitStatus>>,
}

impl Default for KillSwitch {
    fn default() -> Self {
        Self::new()
    }
}

impl KillSwitch {
    /// A switch for a process that is to be started with [`Function::start_with`](crate::Function::start_with).
    #[must_use]
    pub fn new() -> Self {
        Self(Arc::new(Switch { pulled: Notify::new(), ended: watch::Sender::new(None) }))
    }

    /// Kills the process, and returns when it is gone.
    ///
    /// # Errors
    /// When it is not gone after five seconds.
    pub async fn pull(&self) -> Result<ExitStatus> {
        self.0.pulled.notify_one();
        timeout(ENDING, self.ended()).await.context("the process did not end within five seconds of SIGKILL")
    }

    async fn ended(&self) -> ExitStatus {
        let mut ended = self.0.ended.subscribe();
        loop {
            if let Some(exit) = *ended.borrow_and_update() {
                return exit;
            }
            // The sender lives in `self`, so this cannot fail.
            let _ = ended.changed().await;
        }
    }
}

/// A function's process. It is killed when dropped.
#[derive(Debug)]
pub struct Process {
    runtime: RuntimeApi,
    id: u32,
    timeout: Duration,
    spawned: Instant,
    first_poll: Option<Instant>,
    switch: KillSwitch,
    supervisor: JoinHandle<()>,
    log: Arc<Mutex<Vec<String>>>,
    readers: Vec<JoinHandle<()>>,
    init_errors: Vec<(String, Bytes)>,
    stray_answers: Vec<String>,
}

impl Process {
    pub(crate) fn spawn(
        mut command: Command,
        runtime: RuntimeApi,
        timeout: Duration,
        switch: KillSwitch,
    ) -> Result<Self> {
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        let spawned = Instant::now();
        let mut child = command.spawn()?;
        let id = child.id().context("the process ended at once")?;
        let log = Arc::default();
        let mut readers = Vec::new();
        readers.extend(child.stdout.take().map(|output| tokio::spawn(read_lines(output, Arc::clone(&log)))));
        readers.extend(child.stderr.take().map(|output| tokio::spawn(read_lines(output, Arc::clone(&log)))));
        let supervisor = tokio::spawn(supervise(child, switch.clone()));
        Ok(Self {
            runtime,
            id,
            timeout,
            spawned,
            first_poll: None,
            switch,
            supervisor,
            log,
            readers,
            init_errors: Vec::new(),
            stray_answers: Vec::new(),
        })
    }

    /// Waits for the first poll, and says how long after the spawn it came.
    ///
    /// # Errors
    /// When the process ends first, or has not polled after Lambda's ten seconds.
    pub async fn ready(&mut self) -> Result<Duration> {
        let limit = self.spawned + START_UP;
        let switch = self.switch.clone();
        while self.first_poll.is_none() {
            tokio::select! {
                biased;
                post = timeout_at(limit, self.runtime.next_post()) => {
                    let post = post.context("the process did not ask for an event within ten seconds")?;
                    if let Some(post) = post { self.note(post); }
                }
                exit = switch.ended() => bail!("the process ended before it asked for an event: {exit}\n{}", self.log().join("\n")),
            }
        }
        Ok(self.first_poll.unwrap_or(self.spawned) - self.spawned)
    }

    /// Hands the process an event and waits for what comes of it, at most for the start-up limit and the function's
    /// timeout.
    ///
    /// # Errors
    /// When the process cannot be ended after its time ran out.
    pub async fn invoke(&mut self, event: impl Into<Bytes>) -> Result<Invocation> {
        static COUNTER: AtomicU64 = AtomicU64::new(1);
        let request_id = format!("8476a536-e9f4-11e8-9739-{:012x}", COUNTER.fetch_add(1, Ordering::Relaxed));
        self.runtime.queue(Pending { request_id: request_id.clone(), event: event.into(), timeout: self.timeout });
        let mut started = Instant::now();
        let mut limit = started + START_UP;
        let switch = self.switch.clone();
        let (ended, outcome) = loop {
            let post = tokio::select! {
                // What was posted before the end counts.
                biased;
                post = self.runtime.next_post() => post,
                exit = switch.ended() => break (Instant::now(), Outcome::Exited(exit)),
                () = sleep_until(limit) => {
                    switch.pull().await?;
                    break (limit, Outcome::TimedOut);
                }
            };
            let Some(Post { at, said }) = post else { bail!("the runtime API ended") };
            match said {
                Said::Taken { request_id: id } if id == request_id => {
                    started = at;
                    limit = at + self.timeout;
                }
                Said::Response { request_id: id, body } if id == request_id => break (at, Outcome::Response(body)),
                Said::Error { request_id: id, error_type, body } if id == request_id => {
                    break (at, Outcome::Error { error_type, body });
                }
                said => self.note(Post { at, said }),
            }
        };
        Ok(Invocation { request_id, outcome, duration: ended.saturating_duration_since(started) })
    }

    fn note(&mut self, Post { at, said }: Post) {
        match said {
            Said::Poll => _ = self.first_poll.get_or_insert(at),
            Said::InitError { error_type, body } => self.init_errors.push((error_type, body)),
            Said::Response { request_id, .. } | Said::Error { request_id, .. } => self.stray_answers.push(request_id),
            Said::Taken { .. } => {}
        }
    }

    /// The process's memory.
    ///
    /// # Errors
    /// When it has ended.
    pub fn memory(&self) -> Result<Memory> {
        Memory::of(self.id)
    }

    /// How long the process has been on a processor.
    ///
    /// # Errors
    /// When it has ended.
    pub fn processor_time(&self) -> Result<Duration> {
        processor_time(self.id)
    }

    /// The switch that ends this process.
    #[must_use]
    pub fn kill_switch(&self) -> KillSwitch {
        self.switch.clone()
    }

    /// The lines logged so far.
    #[must_use]
    pub fn log(&self) -> Vec<String> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Waits for `time` with no event open, in which the process may do what it should not: a second answer.
    pub async fn idle(&mut self, time: Duration) {
        let until = Instant::now() + time;
        while let Ok(Some(post)) = timeout_at(until, self.runtime.next_post()).await {
            self.note(post);
        }
    }

    /// Kills the process if it has not ended, and reads its log to the end.
    ///
    /// # Errors
    /// When it cannot be ended.
    pub async fn stop(mut self) -> Result<Ended> {
        let exit = self.switch.pull().await?;
        for reader in self.readers.drain(..) {
            // A grandchild could hold the pipe open: what was read by then is the log.
            let _ = timeout(ENDING, reader).await;
        }
        self.idle(Duration::ZERO).await;
        let log = self.log();
        Ok(Ended {
            exit,
            log,
            init_errors: std::mem::take(&mut self.init_errors),
            stray_answers: std::mem::take(&mut self.stray_answers),
        })
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Drops the child, which kills it.
        self.supervisor.abort();
    }
}

async fn supervise(mut child: Child, KillSwitch(switch): KillSwitch) {
    loop {
        let exit = tokio::select! {
            exit = child.wait() => exit,
            () = switch.pulled.notified() => {
                let _ = child.start_kill();
                child.wait().await
            }
        };
        match exit {
            Ok(exit) => {
                switch.ended.send_replace(Some(exit));
                return;
            }
            Err(_) => sleep(Duration::from_millis(10)).await,
        }
    }
}

async fn read_lines(output: impl AsyncRead + Unpin, log: Arc<Mutex<Vec<String>>>) {
    let mut output = BufReader::new(output);
    let mut line = Vec::new();
    // Bytes, not text: a line that is not UTF-8 must not end the reading and block the process on a full pipe.
    while output.read_until(b'\n', &mut line).await.is_ok_and(|read| read > 0) {
        let text = String::from_utf8_lossy(&line).trim_end().to_owned();
        log.lock().unwrap_or_else(PoisonError::into_inner).push(text);
        line.clear();
    }
}
