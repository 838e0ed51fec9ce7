/// What the text should have been, as a noun phrase: "an account id of 12 digits".
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Expected(pub(crate) &'static str);

/// The text form of a type that implements `AsRef<str>` and `FromStr<Err = Expected>`.
macro_rules! text_form {
    ($name:ident) => {
        impl $name {
            /// The text it was read from.
            pub fn as_str(&self) -> &str {
                self.as_ref()
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.as_ref())
            }
        }

        impl From<$name> for String {
            fn from(value: $name) -> Self {
                value.as_str().to_owned()
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_ref())
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = String::deserialize(deserializer)?;
                text.parse().map_err(|$crate::Expected(expected)| {
                    serde::de::Error::invalid_value(serde::de::Unexpected::Str(&text), &expected)
                })
            }
        }
    };
}

/// A newtype over the text itself, and the rule that the text keeps.
macro_rules! identifier {
    ($(#[$meta:meta])* $name:ident, $expected:literal, $accepts:expr) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(String);

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::Expected;

            fn from_str(text: &str) -> Result<Self, $crate::Expected> {
                let accepts: fn(&str) -> bool = $accepts;
                if accepts(text) { Ok(Self(text.to_owned())) } else { Err($crate::Expected($expected)) }
            }
        }

        $crate::identifier::text_form!($name);
    };
}

pub(crate) use {identifier, text_form};

/// Lower-case letters and digits, as many as `length` allows.
pub(crate) fn is_lower_alphanumeric(text: &str, length: std::ops::RangeInclusive<usize>) -> bool {
    length.contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
}

/// That many lower-case hexadecimal digits, as EC2 makes its ids of.
pub(crate) fn is_lower_hex(text: &str, length: usize) -> bool {
    text.len() == length && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}
