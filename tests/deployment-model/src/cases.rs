//! One case for each rule, and together one for each way through the machine that needs more than a failed call.

use crate::machine::{MOST_BYTES, Status};
use crate::sequence::{ALARMS, PROD, STAGING, Setup};
use crate::simulation::{Person, Reply, Simulation, outcome, state_machine};
use crate::world::at;
use serde_json::{Value, json};
use stack_sets::Moment;
use std::collections::BTreeMap;

/// What most questions are answered with.
pub const YES: Reply = Reply::Yes(Person::Bob);

const QUIET: Setup = Setup { asks: false, separates: false, bakes: false, alarms: false, ..Setup::FULL };

/// A case by its name.
pub type Case = (&'static str, fn() -> Simulation);

macro_rules! cases {
    ($($(#[$doc:meta])* fn $name:ident() -> Simulation $body:block)*) => {
        /// All of them.
        pub const CASES: &[Case] = &[$((stringify!($name), $name)),*];
        $($(#[$doc])* pub fn $name() -> Simulation $body)*
    };
}

/// The versions that run in each account of both stages.
fn running(simulation: &Simulation) -> BTreeMap<String, u32> {
    let names = simulation.world.stack_sets.names();
    let all = names.iter().flat_map(|name| simulation.world.running(name));
    all.map(|(at, (_, arn))| (at.account.to_string(), arn.version())).collect()
}

fn everywhere(version: u32) -> BTreeMap<String, u32> {
    STAGING.iter().chain(&PROD).map(|account| ((*account).to_owned(), version)).collect()
}

/// Approves, lets everything end, and says how.
fn deployed(simulation: &mut Simulation, version: u32) -> String {
    simulation.approve("churn", version);
    simulation.rest(YES, 0);
    simulation.last_outcome()
}

/// With this version everywhere.
fn with_live(setup: Setup, version: u32) -> Simulation {
    let mut simulation = setup.simulation();
    assert_eq!(deployed(&mut simulation, version), "live");
    assert_eq!(running(&simulation), everywhere(version));
    simulation
}

/// Lets an execution go on until it is in front of a state, or at its end.
fn advance(simulation: &mut Simulation, index: usize, state: &str) {
    for _ in 0..10_000 {
        let execution = &simulation.executions[index];
        if !simulation.can_step(index) || execution.state == state {
            break;
        }
        simulation.step(index);
    }
    assert_eq!(simulation.executions[index].state, state, "{:?}", simulation.executions[index].trace);
}

fn outcomes(simulation: &Simulation) -> Vec<String> {
    simulation.executions.iter().map(|it| outcome(&it.status)).collect()
}

fn states(simulation: &Simulation) -> Vec<String> {
    let events = &simulation.world.state().events;
    events.iter().map(|event| event["Detail"]["state"].as_str().unwrap().to_owned()).collect()
}

fn question(simulation: &Simulation) -> deployment::PendingApproval {
    simulation.world.pending().first().cloned().unwrap()
}

/// One account of the last stage fails: everything is as it was.
fn fails_at_the_end(break_it: impl FnOnce(&Simulation), phase: &str, named: &str) -> Simulation {
    let mut simulation = with_live(Setup::FULL, 1);
    break_it(&simulation);
    assert_eq!(deployed(&mut simulation, 2), "StageFailed");
    let cause = simulation.last_cause();
    assert!(cause.contains(named) && cause.contains(phase), "{cause}");
    assert_eq!(running(&simulation), everywhere(1));
    assert_eq!(states(&simulation).last().unwrap(), "RolledBack");
    simulation
}

cases! {
    /// What people are told on the way is part of it.
    fn an_approved_version_comes_to_every_account() -> Simulation {
        let mut simulation = with_live(Setup::FULL, 1);
        assert_eq!(states(&simulation), ["Started", "StageLive", "WaitingForApproval", "StageLive", "Live"]);
        {
            let state = simulation.world.state();
            assert_eq!(state.metrics.len(), 10);
            let [message] = &state.messages[..] else { panic!("{:?}", state.messages) };
            let text = message["Message"].as_str().unwrap();
            for part in ["from nothing to version 1", "444444444444", "mlops --platform mlops approve", "s3://"] {
                assert!(text.contains(part), "{part}: {text}");
            }
            assert!(!text.contains('#'), "a token is nothing to send around: {text}");
        }
        assert_eq!(deployed(&mut simulation, 2), "live");
        // Back to an earlier version is a deployment like any other.
        assert_eq!(deployed(&mut simulation, 1), "live");
        assert_eq!(running(&simulation), everywhere(1));
        simulation
    }

    /// Without a canary, without baking, alarms or questions.
    fn a_plain_registration_is_enough() -> Simulation {
        with_live(Setup { canary: false, verifies: false, ..QUIET }, 1)
    }

    /// Alarms are looked at without baking too.
    fn alarms_stop_a_wave_that_does_not_bake() -> Simulation {
        let mut simulation = with_live(Setup { alarms: true, ..QUIET }, 1);
        simulation.world.state().alarms.insert(ALARMS[0].to_owned(), true);
        assert_eq!(deployed(&mut simulation, 2), "StageFailed");
        assert!(simulation.last_cause().contains("orders (crossed)"), "{}", simulation.last_cause());
        assert_eq!(running(&simulation), everywhere(1));
        simulation
    }

    /// Nothing of it is left, and nothing is recorded as live.
    fn a_first_version_that_fails_is_gone() -> Simulation {
        let mut simulation = Setup::FULL.simulation();
        simulation.world.stack_sets.fail_at(at(PROD[2]), "quota", Moment::Before, Some(1));
        assert_eq!(deployed(&mut simulation, 1), "StageFailed");
        assert!(running(&simulation).is_empty(), "{:?}", running(&simulation));
        assert!(["staging", "prod"].iter().all(|stage| simulation.world.live("mlops", "churn", stage).is_none()));
        simulation
    }

    /// An account that cannot be updated.
    fn an_account_that_fails_takes_everything_back() -> Simulation {
        fails_at_the_end(
            |it| it.world.stack_sets.fail_at(at(PROD[2]), "quota", Moment::Before, Some(1)), "deploy", "666666666666",
        )
    }

    /// The stack was updated and its set does not know.
    fn an_account_that_fails_after_all_takes_everything_back() -> Simulation {
        fails_at_the_end(
            |it| it.world.stack_sets.fail_at(at(PROD[1]), "stuck", Moment::After, Some(1)), "deploy", "555555555555",
        )
    }

    /// SageMaker took the update back and said nothing.
    fn a_silent_roll_back_is_found() -> Simulation {
        fails_at_the_end(
            |it| assert!(it.world.state().troubles.rolls_back_silently.insert(at(PROD[1]))), "verify", "a silent roll-back",
        )
    }

    /// An alarm beside an endpoint while the wave bakes.
    fn an_alarm_in_an_account_stops_the_next_wave() -> Simulation {
        fails_at_the_end(
            |it| assert!(it.world.state().troubles.alarmed.insert(at(PROD[0]))), "watch", "server-errors",
        )
    }

    /// The model does not answer; where it does not answer with the earlier version either, the roll-back has failed too.
    fn a_roll_back_that_fails_names_its_accounts() -> Simulation {
        let mut simulation = with_live(Setup::FULL, 1);
        simulation.world.state().troubles.fails_to_answer.insert(at(PROD[1]));
        assert_eq!(deployed(&mut simulation, 2), "RollBackFailed");
        assert!(simulation.last_cause().contains(PROD[1]), "{}", simulation.last_cause());
        assert_eq!(states(&simulation).last().unwrap(), "RollBackFailed");
        assert_eq!(running(&simulation), everywhere(1));
        simulation.world.state().troubles.fails_to_answer.clear();
        assert_eq!(deployed(&mut simulation, 3), "live");
        assert_eq!(running(&simulation), everywhere(3));
        simulation
    }

    /// An account whose stack cannot be updated any more, whatever to.
    fn a_broken_account_fails_the_roll_back_and_no_other_account() -> Simulation {
        let mut simulation = with_live(Setup { canary: false, ..QUIET }, 1);
        simulation.world.stack_sets.fail_at(at(PROD[1]), "stuck", Moment::After, None);
        assert_eq!(deployed(&mut simulation, 2), "RollBackFailed");
        assert!(simulation.last_cause().contains(PROD[1]), "{}", simulation.last_cause());
        let mut others = running(&simulation);
        others.insert(PROD[1].to_owned(), 1);
        assert_eq!(others, everywhere(1));
        simulation
    }

    /// An account that cannot be cleared is left behind; a later deployment says what to do about it.
    fn an_account_that_cannot_be_cleared_blocks_with_the_way_out() -> Simulation {
        let mut simulation = Setup { canary: false, ..QUIET }.simulation();
        simulation.world.stack_sets.fail_at(at(PROD[1]), "stuck", Moment::After, Some(1));
        simulation.approve("churn", 1);
        advance(&mut simulation, 0, "StepFailed");
        simulation.world.stack_sets.fail_at(at(PROD[1]), "stuck", Moment::Before, Some(1));
        simulation.rest(YES, 0);
        assert_eq!(simulation.last_outcome(), "RollBackFailed");
        assert_eq!(deployed(&mut simulation, 2), "RollBackFailed");
        assert!(simulation.last_cause().contains("RetainStacks"), "{}", simulation.last_cause());
        simulation.world.stack_sets.repair_at(&at(PROD[1]));
        assert_eq!(deployed(&mut simulation, 3), "live");
        assert_eq!(running(&simulation), everywhere(3));
        simulation
    }

    /// The last good version comes back, as long as there is one that is approved.
    fn a_rejected_version_makes_way() -> Simulation {
        let mut simulation = with_live(Setup::FULL, 1);
        assert_eq!(deployed(&mut simulation, 2), "live");
        let questions = simulation.world.state().messages.len();
        simulation.reject("churn", 2);
        simulation.rest(YES, 0);
        assert_eq!(simulation.last_outcome(), "live");
        assert_eq!(running(&simulation), everywhere(1));
        assert_eq!(simulation.world.state().messages.len(), questions, "nobody is asked on the way back");
        simulation.reject("churn", 1);
        simulation.rest(YES, 0);
        assert_eq!(simulation.last_outcome(), "NothingToComeBackTo");
        assert_eq!(running(&simulation), everywhere(1));
        simulation
    }

    /// The registration does not want it.
    fn a_rejected_version_stays_where_nothing_else_is_asked_for() -> Simulation {
        let mut simulation = with_live(Setup { rolls_back: false, ..QUIET }, 1);
        assert_eq!(deployed(&mut simulation, 2), "live");
        simulation.reject("churn", 2);
        simulation.rest(YES, 0);
        assert_eq!(simulation.executions.len(), 2);
        assert_eq!(running(&simulation), everywhere(2));
        simulation
    }

    /// Somebody rejects a version while it is deployed: between two waves it is seen.
    fn a_rejection_stops_its_version() -> Simulation {
        let mut simulation = with_live(Setup::FULL, 1);
        simulation.approve("churn", 2);
        advance(&mut simulation, 1, "WaveTurn");
        simulation.reject("churn", 2);
        simulation.pass_lag();
        simulation.rest(YES, 0);
        assert_eq!(outcomes(&simulation), ["live", "rejected", "nothingToDo"]);
        assert_eq!(running(&simulation), everywhere(1));
        assert!(states(&simulation).contains(&"NothingToDo".to_owned()));
        simulation
    }

    /// A later approval makes a question needless, and an execution that has not begun.
    fn a_later_approval_supersedes() -> Simulation {
        let mut simulation = with_live(Setup::FULL, 1);
        simulation.approve("churn", 2);
        while simulation.executions[1].waits.is_none() {
            simulation.step(1);
        }
        let asked = question(&simulation);
        simulation.approve("churn", 3);
        simulation.pass_lag();
        simulation.approve("churn", 4);
        simulation.rest(YES, 0);
        assert_eq!(outcomes(&simulation), ["live", "superseded", "superseded", "live"]);
        assert_eq!(running(&simulation), everywhere(4));
        // Whoever answers late answers nobody.
        simulation.answer(&asked, YES);
        simulation
    }

    /// In front of a stage, where nobody is asked.
    fn a_later_approval_supersedes_between_two_stages() -> Simulation {
        let mut simulation = with_live(QUIET, 1);
        simulation.approve("churn", 2);
        advance(&mut simulation, 1, "AnnounceStageLive");
        simulation.approve("churn", 3);
        simulation.pass_lag();
        simulation.rest(YES, 0);
        assert_eq!(outcomes(&simulation), ["live", "superseded", "live"]);
        assert_eq!(running(&simulation), everywhere(3));
        simulation
    }

    /// In the last stage a later approval waits.
    fn a_later_approval_waits_for_the_last_stage() -> Simulation {
        let mut simulation = with_live(QUIET, 1);
        simulation.approve("churn", 2);
        advance(&mut simulation, 1, "RecordStage");
        simulation.step(1);
        advance(&mut simulation, 1, "WaveTurn");
        simulation.approve("churn", 3);
        simulation.rest(YES, 0);
        assert_eq!(outcomes(&simulation), ["live", "live", "live"]);
        assert_eq!(running(&simulation), everywhere(3));
        simulation
    }

    /// Nothing but the earlier stages was touched, and they go back.
    fn a_stage_that_nobody_allows_is_not_touched() -> Simulation {
        let mut simulation = with_live(Setup::FULL, 1);
        for (reply, expected) in
            [(Reply::No(Person::Bob), "denied"), (Reply::Yes(Person::Ann), "denied"), (Reply::Silence, "Expired")]
        {
            simulation.approve("churn", 2);
            simulation.rest(reply, 0);
            assert_eq!(simulation.last_outcome(), expected, "{reply:?}");
            assert_eq!(running(&simulation), everywhere(1));
            assert!(simulation.world.pending().is_empty());
        }
        simulation
    }

    /// The question's parameter is gone before the answer comes.
    fn an_answer_counts_without_its_question() -> Simulation {
        let mut simulation = Setup::FULL.simulation();
        simulation.approve("churn", 1);
        while simulation.executions[0].waits.is_none() {
            simulation.step(0);
        }
        let asked = question(&simulation);
        simulation.world.state().parameters.retain(|name, _| !name.contains("/approval/"));
        simulation.answer(&asked, YES);
        simulation.rest(YES, 0);
        assert_eq!(simulation.last_outcome(), "live");
        simulation
    }

    /// All faults come together, before anything is touched.
    fn a_registration_that_cannot_work_is_refused() -> Simulation {
        let mut simulation = Setup::FULL.simulation();
        {
            let mut state = simulation.world.state();
            state.alarms.clear();
            state.policies.remove("bucket/models");
        }
        assert_eq!(deployed(&mut simulation, 1), "Refused");
        let cause = simulation.last_cause();
        for part in [ALARMS[0], ALARMS[1], "models", "faults"] {
            assert!(cause.contains(part), "{part}: {cause}");
        }
        assert!(simulation.world.stack_sets.names().is_empty());
        assert_eq!(states(&simulation), ["Refused"]);
        simulation
    }

    /// A gate that is gone is no gate.
    fn an_alarm_that_is_deleted_on_the_way_stops_the_next_wave() -> Simulation {
        let mut simulation = with_live(Setup::FULL, 1);
        simulation.approve("churn", 2);
        advance(&mut simulation, 1, "Bake");
        simulation.world.state().alarms.remove(ALARMS[0]);
        simulation.rest(YES, 0);
        assert_eq!(simulation.last_outcome(), "StageFailed");
        assert!(simulation.last_cause().contains("does not exist any more"), "{}", simulation.last_cause());
        assert_eq!(running(&simulation), everywhere(1));
        simulation
    }

    /// A group is registered without its name in the version's event, or not at all.
    fn a_group_that_is_not_registered_starts_nothing() -> Simulation {
        let mut simulation = QUIET.simulation();
        simulation.world.state().parameters.clear();
        simulation.approve("churn", 1);
        assert!(simulation.executions.is_empty());
        assert_eq!(simulation.outcomes, [json!({"outcome": "ignored", "reason": "notRegistered"})]);
        simulation
    }

    /// Unregistered after the approval: the execution says so.
    fn a_registration_that_is_gone_is_named() -> Simulation {
        let mut simulation = QUIET.simulation();
        simulation.approve("churn", 1);
        simulation.world.state().parameters.clear();
        simulation.rest(YES, 0);
        assert_eq!(simulation.last_outcome(), "NotRegistered");
        simulation
    }

    /// Another operation never ends.
    fn a_busy_stack_set_is_waited_for_and_given_up() -> Simulation {
        let mut simulation = with_live(QUIET, 1);
        let names = simulation.world.stack_sets.names();
        let staging = names.iter().find(|name| name.contains("staging")).unwrap();
        simulation.world.stack_sets.take_looks(320);
        simulation.world.stack_sets.keep_busy(staging, "somebody-elses").unwrap();
        simulation.world.stack_sets.take_looks(1);
        assert_eq!(deployed(&mut simulation, 2), "StageTimedOut");
        assert!(simulation.last_cause().contains("somebody-elses"), "{}", simulation.last_cause());
        assert_eq!(running(&simulation), everywhere(1));
        simulation
    }

    /// Its own operation takes for ever, and is waited for before the way back.
    fn an_operation_that_does_not_end_is_given_up() -> Simulation {
        let mut simulation = with_live(QUIET, 1);
        simulation.world.stack_sets.take_looks(330);
        simulation.approve("churn", 2);
        advance(&mut simulation, 1, "WaitForOperation");
        simulation.world.stack_sets.take_looks(1);
        simulation.rest(YES, 0);
        assert_eq!(simulation.last_outcome(), "StageTimedOut");
        assert_eq!(running(&simulation), everywhere(1));
        simulation
    }

    /// Endpoints take their time, and one too much of it.
    fn an_endpoint_that_is_updating_is_waited_for_and_given_up() -> Simulation {
        let mut simulation = with_live(QUIET, 1);
        simulation.world.state().troubles.updating.insert(at(PROD[0]), 3);
        assert_eq!(deployed(&mut simulation, 2), "live");
        simulation.world.state().troubles.updating.insert(at(PROD[0]), 63);
        assert_eq!(deployed(&mut simulation, 3), "StageTimedOut");
        assert_eq!(running(&simulation), everywhere(2));
        simulation
    }

    /// The same after the wave has served for a while.
    fn an_endpoint_that_is_updating_while_it_is_watched_is_given_up() -> Simulation {
        let mut simulation = with_live(Setup { bakes: true, ..QUIET }, 1);
        for (looks, expected) in [(3, "live"), (63, "StageTimedOut")] {
            let version = if expected == "live" { 2 } else { 3 };
            simulation.approve("churn", version);
            let index = simulation.executions.len() - 1;
            advance(&mut simulation, index, "Bake");
            simulation.world.state().troubles.updating.insert(at(STAGING[0]), looks);
            simulation.rest(YES, 0);
            assert_eq!(simulation.last_outcome(), expected);
        }
        assert_eq!(running(&simulation), everywhere(2));
        simulation
    }

    /// The list of executions forgets one for a while.
    fn an_execution_that_is_not_listed_waits_until_it_is() -> Simulation {
        let mut simulation = QUIET.simulation();
        simulation.approve("churn", 1);
        advance(&mut simulation, 0, "StageTurn");
        simulation.world.state().lag = i64::MAX / 4;
        for _ in 0..4 {
            simulation.step(0);
        }
        assert_eq!(simulation.executions[0].state, "IsStageFree");
        simulation.world.state().lag = 0;
        simulation.rest(YES, 0);
        assert_eq!(simulation.last_outcome(), "live");
        simulation
    }

    /// Two platforms register the same group: each has its own endpoints, records, questions and executions.
    fn two_platforms_do_not_see_each_other() -> Simulation {
        let mut simulation = QUIET.simulation();
        simulation.register("risk", "churn", &QUIET.registration("xlarge"));
        simulation.approve("churn", 1);
        simulation.rest(YES, 7);
        simulation.approve("churn", 2);
        simulation.rest(YES, 11);
        assert_eq!(outcomes(&simulation), ["live"; 4]);
        for platform in ["mlops", "risk"] {
            for (stage, accounts) in [("staging", STAGING.len()), ("prod", PROD.len())] {
                let record = simulation.world.live(platform, "churn", stage).unwrap();
                assert_eq!((record.version, record.accounts), (2, accounts));
                let running = simulation.world.running(&record.endpoint_name);
                assert_eq!(running.len(), accounts);
                assert!(running.values().all(|(_, arn)| arn.version() == 2));
            }
        }
        assert_eq!(simulation.world.stack_sets.names().len(), 4);
        let machines: Vec<_> = simulation.world.state().executions.iter().map(|it| it.state_machine.clone()).collect();
        assert_eq!(machines.iter().filter(|it| **it == state_machine("risk")).count(), 2);
        simulation
    }

    /// Two groups of one platform at once: neither waits for the other.
    fn two_groups_are_deployed_at_once() -> Simulation {
        let mut simulation = QUIET.simulation();
        simulation.register("mlops", "fraud", &QUIET.registration("large"));
        simulation.approve("churn", 1);
        simulation.approve("fraud", 2);
        simulation.rest(YES, 5);
        assert_eq!(outcomes(&simulation), ["live", "live"]);
        let waited = simulation.executions.iter().any(|it| it.trace.contains(&"WaitForTurn".to_owned()));
        assert!(!waited);
        for (group, version) in [("churn", 1), ("fraud", 2)] {
            assert_eq!(simulation.world.live("mlops", group, "prod").unwrap().version, version);
        }
        simulation
    }

    /// What travels through the machine stays below what Step Functions takes, and so does the error of a roll-back that
    /// fails in all accounts.
    fn four_hundred_accounts_fit() -> Simulation {
        let mut simulation = Setup { asks: false, ..Setup::FULL }.simulation();
        let accounts = |from: usize| (from..from + 200).map(|id| format!("{id:012}")).collect::<Vec<_>>();
        {
            let mut state = simulation.world.state();
            state.units.insert("ou-ab12-staging1".to_owned(), accounts(300_000_000_000));
            state.units.insert("ou-ab12-prod0001".to_owned(), accounts(500_000_000_000));
        }
        simulation.seen.measures = true;
        assert_eq!(deployed(&mut simulation, 1), "live");
        assert_eq!(running(&simulation).len(), 400);
        let (bytes, place) = &simulation.seen.largest;
        assert!(*bytes > 10_000 && *bytes < MOST_BYTES / 2, "{place} has {bytes} bytes");
        for account in accounts(300_000_000_000).iter().chain(&accounts(500_000_000_000)) {
            simulation.world.stack_sets.fail_at(at(account), &"\"stuck\" ".repeat(60), Moment::Before, Some(9));
        }
        // The first stage gets through; everything else fails, forth and back.
        for account in accounts(300_000_000_000) {
            simulation.world.stack_sets.repair_at(&at(&account));
        }
        simulation.approve("churn", 2);
        advance(&mut simulation, 1, "LookBefore");
        simulation.step(1);
        advance(&mut simulation, 1, "LookBefore");
        for account in accounts(300_000_000_000) {
            simulation.world.stack_sets.fail_at(at(&account), &"\"stuck\" ".repeat(60), Moment::Before, Some(9));
        }
        simulation.rest(YES, 0);
        assert_eq!(simulation.last_outcome(), "RollBackFailed");
        let cause: Value = serde_json::from_str(&simulation.last_cause()).unwrap();
        assert_eq!(cause["rollBackFailures"].as_array().unwrap().len(), 2);
        simulation
    }

    /// A deployment fails after an account has joined its stage: the account has nothing, and history says so.
    fn an_account_that_joined_is_cleared() -> Simulation {
        let mut simulation = with_live(Setup { canary: false, ..QUIET }, 1);
        let joined = "777777777777";
        simulation.world.state().units.get_mut("ou-ab12-staging1").unwrap().push(joined.to_owned());
        simulation.world.stack_sets.fail_at(at(PROD[0]), "quota", Moment::Before, Some(1));
        assert_eq!(deployed(&mut simulation, 2), "StageFailed");
        assert_eq!(running(&simulation), everywhere(1));
        // A roll-back's record has in its plan who was cleared.
        let history = simulation.world.history("churn");
        let plan = history.iter().rfind(|it| it.stage.as_str() == "staging").unwrap().plan.clone().unwrap();
        assert_eq!(plan.cleared.iter().map(ToString::to_string).collect::<Vec<_>>(), [joined]);
        simulation
    }

    /// Somebody rejects what is live while another version waits for its answer, for days.
    fn a_rejection_waits_for_an_answer_of_days() -> Simulation {
        let mut simulation = with_live(Setup { bakes: false, ..Setup::FULL }, 1);
        simulation.approve("churn", 2);
        while simulation.executions[1].waits.is_none() {
            simulation.step(1);
        }
        simulation.reject("churn", 1);
        let until = simulation.executions[1].due();
        while simulation.executions[2].due() < until {
            simulation.step(2);
        }
        simulation.rest(Reply::Silence, 0);
        assert_eq!(outcomes(&simulation), ["live", "Expired", "NothingToComeBackTo"]);
        assert!(matches!(simulation.executions[1].status, Status::Failed(_)));
        simulation
    }
}
