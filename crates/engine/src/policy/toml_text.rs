//! Reading TOML documents: one struct for each kind at the edge, all of them with the same head.

use dunlin_domain::wording::Wording;
use serde::de::DeserializeOwned;

use super::error::{PolicyError, line_of};

/// Declares the form of a document: its own fields, after those of the head.
macro_rules! document_text {
    ($(#[$meta:meta])* struct $name:ident { $($(#[$field_meta:meta])* $field:ident: $type:ty,)* }) => {
        $(#[$meta])*
        #[derive(serde::Deserialize)]
        #[serde(deny_unknown_fields)]
        struct $name {
            kind: toml::Spanned<String>,
            name: toml::Spanned<String>,
            version: toml::Spanned<i64>,
            effective_from: toml::Spanned<String>,
            author: toml::Spanned<String>,
            approver: toml::Spanned<String>,
            title_zh: toml::Spanned<String>,
            title_en: toml::Spanned<String>,
            $($(#[$field_meta])* $field: $type,)*
        }

        impl $name {
            fn header_fields(&self, complaints: &$crate::policy::error::Complaints<'_>) -> $crate::policy::header::HeaderFields {
                let texts = [
                    ("kind", &self.kind),
                    ("name", &self.name),
                    ("effective_from", &self.effective_from),
                    ("author", &self.author),
                    ("approver", &self.approver),
                    ("title_zh", &self.title_zh),
                    ("title_en", &self.title_en),
                ];
                let version = (complaints.line_of(&self.version), self.version.as_ref().to_string());
                let texts = texts.map(|(key, text)| (key, (complaints.line_of(text), text.as_ref().clone())));
                texts.into_iter().chain([("version", version)]).collect()
            }
        }
    };
}
pub(super) use document_text;

/// Reads a document of one form.
pub(super) fn read<T: DeserializeOwned>(file: &str, text: &str) -> Result<T, Vec<PolicyError>> {
    toml::from_str(text).map_err(|error| {
        vec![PolicyError {
            file: file.to_owned(),
            line: error.span().map(|span| line_of(text, &span)),
            row: None,
            column: None,
            complaint: with_remedy(error.message()),
        }]
    })
}

fn with_remedy(message: &str) -> Wording {
    let said = Wording::quoted(message.trim().replace('\n', "; "));
    if said.en.ends_with("expected a string") {
        Wording { zh: said.zh + "；请加上引号", en: said.en + "; write it in quotes" }
    } else {
        said
    }
}
