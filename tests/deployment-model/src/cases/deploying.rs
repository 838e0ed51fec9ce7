//! Versions that come to all accounts, and much of everything.

use super::{Case, QUIET, YES, advance, deployed, everywhere, outcomes, running, states, with_live};
use crate::machine::MOST_BYTES;
use crate::sequence::{PROD, STAGING, Setup};
use crate::simulation::{Simulation, state_machine};
use crate::world::at;
use serde_json::Value;
use stack_sets::Moment;

cases! { DEPLOYING:
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
}
