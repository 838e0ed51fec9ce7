use serde_json::{Map, Value};

/// A form in which two spellings of one statement are equal.
pub(crate) fn canonical(elements: &Map<String, Value>) -> Value {
    let elements = elements.iter().map(|(name, value)| {
        let value = match (name.as_str(), value) {
            ("Principal" | "NotPrincipal", Value::String(everyone)) if everyone == "*" => {
                serde_json::json!({ "AWS": "*" })
            }
            ("Principal" | "NotPrincipal", value) => with_accounts_as_ids(plain(value)),
            (_, value) => plain(value),
        };
        (name.clone(), value)
    });
    Value::Object(elements.collect())
}

/// Lists in a policy are sets, and a list of one is its item. Objects compare without regard to the order of their keys.
fn plain(value: &Value) -> Value {
    match value {
        Value::Array(items) => {
            let mut items: Vec<Value> = items.iter().map(plain).collect();
            items.sort_by_cached_key(Value::to_string);
            items.dedup();
            if items.len() == 1 { items.swap_remove(0) } else { Value::Array(items) }
        }
        Value::Object(object) => {
            let mut object: Map<String, Value> =
                object.iter().map(|(name, value)| (name.clone(), plain(value))).collect();
            // For the texts by which lists are sorted.
            object.sort_keys();
            Value::Object(object)
        }
        Value::Bool(yes) => Value::String(yes.to_string()),
        Value::Number(number) => Value::String(number.to_string()),
        Value::String(_) | Value::Null => value.clone(),
    }
}

/// An account given by its id comes back as `arn:aws:iam::<id>:root`.
fn with_accounts_as_ids(principals: Value) -> Value {
    match principals {
        Value::String(text) => Value::String(root_of(&text).map_or_else(|| text.clone(), str::to_owned)),
        Value::Array(items) => plain(&Value::Array(items.into_iter().map(with_accounts_as_ids).collect())),
        Value::Object(kinds) => {
            Value::Object(kinds.into_iter().map(|(kind, values)| (kind, with_accounts_as_ids(values))).collect())
        }
        other => other,
    }
}

fn root_of(arn: &str) -> Option<&str> {
    let account = arn.strip_prefix("arn:")?.split_once(":iam::")?.1.strip_suffix(":root")?;
    (account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit())).then_some(account)
}

/// Whether an IAM pattern matches a name, without regard to case, as actions are read: `*` is any text, `?` any one
/// character.
pub(crate) fn matches(pattern: &str, name: &str) -> bool {
    matches_exactly(&pattern.to_lowercase(), &name.to_lowercase())
}

/// Whether an IAM pattern matches a text with the same case, as resources and values of conditions are read.
pub(crate) fn matches_exactly(pattern: &str, name: &str) -> bool {
    if !pattern.contains(['*', '?']) {
        return pattern == name;
    }
    let pattern: Vec<char> = pattern.chars().collect();
    // Which beginnings of the pattern match the name so far: a row of the usual table, never a backtracking search.
    let mut reached: Vec<bool> = std::iter::once(true)
        .chain(pattern.iter().scan(true, |stars, c| {
            *stars = *stars && *c == '*';
            Some(*stars)
        }))
        .collect();
    for c in name.chars() {
        let mut next = Vec::with_capacity(reached.len());
        next.push(false);
        for (at, wanted) in pattern.iter().enumerate() {
            let was = |at: usize| reached.get(at).copied().unwrap_or_default();
            next.push(match wanted {
                '*' => next.last().copied().unwrap_or_default() || was(at + 1),
                '?' => was(at),
                wanted => was(at) && *wanted == c,
            });
        }
        reached = next;
    }
    reached.last().copied().unwrap_or_default()
}

/// Whether an ARN matches a pattern as `ArnLike` reads it: a `*` ends at the colons between its six parts.
pub(crate) fn matches_arn(pattern: &str, arn: &str) -> bool {
    let (patterns, parts) = (pattern.splitn(6, ':'), arn.splitn(6, ':'));
    patterns.clone().count() == parts.clone().count()
        && patterns.zip(parts).all(|(pattern, part)| matches_exactly(pattern, part))
}
