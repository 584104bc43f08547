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
    /// Above zero, and higher than those of all migrations before it; gaps are allowed.
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
    Migration { version: 3, text: include_str!("../migrations/0003_line.sql") },
    Migration { version: 4, text: include_str!("../migrations/0004_payments.sql") },
    Migration { version: 5, text: include_str!("../migrations/0005_books.sql") },
    Migration { version: 6, text: include_str!("../migrations/0006_fold.sql") },
    Migration { version: 7, text: include_str!("../migrations/0007_suspense.sql") },
    Migration { version: 10, text: include_str!("../migrations/0010_payoff_quote.sql") },
    Migration { version: 12, text: include_str!("../migrations/0012_agreement_incidents.sql") },
    Migration { version: 13, text: include_str!("../migrations/0013_losses.sql") },
    Migration { version: 14, text: include_str!("../migrations/0014_security.sql") },
    Migration { version: 20, text: include_str!("../migrations/0020_provider_reference.sql") },
    Migration { version: 21, text: include_str!("../migrations/0021_provider_rate.sql") },
    Migration { version: 30, text: include_str!("../migrations/0030_guard.sql") },
    Migration { version: 31, text: include_str!("../migrations/0031_pauses.sql") },
    Migration { version: 32, text: include_str!("../migrations/0032_reply.sql") },
    Migration { version: 33, text: include_str!("../migrations/0033_message_cost.sql") },
    Migration { version: 40, text: include_str!("../migrations/0040_faults.sql") },
    Migration { version: 50, text: include_str!("../migrations/0050_strategy.sql") },
    Migration { version: 51, text: include_str!("../migrations/0051_contact_data.sql") },
    Migration { version: 52, text: include_str!("../migrations/0052_privacy.sql") },
    Migration { version: 53, text: include_str!("../migrations/0053_template.sql") },
    Migration { version: 60, text: include_str!("../migrations/0060_fallback.sql") },
    Migration { version: 65, text: include_str!("../migrations/0065_call_task.sql") },
    Migration { version: 70, text: include_str!("../migrations/0070_contact_provenance.sql") },
    Migration { version: 71, text: include_str!("../migrations/0071_contact_import.sql") },
    Migration { version: 72, text: include_str!("../migrations/0072_customer_person.sql") },
    Migration { version: 73, text: include_str!("../migrations/0073_contact_alarm.sql") },
    Migration { version: 75, text: include_str!("../migrations/0075_sending.sql") },
    Migration { version: 80, text: include_str!("../migrations/0080_inquiry.sql") },
    Migration { version: 84, text: include_str!("../migrations/0084_area.sql") },
    Migration { version: 85, text: include_str!("../migrations/0085_attempt_units.sql") },
    Migration { version: 86, text: include_str!("../migrations/0086_cohort_unanswered.sql") },
    Migration { version: 87, text: include_str!("../migrations/0087_policy_request.sql") },
    Migration { version: 88, text: include_str!("../migrations/0088_opt_out_change.sql") },
    Migration { version: 89, text: include_str!("../migrations/0089_rounding.sql") },
    Migration { version: 90, text: include_str!("../migrations/0090_claim.sql") },
    Migration { version: 91, text: include_str!("../migrations/0091_outbox.sql") },
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
/// When the versions of `migrations` do not rise.
pub fn apply(db: &Db, migrations: &[Migration], now: Timestamp) -> Result<i64, StoreError> {
    let rising = migrations.windows(2).all(|pair| pair[0].version < pair[1].version);
    assert!(rising, "migrations are in the order of their versions");
    if !db.read(|tx| missing_of(tx, migrations))?.is_empty() {
        db.write(|tx| {
            lock(tx)?;
            tx.execute_script(&tx.dialect().schema(OWN_TABLE))?;
            let missing = missing_of(tx, migrations)?;
            missing.into_iter().try_for_each(|migration| apply_one(tx, migration, now))
        })?;
    }
    Ok(migrations.last().map_or(0, |migration| migration.version))
}

/// The migrations that the database has not had, wherever in the list they are.
fn missing_of<'m>(tx: &mut Tx<'_>, migrations: &'m [Migration]) -> Result<Vec<&'m Migration>, StoreError> {
    if !has_own_table(tx)? {
        return Ok(migrations.iter().collect());
    }
    let applied = tx.query("select version, checksum from schema_version order by version", &[], |row| {
        Ok((row.int(0), row.bytes(1).to_vec()))
    })?;
    let known = migrations.last().map_or(0, |migration| migration.version);
    if let Some((found, _)) = applied.last()
        && *found > known
    {
        return Err(StoreError::NewerSchema { found: *found, known });
    }
    for (version, checksum) in &applied {
        let own = migrations.iter().find(|migration| migration.version == *version);
        if own.is_none_or(|own| own.checksum() != checksum.as_slice()) {
            return Err(StoreError::ChangedMigration { version: *version });
        }
    }
    let has = |migration: &&Migration| applied.iter().any(|(version, _)| *version == migration.version);
    Ok(migrations.iter().filter(|migration| !has(migration)).collect())
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
