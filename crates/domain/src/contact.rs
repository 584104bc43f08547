//! How people are reached: channels, roles and the state of a contact point.

use std::fmt;

macro_rules! code_enum {
    ($(#[$meta:meta])* $name:ident { $($(#[$vmeta:meta])* $variant:ident = $code:literal),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $($(#[$vmeta])* $variant),+ }

        impl $name {
            /// Every value, in the order of declaration.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// The stable code used in files, tables and the API.
            #[must_use]
            pub const fn code(self) -> &'static str {
                match self { $(Self::$variant => $code),+ }
            }

            /// Reads the stable code.
            #[must_use]
            pub fn parse(code: &str) -> Option<Self> {
                match code { $($code => Some(Self::$variant),)+ _ => None }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.code())
            }
        }
    };
}
pub(crate) use code_enum;

code_enum! {
    /// The medium of a message.
    Channel {
        /// Text message to a phone.
        Sms = "sms",
        /// A call, by an agent or by a machine.
        Voice = "voice",
        /// Electronic mail.
        Email = "email",
        /// A push message of the lender's app.
        Push = "push",
        /// A letter on paper.
        Letter = "letter",
    }
}

code_enum! {
    /// What a contact point is; decides which channels can use it.
    ContactPointKind {
        /// A phone number: text and voice.
        Phone = "phone",
        /// An e-mail address.
        Email = "email",
        /// A device token of the lender's app.
        Push = "push",
        /// A postal address.
        Postal = "postal",
    }
}

impl ContactPointKind {
    /// Whether `channel` reaches people at this kind of contact point.
    #[must_use]
    pub fn serves(self, channel: Channel) -> bool {
        match self {
            Self::Phone => matches!(channel, Channel::Sms | Channel::Voice),
            Self::Email => channel == Channel::Email,
            Self::Push => channel == Channel::Push,
            Self::Postal => channel == Channel::Letter,
        }
    }
}

code_enum! {
    /// Whose contact point it is, seen from the debt.
    Party {
        /// The borrower.
        Borrower = "borrower",
        /// A person who borrowed together with the borrower.
        CoBorrower = "co_borrower",
        /// A person who answers for the debt by contract.
        Guarantor = "guarantor",
        /// Somebody the borrower named as a contact (联系人): never told of the debt.
        ContactPerson = "contact_person",
        /// Somebody who shares the debt by law, such as a spouse whose household it served (债务相关第三人);
        /// told of it only where that is documented.
        RelatedThirdParty = "related_third_party",
    }
}

code_enum! {
    /// Whether a contact point may be used.
    ContactPointState {
        /// It may be used.
        Active = "active",
        /// Taken out by somebody; the row stays, and the removal can be undone.
        Removed = "removed",
        /// A provider said that it does not exist.
        Invalid = "invalid",
    }
}

code_enum! {
    /// What a change of a contact point came from.
    PointSource {
        /// A file of the lender's.
        Import = "import",
        /// Somebody on the staff, at their own or the customer's word.
        Staff = "staff",
        /// An answer that came from the number or address.
        Reply = "reply",
        /// What a provider said of it.
        Receipt = "receipt",
        /// The undoing of a batch.
        Undo = "undo",
    }
}

code_enum! {
    /// What shows that a number or address is the person's.
    ProofKind {
        /// A code that was sent there was given back.
        Code = "code",
        /// The person wrote from there.
        Reply = "reply",
        /// A complete and accurate register of reassigned numbers was asked.
        Register = "register",
        /// The person said so, by another way.
        Customer = "customer",
        /// A document shows it.
        Document = "document",
    }
}

code_enum! {
    /// What is asked for about customers who may be one person.
    MergeKind {
        /// Two customers are one person.
        Merge = "one_person",
        /// They are not, after all.
        Split = "two_persons",
    }
}

impl PointSource {
    /// Its name for a reader.
    #[must_use]
    pub fn label(self, language: Language) -> &'static str {
        let (zh, en) = match self {
            Self::Import => ("文件导入", "import"),
            Self::Staff => ("人工", "staff"),
            Self::Reply => ("客户回复", "customer's reply"),
            Self::Receipt => ("服务商回执", "provider"),
            Self::Undo => ("撤销", "undo"),
        };
        language.pick(zh, en)
    }
}

impl ProofKind {
    /// Its name for a reader.
    #[must_use]
    pub fn label(self, language: Language) -> &'static str {
        let (zh, en) = match self {
            Self::Code => ("验证码", "code given back"),
            Self::Reply => ("客户来信", "wrote from there"),
            Self::Register => ("号码登记库", "register"),
            Self::Customer => ("客户口头确认", "customer said so"),
            Self::Document => ("书面材料", "document"),
        };
        language.pick(zh, en)
    }
}

code_enum! {
    /// The language of everything a customer reads.
    Language {
        /// Chinese, simplified.
        Zh = "zh",
        /// English.
        En = "en",
    }
}

impl Language {
    /// The text in this language.
    #[must_use]
    pub const fn pick<'t>(self, zh: &'t str, en: &'t str) -> &'t str {
        match self {
            Self::Zh => zh,
            Self::En => en,
        }
    }
}

/// Text that must never reach a log, an error or a debug print: a name, number or address.
///
/// `Debug` writes its length only. The text comes out through [`Personal::reveal`], which is easy to find.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Personal(String);

impl Personal {
    /// Wraps personal text.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself, for delivery, encryption and screens that may show it.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// The text with its middle hidden, for screens and proofs: `138****5678`, `li***@example.com`.
    #[must_use]
    pub fn masked(&self) -> String {
        let (head, tail) = self.0.split_once('@').unwrap_or((&self.0, ""));
        let letters: Vec<char> = head.chars().collect();
        let shown = (letters.len() / 3).min(4);
        let start: String = letters[..shown.min(3)].iter().collect();
        if !tail.is_empty() {
            let is_host = |letter: char| letter.is_alphanumeric() || letter == '.' || letter == '-';
            // What follows a host's name may be another address.
            let host = if tail.chars().all(is_host) { tail } else { "***" };
            return format!("{start}***@{host}");
        }
        let end: String = letters[letters.len() - shown..].iter().collect();
        format!("{start}****{end}")
    }
}

impl fmt::Debug for Personal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "personal text of {} bytes", self.0.len())
    }
}
