/// The text that IAM percent-encoded, as it does with the policies it answers. `None` if it is not UTF-8.
///
/// A percent sign that begins no code stands for itself.
pub(crate) fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut parts = text.split('%');
    bytes.extend(parts.next().unwrap_or_default().bytes());
    for part in parts {
        let code = part.get(..2).filter(|code| code.bytes().all(|byte| byte.is_ascii_hexdigit()));
        match code.and_then(|code| u8::from_str_radix(code, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                bytes.extend(part.bytes().skip(2));
            }
            None => bytes.extend(std::iter::once(b'%').chain(part.bytes())),
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn codes_plain_text_and_stray_percent_signs() {
        for (encoded, text) in [
            ("%7B%22Version%22%3A%222012-10-17%22%7D", Some(r#"{"Version":"2012-10-17"}"#)),
            (r#"{"Version":"2012-10-17"}"#, Some(r#"{"Version":"2012-10-17"}"#)),
            ("100%", Some("100%")),
            ("%+1%ü%4", Some("%+1%ü%4")),
            ("%C3%BC+", Some("ü+")),
            ("%FF", None),
            ("", Some("")),
        ] {
            assert_eq!(decoded(encoded).as_deref(), text, "{encoded}");
        }
    }

    proptest! {
        #[test]
        fn what_was_encoded_comes_back(text in "\\PC{0,40}") {
            let encoded: String = text.bytes().map(|byte| format!("%{byte:02X}")).collect();
            prop_assert_eq!(decoded(&encoded), Some(text));
        }
    }
}
