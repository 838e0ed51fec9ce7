//! Accounts that fail, and what becomes of the others.

use super::{Case, QUIET, YES, advance, deployed, everywhere, running, states, with_live};
use crate::sequence::{ALARMS, PROD, STAGING, Setup};
use crate::simulation::Simulation;
use crate::world::{Outage, at};
use deployment::RecordKind;
use serde_json::{Value, json};
use stack_sets::Moment;

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

cases! { FAILING:
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

    /// Alarms are looked at without baking too.
    fn alarms_stop_a_wave_that_does_not_bake() -> Simulation {
        let mut simulation = with_live(Setup { alarms: true, ..QUIET }, 1);
        simulation.world.state().alarms.insert(ALARMS[0].to_owned(), true);
        assert_eq!(deployed(&mut simulation, 2), "StageFailed");
        assert!(simulation.last_cause().contains("orders (crossed)"), "{}", simulation.last_cause());
        assert_eq!(running(&simulation), everywhere(1));
        simulation
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
        // What is recorded as live is deployed again, where it is approved again.
        simulation.world.stack_sets.repair_at(&at(PROD[1]));
        assert_eq!(deployed(&mut simulation, 1), "live");
        assert_eq!(running(&simulation), everywhere(1));
        simulation
    }

    /// What nobody knows to be live is not recorded as such, though it was when its stage was complete.
    fn a_stage_whose_roll_back_failed_is_not_recorded_as_live() -> Simulation {
        let mut simulation = Setup { canary: false, ..QUIET }.simulation();
        for version in [1, 2] {
            simulation.approve("churn", version);
            advance(&mut simulation, version as usize * 2 - 2, "AnnounceStageLive");
            simulation.world.stack_sets.fail_at(at(PROD[1]), "quota", Moment::Before, Some(1));
            simulation.world.stack_sets.fail_at(at(STAGING[0]), "stuck", Moment::Before, Some(1));
            simulation.rest(YES, 0);
            assert_eq!(simulation.last_outcome(), "RollBackFailed");
            let history = simulation.world.history("churn");
            let last = history.iter().rfind(|it| it.stage.as_str() == "staging").unwrap();
            let comeback = (version == 2).then_some(1);
            assert_eq!((last.kind, last.version), (RecordKind::RollBackFailed, comeback));
            let live = simulation.world.live("mlops", "churn", "staging");
            assert_eq!(live.map(|it| (it.kind, it.version)), comeback.map(|it| (RecordKind::RollBackFailed, it)));
            simulation.world.stack_sets.repair_at(&at(STAGING[0]));
            assert_eq!(deployed(&mut simulation, 1), "live");
        }
        assert_eq!(running(&simulation), everywhere(1));
        simulation
    }

    /// A task fails, and not an account: whoever reads the error finds all accounts of the stage.
    fn a_roll_back_that_cannot_be_tried_names_its_accounts() -> Simulation {
        let mut simulation = with_live(QUIET, 1);
        simulation.world.stack_sets.fail_at(at(STAGING[1]), "quota", Moment::Before, Some(1));
        simulation.approve("churn", 2);
        advance(&mut simulation, 1, "TakeBack");
        let outage = Outage {
            state: "Deploy".to_owned(), error: "Somebody.NeverHeardOf".to_owned(), moment: Moment::Before, after: 0, times: 1,
        };
        simulation.world.state().outages.push(outage);
        simulation.rest(YES, 0);
        assert_eq!(simulation.last_outcome(), "RollBackFailed");
        let cause: Value = serde_json::from_str(&simulation.last_cause()).unwrap();
        let failures = cause["rollBackFailures"].as_array().unwrap();
        assert_eq!((failures.len(), &failures[0]["accounts"]), (1, &json!(STAGING.join(" "))));
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

    /// An account leaves its stage: whatever becomes of the deployment that takes its endpoint away, history says so.
    fn an_account_that_left_has_nothing_and_history_says_so() -> Simulation {
        let mut simulation = with_live(Setup { canary: false, ..QUIET }, 1);
        let left = |simulation: &Simulation| {
            assert!(!running(simulation).contains_key(STAGING[1]));
            let history = simulation.world.history("churn");
            let last = history.iter().rfind(|it| it.stage.as_str() == "staging").unwrap();
            last.left.iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        simulation.world.state().units.get_mut("ou-ab12-staging1").unwrap().pop();
        simulation.world.stack_sets.fail_at(at(STAGING[0]), "quota", Moment::Before, Some(1));
        assert_eq!(deployed(&mut simulation, 2), "StageFailed");
        assert_eq!(left(&simulation), [STAGING[1]]);
        simulation.world.state().units.get_mut("ou-ab12-staging1").unwrap().push(STAGING[1].to_owned());
        assert_eq!(deployed(&mut simulation, 2), "live");
        assert_eq!(running(&simulation), everywhere(2));
        simulation.world.state().units.get_mut("ou-ab12-staging1").unwrap().pop();
        assert_eq!(deployed(&mut simulation, 3), "live");
        assert_eq!(left(&simulation), [STAGING[1]]);
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
}
