use deployment::Fault;
use serde::Serialize;

/// Characters of everything that an answer says. It travels on with the plan, and the faults end as one cause, of which
/// Step Functions keeps 32,768.
const MOST_CHARACTERS: usize = 24_000;

/// What was seen. Without a fault all targets have access.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
#[serde(tag = "status", rename = "done")]
pub struct Answer {
    /// What keeps the deployment from starting, by the name of the thing.
    pub faults: Vec<Fault>,
    /// What was opened by this task, in words.
    pub repaired: Vec<String>,
    /// What could not be seen or known from here.
    pub notes: Vec<String>,
}

impl Answer {
    /// The same with as much as an answer can hold: faults before what was done, and that before notes.
    pub(crate) fn bounded(self) -> Self {
        let mut room = MOST_CHARACTERS;
        let faults = self.faults.into_iter().map(|fault| (fault.path, fault.problem)).collect();
        let faults = bounded(faults, &mut room).into_iter().map(|(path, problem)| Fault { path, problem }).collect();
        let mut texts = |texts: Vec<String>| {
            let texts = texts.into_iter().map(|text| (String::new(), text)).collect();
            bounded(texts, &mut room).into_iter().map(|(_, text)| text).collect()
        };
        Self { faults, repaired: texts(self.repaired), notes: texts(self.notes) }
    }
}

/// What is left for the last words, so that they fit too.
const LAST_WORDS: usize = 100;

/// The names and texts that `room` characters hold: those that have room, a part of the first that has none, and how many are
/// left out.
fn bounded(items: Vec<(String, String)>, room: &mut usize) -> Vec<(String, String)> {
    let mut kept = Vec::new();
    let count = items.len();
    for (name, text) in items {
        let (of_name, of_text) = (name.chars().count(), text.chars().count());
        if of_name + of_text + LAST_WORDS <= *room {
            *room -= of_name + of_text;
            kept.push((name, text));
            continue;
        }
        let mut left = count - kept.len();
        // Half a sentence is worth more than none, a few words are not.
        let part = room.saturating_sub(of_name + 3 * LAST_WORDS);
        if part > 2 * LAST_WORDS && part < of_text {
            let beginning: String = text.chars().take(part).collect();
            kept.push((name, format!("{beginning}... ({} more characters)", of_text - part)));
            left -= 1;
        }
        if left > 0 && *room >= LAST_WORDS {
            kept.push(("others".to_owned(), format!("{left} more are not shown")));
        }
        *room = 0;
        break;
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn items(count: usize, length: usize) -> Vec<(String, String)> {
        vec![("x".to_owned(), "x".repeat(length)); count]
    }

    #[test]
    fn what_has_no_room_is_counted() {
        assert_eq!(bounded(items(2, 10), &mut 200), items(2, 10));
        let few = bounded(items(3, 10), &mut 115);
        assert_eq!((few.len(), few[1].1.as_str()), (2, "2 more are not shown"));
        let long = bounded(items(3, 1_000), &mut 1_902);
        assert_eq!((long.len(), long[2].1.as_str()), (3, "1 more are not shown"));
        assert!(long[1].1.ends_with("x... (400 more characters)"), "{}", long[1].1);
    }

    proptest! {
        #[test]
        fn any_number_of_items_fits(lengths in prop::collection::vec(0usize..3_000, 0..20), most in 0usize..5_000) {
            let items: Vec<_> = lengths.iter().map(|length| ("ö".to_owned(), "ä".repeat(*length))).collect();
            let mut room = most;
            let kept = bounded(items.clone(), &mut room);
            let characters: usize = kept.iter().map(|(name, text)| name.chars().count() + text.chars().count()).sum();
            prop_assert!(characters + room <= most, "{} and {}", characters, room);
            let all = lengths.iter().sum::<usize>() + lengths.len();
            if all + LAST_WORDS <= most {
                prop_assert_eq!(kept, items);
            }
        }
    }
}
