//! The head that every policy document has: its name, version, first day and the people who answer for it.

use std::collections::BTreeMap;

use dunlin_domain::contact::Language;
use dunlin_domain::date::Date;
use dunlin_domain::id::PolicyId;
use dunlin_domain::wording;
use dunlin_domain::wording::Wording;

use super::PolicyKind;
use super::error::Complaints;
use crate::second_person::is_same_person;

/// The head of a policy document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// What kind of document it is.
    pub kind: PolicyKind,
    /// Its file, as it was named when it was read.
    pub file: String,
    /// Its name among documents of its kind: lower-case letters, digits, `_` and `-`.
    pub name: String,
    /// Its version, from 1.
    pub version: u32,
    /// The first business date on which it may be used.
    pub effective_from: Date,
    /// Who wrote it.
    pub author: String,
    /// Who approved it; never the author.
    pub approver: String,
    /// Its title in Chinese.
    pub title_zh: String,
    /// Its title in English.
    pub title_en: String,
}

impl Header {
    /// The id of this version of the document.
    #[must_use]
    pub fn id(&self) -> PolicyId {
        PolicyId::of_external(&format!("{}/{}/{}", self.kind, self.name, self.version))
    }

    /// The title.
    #[must_use]
    pub fn title(&self, language: Language) -> &str {
        match language {
            Language::Zh => &self.title_zh,
            Language::En => &self.title_en,
        }
    }
}

/// The keys of the head, in the order in which documents give them.
pub(super) const HEADER_KEYS: [&str; 8] =
    ["kind", "name", "version", "effective_from", "author", "approver", "title_zh", "title_en"];

/// What a document says in its head, by key: line and text.
pub(super) type HeaderFields = BTreeMap<&'static str, (u32, String)>;

/// Checks the head of a document that was read as `kind`.
pub(super) fn read_header(
    kind: PolicyKind,
    file: &str,
    fields: &HeaderFields,
    complaints: &mut Complaints<'_>,
) -> Option<Header> {
    let mut field = |key: &'static str| {
        let found = fields.get(key).map(|(line, text)| (*line, text.trim()));
        match found {
            Some((line, text)) if !text.is_empty() => Some((line, text)),
            Some((line, _)) => {
                complaints.add(Some(line), key, wording!("为空", "is empty"));
                None
            }
            None => {
                let Wording { zh, en } = Wording::listed(HEADER_KEYS);
                let complaint = Wording {
                    zh: format!("文件头缺少此项；文件头须有 {zh}"),
                    en: format!("is missing from the head; it has {en}"),
                };
                complaints.add(None, key, complaint);
                None
            }
        }
    };
    let [kind_text, name, version, effective_from, author, approver, title_zh, title_en] =
        HEADER_KEYS.map(&mut field);
    let (kind_line, kind_text) = kind_text?;
    if kind_text != kind.code() {
        complaints.add(
            Some(kind_line),
            "kind",
            wording!(
                "“{kind_text}”是按 {kind} 文件读取的；请写成“{kind}”",
                "{kind_text:?} was read as a {kind} document; write \"{kind}\""
            ),
        );
    }
    let name = name.filter(|(line, text)| {
        let is_plain = text
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_-".contains(&byte));
        if !is_plain {
            complaints.add(
                Some(*line),
                "name",
                wording!(
                    "“{text}”只能由小写字母、数字、“_”和“-”组成",
                    "{text:?} must be lower-case letters, digits, \"_\" and \"-\""
                ),
            );
        }
        is_plain
    });
    let version = version.and_then(|(line, text)| {
        let number = text.parse::<u32>().ok().filter(|number| *number > 0);
        if number.is_none() {
            complaints.add(
                Some(line),
                "version",
                wording!("“{text}”须为不小于 1 的整数", "{text:?} must be a whole number from 1"),
            );
        }
        number
    });
    let effective_from = effective_from.and_then(|(line, text)| {
        Date::parse(text).map_err(|error| complaints.add(Some(line), "effective_from", error)).ok()
    });
    if let (Some((_, author)), Some((line, approver))) = (author, approver)
        && is_same_person(author, approver)
    {
        complaints.add(
            Some(line),
            "approver",
            wording!("批准人与起草人不得为同一人", "must be another person than the author"),
        );
    }
    Some(Header {
        kind,
        file: file.to_owned(),
        name: name?.1.to_owned(),
        version: version?,
        effective_from: effective_from?,
        author: author?.1.to_owned(),
        approver: approver?.1.to_owned(),
        title_zh: title_zh?.1.to_owned(),
        title_en: title_en?.1.to_owned(),
    })
}
