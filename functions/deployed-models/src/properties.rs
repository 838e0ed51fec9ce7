use custom_resource::{FromProperties, Reader};
use deployment::PlatformName;
use std::str::FromStr;

/// What the template says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Properties {
    /// Whose models these are.
    pub platform_name: PlatformName,
    /// What Delete does to them.
    pub on_delete: OnDelete,
}

/// What Delete does to models that are live.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum OnDelete {
    /// They go on serving.
    #[default]
    Retain,
    /// They are taken away.
    Delete,
}

impl FromStr for OnDelete {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "Retain" => Ok(Self::Retain),
            "Delete" => Ok(Self::Delete),
            _ => Err("Retain or Delete"),
        }
    }
}

impl FromProperties for Properties {
    fn from_properties(reader: &mut Reader<'_>) -> Option<Self> {
        let (platform_name, on_delete) = (reader.required("PlatformName"), reader.optional("OnDelete"));
        Some(Self { platform_name: platform_name?, on_delete: on_delete?.unwrap_or_default() })
    }
}
