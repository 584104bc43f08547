//! Brings a database to the schema that this program knows; forward only.
//!
//! A migration is one numbered file in `migrations/`, written once for both databases (see
//! [`Dialect::schema`](crate::Dialect::schema)) and embedded in the program. Table `schema_version` holds what a
//! database has had, with a hash of each text, so that a changed file is found and not silently skipped. All
//! that is missing is applied in one transaction, under a lock: processes that start together wait for the first.

use dunlin_domain::date::Timestamp;

use crate::db::Db;
use crate::dialect::Dialect;
use crate::error::StoreError;
use crate::sql::Param;
use crate::tx::Tx;

/// One step of the schema.
#[derive(Clone, Copy, Debug)]
pub struct Migration {
    /// Counted from 1, without a gap.
    pub version: i64,
    /// The neutral schema text.
    pub text: &'static str,
}

impl Migration {
    fn checksum(&self) -> [u8; 32] {
        *blake3::hash(self.text.as_bytes()).as_bytes()
    }
}

/// The schema of this program, oldest first.
pub const MIGRATIONS: &[Migration] = &[
    Migration { version: 1, text: include_str!("../migrations/0001_first.sql") },
    Migration { version: 2, text: include_str!("../migrations/0002_servicing.sql") },
];

const OWN_TABLE: &str = "create table if not exists schema_version (
    version BIGINT NOT NULL PRIMARY KEY,
    checksum BYTEA NOT NULL,
    at BIGINT NOT NULL
);
";

/// Applies what the database lacks of [`MIGRATIONS`]; returns the version it then has.
///
/// A database that lacks nothing is only read. `now` is noted beside each version.
///
/// # Errors
/// [`StoreError::NewerSchema`] and [`StoreError::ChangedMigration`] when the database is not one that this program
/// can use; else what the database says. Nothing is changed then.
pub fn migrate(db: &Db, now: Timestamp) -> Result<i64, StoreError> {
    apply(db, MIGRATIONS, now)
}

/// As [`migrate`], for another list of steps.
///
/// # Errors
/// As [`migrate`].
///
/// # Panics
/// When the versions of `migrations` are not 1, 2, 3 and so on.
pub fn apply(db: &Db, migrations: &[Migration], now: Timestamp) -> Result<i64, StoreError> {
    for (index, migration) in migrations.iter().enumerate() {
        assert!(migration.version == index as i64 + 1, "migrations are numbered from 1 without a gap");
    }
    let known = migrations.len();
    if db.read(|tx| missing_from(tx, migrations))? < known {
        db.write(|tx| {
            lock(tx)?;
            tx.execute_script(&tx.dialect().schema(OWN_TABLE))?;
            let first = missing_from(tx, migrations)?;
            migrations[first..].iter().try_for_each(|migration| apply_one(tx, migration, now))
        })?;
    }
    Ok(known as i64)
}

/// The index of the first migration that the database has not had.
fn missing_from(tx: &mut Tx<'_>, migrations: &[Migration]) -> Result<usize, StoreError> {
    if !has_own_table(tx)? {
        return Ok(0);
    }
    let applied = tx.query("select version, checksum from schema_version order by version", &[], |row| {
        Ok((row.int(0), row.bytes(1).to_vec()))
    })?;
    let known = migrations.len() as i64;
    if let Some((found, _)) = applied.last()
        && *found > known
    {
        return Err(StoreError::NewerSchema { found: *found, known });
    }
    for (migration, (version, checksum)) in migrations.iter().zip(&applied) {
        if migration.version != *version || migration.checksum() != checksum.as_slice() {
            return Err(StoreError::ChangedMigration { version: migration.version });
        }
    }
    Ok(applied.len())
}

fn apply_one(tx: &mut Tx<'_>, migration: &Migration, now: Timestamp) -> Result<(), StoreError> {
    tx.execute_script(&tx.dialect().schema(migration.text))?;
    tx.execute(
        "insert into schema_version (version, checksum, at) values (?1, ?2, ?3)",
        &[Param::Int(migration.version), Param::Bytes(&migration.checksum()), Param::Int(now.micros())],
    )?;
    Ok(())
}

fn has_own_table(tx: &mut Tx<'_>) -> Result<bool, StoreError> {
    let sql = match tx.dialect() {
        Dialect::Sqlite => "select 1 from sqlite_schema where type = 'table' and name = 'schema_version'",
        Dialect::Postgres => "select 1 where to_regclass('schema_version') is not null",
    };
    Ok(tx.query_one(sql, &[], |row| Ok(row.int(0)))?.is_some())
}

/// Holds off other processes that start now. On SQLite each writing transaction already does.
fn lock(tx: &mut Tx<'_>) -> Result<(), StoreError> {
    match tx.dialect() {
        Dialect::Sqlite => Ok(()),
        Dialect::Postgres => {
            // The number says nothing; all versions of this program must use the same one.
            tx.execute_script("select pg_advisory_xact_lock(7018344420261123)")
        }
    }
}
