//! Each rule by a case of its own.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should say where")]

use deployment_model::cases;

macro_rules! tests {
    ($($name:ident),* $(,)?) => {
        $(#[test] fn $name() { cases::$name(); })*

        #[test]
        fn no_case_is_left_out() {
            let named = [$(stringify!($name)),*];
            assert_eq!(cases::all().iter().map(|(name, _)| *name).collect::<Vec<_>>(), named);
        }
    };
}

tests! {
    a_rejected_version_makes_way,
    a_rejected_version_stays_where_nothing_else_is_asked_for,
    a_rejection_stops_its_version,
    a_later_approval_supersedes,
    a_later_approval_supersedes_between_two_stages,
    a_later_approval_waits_for_the_last_stage,
    a_stage_that_nobody_allows_is_not_touched,
    an_answer_counts_without_its_question,
    a_rejection_waits_for_an_answer_of_days,
    an_approved_version_comes_to_every_account,
    a_plain_registration_is_enough,
    two_platforms_do_not_see_each_other,
    two_groups_are_deployed_at_once,
    four_hundred_accounts_fit,
    a_first_version_that_fails_is_gone,
    an_account_that_fails_takes_everything_back,
    an_account_that_fails_after_all_takes_everything_back,
    a_silent_roll_back_is_found,
    an_alarm_in_an_account_stops_the_next_wave,
    alarms_stop_a_wave_that_does_not_bake,
    a_roll_back_that_fails_names_its_accounts,
    a_broken_account_fails_the_roll_back_and_no_other_account,
    a_stage_whose_roll_back_failed_is_not_recorded_as_live,
    a_roll_back_that_cannot_be_tried_names_its_accounts,
    an_account_that_cannot_be_cleared_blocks_with_the_way_out,
    an_account_that_left_has_nothing_and_history_says_so,
    an_account_that_joined_is_cleared,
    a_busy_stack_set_is_waited_for_and_given_up,
    an_operation_that_does_not_end_is_given_up,
    an_endpoint_that_is_updating_is_waited_for_and_given_up,
    an_endpoint_that_is_updating_while_it_is_watched_is_given_up,
    an_execution_that_is_not_listed_waits_until_it_is,
    a_registration_that_cannot_work_is_refused,
    an_alarm_that_is_deleted_on_the_way_stops_the_next_wave,
    a_group_that_is_not_registered_starts_nothing,
    a_registration_that_is_gone_is_named,
}
