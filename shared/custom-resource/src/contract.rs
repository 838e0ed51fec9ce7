//! The rules of the custom-resource contract, each test named after the rule it holds the library to.

mod answers;
mod budgets;
mod endpoint;
mod fixture;
mod identities;
mod lifecycle;
mod long_work;
mod secrets;
mod sizes;
mod sources;
mod wire;
