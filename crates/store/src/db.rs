//! A database and its transactions: [`Db::write`] and [`Db::read`].
//!
//! Both drivers are synchronous; a [`Db`] is shared by threads and lends each transaction a connection. What a
//! transaction promises is the same on both databases: it is kept as a whole once `write` returns `Ok`, not at
//! all when it returns an error; a `read` sees one moment. Retry is bounded and only for what can succeed.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use rusqlite::OpenFlags;

use crate::dialect::Dialect;
use crate::error::{StoreError, from_connect, from_postgres, from_sqlite};
use crate::pool::{Loan, Pool, Refusal};
use crate::tx::{Driver, PostgresConnection, Tx};

/// How long we wait for a lock or a free connection before giving up.
pub const WAIT: Duration = Duration::from_secs(60);

/// Connections of one process at a time; on SQLite that many readers and one writer.
pub const CONNECTION_COUNT_MAX: usize = 8;

/// How often a transaction is tried again after a deadlock or a lost connection. With doubling pauses from
/// 20 ms up to 2 s that is about 9 seconds, enough for a server to restart.
const RETRY_COUNT_MAX: u32 = 10;

/// Where the data lives.
#[derive(Clone, PartialEq, Eq)]
pub enum Location {
    /// A file, made when missing. Its folder must exist and be on a local disk.
    Sqlite(PathBuf),
    /// A connection URL, with or without a password.
    Postgres(String),
}

impl Location {
    /// `postgres://…` and `postgresql://…` name a server; anything else is the path of a SQLite file.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        if text.starts_with("postgres://") || text.starts_with("postgresql://") {
            Self::Postgres(text.to_owned())
        } else {
            Self::Sqlite(PathBuf::from(text))
        }
    }
}

/// Without user, password and options.
impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => write!(f, "{}", path.display()),
            Self::Postgres(url) => {
                let address = url.split_once("://").map_or(url.as_str(), |(_, address)| address);
                let address = address.rsplit_once('@').map_or(address, |(_, address)| address);
                let address = address.split('?').next().unwrap_or_default();
                write!(f, "postgres://{address}")
            }
        }
    }
}

impl fmt::Debug for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// What becomes of a commit in a rehearsal of crashes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CommitGate {
    /// It goes on as ever.
    Open,
    /// The process or the server ends before it: nothing is kept.
    LostBefore,
    /// The process or the server ends after it: all is kept, and nobody hears of it.
    LostAfter,
}

/// Asked before each commit of a writing transaction.
pub type AskGate = Box<dyn Fn() -> CommitGate + Send + Sync>;

/// An open database. Share it between threads by reference; from async code call it on a blocking thread.
pub struct Db {
    place: String,
    pools: Pools,
    gate: Option<AskGate>,
    asked_count: AtomicU64,
}

enum Pools {
    Sqlite { path: PathBuf, writer: Pool<rusqlite::Connection>, readers: Pool<rusqlite::Connection> },
    Postgres { config: Box<postgres::Config>, pool: Pool<PostgresConnection> },
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    Read,
    Write,
    WriteByKey,
}

/// How one run of a transaction ended.
enum Outcome<T, E> {
    Done(Result<T, E>),
    /// Nothing was kept, and another run may succeed.
    Transient(StoreError),
}

impl Db {
    /// Opens the database and checks that it answers. Makes a missing SQLite file, never a folder.
    ///
    /// # Errors
    /// When the place cannot be used or reached, with the remedy.
    pub fn open(location: &Location) -> Result<Self, StoreError> {
        let place = location.to_string();
        let pools = match location {
            Location::Sqlite(path) => Pools::Sqlite {
                path: path.clone(),
                writer: Pool::new(1),
                readers: Pool::new(CONNECTION_COUNT_MAX),
            },
            Location::Postgres(url) => Pools::Postgres {
                config: Box::new(parse_url(url, &place)?),
                pool: Pool::new(CONNECTION_COUNT_MAX),
            },
        };
        let db = Self { place, pools, gate: None, asked_count: AtomicU64::new(0) };
        match &db.pools {
            // The writer goes first: it makes the file and puts it in WAL mode.
            Pools::Sqlite { .. } => db.sqlite(Mode::Write)?.give_back(),
            Pools::Postgres { config, pool } => db.postgres(config, pool)?.give_back(),
        }
        Ok(db)
    }

