//! Runs a function's built binary as Lambda would, on loopback only.
//!
//! A function is tested as the process that Lambda starts, because what matters most about it cannot be seen from
//! inside: whether it survives a panic, whether it answers before its deadline, what it writes to its log, how soon it
//! asks for its first event. [`Function`] says how to start it, [`Process`] feeds it events and reads what it posts,
//! [`ResponseSink`] stands in for the address CloudFormation waits at, and [`Proxy`] sits between the function and its
//! services to count, delay, refuse, or end the process at an exact call.
//!
//! Invariants: every server listens on 127.0.0.1 and ends with its value; every wait has a limit; a process is ended
//! by its own id and never outlives its [`Process`]; it inherits nothing from the environment of the tests.

mod answer;
mod client;
mod function;
mod json_service;
mod loopback;
mod operation;
mod process;
mod proxy;
mod query_service;
mod response_sink;
mod rest_service;
mod runtime_api;

pub use function::Function;
pub use json_service::JsonService;
pub use loopback::{Reply, Request, Server};
pub use process::{Ended, Invocation, KillSwitch, Memory, Outcome, Process, processor_time};
pub use proxy::{Call, Fault, Proxy, Upstreams};
pub use query_service::QueryService;
pub use response_sink::{Behaviour, Delivery, ResponseSink};
pub use rest_service::RestService;
