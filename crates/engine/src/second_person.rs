//! Whether two names are one person's: whoever asks for something that needs a second person cannot agree to it.
//!
//! Names are what callers say of themselves (`--actor`, the header `dunlin-actor`); there is no login yet. What is kept and
//! shown is the name as it was written.

use dunlin_domain::compliance::narrow;

/// Whether both names are of the same person: capitals, full-width letters and surrounding blanks make no other one.
#[must_use]
pub fn is_same_person(one: &str, other: &str) -> bool {
    let plain = |name: &str| name.trim().chars().map(narrow).collect::<String>().to_lowercase();
    plain(one) == plain(other)
}

#[cfg(test)]
mod tests {
    use super::is_same_person;

    #[test]
    fn capitals_blanks_and_width_make_no_second_person() {
        for same in ["li", "LI", " Li ", "li\t", "\u{3000}LI", "ＬＩ"] {
            assert!(is_same_person("li", same), "{same:?}");
        }
        assert!(is_same_person("ÉMILE", "émile"));
        for other in ["", "l i", "lin", "wang", "李"] {
            assert!(!is_same_person("li", other), "{other:?}");
        }
    }
}
