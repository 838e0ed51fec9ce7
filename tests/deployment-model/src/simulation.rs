//! People, events, executions and time around the [`World`].

use crate::machine::{Definition, Execution, Seen, Status, TaskError};
use crate::world::{Caller, HUB, REGION, Version, World, timestamp_of};
use deployment::PendingApproval;
use model_approval::User;
use serde_json::{Value, json};
use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;

/// Where the definition is.
pub const DEFINITION: &str = include_str!("../../../statemachine/model-deployment.asl.json");

/// The definition with what the template gives it.
pub fn definition() -> Definition {
    let function = |name: &str| format!("{}{name}", crate::world::FUNCTION);
    Definition::read(
        DEFINITION,
        &[
            ("Partition", "aws".to_owned()),
            ("ModelDeploymentFunctionArn", function("ModelDeployment")),
            ("ModelAccessFunctionArn", function("ModelAccess")),
            ("EndpointVerificationFunctionArn", function("EndpointVerification")),
            ("DeploymentRecordFunctionArn", function("DeploymentRecord")),
            ("ApprovalKeyId", "alias/mlops-approvals".to_owned()),
            ("ApprovalTopicArn", format!("arn:aws:sns:{REGION}:{HUB}:approvals")),
        ],
    )
    .unwrap_or_else(|error| panic!("the definition: {error}"))
}

/// Somebody who decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Person {
    /// Registered all versions.
    Ann,
    /// Somebody else.
    Bob,
}

impl Person {
    /// As the registry and an answer have it.
    pub fn arn(self) -> String {
        let name = if self == Self::Ann { "ann" } else { "bob" };
        format!("arn:aws:sagemaker:{REGION}:{HUB}:user-profile/d-1/{name}")
    }

    fn user(self) -> User {
        User { profile: Some(self.arn()), principal: None, source_identity: None }
    }
}

/// What is answered to a question whether a stage may be touched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reply {
    /// Go on.
    Yes(Person),
    /// Go back.
    No(Person),
    /// Nothing, until the time is up.
    Silence,
}

/// A decision in the registry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decided {
    /// Of the version's group.
    pub group: String,
    /// The version.
    pub version: u32,
    /// `ModelApprovalStatus`.
    pub status: &'static str,
    /// Who.
    pub by: Person,
    /// Milliseconds.
    pub at: i64,
}

/// A test's whole world with its time.
pub struct Simulation {
    /// All services.
    pub world: World,
    /// In the order in which they were started.
    pub executions: Vec<Execution>,
    /// Events that were sent and not delivered.
    pub queue: VecDeque<Value>,
    /// Events that were delivered.
    pub delivered: Vec<Value>,
    /// Whether every event was delivered in order, and none while the list of executions was behind.
    pub in_order: bool,
    /// Events that nobody could act on, with the reason.
    pub refused: Vec<(Value, String)>,
    /// What each delivery came to.
    pub outcomes: Vec<Value>,
    /// All decisions.
    pub decisions: Vec<Decided>,
    /// When each execution made its plan, by name.
    pub planned: BTreeMap<String, i64>,
    /// When each execution ended, by name, in the order in which they did.
    pub ended: Vec<String>,
    /// What was answered to each execution, by name.
    pub replies: BTreeMap<String, Vec<Reply>>,
    /// What was seen of the machine.
    pub seen: Seen,
    machine: Rc<Definition>,
    platforms: Vec<String>,
}

const MOST_STEPS: usize = 60_000;

impl Simulation {
    /// With a registered group on one platform.
    pub fn new(platform: &str, group: &str, registration: &Value) -> Self {
        thread_local! {
            static MACHINE: Rc<Definition> = Rc::new(definition());
        }
        // 2026-01-05T10:00:00Z.
        let world = World::new(1_767_607_200_000);
        let mut simulation = Self {
            world,
            executions: Vec::new(),
            queue: VecDeque::new(),
            delivered: Vec::new(),
            in_order: true,
            refused: Vec::new(),
            outcomes: Vec::new(),
            decisions: Vec::new(),
            planned: BTreeMap::new(),
            ended: Vec::new(),
            replies: BTreeMap::new(),
            seen: Seen::default(),
            machine: MACHINE.with(Rc::clone),
            platforms: Vec::new(),
        };
        simulation.register(platform, group, registration);
        simulation
    }

