use serde_json::Value;

use super::text;

/// Who made a call: a role rather than its session, and the person behind a shared role where source identity says who.
pub(super) fn actor(identity: &Value) -> Option<String> {
    let session = identity.get("sessionContext");
    let issuer = session.and_then(|session| text(session.get("sessionIssuer")?, "arn"));
    let called = issuer.or_else(|| text(identity, "arn"));
    let called = called.or_else(|| text(identity, "invokedBy")).or_else(|| text(identity, "principalId"))?;
    Some(match session.and_then(|session| text(session, "sourceIdentity")) {
        Some(person) => format!("{called} as {person}"),
        None => called.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn who_called() {
        const ROLE: &str = "arn:aws:iam::111111111111:role/team/Execution";
        let session = |source_identity: Value| {
            json!({
                "type": "AssumedRole", "principalId": "AROAEXAMPLE:SageMaker",
                "arn": "arn:aws:sts::111111111111:assumed-role/Execution/SageMaker",
                "sessionContext": {"sessionIssuer": {"type": "Role", "arn": ROLE}, "sourceIdentity": source_identity},
            })
        };
        let as_alice = format!("{ROLE} as alice");
        for (identity, expected) in [
            (json!({"type": "IAMUser", "arn": "arn:aws:iam::1:user/intern"}), Some("arn:aws:iam::1:user/intern")),
            (session(Value::Null), Some(ROLE)),
            (session(json!("")), Some(ROLE)),
            (session(json!("alice")), Some(&*as_alice)),
            (json!({"type": "AWSService", "invokedBy": "sagemaker.amazonaws.com"}), Some("sagemaker.amazonaws.com")),
            (json!({"type": "WebIdentityUser", "principalId": "token:sub"}), Some("token:sub")),
            (json!({"sessionContext": "AROA", "arn": 7}), None),
            (json!({}), None),
            (json!("root"), None),
        ] {
            assert_eq!(actor(&identity).as_deref(), expected, "{identity}");
        }
    }
}
