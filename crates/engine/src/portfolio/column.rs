//! What a column of the format is: its name, type, meaning and whether it must be there.

/// The type of a column's values, the same in both formats.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ColumnKind {
    /// The lender's own identifier: 1 to 64 characters.
    Id,
    /// Text of at most 500 characters.
    Text,
    /// Text that names a person or reaches one; masked wherever it is shown.
    Personal,
    /// One of the codes that the meaning lists.
    Code,
    /// Some of the codes that the meaning lists, separated by `;`.
    Codes,
    /// A day, `2026-02-28`.
    Date,
    /// A moment, RFC 3339 with its offset: `2026-02-28T09:30:00+08:00`.
    Moment,
    /// An amount of at least zero in the agreement's currency, `1234.50`.
    Amount,
    /// A whole number of at least zero.
    Count,
    /// `yes` or `no`.
    Flag,
}

impl ColumnKind {
    /// The type as the format document names it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Id => "id",
            Self::Text => "text",
            Self::Personal => "personal text",
            Self::Code => "code",
            Self::Codes => "codes",
            Self::Date => "date",
            Self::Moment => "moment",
            Self::Amount => "amount",
            Self::Count => "count",
            Self::Flag => "yes/no",
        }
    }

    /// How Dunlin writes the type in Parquet, in the notation of Parquet schemas.
    pub(super) const fn parquet_type(self) -> (&'static str, &'static str) {
        match self {
            Self::Id | Self::Text | Self::Personal | Self::Code | Self::Codes => ("BYTE_ARRAY", "(STRING)"),
            Self::Date => ("INT32", "(DATE)"),
            Self::Moment => ("INT64", "(TIMESTAMP(MICROS,true))"),
            Self::Amount => ("INT64", "(DECIMAL(18,2))"),
            Self::Count => ("INT32", ""),
            Self::Flag => ("BOOLEAN", ""),
        }
    }
}

/// One column of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its name in the header row.
    pub name: &'static str,
    /// The type of its values.
    pub kind: ColumnKind,
    /// Whether the column must be there and filled in every row.
    pub is_required: bool,
    /// For an optional column: what an empty value, or a missing column, stands for.
    pub empty_means: &'static str,
    /// A value.
    pub example: &'static str,
    /// What it means, with its unit and its codes.
    pub meaning: &'static str,
}

impl Column {
    /// A column that must be there, with a value in each row.
    pub(super) const fn required(
        name: &'static str,
        kind: ColumnKind,
        example: &'static str,
        meaning: &'static str,
    ) -> Self {
        Self { name, kind, is_required: true, empty_means: "", example, meaning }
    }

    /// A column that may be left out or empty.
    pub(super) const fn optional(
        name: &'static str,
        kind: ColumnKind,
        empty_means: &'static str,
        example: &'static str,
        meaning: &'static str,
    ) -> Self {
        Self { name, kind, is_required: false, empty_means, example, meaning }
    }

    /// The column's row in the format document.
    #[must_use]
    pub fn document_row(&self) -> String {
        let empty = match (self.is_required, self.empty_means) {
            (true, _) => "required".to_owned(),
            (false, means) => means.to_owned(),
        };
        format!(
            "| `{}` | {} | {empty} | `{}` | {} |",
            self.name,
            self.kind.name(),
            self.example,
            self.meaning
        )
    }
}