    /// Registers a group, or anew.
    pub fn register(&mut self, platform: &str, group: &str, registration: &Value) {
        let name = format!("/{platform}/deployments/{group}/registration");
        self.world.state().parameters.insert(name, registration.to_string());
        if !self.platforms.iter().any(|known| known == platform) {
            self.platforms.push(platform.to_owned());
        }
        let mut state = self.world.state();
        for version in 1..=4 {
            state.packages.entry(arn(group, version)).or_insert_with(|| Version {
                status: "PendingManualApproval".to_owned(),
                created_by: Person::Ann.user(),
                modified_by: Person::Ann.user(),
                modified: 1_767_600_000_000,
            });
        }
    }

    /// Somebody sets a version's status, and the registry sends its event.
    pub fn decide(&mut self, group: &str, version: u32, status: &'static str, by: Person) {
        // Events have whole seconds.
        let now = self.world.state().now;
        let now = self.world.tick((now / 1000 + 1) * 1000);
        let arn = arn(group, version);
        {
            let mut state = self.world.state();
            let package = state.packages.get_mut(&arn).unwrap();
            status.clone_into(&mut package.status);
            (package.modified_by, package.modified) = (by.user(), now);
        }
        self.decisions.push(Decided { group: group.to_owned(), version, status, by, at: now });
        self.queue.push_back(json!({
            "version": "0",
            "id": format!("00000000-0000-0000-0000-{:012}", self.decisions.len()),
            "detail-type": "SageMaker Model Package State Change",
            "source": "aws.sagemaker",
            "account": HUB,
            "time": timestamp_of(now),
            "region": REGION,
            "resources": [arn],
            "detail": {
                "ModelPackageGroupName": group,
                "ModelPackageVersion": version,
                "ModelPackageArn": arn,
                "ModelPackageStatus": "Completed",
                "ModelApprovalStatus": status,
                "UpdatedModelPackageFields": ["ModelApprovalStatus"],
                "LastModifiedTime": timestamp_of(now),
            },
        }));
    }

    /// Approves, and delivers the event.
    pub fn approve(&mut self, group: &str, version: u32) {
        self.decide(group, version, "Approved", Person::Bob);
        self.deliver(0);
    }

    /// Rejects, and delivers the event.
    pub fn reject(&mut self, group: &str, version: u32) {
        self.decide(group, version, "Rejected", Person::Bob);
        self.deliver(0);
    }

    /// Until every execution is listed that was started.
    pub fn pass_lag(&self) {
        let listed = {
            let state = self.world.state();
            state.now + state.lag
        };
        self.world.tick(listed);
    }

    /// Delivers one of the events that wait, to the function of every platform.
    pub fn deliver(&mut self, index: usize) {
        if let Some(event) = self.queue.remove(index) {
            self.in_order &= index == 0;
            self.hand_over(&event);
            self.delivered.push(event);
        }
    }

    /// Delivers an event once more.
    pub fn deliver_again(&mut self, index: usize) {
        if let Some(event) = self.delivered.get(index).cloned() {
            self.hand_over(&event);
        }
    }

    fn hand_over(&mut self, event: &Value) {
        {
            let state = self.world.state();
            let is_listed_well = |time: i64| time + state.lag <= state.now;
            let mut executions = state.executions.iter();
            self.in_order &= executions.all(|it| is_listed_well(it.started) && it.ended.is_none_or(is_listed_well));
        }
        for platform in self.platforms.clone() {
            self.world.tick(0);
            match self.world.decide(&platform, &state_machine(&platform), event) {
                Ok(outcome) => self.outcomes.push(outcome),
                Err(error) => self.refused.push((event.clone(), error)),
            }
        }
        self.settle();
    }

    /// Whether an execution can go on without an answer.
    pub fn can_step(&self, index: usize) -> bool {
        self.executions.get(index).is_some_and(|it| it.is_running() && it.waits.is_none())
    }

    /// Lets one execution do its next step, whenever that is.
    pub fn step(&mut self, index: usize) {
        let execution = &mut self.executions[index];
        let now = self.world.tick(execution.due());
        let plans = execution.state == "Plan";
        execution.step(now, &mut Caller(&self.world), &mut self.seen);
        if plans && execution.state != "Plan" {
            self.planned.insert(execution.name.clone(), now);
        }
        self.settle();
    }

    /// Answers the question of one stage as `mlops` does it: with the token from Parameter Store.
    pub fn answer(&mut self, question: &PendingApproval, reply: Reply) {
        let token = &question.task_token;
        let waits = |it: &Execution| it.waits.as_ref().is_some_and(|(waits, _)| waits == token);
        // Nobody waits with that token any more: the answer is refused.
        let Some(index) = self.executions.iter().position(waits) else { return };
        let name = self.executions[index].name.clone();
        let (verdict, by) = match reply {
            Reply::Yes(by) => ("approved", by),
            Reply::No(by) => ("rejected", by),
            Reply::Silence => {
                self.replies.entry(name).or_default().push(reply);
                return self.step(index);
            }
        };
        self.replies.entry(name).or_default().push(reply);
        let now = self.world.tick(0);
        let decision = json!({"decision": verdict, "by": by.arn(), "at": timestamp_of(now), "comment": "seen"});
        self.executions[index].answered(Ok(decision), now, &mut self.seen);
        self.settle();
    }

