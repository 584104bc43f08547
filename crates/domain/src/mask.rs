//! Masks: what is shown of a name, number or address to those who need to tell persons apart and no more.

use crate::contact::ContactPointKind;

/// The first letter of a name.
#[must_use]
pub fn name(name: &str) -> String {
    let first: String = name.chars().take(1).collect();
    format!("{first}**")
}

/// A number or address with its middle hidden. What is too short to hide a middle is hidden whole.
#[must_use]
pub fn contact_point(kind: ContactPointKind, value: &str) -> String {
    match kind {
        ContactPointKind::Phone | ContactPointKind::Push => ends(value, 3, 4),
        ContactPointKind::Email => match value.split_once('@') {
            Some((local, domain)) => format!("{}@{domain}", ends(local, 1, 0)),
            None => ends(value, 1, 0),
        },
        ContactPointKind::Postal => ends(value, 6, 0),
    }
}

fn ends(value: &str, first: usize, last: usize) -> String {
    let letters: Vec<char> = value.chars().collect();
    // At least as much is hidden as is shown.
    if letters.len() < 2 * (first + last) && letters.len() < first + last + 4 {
        return "****".to_owned();
    }
    let head: String = letters[..first].iter().collect();
    let tail: String = letters[letters.len() - last..].iter().collect();
    format!("{head}****{tail}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown_tells_persons_apart_and_no_more() {
        assert_eq!(name("王示例"), "王**");
        assert_eq!(contact_point(ContactPointKind::Phone, "10012345678"), "100****5678");
        assert_eq!(contact_point(ContactPointKind::Phone, "12345"), "****");
        assert_eq!(contact_point(ContactPointKind::Email, "someone@example.com"), "s****@example.com");
        assert_eq!(contact_point(ContactPointKind::Email, "a@example.com"), "****@example.com");
        assert_eq!(contact_point(ContactPointKind::Postal, "北京市海淀区中关村大街1号"), "北京市海淀区****");
    }
}
