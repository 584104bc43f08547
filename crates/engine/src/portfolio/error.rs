//! What can be wrong with a portfolio: with a folder or file ([`PortfolioError`]), or with one row
//! ([`RowError`]).

use dunlin_domain::wording;
use dunlin_domain::wording::Wording;
use std::fmt;
use std::io;

use super::cell::CellError;
use super::code::Format;

/// A folder or file that cannot be read or written. Nothing of the file may be taken.
#[derive(Debug)]
pub enum PortfolioError {
    /// The machine refused to read or write.
    Io {
        /// The file or folder.
        file: String,
        /// What was to be done: `open`, `read`, `write`, `create`, `rename`, `remove`.
        action: &'static str,
        /// What the machine said.
        source: io::Error,
    },
    /// The folder has no table at all.
    NoTable {
        /// The folder.
        folder: String,
    },
    /// The folder has a table in both formats.
    BothFormats {
        /// The name of the table, without extension.
        table: &'static str,
    },
    /// A file in the folder is nearly called like a table.
    MisnamedFile {
        /// The file.
        file: String,
        /// What it is probably meant to be.
        suggestion: String,
    },
    /// A folder to write into already holds a table.
    FolderInUse {
        /// The folder.
        folder: String,
        /// The file found in it.
        file: String,
    },
    /// The file has not even a header row.
    EmptyFile {
        /// The file.
        file: String,
        /// The header that it should have.
        expected: String,
    },
    /// Required columns are missing.
    MissingColumns {
        /// The file.
        file: String,
        /// The columns that are missing.
        missing: Vec<&'static str>,
        /// The columns found.
        found: Vec<String>,
    },
    /// A column that the format does not have.
    UnknownColumn {
        /// The file.
        file: String,
        /// The column.
        column: String,
        /// The nearest column, or all that there are.
        suggestion: Wording,
    },
    /// A column stands in the header twice.
    RepeatedColumn {
        /// The file.
        file: String,
        /// The column.
        column: String,
    },
    /// The text is not in the encoding that was named.
    WrongEncoding {
        /// The file.
        file: String,
        /// The line.
        line: u64,
        /// What it is not, and what to do about it.
        complaint: Wording,
    },
    /// Quotes do not pair up as RFC 4180 asks.
    BrokenQuoting {
        /// The file.
        file: String,
        /// The line on which the broken record starts.
        line: u64,
        /// What is wrong and what would be right.
        complaint: Wording,
    },
    /// The Parquet file is damaged, or uses something that Dunlin does not read.
    Parquet {
        /// The file.
        file: String,
        /// What is wrong and what would be right.
        complaint: Wording,
    },
    /// A value that the format cannot hold was to be written.
    Unwritable {
        /// The file.
        file: String,
        /// The column and what is wrong.
        complaint: String,
    },
}

impl PortfolioError {
    pub(super) fn io(file: impl Into<String>, action: &'static str, source: io::Error) -> Self {
        Self::Io { file: file.into(), action, source }
    }
}

fn io_remedy(kind: io::ErrorKind) -> Wording {
    match kind {
        io::ErrorKind::NotFound => wording!("请检查路径", "check the path"),
        io::ErrorKind::PermissionDenied => {
            wording!("请检查该处的读写权限", "check who may read and write there")
        }
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            wording!("请腾出空间后重新执行", "free some space and run again")
        }
        io::ErrorKind::ReadOnlyFilesystem => {
            wording!("请选择可写入的文件夹", "choose a folder that can be written")
        }
        _ => wording!(
            "请在排除原因后重新执行；没有任何改动",
            "run again once the cause is gone; nothing was changed"
        ),
    }
}

