//! The sample events are what the state machine sends.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a failed assumption of a test is a failed test")]

mod world;

use deployment::StagePlan;
use serde_json::Value;
use world::World;

#[tokio::test(start_paused = true)]
async fn the_sample_events_are_tasks() {
    for (text, action) in [
        (include_str!("../../../events/endpoint-verification-verify.json"), "verify"),
        (include_str!("../../../events/endpoint-verification-watch.json"), "watch"),
    ] {
        let event: Value = serde_json::from_str(text).unwrap();
        assert_eq!(event["action"], action);
        let plan: StagePlan = serde_json::from_value(event["stage"].clone()).unwrap();
        // Not a member that the plan does not know, and none that it would write otherwise.
        assert_eq!(serde_json::to_value(&plan).unwrap(), event["stage"]);
        let answer = World::of(&plan).task(&event).await.unwrap();
        assert_eq!(answer["status"], "done", "{answer}");
    }
}
