//! The console's texts in Chinese and English, from `locales/*/console.ftl`, compiled into the program.
//!
//! A text that a page asks for and a file lacks is caught by the tests of this module, which read the pages and
//! the templates; the files name the same texts with the same gaps in both languages.

use std::borrow::Cow;
use std::collections::HashMap;

use dunlin_domain::contact::Language;
use fluent_templates::fluent_bundle::FluentValue;
use fluent_templates::{LanguageIdentifier, Loader, langid, static_loader};

static_loader! {
    static TEXTS = {
        locales: "./locales",
        fallback_language: "zh",
        // Isolation marks keep right-to-left names apart; there are none here, and they end up in copied text.
        customise: |bundle| bundle.set_use_isolating(false),
    };
}

const ZH: LanguageIdentifier = langid!("zh");
const EN: LanguageIdentifier = langid!("en");

/// The arguments of a text.
pub type Arguments = HashMap<Cow<'static, str>, FluentValue<'static>>;

/// The text `key` with its gaps filled; `None` when there is no such text.
#[must_use]
pub fn find(language: Language, key: &str, arguments: &Arguments) -> Option<String> {
    let language = match language {
        Language::Zh => &ZH,
        Language::En => &EN,
    };
    TEXTS.try_lookup_with_args(language, key, arguments)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::{BTreeMap, BTreeSet};
    use std::path::Path;

    const FILES: [(&str, &str); 2] = [
        ("zh", include_str!("../locales/zh/console.ftl")),
        ("en", include_str!("../locales/en/console.ftl")),
    ];

    /// Each text's key with the names of its gaps.
    fn keys(file: &str) -> BTreeMap<String, BTreeSet<String>> {
        let mut keys: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        let mut current = String::new();
        for line in file.lines().filter(|line| !line.starts_with('#')) {
            if let Some((key, _)) = line.split_once(" =")
                && !key.starts_with(' ')
            {
                key.clone_into(&mut current);
                assert!(keys.insert(current.clone(), BTreeSet::new()).is_none(), "{key} is there twice");
            }
            let gaps = line.split('$').skip(1).map(|rest| {
                rest.chars().take_while(|letter| letter.is_ascii_alphanumeric() || *letter == '_').collect()
            });
            if let Some(known) = keys.get_mut(&current) {
                known.extend(gaps);
            }
        }
        keys
    }

    /// All sources and templates of this crate.
    fn sources() -> String {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut waiting = vec![root.join("src"), root.join("templates")];
        let mut text = String::new();
        while let Some(folder) = waiting.pop() {
            for entry in std::fs::read_dir(folder).expect("the folder is part of this crate") {
                let path = entry.expect("an entry of a folder").path();
                if path.is_dir() {
                    waiting.push(path);
                } else {
                    text.push_str(&std::fs::read_to_string(path).expect("a text file of this crate"));
                }
            }
        }
        text
    }

    /// Keys that a [`crate::ui::Ui`] is asked for by name.
    fn asked_for(sources: &str) -> BTreeSet<&str> {
        ["ui.t(\"", "ui.with(\"", "ui.counted(\""]
            .iter()
            .flat_map(|call| sources.split(call).skip(1))
            .filter_map(|rest| rest.split_once('"'))
            .map(|(key, _)| key)
            .filter(|key| {
                !key.is_empty() && key.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b))
            })
            .collect()
    }

    /// Beginnings of keys that are put together from a code.
    const FROM_CODES: [&str; 18] = [
        "channel-",
        "class-",
        "coverage-",
        "family-",
        "hold-",
        "kind-",
        "measure-",
        "measures-",
        "messages-",
        "money-",
        "month-",
        "point-kind-",
        "point-state-",
        "posting-",
        "problem-",
        "stage-",
        "state-",
        "weekday-",
    ];

    #[test]
    fn both_languages_have_the_same_texts_with_the_same_gaps() {
        assert_eq!(keys(FILES[0].1), keys(FILES[1].1));
    }

    #[test]
    fn every_text_that_a_page_asks_for_is_there_and_no_other() {
        let sources = sources().split_whitespace().collect::<Vec<_>>().join(" ").replace("( \"", "(\"");
        let known = keys(FILES[0].1);
        let asked = asked_for(&sources);
        let missing: Vec<_> = asked.iter().filter(|key| !known.contains_key(**key)).collect();
        assert!(missing.is_empty(), "not in console.ftl: {missing:?}");
        let unused: Vec<_> = known
            .keys()
            .filter(|key| !sources.contains(&format!("\"{key}\"")))
            .filter(|key| !FROM_CODES.iter().any(|start| key.starts_with(start)))
            .collect();
        assert!(unused.is_empty(), "no page asks for {unused:?}");
    }

    #[test]
    fn every_text_can_be_read_in_its_language() {
        for (language, (_, file)) in [Language::Zh, Language::En].into_iter().zip(FILES) {
            for (key, gaps) in keys(file) {
                let arguments: Arguments =
                    gaps.into_iter().map(|gap| (Cow::Owned(gap), FluentValue::from("7"))).collect();
                let text = find(language, &key, &arguments);
                assert!(text.is_some_and(|text| !text.is_empty()), "{key} in {language} cannot be read");
            }
        }
    }

    #[test]
    fn an_unknown_text_is_not_made_up() {
        assert_eq!(find(Language::En, "no-such-text", &Arguments::new()), None);
    }
}
