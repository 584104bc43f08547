//! Codes that only the portfolio format has: how a folder is written, and states that its rows name.

/// How the text of CSV files is encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// UTF-8, with or without a mark at the start.
    Utf8,
    /// GBK, as older Chinese spreadsheets save it; its superset GB 18030 is read too.
    Gbk,
}

impl Encoding {
    /// Reads `utf-8` or `gbk`, in any case.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        match text.to_ascii_lowercase().as_str() {
            "utf-8" | "utf8" => Some(Self::Utf8),
            "gbk" | "gb18030" | "gb2312" => Some(Self::Gbk),
            _ => None,
        }
    }
}

/// How the tables of a folder are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Text, RFC 4180, with a header row.
    Csv,
    /// Apache Parquet.
    Parquet,
}

impl Format {
    /// Both formats.
    pub const ALL: [Self; 2] = [Self::Csv, Self::Parquet];

    /// Reads `csv` or `parquet`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.extension() == text)
    }

    /// The extension of the files, without the dot.
    #[must_use]
    pub const fn extension(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Parquet => "parquet",
        }
    }

    /// What a place in such a file is counted in.
    #[must_use]
    pub const fn place(self) -> &'static str {
        match self {
            Self::Csv => "line",
            Self::Parquet => "row",
        }
    }
}

/// Whether an agreement still runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AgreementState {
    /// It runs.
    Active,
    /// It was ended; nothing new is bought on it.
    Closed,
}

impl AgreementState {
    /// Every state.
    pub const ALL: &[Self] = &[Self::Active, Self::Closed];

    /// The code in the file.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Closed => "closed",
        }
    }
}

/// What became of a contact that was made before the portfolio was loaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PastOutcome {
    /// The message arrived.
    Delivered,
    /// The message did not arrive.
    Failed,
    /// Nobody knows whether the message arrived.
    Unknown,
    /// The person took the call.
    Effective,
    /// Nobody took the call.
    Unanswered,
    /// Somebody else took the call.
    NotThePerson,
}

impl PastOutcome {
    /// Every outcome.
    pub const ALL: &[Self] = &[
        Self::Delivered,
        Self::Failed,
        Self::Unknown,
        Self::Effective,
        Self::Unanswered,
        Self::NotThePerson,
    ];

    /// The code in the file.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Delivered => "delivered",
            Self::Failed => "failed",
            Self::Unknown => "unknown",
            Self::Effective => "effective",
            Self::Unanswered => "unanswered",
            Self::NotThePerson => "not_the_person",
        }
    }

    /// Whether this is what becomes of a call, and not of a message.
    #[must_use]
    pub const fn is_of_a_call(self) -> bool {
        match self {
            Self::Effective | Self::Unanswered | Self::NotThePerson => true,
            Self::Delivered | Self::Failed | Self::Unknown => false,
        }
    }
}
