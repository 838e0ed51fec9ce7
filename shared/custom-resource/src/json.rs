use serde_json::Value;

/// What a JSON value is, with its article.
pub(crate) fn shape(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

/// How long `text` is in JSON, quotes included (R33).
pub(crate) fn text_len(text: &str) -> usize {
    2 + text.chars().map(char_len).sum::<usize>()
}

/// How long a character is in a JSON text, as `serde_json` writes it.
pub(crate) fn char_len(c: char) -> usize {
    match c {
        '"' | '\\' | '\n' | '\r' | '\t' | '\u{8}' | '\u{c}' => 2,
        '\0'..='\u{1f}' => 6,
        _ => c.len_utf8(),
    }
}