    /// Delivers all events and lets everything come to its end. `seed` 0: whatever is due first goes first.
    pub fn rest(&mut self, reply: Reply, mut seed: u64) {
        let at_random = seed > 0;
        for _ in 0..MOST_STEPS {
            let mut random = |below: usize| {
                seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                (seed >> 33) as usize % below
            };
            if !self.queue.is_empty() {
                self.pass_lag();
                self.deliver(0);
                continue;
            }
            if let Some(question) = self.world.pending().into_iter().find(|it| self.is_asked(&it.task_token)) {
                self.answer(&question, reply);
                continue;
            }
            let mut able: Vec<_> = (0..self.executions.len()).filter(|index| self.can_step(*index)).collect();
            able.sort_by_key(|index| self.executions[*index].due());
            match able.len() {
                0 => {
                    let left = self.executions.iter().find(|it| it.is_running());
                    assert!(
                        left.is_none(),
                        "{:?} waits for an answer to a question that nobody can find",
                        left.map(|it| &it.name)
                    );
                    self.pass_lag();
                    return;
                }
                many if at_random => self.step(able[random(many)]),
                _ => self.step(able[0]),
            }
        }
        let left = self.executions.iter().filter(|it| it.is_running());
        panic!("{:?} never end", left.map(|it| (&it.name, &it.state)).collect::<Vec<_>>());
    }

    fn is_asked(&self, token: &str) -> bool {
        self.executions.iter().any(|it| it.waits.as_ref().is_some_and(|(waits, _)| waits == token))
    }

    /// What the services did meanwhile: executions that were started, waits that were given up, ends.
    fn settle(&mut self) {
        let (now, started, given_up) = {
            let mut state = self.world.state();
            let started = state.executions[self.executions.len()..].to_vec();
            (state.now, started, std::mem::take(&mut state.given_up))
        };
        for it in started {
            let input = serde_json::from_str(&it.input).unwrap();
            let machine = Rc::clone(&self.machine);
            self.executions.push(Execution::new(machine, &it.state_machine, &it.name, input, now));
        }
        for (token, error) in given_up {
            let waits = |it: &&mut Execution| it.waits.as_ref().is_some_and(|(waits, _)| *waits == token);
            if let Some(execution) = self.executions.iter_mut().find(waits) {
                execution.answered(Err(error), now, &mut self.seen);
            }
        }
        for execution in &self.executions {
            if !execution.is_running() && !self.ended.contains(&execution.name) {
                self.world.end(&execution.name);
                self.ended.push(execution.name.clone());
            }
        }
    }

    /// An execution by its name.
    pub fn execution(&self, name: &str) -> &Execution {
        self.executions.iter().find(|it| it.name == name).unwrap()
    }

    /// How the newest execution ended: the outcome, or the error's name.
    pub fn last_outcome(&self) -> String {
        outcome(&self.executions.last().unwrap().status)
    }

    /// Why the newest execution failed.
    pub fn last_cause(&self) -> String {
        match &self.executions.last().unwrap().status {
            Status::Failed(TaskError { cause, .. }) => cause.clone(),
            other => panic!("did not fail: {other:?}"),
        }
    }

    /// Status of a version at a time.
    pub fn status_at(&self, group: &str, version: u32, time: i64) -> &'static str {
        let decided = |it: &&Decided| it.group == group && it.version == version && it.at <= time;
        self.decisions.iter().rfind(decided).map_or("PendingManualApproval", |it| it.status)
    }
}

/// The outcome, or the error's name.
pub fn outcome(status: &Status) -> String {
    match status {
        Status::Running => "running".to_owned(),
        Status::Succeeded(output) => output["outcome"].as_str().unwrap().to_owned(),
        Status::Failed(failed) => failed.error.clone(),
    }
}

/// Of a version.
pub fn arn(group: &str, version: u32) -> String {
    format!("arn:aws:sagemaker:{REGION}:{HUB}:model-package/{group}/{version}")
}

/// Of a platform.
pub fn state_machine(platform: &str) -> String {
    format!("arn:aws:states:{REGION}:{HUB}:stateMachine:{platform}-model-deployment")
}
