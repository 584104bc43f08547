//! What can go wrong between the program and its database, in words that name the remedy.
//!
//! No text here holds a value of a row, a password or a key: SQL is quoted with its placeholders, a
//! PostgreSQL server's DETAIL line (which repeats row values) is dropped, and places are shown without
//! credentials.

use dunlin_domain::wording;
use dunlin_domain::wording::Wording;
use std::fmt;

use dunlin_domain::date::Date;
use postgres::error::SqlState;
use rusqlite::ErrorCode;

use crate::cipher::CipherError;

/// A failure of the database, of its contents, or of its key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StoreError {
    /// The location is not one that can be used: a folder, a missing parent, an unreadable URL.
    CannotOpen {
        /// The database, without credentials.
        place: String,
        /// What is wrong with it.
        reason: String,
    },
    /// No server answers, or it turned us away before a transaction could begin.
    Unreachable {
        /// The database, without credentials.
        place: String,
        /// What the operating system or the server said.
        reason: String,
    },
    /// The server knows us but does not let us in, or not this far.
    AccessDenied {
        /// The database, without credentials.
        place: String,
        /// What the server said.
        reason: String,
    },
    /// No room left where the database lives.
    DiskFull {
        /// The database, without credentials.
        place: String,
    },
    /// The file or its disk cannot be read or written.
    FileTrouble {
        /// The database, without credentials.
        place: String,
        /// What SQLite said.
        reason: String,
    },
    /// The file is not a database, or no longer a whole one.
    Damaged {
        /// The database, without credentials.
        place: String,
        /// What the database said.
        reason: String,
    },
    /// Somebody else held the database, or a row, for longer than we wait.
    Locked {
        /// The database, without credentials.
        place: String,
    },
    /// Every connection of this process stayed in use for longer than we wait.
    NoConnection {
        /// The database, without credentials.
        place: String,
    },
    /// The server went away in the middle of a transaction; nothing of it was kept.
    ConnectionLost {
        /// The database, without credentials.
        place: String,
    },
    /// The server went away before it answered a commit; whether it was kept is not known.
    CommitUnknown {
        /// The database, without credentials.
        place: String,
    },
    /// The server refused the transaction because of another one (deadlock or serialization).
    Contention {
        /// The SQLSTATE, 40001 or 40P01.
        code: String,
    },
    /// A posting into a period that is closed.
    PeriodClosed {
        /// The posting's business date.
        date: Date,
        /// The last date of the closed periods.
        closed_through: Date,
    },
    /// A row with the same key is already there.
    Duplicate {
        /// The constraint or the columns, as the database names them.
        what: String,
    },
    /// A row that the schema forbids: a missing parent, a missing value, a failed check.
    Constraint {
        /// The constraint, as the database names it.
        what: String,
    },
    /// A newer program has migrated this database.
    NewerSchema {
        /// The version of the database.
        found: i64,
        /// The newest version that this program knows.
        known: i64,
    },
    /// A migration that this database has had is not the one that this program would run.
    ChangedMigration {
        /// The version whose text differs.
        version: i64,
    },
    /// The database rejected a statement of ours.
    Statement {
        /// What it said.
        reason: String,
        /// The beginning of the statement, with its placeholders.
        sql: String,
    },
    /// A stored row is not one that this program writes.
    Data {
        /// Table and row, and what is wrong with them; never a value.
        what: String,
    },
    /// A key is missing or wrong, or stored bytes do not decrypt.
    Cipher(CipherError),
    /// A daily root of the audit log was asked for a day before the last one.
    RootOutOfOrder {
        /// The day asked for, days since 1970-01-01.
        asked: i64,
        /// The last day that has a root.
        last: i64,
    },
}

impl StoreError {
    /// Whether the same transaction, run again from its start, may succeed.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Contention { .. } | Self::ConnectionLost { .. })
    }
}

