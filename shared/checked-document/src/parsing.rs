use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use crate::Faults;

/// Reads a value and records every member that an object has more than once; of those the first counts.
pub(crate) struct Parsing<'a> {
    pub(crate) path: String,
    pub(crate) faults: &'a Faults,
}

impl<'de> DeserializeSeed<'de> for Parsing<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Parsing<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut read = Vec::new();
        let item = |index: usize| Parsing { path: format!("{}[{index}]", self.path), faults: self.faults };
        while let Some(value) = items.next_element_seed(item(read.len()))? {
            read.push(value);
        }
        Ok(read.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut read = Map::new();
        while let Some(name) = members.next_key::<String>()? {
            let path = format!("{}.{name}", self.path);
            let value = members.next_value_seed(Parsing { path: path.clone(), faults: self.faults })?;
            if read.contains_key(&name) {
                self.faults.record(&path, "is there more than once; keep one of them".to_owned());
            } else {
                read.insert(name, value);
            }
        }
        Ok(read.into())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failed assumption of a test is a failed test")]
mod tests {
    use super::*;
    use serde_json::json;

    fn parsed(text: &str) -> (Option<Value>, Vec<String>) {
        let faults = Faults::default();
        let value = faults.parse(text);
        (value, faults.into_vec().iter().map(ToString::to_string).collect())
    }

    #[test]
    fn every_value_is_read_as_it_is() {
        let value =
            json!({"a": [1, -2, 0.5, 18_446_744_073_709_551_615_u64, "ä\n", true, null, [], {}], "b": {"a": 1}});
        assert_eq!(parsed(&value.to_string()), (Some(value), vec![]));
    }

    #[test]
    fn members_that_come_again_are_named_wherever_they_are() {
        let (value, faults) = parsed(r#"{"a": 1, "b": [{"c": 1, "\u0063": 2, "c": 3}], "a": {"d": 4, "d": 5}}"#);
        assert_eq!(value, Some(json!({"a": 1, "b": [{"c": 1}]})));
        let again = |path: &str| format!("{path}: is there more than once; keep one of them");
        assert_eq!(faults, [again("$.b[0].c"), again("$.b[0].c"), again("$.a.d"), again("$.a")]);
    }

    #[test]
    fn what_is_no_json_is_said_with_its_place() {
        for (text, expected) in [
            ("", "EOF while parsing a value at line 1 column 0"),
            ("{\"a\": 1,\n}", "trailing comma at line 2 column 1"),
            ("{} {}", "trailing characters at line 1 column 4"),
            ("1e999", "number out of range at line 1 column 5"),
        ] {
            assert_eq!(parsed(text), (None, vec![format!("$: is not JSON: {expected}")]));
        }
    }
}
