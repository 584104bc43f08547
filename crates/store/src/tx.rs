//! One transaction: statements with placeholders, and their rows.
//!
//! SQL is written once, with `?1`; each text is prepared once a connection. Bulk statements are in `bulk`.

use std::collections::HashMap;

use postgres::fallible_iterator::FallibleIterator;
use postgres::types::{ToSql, Type};

use crate::dialect::{Dialect, postgres_placeholders};
use crate::error::{StoreError, from_postgres, from_sqlite};
use crate::sql::{Param, Row, Source};

/// A transaction in progress; lent by [`Db::write`](crate::Db::write) and [`Db::read`](crate::Db::read).
pub struct Tx<'c> {
    pub(crate) driver: Driver<'c>,
    place: &'c str,
    failure: Option<StoreError>,
    /// Statements asked of the database; one over many rows counts as one.
    asked_count: u64,
}

pub(crate) enum Driver<'c> {
    Sqlite(&'c rusqlite::Connection),
    Postgres(&'c mut PostgresConnection),
}

/// A connection and what it has prepared.
pub(crate) struct PostgresConnection {
    pub(crate) client: postgres::Client,
    statements: HashMap<String, postgres::Statement>,
}

impl PostgresConnection {
    pub(crate) fn new(client: postgres::Client) -> Self {
        Self { client, statements: HashMap::new() }
    }

    /// The prepared form of `sql`, whose placeholders have these types.
    pub(crate) fn prepared(
        &mut self,
        sql: &str,
        types: impl ExactSizeIterator<Item = Type> + Clone,
    ) -> Result<postgres::Statement, postgres::Error> {
        /// Statement texts are constants of the program; this bound is only against a leak.
        const STATEMENT_COUNT_MAX: usize = 1000;
        if let Some(statement) = self.statements.get(sql)
            && types.clone().eq(statement.params().iter().cloned())
        {
            return Ok(statement.clone());
        }
        let types: Vec<Type> = types.collect();
        let statement = self.client.prepare_typed(&postgres_placeholders(sql), &types)?;
        if self.statements.len() == STATEMENT_COUNT_MAX {
            self.statements.clear();
        }
        self.statements.insert(sql.to_owned(), statement.clone());
        Ok(statement)
    }

    /// Runs a statement whose placeholders have these types; the number of rows it changed.
    pub(crate) fn execute(
        &mut self,
        sql: &str,
        types: impl ExactSizeIterator<Item = Type> + Clone,
        params: &[&(dyn ToSql + Sync)],
    ) -> Result<u64, postgres::Error> {
        let statement = self.prepared(sql, types)?;
        self.client.execute(&statement, params)
    }
}

fn types_of(params: &[Param<'_>]) -> impl ExactSizeIterator<Item = Type> + Clone {
    params.iter().map(|param| param.column().postgres_type())
}

impl<'c> Tx<'c> {
    pub(crate) fn new(driver: Driver<'c>, place: &'c str) -> Self {
        Self { driver, place, failure: None, asked_count: 0 }
    }

    /// How many statements were asked, and the first failure among them; after one it must not be committed.
    pub(crate) fn into_end(self) -> (u64, Option<StoreError>) {
        (self.asked_count, self.failure)
    }

    /// Which database this is.
    #[must_use]
    pub fn dialect(&self) -> Dialect {
        match self.driver {
            Driver::Sqlite(_) => Dialect::Sqlite,
            Driver::Postgres(_) => Dialect::Postgres,
        }
    }

    /// Runs a statement that returns no rows; the number of rows it changed.
    ///
    /// # Errors
    /// When the database refuses it; the transaction is then spoiled.
    pub fn execute(&mut self, sql: &str, params: &[Param<'_>]) -> Result<u64, StoreError> {
        let place = self.place;
        let result = match &mut self.driver {
            Driver::Sqlite(connection) => {
                execute_sqlite(connection, sql, params).map_err(|error| from_sqlite(place, sql, &error))
            }
            Driver::Postgres(connection) => {
                let values: Vec<&(dyn ToSql + Sync)> =
                    params.iter().map(|param| param as &(dyn ToSql + Sync)).collect();
                connection
                    .execute(sql, types_of(params), &values)
                    .map_err(|error| from_postgres(place, sql, &error))
            }
        };
        self.noted(result)
    }

    /// Runs several statements without placeholders, separated by semicolons: for the schema.
    ///
    /// # Errors
    /// When the database refuses one; the transaction is then spoiled.
    pub fn execute_script(&mut self, script: &str) -> Result<(), StoreError> {
        let place = self.place;
        let result = match &mut self.driver {
            Driver::Sqlite(connection) => {
                connection.execute_batch(script).map_err(|error| from_sqlite(place, script, &error))
            }
            Driver::Postgres(connection) => {
                connection.client.batch_execute(script).map_err(|error| from_postgres(place, script, &error))
            }
        };
        self.noted(result)
    }

    /// Runs a query and hands each row to `visit` as it arrives; holds one row at a time.
    ///
    /// Stops at the first error that `visit` returns.
    ///
    /// # Errors
    /// What `visit` returns; or the database's refusal, which spoils the transaction.
    pub fn each(
        &mut self,
        sql: &str,
        params: &[Param<'_>],
        mut visit: impl FnMut(&Row<'_>) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let place = self.place;
        let result = match &mut self.driver {
            Driver::Sqlite(connection) => each_sqlite(connection, sql, params, &mut visit)
                .map_err(|error| from_sqlite(place, sql, &error)),
            Driver::Postgres(connection) => each_postgres(connection, sql, params, &mut visit)
                .map_err(|error| from_postgres(place, sql, &error)),
        };
        self.noted(result)?
    }

    /// Runs a query and collects what `read` makes of each row.
    ///
    /// # Errors
    /// What `read` returns; or the database's refusal, which spoils the transaction.
    pub fn query<T>(
        &mut self,
        sql: &str,
        params: &[Param<'_>],
        mut read: impl FnMut(&Row<'_>) -> Result<T, StoreError>,
    ) -> Result<Vec<T>, StoreError> {
        let mut all = Vec::new();
        self.each(sql, params, |row| {
            all.push(read(row)?);
            Ok(())
        })?;
        Ok(all)
    }

    /// Runs a query for at most one row.
    ///
    /// # Errors
    /// What `read` returns; or the database's refusal, which spoils the transaction.
    ///
    /// # Panics
    /// When there are two rows: the statement's condition is then not the key that its author thought.
    pub fn query_one<T>(
        &mut self,
        sql: &str,
        params: &[Param<'_>],
        mut read: impl FnMut(&Row<'_>) -> Result<T, StoreError>,
    ) -> Result<Option<T>, StoreError> {
        let mut found = None;
        self.each(sql, params, |row| {
            assert!(found.is_none(), "more than one row: {}", crate::error::sql_head(sql));
            found = Some(read(row)?);
            Ok(())
        })?;
        Ok(found)
    }

    /// Counts a statement that was asked, and remembers a failure, so that a caller who goes on cannot commit half a
    /// transaction.
    pub(crate) fn noted<T>(&mut self, result: Result<T, StoreError>) -> Result<T, StoreError> {
        self.asked_count += 1;
        if let Err(error) = &result
            && self.failure.is_none()
        {
            self.failure = Some(error.clone());
        }
        result
    }

    pub(crate) fn place(&self) -> &'c str {
        self.place
    }
}

fn execute_sqlite(
    connection: &rusqlite::Connection,
    sql: &str,
    params: &[Param<'_>],
) -> rusqlite::Result<u64> {
    let mut statement = connection.prepare_cached(sql)?;
    let count = statement.execute(rusqlite::params_from_iter(params))?;
    Ok(count as u64)
}

/// The outer result is the database's, the inner one the visitor's.
pub(crate) fn each_sqlite(
    connection: &rusqlite::Connection,
    sql: &str,
    params: &[Param<'_>],
    visit: &mut impl FnMut(&Row<'_>) -> Result<(), StoreError>,
) -> rusqlite::Result<Result<(), StoreError>> {
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(rusqlite::params_from_iter(params))?;
    while let Some(row) = rows.next()? {
        if let Err(error) = visit(&Row { source: Source::Sqlite(row), sql }) {
            return Ok(Err(error));
        }
    }
    Ok(Ok(()))
}

fn each_postgres(
    connection: &mut PostgresConnection,
    sql: &str,
    params: &[Param<'_>],
    visit: &mut impl FnMut(&Row<'_>) -> Result<(), StoreError>,
) -> Result<Result<(), StoreError>, postgres::Error> {
    let statement = connection.prepared(sql, types_of(params))?;
    let rows = connection.client.query_raw(&statement, params)?;
    visit_postgres(rows, sql, visit)
}

/// Hands the rows of a running query to the visitor.
pub(crate) fn visit_postgres(
    mut rows: postgres::RowIter<'_>,
    sql: &str,
    visit: &mut impl FnMut(&Row<'_>) -> Result<(), StoreError>,
) -> Result<Result<(), StoreError>, postgres::Error> {
    while let Some(row) = rows.next()? {
        if let Err(error) = visit(&Row { source: Source::Postgres(&row), sql }) {
            return Ok(Err(error));
        }
    }
    Ok(Ok(()))
}