impl StoreError {
    /// What is wrong and what would be right, in both languages.
    #[must_use]
    pub fn wording(&self) -> Wording {
        match self {
            Self::CannotOpen { place, reason } => {
                wording!("无法打开数据库 {place}：{reason}", "cannot open database {place}: {reason}")
            }
            Self::Unreachable { place, reason } => wording!(
                "无法连接数据库 {place}：{reason}；请检查服务器是否运行，主机、端口和库名是否正确",
                "cannot reach database {place}: {reason}; check that the server runs and that host, port and \
                 database name are right"
            ),
            Self::AccessDenied { place, reason } => wording!(
                "数据库 {place} 拒绝访问：{reason}；请检查用户名、密码和该用户的权限",
                "database {place} denies access: {reason}; check user and password, and the rights of that user"
            ),
            Self::DiskFull { place } => wording!(
                "数据库 {place} 所在磁盘空间不足；请腾出空间后重新执行，最后一个事务未保留任何内容",
                "no space left for database {place}; free some space and run the command again, nothing of the \
                 last transaction was kept"
            ),
            Self::FileTrouble { place, reason } => wording!(
                "无法读写数据库 {place}：{reason}；请检查磁盘和文件夹权限，并确认文件夹在本地磁盘上",
                "cannot read or write database {place}: {reason}; check the disk, the folder's permissions and \
                 that the folder is on a local disk"
            ),
            Self::Damaged { place, reason } => wording!(
                "{place} 已损坏或不是数据库：{reason}；请从备份恢复，或指定其他文件",
                "{place} is damaged or not a database: {reason}; restore it from a backup, or name another file"
            ),
            Self::Locked { place } => wording!(
                "数据库 {place} 被另一个事务锁定超过 {} 秒；请等待或停止该命令，再重新执行",
                "database {place} stayed locked by another transaction for {} s; wait for that command to end \
                 or stop it, then run this one again",
                crate::db::WAIT.as_secs()
            ),
            Self::NoConnection { place } => wording!(
                "本进程到 {place} 的全部连接被占用超过 {} 秒；请减少同时执行的命令",
                "all connections of this process to {place} stayed in use for {} s; run fewer commands at once",
                crate::db::WAIT.as_secs()
            ),
            Self::ConnectionLost { place } => wording!(
                "与数据库 {place} 的连接中断；未完成的事务未保留任何内容，请在服务器恢复后重新执行",
                "lost the connection to database {place}; nothing of the open transaction was kept, run the \
                 command again when the server is back"
            ),
            Self::CommitUnknown { place } => wording!(
                "提交时与数据库 {place} 的连接中断；改动可能已保存，也可能没有，请重新执行：已保存的不会重复",
                "lost the connection to database {place} while committing; the change may or may not be kept, \
                 run the command again: it repeats nothing that was kept"
            ),
            Self::Contention { code } => wording!(
                "与其他事务多次冲突后放弃（{code}）；请重新执行，若再次发生请减少工作进程",
                "gave up after repeated conflicts with other transactions ({code}); run the command again, with \
                 fewer workers if it recurs"
            ),
            Self::PeriodClosed { date, closed_through } => wording!(
                "{date} 处于已结账期间，账目已结至 {closed_through}；请在更晚的日期入账，或用 `dunlin ledger reopen --from {date}` 重新打开",
                "{date} lies in a closed period, the books are closed through {closed_through}; post on a later date, \
                 or reopen with `dunlin ledger reopen --from {date}`"
            ),
            Self::Duplicate { what } => {
                wording!("已有相同键值的记录：{what}", "a row with the same key is already there: {what}")
            }
            Self::Constraint { what } => {
                wording!("数据库拒绝写入一行：{what}", "the database refuses a row: {what}")
            }
            Self::NewerSchema { found, known } => wording!(
                "数据库的结构版本为 {found}，本程序只支持到 {known}；请使用升级该数据库的新版程序，或恢复升级前的备份",
                "the database has schema version {found}, this program knows versions up to {known}; use the \
                 newer program that migrated it, or restore a backup from before"
            ),
            Self::ChangedMigration { version } => wording!(
                "数据库的结构版本 {version} 与本程序所带的脚本不一致；请使用建立它的程序，或把数据导入新的数据库",
                "schema version {version} of the database was made by another text than this program carries; \
                 use the program that made it, or load the data into a fresh database"
            ),
            Self::Statement { reason, sql } => wording!(
                "数据库拒绝了本程序的语句：{reason}；请报告此问题：{sql}",
                "the database rejects a statement of this program: {reason}; please report it: {sql}"
            ),
            Self::Data { what } => wording!(
                "存储的数据不是本程序写入的形式：{what}；请执行 dunlin verify；如果有其他程序写过该数据库，请恢复备份",
                "stored data is not what this program writes: {what}; run dunlin verify, and restore a backup if \
                 something else wrote to the database"
            ),
            Self::Cipher(error) => error.wording(),
            Self::RootOutOfOrder { asked, last } => wording!(
                "审计根值次序有误：第 {last} 日之后又要第 {asked} 日的；请按顺序日切",
                "audit root for day {asked} asked for after the root of day {last}; close days in order"
            ),
        }
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.wording().en)
    }
}

impl std::error::Error for StoreError {}

impl From<CipherError> for StoreError {
    fn from(error: CipherError) -> Self {
        Self::Cipher(error)
    }
}