    /// The same database, whose commits go through `gate`: for rehearsals, which lose some of them on purpose. A commit
    /// that is lost comes back as [`StoreError::CommitUnknown`], kept or not.
    #[must_use]
    pub fn with_commit_gate(self, gate: AskGate) -> Self {
        Self { gate: Some(gate), ..self }
    }

    /// Ends every other connection to a PostgreSQL database, whatever it is in the middle of, as a restart of the server does:
    /// for rehearsals. Returns how many it ended; none on SQLite, which has no server.
    ///
    /// # Errors
    /// What the database says: its user must own the connections.
    pub fn end_other_connections(&self) -> Result<u64, StoreError> {
        if self.dialect() == Dialect::Sqlite {
            return Ok(0);
        }
        let sql = "select pg_terminate_backend(pid) from pg_stat_activity \
            where datname = current_database() and pid <> pg_backend_pid()";
        let ended = self.read(|tx| tx.query(sql, &[], |_| Ok(())))?;
        Ok(ended.len() as u64)
    }

    /// Settings of a PostgreSQL server by which it may lose what it has committed; none on SQLite, which writes through.
    ///
    /// # Errors
    /// What the database says.
    pub fn not_durable(&self) -> Result<Vec<&'static str>, StoreError> {
        if self.dialect() == Dialect::Sqlite {
            return Ok(Vec::new());
        }
        // What a session runs with: the server's setting, or that of the database or user.
        const SETTINGS: [(&str, &str); 3] = [
            ("fsync", "show fsync"),
            ("synchronous_commit", "show synchronous_commit"),
            ("full_page_writes", "show full_page_writes"),
        ];
        self.read(|tx| {
            let mut off = Vec::new();
            for (name, sql) in SETTINGS {
                let value = tx.query_one(sql, &[], |row| Ok(row.text(0).to_owned()))?;
                off.extend((value.as_deref() == Some("off")).then_some(name));
            }
            Ok(off)
        })
    }

    /// After an erasure: on SQLite copies the write-ahead log into the file, in which freed bytes are zeros, and empties it, unless
    /// somebody is reading; the next checkpoint does it then. PostgreSQL frees and overwrites in its own time.
    ///
    /// # Errors
    /// What the database says.
    pub fn forget_freed(&self) -> Result<(), StoreError> {
        const SQL: &str = "pragma wal_checkpoint(truncate)";
        if self.dialect() == Dialect::Postgres {
            return Ok(());
        }
        let writer = self.sqlite(Mode::Write)?;
        writer.query_row(SQL, (), |_| Ok(())).map_err(|error| from_sqlite(&self.place, SQL, &error))?;
        writer.give_back();
        Ok(())
    }

    /// What becomes of the commit at hand.
    fn gate(&self, mode: Mode) -> CommitGate {
        match (&self.gate, mode) {
            (Some(gate), Mode::Write | Mode::WriteByKey) => gate(),
            (Some(_) | None, _) => CommitGate::Open,
        }
    }

    fn commit_lost(&self) -> StoreError {
        StoreError::CommitUnknown { place: self.place.clone() }
    }

    /// Which database it is.
    #[must_use]
    pub fn dialect(&self) -> Dialect {
        match self.pools {
            Pools::Sqlite { .. } => Dialect::Sqlite,
            Pools::Postgres { .. } => Dialect::Postgres,
        }
    }

    /// Where it is, without credentials.
    #[must_use]
    pub fn place(&self) -> &str {
        &self.place
    }

    /// Runs `work` in one transaction, and commits when it returns `Ok`.
    ///
    /// On SQLite writers queue up, also those of other processes, for at most [`WAIT`]; on PostgreSQL
    /// transactions are READ COMMITTED. `work` runs again from its start after a deadlock, a serialization
    /// failure or a lost connection, at most ten times, so it must not leave traces outside the
    /// transaction. A statement that failed spoils the transaction even if `work` goes on: it is not
    /// committed and that failure is returned. Do not call `write` within `write` on one thread: on SQLite the
    /// inner one waits for the outer one, and gives up.
    ///
    /// # Errors
    /// What `work` returns; or why the transaction could not begin or commit.
    pub fn write<T>(&self, work: impl FnMut(&mut Tx<'_>) -> Result<T, StoreError>) -> Result<T, StoreError> {
        self.write_as(work)
    }

    /// As [`write`](Self::write), for a caller with an error type of its own.
    ///
    /// # Errors
    /// What `work` returns; or, converted, why the transaction could not begin or commit.
    pub fn write_as<T, E: From<StoreError>>(
        &self,
        work: impl FnMut(&mut Tx<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        self.write_in(Mode::Write, work)
    }

    /// As [`write_as`](Self::write_as), for work whose statements reach their rows by key, thousands at a time at most. PostgreSQL
    /// then plans each of them once and for all, without looking at how many there are: on a table of which it has no statistics
    /// yet it would take a few thousand keys as a reason to read the whole table.
    ///
    /// # Errors
    /// As [`write_as`](Self::write_as).
    pub fn write_by_key<T, E: From<StoreError>>(
        &self,
        work: impl FnMut(&mut Tx<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        self.write_in(Mode::WriteByKey, work)
    }

    fn write_in<T, E: From<StoreError>>(
        &self,
        mode: Mode,
        mut work: impl FnMut(&mut Tx<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let mut pause = Duration::from_millis(20);
        for _ in 0..RETRY_COUNT_MAX {
            match self.run(mode, &mut work) {
                Outcome::Done(result) => return result,
                Outcome::Transient(_) => idle(pause),
            }
            pause = (pause * 2).min(Duration::from_secs(2));
        }
        match self.run(mode, &mut work) {
            Outcome::Done(result) => result,
            Outcome::Transient(error) => Err(error.into()),
        }
    }

    /// Runs `work` on one unchanging state of the database. It cannot write, and runs once.
    ///
    /// # Errors
    /// What `work` returns; or why the transaction could not begin.
    pub fn read<T>(&self, work: impl FnMut(&mut Tx<'_>) -> Result<T, StoreError>) -> Result<T, StoreError> {
        self.read_as(work)
    }

    /// As [`read`](Self::read), for a caller with an error type of its own.
    ///
    /// # Errors
    /// What `work` returns; or, converted, why the transaction could not begin.
    pub fn read_as<T, E: From<StoreError>>(
        &self,
        mut work: impl FnMut(&mut Tx<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        match self.run(Mode::Read, &mut work) {
            Outcome::Done(result) => result,
            Outcome::Transient(error) => Err(error.into()),
        }
    }

    fn run<T, E: From<StoreError>>(
        &self,
        mode: Mode,
        work: &mut impl FnMut(&mut Tx<'_>) -> Result<T, E>,
    ) -> Outcome<T, E> {
        match &self.pools {
            Pools::Sqlite { .. } => Outcome::Done(self.run_sqlite(mode, work)),
            Pools::Postgres { config, pool } => self.run_postgres(config, pool, mode, work),
        }
    }

    fn run_sqlite<T, E: From<StoreError>>(
        &self,
        mode: Mode,
        work: &mut impl FnMut(&mut Tx<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let begin = match mode {
            Mode::Read => "begin deferred",
            Mode::Write | Mode::WriteByKey => "begin immediate",
        };
        let loan = self.sqlite(mode)?;
        let command = |sql: &str| -> Result<(), StoreError> {
            loan.execute_batch(sql).map_err(|error| from_sqlite(&self.place, sql, &error))
        };
        command(begin)?;
        let mut tx = Tx::new(Driver::Sqlite(&loan), &self.place);
        let result = work(&mut tx);
        let spoiled = self.ended(tx);
        let result = match (result, spoiled) {
            (Ok(value), None) => match self.gate(mode) {
                CommitGate::Open => command("commit").map(|()| value).map_err(E::from),
                CommitGate::LostBefore => Err(self.commit_lost().into()),
                CommitGate::LostAfter => {
                    Err(command("commit").err().unwrap_or_else(|| self.commit_lost()).into())
                }
            },
            (Ok(_), Some(failure)) => Err(failure.into()),
            (Err(error), _) => Err(error),
        };
        // SQLite has already rolled back by itself after some failures, such as a full disk.
        if !loan.is_autocommit() {
            command("rollback")?;
        }
        loan.give_back();
        result
    }

    /// Counts what a transaction asked, and gives its failure.
    fn ended(&self, tx: Tx<'_>) -> Option<StoreError> {
        let (asked_count, failure) = tx.into_end();
        self.asked_count.fetch_add(asked_count, Ordering::Relaxed);
        failure
    }

    /// How many statements this process has asked of the database in transactions that have ended, one over many rows counted
    /// as one: what work costs without a clock.
    #[must_use]
    pub fn asked_count(&self) -> u64 {
        self.asked_count.load(Ordering::Relaxed)
    }

    fn run_postgres<T, E: From<StoreError>>(
        &self,
        config: &postgres::Config,
        pool: &Pool<PostgresConnection>,
        mode: Mode,
        work: &mut impl FnMut(&mut Tx<'_>) -> Result<T, E>,
    ) -> Outcome<T, E> {
        let begin = match mode {
            Mode::Read => "begin isolation level repeatable read read only",
            Mode::Write => "begin isolation level read committed read write",
            Mode::WriteByKey => {
                "begin isolation level read committed read write; set local plan_cache_mode = force_generic_plan"
            }
        };
        let mut loan = match self.begun(config, pool, begin) {
            Ok(loan) => loan,
            // While a server restarts it is unreachable for a moment; at `open` that is final.
            Err(error @ StoreError::Unreachable { .. }) => return Outcome::Transient(error),
            Err(error) => return Outcome::Done(Err(error.into())),
        };
        let mut tx = Tx::new(Driver::Postgres(&mut loan), &self.place);
        let result = work(&mut tx);
        let failure = self.ended(tx);
        let gate = if result.is_ok() && failure.is_none() { self.gate(mode) } else { CommitGate::Open };
        if gate == CommitGate::LostBefore {
            // The connection ends with its transaction, as it does when the process ends.
            drop(loan);
            return Outcome::Done(Err(self.commit_lost().into()));
        }
        if result.is_ok() && failure.is_none() {
            return match loan.client.batch_execute("commit") {
                Ok(()) => {
                    loan.give_back();
                    Outcome::Done(match gate {
                        CommitGate::LostAfter => Err(self.commit_lost().into()),
                        CommitGate::Open | CommitGate::LostBefore => result,
                    })
                }
                Err(error) => self.failed_commit(&error),
            };
        }
        let lost = loan.client.batch_execute("rollback").is_err();
        if lost {
            drop(loan);
            pool.close_idle();
        } else {
            loan.give_back();
        }
        match failure {
            Some(failure) if failure.is_transient() => Outcome::Transient(failure),
            Some(failure) => Outcome::Done(Err(result.err().unwrap_or_else(|| failure.into()))),
            None => Outcome::Done(result),
        }
    }

    /// A server that answers "no" has kept nothing; one that does not answer may have kept all.
    fn failed_commit<T, E: From<StoreError>>(&self, error: &postgres::Error) -> Outcome<T, E> {
        match from_postgres(&self.place, "commit", error) {
            error @ StoreError::Contention { .. } => Outcome::Transient(error),
            StoreError::ConnectionLost { place } => {
                Outcome::Done(Err(StoreError::CommitUnknown { place }.into()))
            }
            error => Outcome::Done(Err(error.into())),
        }
    }

    /// A connection with a transaction begun. An idle connection may have died unnoticed; then a fresh one.
    fn begun<'p>(
        &self,
        config: &postgres::Config,
        pool: &'p Pool<PostgresConnection>,
        begin: &str,
    ) -> Result<Loan<'p, PostgresConnection>, StoreError> {
        let mut loan = self.postgres(config, pool)?;
        let Err(error) = loan.client.batch_execute(begin) else { return Ok(loan) };
        let error = from_postgres(&self.place, begin, &error);
        if !error.is_transient() {
            return Err(error);
        }
        drop(loan);
        pool.close_idle();
        let mut loan = self.postgres(config, pool)?;
        match loan.client.batch_execute(begin) {
            Ok(()) => Ok(loan),
            Err(error) => Err(StoreError::Unreachable {
                place: self.place.clone(),
                reason: from_postgres(&self.place, begin, &error).to_string(),
            }),
        }
    }

    fn sqlite(&self, mode: Mode) -> Result<Loan<'_, rusqlite::Connection>, StoreError> {
        let Pools::Sqlite { path, writer, readers } = &self.pools else {
            unreachable!("only a SQLite database asks for a SQLite connection")
        };
        let pool = match mode {
            Mode::Read => readers,
            Mode::Write | Mode::WriteByKey => writer,
        };
        pool.borrow(WAIT, || open_sqlite(path, &self.place, mode)).map_err(|refusal| match (refusal, mode) {
            (Refusal::AllInUse, Mode::Write | Mode::WriteByKey) => {
                StoreError::Locked { place: self.place.clone() }
            }
            (Refusal::AllInUse, Mode::Read) => StoreError::NoConnection { place: self.place.clone() },
            (Refusal::CannotOpen(error), _) => error,
        })
    }

    fn postgres<'p>(
        &self,
        config: &postgres::Config,
        pool: &'p Pool<PostgresConnection>,
    ) -> Result<Loan<'p, PostgresConnection>, StoreError> {
        pool.borrow(WAIT, || open_postgres(config, &self.place)).map_err(|refusal| match refusal {
            Refusal::AllInUse => StoreError::NoConnection { place: self.place.clone() },
            Refusal::CannotOpen(error) => error,
        })
    }
}

/// Opens a connection to the file and prepares it.
///
/// Each commit is on disk before `write` returns (`synchronous = full`): a message that was recorded as sent
/// must not be sent again after a power cut. With large transactions this costs little.
fn open_sqlite(path: &Path, place: &str, mode: Mode) -> Result<rusqlite::Connection, StoreError> {
    let flags =
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let cannot = |sql: &str, error: &rusqlite::Error| from_sqlite(place, sql, error);
    let connection =
        rusqlite::Connection::open_with_flags(path, flags).map_err(|error| cannot("open", &error))?;
    connection.busy_timeout(WAIT).map_err(|error| cannot("busy_timeout", &error))?;
    connection.set_prepared_statement_cache_capacity(256);
    // Checkpoints every 64 MiB instead of every 4 MiB: bulk loads write the same pages again and again.
    let settings = match mode {
        Mode::Write | Mode::WriteByKey => {
            "pragma synchronous = full; pragma foreign_keys = on; pragma trusted_schema = off;
             pragma cache_size = -65536; pragma wal_autocheckpoint = 16384; pragma journal_size_limit = 67108864;
             pragma secure_delete = on;"
        }
        Mode::Read => {
            "pragma synchronous = full; pragma foreign_keys = on; pragma trusted_schema = off;
             pragma cache_size = -16384; pragma query_only = on;"
        }
    };
    if mode != Mode::Read {
        switch_to_wal(&connection, place)?;
    }
    connection.execute_batch(settings).map_err(|error| cannot(settings, &error))?;
    Ok(connection)
}

/// Readers that do not block the writer need the write-ahead log.
fn switch_to_wal(connection: &rusqlite::Connection, place: &str) -> Result<(), StoreError> {
    const SQL: &str = "pragma journal_mode = wal";
    let mut pause_count = 0;
    loop {
        match connection.query_row(SQL, (), |row| row.get::<_, String>(0)) {
            Ok(mode) if mode == "wal" => return Ok(()),
            Ok(mode) => {
                let reason = format!(
                    "its folder does not allow the write-ahead log (journal mode stays {mode}); use a local disk"
                );
                return Err(StoreError::CannotOpen { place: place.to_owned(), reason });
            }
            Err(error) => {
                let error = from_sqlite(place, SQL, &error);
                // SQLite does not wait here when another process makes the same switch at this moment.
                if !matches!(error, StoreError::Locked { .. }) || pause_count == 200 {
                    return Err(error);
                }
            }
        }
        pause_count += 1;
        idle(Duration::from_millis(10));
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "gives whoever is in our way time to finish; nothing signals that"
)]
fn idle(pause: Duration) {
    thread::sleep(pause);
}

fn parse_url(url: &str, place: &str) -> Result<postgres::Config, StoreError> {
    let cannot = |reason: &str| StoreError::CannotOpen { place: place.to_owned(), reason: reason.to_owned() };
    // The driver would take what follows the first @ for the host, and errors would print it.
    if url.matches('@').count() > 1 {
        return Err(cannot("write an @ in the user name or password as %40"));
    }
    let mut config: postgres::Config = url
        .parse()
        .map_err(|_| cannot("the URL is not of the form postgres://user:password@host:port/database"))?;
    if config.get_connect_timeout().is_none() {
        config.connect_timeout(Duration::from_secs(10));
    }
    if config.get_application_name().is_none() {
        config.application_name("dunlin");
    }
    Ok(config)
}

fn open_postgres(config: &postgres::Config, place: &str) -> Result<PostgresConnection, StoreError> {
    let mut client = config.connect(postgres::NoTls).map_err(|error| from_connect(place, &error))?;
    // Compiling a plan costs more than it saves on statements as short as ours. On the disks of today, and in memory all the
    // more, a page found by an index costs hardly more than the next one of a scan; with the server's default, made for
    // turning disks, a thousand rows of a small table were found by reading all of it.
    let wait = WAIT.as_secs();
    let settings = format!("set jit = off; set lock_timeout = '{wait}s'; set random_page_cost = 1.1");
    client.batch_execute(&settings).map_err(|error| from_connect(place, &error))?;
    Ok(PostgresConnection::new(client))
}
