//! What people decide on the way.

use super::{Case, QUIET, YES, advance, deployed, everywhere, outcomes, question, running, states, with_live};
use crate::machine::Status;
use crate::sequence::Setup;
use crate::simulation::{Person, Reply, Simulation};

cases! { DECIDING:
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
        simulation.step(0);
        assert_eq!(simulation.executions[0].state, "IsDecided", "what is gone is not deleted again");
        simulation.rest(YES, 0);
        assert_eq!(simulation.last_outcome(), "live");
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
