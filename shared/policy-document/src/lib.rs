//! IAM policy documents, lossless: what is not changed stays as it was, to the byte.
//!
//! A policy of a bucket, a key or a role has several authors, and only some of its statements are one's own. So a
//! [`PolicyDocument`] is its text with the places of its statements: [`PolicyDocument::replace`] exchanges one's own,
//! found by `Sid`, and every other byte, the elements nobody knows yet included, is written as it was read.
//!
//! ```
//! use policy_document::{PolicyDocument, Statement};
//! use serde_json::json;
//!
//! let mut document: PolicyDocument = r#"{ "Id": "theirs", "Statement": [ {"Effect":"Deny", "Action": "*"} ] }"#.parse()?;
//! let own = Statement::new(&json!({"Sid": "MineRead", "Effect": "Allow", "Action": "s3:GetObject"}))?;
//! assert!(document.replace(|sid| sid.is_some_and(|sid| sid.starts_with("Mine")), vec![own]));
//! assert_eq!(
//!     document.to_string(),
//!     r#"{ "Id": "theirs", "Statement": [ {"Effect":"Deny", "Action": "*"} ,{"Sid":"MineRead","Effect":"Allow","Action":"s3:GetObject"}] }"#,
//! );
//! # Ok::<(), policy_document::Error>(())
//! ```
//!
//! # Invariants
//! - Parse and write is the identity, to the byte.
//! - A statement that is not one's own keeps its bytes and its place among the others.
//! - A statement that a service rewrote without changing its meaning (one text for a list of one, another order of lists
//!   and keys) is not replaced, so nothing is written when nothing changed.
//! - Taking away what was added gives back the document before, to the byte; a lone statement outside a list comes back as
//!   a list of one, which means the same.
//!
//! # Why not another crate
//! `aws-iam` (last released in 2022) and `iam-rs` read a document into types of their own and write those back: elements
//! and spellings that they do not model are lost, and every statement is written anew.
//!
//! `iam-rs` also evaluates, but a request that is fully known: what its context lacks, it takes for absent.
//! [`PolicyDocument::decide`] is asked before there is a request, when some keys cannot be known yet, and has to tell "refused"
//! from "depends on".

mod access;
mod condition;
mod document;
mod error;
mod meaning;
mod statement;
mod trust;

pub use access::{Access, Decision, Doubt};
pub use condition::{Fact, Facts};
pub use document::PolicyDocument;
pub use error::Error;
pub use statement::{Effect, Principal, Statement};
