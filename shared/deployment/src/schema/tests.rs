use super::JsonSchema;
use serde_json::{Value, json};

fn faults(schema: &Value) -> Vec<String> {
    JsonSchema::new(schema).err().unwrap_or_default()
}

#[test]
fn every_mistake_is_named_by_its_place() {
    let types = "one of array, boolean, integer, null, number, object, string";
    for (schema, problems) in [
        (json!(true), vec![]),
        (
            json!({"$schema": "https://json-schema.org/draft/2020-12/schema", "title": 7, "format": "email", "type": ["number", "null"]}),
            vec![],
        ),
        (json!({"$ref": "#/$defs/a", "$defs": {"a": {"enum": [1]}}}), vec![]),
        (json!([]), vec!["expected an object, true or false".to_owned()]),
        (
            json!({"type": "nubmer", "minItems": -1}),
            vec![format!("expected {types} at /type"), "expected a whole number of at least 0 at /minItems".into()],
        ),
        (json!({"type": ["number", 1]}), vec![format!("expected {types} at /type/1")]),
        (json!({"required": "a"}), vec!["expected a list of names at /required".into()]),
        (
            json!({"properties": {"a/b": {"maximum": "1"}}}),
            vec!["expected a number at /properties/a~1b/maximum".into()],
        ),
        (json!({"properties": ["a"]}), vec!["expected an object of schemas at /properties".into()]),
        (json!({"anyOf": []}), vec!["expected a list of at least one schema at /anyOf".into()]),
        (json!({"items": [true]}), vec!["expected an object, true or false at /items".into()]),
        (
            json!({"$ref": "file:///etc/passwd"}),
            vec!["expected a place in this schema such as #/$defs/name at /$ref".into()],
        ),
        (json!({"$ref": "#/$defs/a"}), vec!["expected a place in this schema such as #/$defs/name at /$ref".into()]),
        (
            json!({"enum": 1, "uniqueItems": 1}),
            vec!["expected a list at /enum".into(), "expected true or false at /uniqueItems".into()],
        ),
    ] {
        assert_eq!(faults(&schema), problems, "{schema}");
    }
    let [fault] = &faults(&json!({"not": {"pattern": "^a"}}))[..] else { panic!("one fault") };
    assert!(
        fault.starts_with("/not/pattern is not supported; supported are $defs, definitions, $ref, type, "),
        "{fault}"
    );
}

/// Pairs of a document and what it differs in; the values are chosen from the drafts' own test suite where it has them.
#[test]
fn documents_differ_by_place_and_type() {
    for (schema, rows) in [
        (
            json!({"type": "integer"}),
            vec![(json!(1), ""), (json!(1.0), ""), (json!(1.5), "the document is of type number instead of integer")],
        ),
        (
            json!({"type": ["array", "null"]}),
            vec![(json!(null), ""), (json!(false), "the document is of type boolean instead of array or null")],
        ),
        (
            json!({"enum": [1, "a", {"b": []}]}),
            vec![
                (json!(1.0), ""),
                (json!({"b": []}), ""),
                (json!("Smith"), "the document is none of the values of enum"),
            ],
        ),
        (json!({"const": 2}), vec![(json!(2.0), ""), (json!(3), "the document is not the value of const")]),
        (
            json!({"required": ["a", "b"]}),
            vec![(json!({"a": 1, "b": 1}), ""), (json!([]), ""), (json!({}), "the document has no a, b")],
        ),
        (
            json!({"properties": {"a/b": {"type": "string"}}, "additionalProperties": {"type": "number"}}),
            vec![
                (json!({"a/b": "", "c": 1}), ""),
                (json!({"a/b": 1}), "/a~1b is of type number instead of string"),
                (json!({"Smith": "x"}), "/* is of type string instead of number"),
            ],
        ),
        (
            json!({"properties": {"a": true}, "additionalProperties": false}),
            vec![(json!({"a": 1}), ""), (json!({"Smith": 1}), "/* is not allowed")],
        ),
        (
            json!({"minProperties": 1, "maxProperties": 1}),
            vec![
                (json!({}), "the document has 0 members instead of at least 1"),
                (json!({"a": 1, "b": 1}), "the document has 2 members instead of at most 1"),
                (json!(1), ""),
            ],
        ),
        (
            json!({"prefixItems": [{"type": "string"}], "items": {"type": "number"}}),
            vec![
                (json!(["a", 1, 2]), ""),
                (json!([1, "Smith"]), "/0 is of type number instead of string, /1 is of type string instead of number"),
            ],
        ),
        (
            json!({"minItems": 1, "maxItems": 2, "uniqueItems": true}),
            vec![
                (json!([1]), ""),
                (json!([]), "the document has 0 items instead of at least 1"),
                (
                    json!([1, 2, 1.0]),
                    "the document has 3 items instead of at most 2, the document has the same item twice",
                ),
            ],
        ),
        (
            json!({"minimum": 0, "exclusiveMaximum": 1}),
            vec![
                (json!(0), ""),
                (json!("x"), ""),
                (json!(-1), "the document is less than 0"),
                (json!(1), "the document is not less than 1"),
            ],
        ),
        (
            json!({"exclusiveMinimum": 0, "maximum": 1}),
            vec![
                (json!(1), ""),
                (json!(0), "the document is not more than 0"),
                (json!(1.5), "the document is more than 1"),
            ],
        ),
        (
            json!({"minLength": 2, "maxLength": 3}),
            vec![
                (json!("äö"), ""),
                (json!("a"), "the document has 1 characters instead of at least 2"),
                (json!("abcd"), "the document has 4 characters instead of at most 3"),
            ],
        ),
        (
            json!({"allOf": [{"type": "number"}, {"minimum": 1}]}),
            vec![(json!(1), ""), (json!(0), "the document is less than 1")],
        ),
        (
            json!({"anyOf": [{"type": "number"}, {"type": "null"}]}),
            vec![(json!(null), ""), (json!("Smith"), "the document is as no alternative of anyOf")],
        ),
        (
            json!({"oneOf": [{"minimum": 1}, {"maximum": 2}]}),
            vec![(json!(0), ""), (json!(1.5), "the document is not as exactly one alternative of oneOf")],
        ),
        (
            json!({"not": {"type": "string"}}),
            vec![(json!(1), ""), (json!("Smith"), "the document is what it must not be")],
        ),
        (
            json!({"if": {"type": "string"}, "then": {"minLength": 1}, "else": {"minimum": 1}}),
            vec![
                (json!("a"), ""),
                (json!(""), "the document has 0 characters instead of at least 1"),
                (json!(0), "the document is less than 1"),
            ],
        ),
        (
            json!({"$ref": "#/$defs/tree", "$defs": {"tree": {"type": "object", "properties": {"left": {"$ref": "#/$defs/tree"}}}}}),
            vec![
                (json!({"left": {"left": {}}}), ""),
                (json!({"left": {"left": 1}}), "/left/left is of type number instead of object"),
            ],
        ),
        (json!(false), vec![(json!(1), "the document is not allowed")]),
        // A schema that says nothing but itself.
        (json!({"$ref": "#"}), vec![(json!(1), "the document is nested too deep")]),
    ] {
        let read = JsonSchema::new(&schema).unwrap();
        for (document, expected) in rows {
            let found = read.differences(&document).join(", ");
            assert_eq!(found, expected, "{schema} {document}");
            assert!(!found.contains("Smith"));
        }
    }
}
