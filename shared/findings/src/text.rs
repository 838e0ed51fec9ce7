/// What a longer text ends with.
const MORE: &str = " ...";

/// The text on one line and in at most `longest` characters, as the format counts them.
pub(crate) fn cut(text: &str, longest: usize) -> String {
    let line = text.chars().map(|c| if c.is_control() { ' ' } else { c });
    if text.chars().nth(longest).is_none() {
        return line.collect();
    }
    line.take(longest.saturating_sub(MORE.len())).chain(MORE.chars()).collect()
}

/// Whether a service that wants a text takes this one.
pub(crate) fn is_blank(text: &str) -> bool {
    text.chars().all(|c| c.is_whitespace() || c.is_control())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_keeps_to_its_length_in_characters() {
        for (text, longest, expected) in [
            ("abc", 3, "abc"),
            ("abcdefgh", 7, "abc ..."),
            ("ääää", 4, "ääää"),
            ("äääää ä", 6, "ää ..."),
            ("a\nb\u{1}", 9, "a b "),
        ] {
            assert_eq!(cut(text, longest), expected);
        }
    }
}
