//! What does not end, and what must not begin.

use super::{Case, QUIET, YES, advance, deployed, everywhere, running, states, with_live};
use crate::sequence::{ALARMS, PROD, STAGING, Setup};
use crate::simulation::Simulation;
use crate::world::at;
use serde_json::json;

cases! { HOLDING:
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
}
