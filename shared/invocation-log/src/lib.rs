//! One log configuration for every function: JSON lines on standard output.
//!
//! Why not `lambda_runtime::tracing::init_default_subscriber`: at TRACE the runtime prints each raw event, and the HTTP
//! stacks print URLs. An event holds the address that answers CloudFormation, and whoever reads that address can forge the
//! answer (R38). So the level an administrator asks for counts for this project's own crates only; every library is
//! capped at INFO, whatever is asked.
//!
//! # Environment
//!
//! | variable | default | meaning |
//! |---|---|---|
//! | `AWS_LAMBDA_LOG_LEVEL` | `INFO` | level of this project's crates: `TRACE`, `DEBUG`, `INFO`, `WARN`, `ERROR` (Lambda sets it from the function's logging configuration) |

use std::env;

use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// Lambda sets it from the function's logging configuration.
const ENV_LEVEL: &str = "AWS_LAMBDA_LOG_LEVEL";

/// The shared crates whose level follows the function's own.
const OWN_CRATES: [&str; 5] = ["aws_ports", "custom_resource", "deployment", "invocation_log", "organization"];

/// Starts the log of a function whose crate is `crate_name` (`env!("CARGO_CRATE_NAME")`).
///
/// Lambda adds the time and the request id of its own lines; the JSON here carries a `timestamp`, `level`, `target`, the
/// event's fields beside them and the fields of the spans around it. Calling it twice changes nothing.
pub fn init(crate_name: &'static str) {
    let asked = env::var(ENV_LEVEL).ok().filter(|level| !level.is_empty());
    let json =
        tracing_subscriber::fmt::layer().json().flatten_event(true).with_current_span(true).with_span_list(false);
    // A second call finds a subscriber in place, which is as good.
    let _ = tracing_subscriber::registry().with(json).with(levels(crate_name, asked.as_deref())).try_init();
    if let Some(level) = asked.filter(|level| level.parse::<LevelFilter>().is_err()) {
        tracing::warn!(variable = ENV_LEVEL, value = level, "unknown log level, INFO is used");
    }
}

fn levels(crate_name: &'static str, asked: Option<&str>) -> Targets {
    let own = asked.and_then(|level| level.parse().ok()).unwrap_or(LevelFilter::INFO);
    OWN_CRATES
        .iter()
        .chain([&crate_name])
        .fold(Targets::new().with_default(own.min(LevelFilter::INFO)), |targets, name| targets.with_target(*name, own))
}

#[cfg(test)]
mod tests {
    use tracing::Level;

    use super::*;

    #[test]
    fn r38_libraries_stay_at_info_when_trace_is_asked_for() {
        let levels = levels("model_approval", Some("TRACE"));
        for library in [
            "lambda_runtime",
            "lambda_runtime::layers::api_client",
            "hyper_util::client",
            "aws_smithy_runtime",
            "rustls",
        ] {
            assert!(!levels.would_enable(library, &Level::DEBUG), "{library} prints DEBUG");
            assert!(levels.would_enable(library, &Level::INFO), "{library} does not print INFO");
        }
        for own in ["model_approval", "model_approval::decision", "custom_resource::delivery"] {
            assert!(levels.would_enable(own, &Level::TRACE), "{own} does not print TRACE");
        }
    }

    #[test]
    fn an_unknown_level_means_info_and_a_quieter_one_quiets_libraries_too() {
        for asked in [None, Some("LOUD")] {
            let levels = levels("model_approval", asked);
            assert!(levels.would_enable("model_approval", &Level::INFO));
            assert!(!levels.would_enable("model_approval", &Level::DEBUG));
        }
        assert!(!levels("model_approval", Some("error")).would_enable("lambda_runtime", &Level::INFO));
    }
}