/// What was to be done with a file, in Chinese.
fn action_zh(action: &'static str) -> &'static str {
    match action {
        "open" => "打开",
        "read" => "读取",
        "write" => "写入",
        "create" => "创建",
        "rename" => "改名",
        "remove" => "删除",
        other => other,
    }
}

impl PortfolioError {
    /// What is wrong and what would be right, in both languages.
    #[must_use]
    pub fn wording(&self) -> Wording {
        match self {
            Self::Io { file, action, source } => {
                let remedy = io_remedy(source.kind());
                Wording {
                    zh: format!("无法{} {file}：{source}；{}", action_zh(action), remedy.zh),
                    en: format!("cannot {action} {file}: {source}; {}", remedy.en),
                }
            }
            Self::NoTable { folder } => wording!(
                "{folder} 中没有资产组合格式的表；请至少放入 customers.csv、agreements.csv、payments.csv 等之一，或同名的 .parquet 文件",
                "{folder} holds no table of the portfolio format; put at least one of customers.csv, \
                 agreements.csv, payments.csv … or the same as .parquet there"
            ),
            Self::BothFormats { table } => {
                wording!(
                    "文件夹中同时有 {table}.csv 和 {table}.parquet；请移走其中一个",
                    "the folder has {table}.csv and {table}.parquet; remove one of them"
                )
            }
            Self::MisnamedFile { file, suggestion } => {
                wording!(
                    "{file} 不是该格式的表；请改名为 {suggestion}",
                    "{file} is no table of the format; rename it to {suggestion}"
                )
            }
            Self::FolderInUse { folder, file } => {
                wording!(
                    "{folder} 中已有 {file}；请选择空文件夹",
                    "{folder} already holds {file}; choose an empty folder"
                )
            }
            Self::EmptyFile { file, expected } => {
                wording!(
                    "{file} 是空文件；第一行必须是列名：{expected}",
                    "{file} is empty; its first line must name the columns: {expected}"
                )
            }
            Self::MissingColumns { file, missing, found } => {
                let hint = match found.as_slice() {
                    [only] if only.contains([';', '\t']) => {
                        wording!("；请用逗号分隔各列", "; separate columns with commas")
                    }
                    _ => wording!("；请在表头和每一行中补上", "; add it to the header row and to each line"),
                };
                let plural = if missing.len() == 1 { "column" } else { "columns" };
                let (missing, found) = (missing.join(", "), found.join(", "));
                Wording {
                    zh: format!("{file} 缺少列 {missing}；现有列为 {found}{}", hint.zh),
                    en: format!("{file} lacks the {plural} {missing}; it has {found}{}", hint.en),
                }
            }
            Self::UnknownColumn { file, column, suggestion } => Wording {
                zh: format!("{file} 的列“{column}”不属于该格式；{}", suggestion.zh),
                en: format!(
                    "{file} has a column {column:?} that the format does not know; {}",
                    suggestion.en
                ),
            },
            Self::RepeatedColumn { file, column } => {
                wording!(
                    "{file} 中列 {column} 出现两次；请去掉一个",
                    "{file} has the column {column} twice; remove one of them"
                )
            }
            Self::WrongEncoding { file, line, complaint } | Self::BrokenQuoting { file, line, complaint } => {
                Wording {
                    zh: format!("{file} 第 {line} 行：{}", complaint.zh),
                    en: format!("{file} line {line}: {}", complaint.en),
                }
            }
            Self::Parquet { file, complaint } => complaint.clone().at(file),
            Self::Unwritable { file, complaint } => Wording::quoted(complaint.as_str()).at(file),
        }
    }
}

impl fmt::Display for PortfolioError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.wording().en)
    }
}

impl std::error::Error for PortfolioError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Io { source, .. } => Some(source),
            _ => None,
        }
    }
}

/// One row that cannot be taken. Goes to the rejects file; reading goes on.
///
/// Personal values are masked in all of its fields.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowError {
    /// The file.
    pub file: String,
    /// The format of the file; decides whether the place is a line or a row.
    pub format: Format,
    /// The line on which the row starts, the header being line 1; in Parquet the row, from 1.
    pub line: u64,
    /// The column; empty where the whole row is meant.
    pub column: String,
    /// What was given; `None` where nothing was given or the whole row is meant.
    pub value: Option<String>,
    /// What is wrong, without the value.
    pub reason: Wording,
    /// What to do about it.
    pub remedy: Wording,
    /// The row as a line of CSV.
    pub row: String,
}

impl RowError {
    pub(super) fn of_cell(error: CellError, file: &str, format: Format, line: u64, row: String) -> Self {
        let CellError { column, value, reason, remedy } = error;
        let (reason, remedy) = (*reason, *remedy);
        Self { file: file.to_owned(), format, line, column: column.to_owned(), value, reason, remedy, row }
    }

    /// The place and what is wrong there, in both languages.
    #[must_use]
    pub fn wording(&self) -> Wording {
        let unit = match self.format {
            Format::Csv => "行",
            Format::Parquet => "条",
        };
        let (mut zh, mut en) = (
            format!("{} 第 {} {unit}", self.file, self.line),
            format!("{} {} {}", self.file, self.format.place(), self.line),
        );
        if !self.column.is_empty() {
            zh.push_str(&format!("，{}", self.column));
            en.push_str(&format!(", {}", self.column));
        }
        let complaint = self.complaint();
        Wording { zh: format!("{zh}：{}", complaint.zh), en: format!("{en}: {}", complaint.en) }
    }

    /// Value, reason and remedy, as the rejects file shows them.
    #[must_use]
    pub fn complaint(&self) -> Wording {
        let (reason, remedy) = (&self.reason, &self.remedy);
        let (value_zh, value_en) = match &self.value {
            Some(value) => (format!("“{value}”"), format!("{value:?} ")),
            None => (String::new(), String::new()),
        };
        Wording {
            zh: format!("{value_zh}{}；{}", reason.zh, remedy.zh),
            en: format!("{value_en}{}; {}", reason.en, remedy.en),
        }
    }
}

impl fmt::Display for RowError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.wording().en)
    }
}

impl std::error::Error for RowError {}

/// What reading the next row can come to.
#[derive(Debug)]
pub enum ReadError {
    /// The row cannot be taken; go on with the next.
    Row(Box<RowError>),
    /// The file cannot be read; there is no next row.
    File(PortfolioError),
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Row(error) => fmt::Display::fmt(error, f),
            Self::File(error) => fmt::Display::fmt(error, f),
        }
    }
}

impl std::error::Error for ReadError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Row(error) => Some(error.as_ref()),
            Self::File(error) => Some(error),
        }
    }
}

impl From<PortfolioError> for ReadError {
    fn from(error: PortfolioError) -> Self {
        Self::File(error)
    }
}