/// The beginning of a statement on one line, for an error.
pub(crate) fn sql_head(sql: &str) -> String {
    const LENGTH_MAX: usize = 160;
    let mut head = String::new();
    for word in sql.split_whitespace() {
        if head.len() + word.len() > LENGTH_MAX {
            head.push_str(" …");
            break;
        }
        if !head.is_empty() {
            head.push(' ');
        }
        head.push_str(word);
    }
    head
}

/// Sorts an error of SQLite.
pub(crate) fn from_sqlite(place: &str, sql: &str, error: &rusqlite::Error) -> StoreError {
    let place = place.to_owned();
    let rusqlite::Error::SqliteFailure(code, message) = error else {
        return StoreError::Statement { reason: error.to_string(), sql: sql_head(sql) };
    };
    let reason = message.clone().unwrap_or_else(|| code.to_string());
    match code.code {
        ErrorCode::DiskFull => StoreError::DiskFull { place },
        ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => StoreError::Locked { place },
        ErrorCode::SystemIoFailure
        | ErrorCode::ReadOnly
        | ErrorCode::PermissionDenied
        | ErrorCode::FileLockingProtocolFailed
        | ErrorCode::NoLargeFileSupport => StoreError::FileTrouble { place, reason },
        ErrorCode::CannotOpen => StoreError::CannotOpen {
            place,
            reason: format!("{reason}; name a file in a folder that exists and that you may write to"),
        },
        ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase => StoreError::Damaged { place, reason },
        ErrorCode::ConstraintViolation => match code.extended_code {
            rusqlite::ffi::SQLITE_CONSTRAINT_UNIQUE
            | rusqlite::ffi::SQLITE_CONSTRAINT_PRIMARYKEY
            | rusqlite::ffi::SQLITE_CONSTRAINT_ROWID => StoreError::Duplicate { what: reason },
            _ => StoreError::Constraint { what: reason },
        },
        // What is left are mistakes of ours (misuse, a wrong type, a text too big) and states that we
        // never bring about (interrupts, schema changes by others while we run).
        _ => StoreError::Statement { reason, sql: sql_head(sql) },
    }
}

/// Sorts an error of PostgreSQL or of the way to it.
pub(crate) fn from_postgres(place: &str, sql: &str, error: &postgres::Error) -> StoreError {
    let place = place.to_owned();
    let Some(server) = error.as_db_error() else {
        return if error.is_closed() || is_io(error) {
            StoreError::ConnectionLost { place }
        } else {
            let reason = match std::error::Error::source(error) {
                Some(source) => format!("{error}: {source}"),
                None => error.to_string(),
            };
            StoreError::Statement { reason, sql: sql_head(sql) }
        };
    };
    let code = server.code().code();
    let reason = server.message().to_owned();
    match (code, &code[..2]) {
        ("53100", _) => StoreError::DiskFull { place },
        ("40001" | "40P01", _) => StoreError::Contention { code: code.to_owned() },
        ("57P01" | "57P02" | "57P03" | "57P04" | "57P05", _) | (_, "08") => {
            StoreError::ConnectionLost { place }
        }
        ("55P03", _) => StoreError::Locked { place },
        ("23505", _) => StoreError::Duplicate { what: reason },
        (_, "23") => StoreError::Constraint { what: reason },
        ("42501", _) | (_, "28") => StoreError::AccessDenied { place, reason },
        ("58030", _) => StoreError::FileTrouble { place, reason },
        ("XX001" | "XX002", _) => StoreError::Damaged { place, reason },
        _ => StoreError::Statement { reason: format!("{reason} ({code})"), sql: sql_head(sql) },
    }
}

/// Sorts a failure to connect, where there is no transaction that could be lost.
pub(crate) fn from_connect(place: &str, error: &postgres::Error) -> StoreError {
    let place = place.to_owned();
    let Some(server) = error.as_db_error() else {
        let reason = match std::error::Error::source(error) {
            Some(source) => source.to_string(),
            None => error.to_string(),
        };
        return StoreError::Unreachable { place, reason };
    };
    let reason = server.message().to_owned();
    let denied = [
        SqlState::INVALID_PASSWORD,
        SqlState::INVALID_AUTHORIZATION_SPECIFICATION,
        SqlState::INSUFFICIENT_PRIVILEGE,
    ];
    if denied.contains(server.code()) {
        StoreError::AccessDenied { place, reason }
    } else {
        StoreError::Unreachable { place, reason }
    }
}

fn is_io(error: &postgres::Error) -> bool {
    std::error::Error::source(error).is_some_and(<dyn std::error::Error>::is::<std::io::Error>)
}
