use deployment::{JsonSchema, Shape};
use serde_json::Value;

/// As many differences as are told of one answer.
const MOST_DIFFERENCES: usize = 5;

/// What an answer must look like, in words.
pub(crate) fn description(shape: Option<&Shape>) -> String {
    match shape {
        None => "anything".to_owned(),
        Some(Shape::Schema(_)) => "JSON of the registration's schema".to_owned(),
        Some(Shape::Csv { rows, columns }) => format!("CSV of {rows} x {columns} numbers"),
    }
}

/// What an answer differs in, by place and type and never by value; `None` if it does not.
pub(crate) fn difference(shape: Option<&Shape>, body: &[u8]) -> Option<String> {
    match shape {
        None => None,
        Some(Shape::Schema(schema)) => document_difference(schema, body),
        Some(Shape::Csv { rows, columns }) => table_difference(body, *rows, *columns),
    }
}

fn document_difference(schema: &JsonSchema, body: &[u8]) -> Option<String> {
    // The parser's message says what and where, and quotes nothing.
    let document = match serde_json::from_slice::<Value>(body) {
        Ok(document) => document,
        Err(error) => return Some(format!("no JSON: {error}")),
    };
    let mut differences = schema.differences(&document);
    let more = differences.len().saturating_sub(MOST_DIFFERENCES);
    differences.truncate(MOST_DIFFERENCES);
    let told = differences.join(", ");
    match (told.as_str(), more) {
        ("", _) => None,
        (_, 0) => Some(told),
        (_, more) => Some(format!("{told} and {more} more differences")),
    }
}

/// A field is a number, so that it holds no comma and no line break, whether it is quoted or not.
fn table_difference(body: &[u8], rows: usize, columns: usize) -> Option<String> {
    let Ok(text) = std::str::from_utf8(body) else { return Some("no text".to_owned()) };
    let mut found = 0;
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        found += 1;
        let fields: Vec<_> = line.split(',').map(|field| field.trim().trim_matches('"')).collect();
        if fields.len() != columns {
            return Some(format!("{} columns in row {found}", fields.len()));
        }
        let is_number = |field: &str| field.parse().is_ok_and(f64::is_finite);
        if let Some(column) = fields.iter().position(|field| !is_number(field)) {
            return Some(format!("no number in row {found}, column {}", column + 1));
        }
    }
    (found != rows).then(|| format!("{found} rows"))
}

/// Whether a content type is the expected one. Parameters such as `charset` count where they are expected.
pub(crate) fn is_content_type(expected: &str, found: &str) -> bool {
    let normal = |text: &str| text.split(';').map(|part| part.trim().to_ascii_lowercase()).collect::<Vec<_>>();
    let (expected, found) = (normal(expected), normal(found));
    if expected.len() == 1 { expected.first() == found.first() } else { expected == found }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn documents_are_held_to_the_schema_and_their_values_are_not_told() {
        let schema = json!({"type": "array", "items": {"type": "number"}});
        let shape = Shape::Schema(JsonSchema::new(&schema).unwrap());
        for (body, found) in [
            ("[0.5]", None),
            (r#"["secret"]"#, Some("/0 is of type string instead of number")),
            (
                r#"["a", "b", "c", "d", "e", "f", "g"]"#,
                Some(
                    "/0 is of type string instead of number, /1 is of type string instead of number, /2 is of type string \
                     instead of number, /3 is of type string instead of number, /4 is of type string instead of number \
                     and 2 more differences",
                ),
            ),
            ("<html>", Some("no JSON: expected value at line 1 column 1")),
            ("", Some("no JSON: EOF while parsing a value at line 1 column 0")),
        ] {
            assert_eq!(difference(Some(&shape), body.as_bytes()).as_deref(), found, "{body}");
        }
    }

    #[test]
    fn tables_are_rows_and_columns_of_numbers() {
        let shape = Shape::Csv { rows: 2, columns: 2 };
        for (body, found) in [
            ("1,2\n3,4\n", None),
            ("1, 2\r\n -3e5 ,\"4.5\"", None),
            ("1,2\n", Some("1 rows")),
            ("1,2\n3,4\n5,6\n", Some("3 rows")),
            ("1,2\n3\n", Some("1 columns in row 2")),
            ("1,2,3\n", Some("3 columns in row 1")),
            ("secret,2\n3,4", Some("no number in row 1, column 1")),
            ("1,2\n3,nan", Some("no number in row 2, column 2")),
            ("", Some("0 rows")),
            ("1,2\n3,\n", Some("no number in row 2, column 2")),
        ] {
            assert_eq!(difference(Some(&shape), body.as_bytes()).as_deref(), found, "{body:?}");
        }
        assert_eq!(difference(Some(&shape), b"\xff").as_deref(), Some("no text"));
        assert_eq!(difference(None, b"\xff"), None);
    }

    #[test]
    fn content_types() {
        for (expected, found, same) in [
            ("text/csv", "text/csv", true),
            ("text/csv", "Text/CSV; charset=utf-8", true),
            ("text/csv; charset=utf-8", "text/csv;charset=UTF-8", true),
            ("text/csv; charset=utf-8", "text/csv", false),
            ("text/csv", "application/json", false),
        ] {
            assert_eq!(is_content_type(expected, found), same, "{expected} {found}");
        }
    }
}
