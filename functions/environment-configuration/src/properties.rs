use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use custom_resource::{FromProperties, Reader};
use environment::{Environment, NAME_TAG, TYPE_TAG};

use crate::FIXED;

pub(crate) const SAGEMAKER_PROJECT_NAME: &str = "SageMakerProjectName";
pub(crate) const PARAMETERS: &str = "Parameters";
pub(crate) const OPTIONAL_PARAMETERS: &str = "OptionalParameters";

/// What the template says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Properties {
    /// `SageMakerProjectName`.
    pub project: ProjectName,
    /// `EnvironmentName` and `EnvironmentType`: both or neither.
    pub environment: Option<Environment>,
    /// `Parameters` and `OptionalParameters`, each attribute once.
    pub parameters: Vec<Wanted>,
}

/// An attribute and the parameter that it is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// Attribute and key.
    pub assignment: Assignment,
    /// Whether the parameter may be missing.
    pub optional: bool,
}

/// The name of a SageMaker project: 1 to 32 letters, digits and inner hyphens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProjectName(String);

impl ProjectName {
    /// The text it was read from.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for ProjectName {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let alphanumeric = |c: char| c.is_ascii_alphanumeric();
        let valid = text.len() <= 32
            && text.starts_with(alphanumeric)
            && text.ends_with(alphanumeric)
            && text.chars().all(|c| alphanumeric(c) || c == '-');
        if valid {
            Ok(Self(text.to_owned()))
        } else {
            Err("a project's name of 1 to 32 letters, digits and inner hyphens")
        }
    }
}

impl fmt::Display for ProjectName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// `Attribute=key`: which attribute is made of which of the environment's parameters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assignment {
    /// As in `Fn::GetAtt`: 1 to 128 letters and digits, and none that is always there.
    pub attribute: String,
    /// The parameter's name after the environment's path. May contain slashes.
    pub key: String,
}

/// What an assignment should have been; completes the sentence "expected ...".
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidAssignment {
    /// There is no equals sign.
    #[error("Attribute=key such as DataBucketName=data-bucket-name")]
    Form,
    /// What is before the equals sign.
    #[error("an attribute of 1 to 128 letters and digits before the equals sign")]
    Attribute,
    /// The attribute is always there.
    #[error("another attribute, for {0} is always the environment's own")]
    Taken(&'static str),
    /// What is after the equals sign.
    #[error(
        "a key of 1 to 900 letters, digits, dots, hyphens, underscores and at most 12 single inner slashes after the equals sign"
    )]
    Key,
}

impl FromStr for Assignment {
    type Err = InvalidAssignment;

    fn from_str(text: &str) -> Result<Self, InvalidAssignment> {
        let (attribute, key) = text.split_once('=').ok_or(InvalidAssignment::Form)?;
        if !(1..=128).contains(&attribute.len()) || !attribute.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return Err(InvalidAssignment::Attribute);
        }
        if let Some(taken) = FIXED.iter().find(|fixed| **fixed == attribute) {
            return Err(InvalidAssignment::Taken(taken));
        }
        if !is_key(key) {
            return Err(InvalidAssignment::Key);
        }
        Ok(Self { attribute: attribute.to_owned(), key: key.to_owned() })
    }
}

/// Parameter Store allows names of 1011 characters with their ARN, and fifteen levels, two of which are the environment's.
/// A colon would ask for a version of a parameter.
fn is_key(text: &str) -> bool {
    let is_level = |level: &str| {
        !level.is_empty() && level.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_'))
    };
    text.len() <= 900 && text.split('/').count() <= 13 && text.split('/').all(is_level)
}

impl FromProperties for Properties {
    fn from_properties(reader: &mut Reader<'_>) -> Option<Self> {
        // All are read before the first `?`, so that one answer has the faults of all.
        let project = reader.required(SAGEMAKER_PROJECT_NAME);
        let (name, kind) = (reader.optional(NAME_TAG), reader.optional(TYPE_TAG));
        let required = wanted(reader, PARAMETERS, false);
        let optional = wanted(reader, OPTIONAL_PARAMETERS, true);
        let environment = match (name, kind) {
            (Some(Some(name)), Some(Some(kind))) => Some(Some(Environment::new(name, kind))),
            (Some(None), Some(None)) => Some(None),
            (Some(Some(_)), Some(None)) => alone(reader, TYPE_TAG, NAME_TAG),
            (Some(None), Some(Some(_))) => alone(reader, NAME_TAG, TYPE_TAG),
            _ => None,
        };
        let parameters = each_once(reader, required.into_iter().chain(optional).flatten());
        Some(Self { project: project?, environment: environment?, parameters: parameters? })
    }
}

fn alone<T>(reader: &mut Reader<'_>, missing: &'static str, given: &'static str) -> Option<T> {
    reader.fault(missing, format_args!("is missing, expected it beside {given}, or neither of the two"));
    None
}

/// The readable items of a list, with the place of each.
fn wanted(reader: &mut Reader<'_>, property: &'static str, optional: bool) -> Option<Vec<(String, Wanted)>> {
    let mut wanted = Vec::new();
    for (at, text) in reader.list::<String>(property)?.into_iter().enumerate() {
        let place = format!("{property}[{at}]");
        match text.parse::<Assignment>() {
            Ok(assignment) => wanted.push((place, Wanted { assignment, optional })),
            Err(expected) => reader.fault(&place, format_args!("is {text:?}, expected {expected}")),
        }
    }
    Some(wanted)
}

/// `None` if an attribute was given more than once.
fn each_once(reader: &mut Reader<'_>, wanted: impl Iterator<Item = (String, Wanted)>) -> Option<Vec<Wanted>> {
    let mut places: BTreeMap<String, String> = BTreeMap::new();
    let mut once = Some(Vec::new());
    for (place, wanted) in wanted {
        let attribute = wanted.assignment.attribute.clone();
        if let Some(first) = places.get(&attribute) {
            reader.fault(
                &place,
                format_args!("gives attribute {attribute}, as {first} does, expected each attribute once"),
            );
            once = None;
        } else {
            places.insert(attribute, place);
            once.iter_mut().for_each(|once| once.push(wanted.clone()));
        }
    }
    once
}
