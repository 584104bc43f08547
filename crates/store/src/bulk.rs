//! Many rows in one call, each database in its fastest way.
//!
//! SQLite runs one prepared statement per row; PostgreSQL gets blocks of thousands of rows as arrays, and
//! inserts as COPY when they are many. Rows are given flat, `values.len() == rows × columns`, so that a caller fills one vector and nothing is copied again.

use std::io::{ErrorKind, Write};

use bytes::{BufMut, BytesMut};
use postgres::error::SqlState;
use postgres::types::{ToSql, Type};

use crate::dialect::{Conflict, KeyShape, RowLock, copy};
use crate::error::{StoreError, from_postgres, from_sqlite};
use crate::sql::{ArrayOf, Column, Param, Row, Source, put_sized};
use crate::tx::{Driver, PostgresConnection, Tx, visit_postgres};

/// Rows of a block at most; more no longer helps the server.
const BLOCK_ROW_COUNT_MAX: usize = 5_000;
/// From this many rows on COPY, which needs more round trips, is the faster insert.
const COPY_ROW_COUNT_MIN: usize = 2_000;
/// Bytes of a block at most, about, so that long texts do not fill the memory.
const BLOCK_BYTE_COUNT_MAX: usize = 4 << 20;

impl Tx<'_> {
    /// Inserts rows; the number of rows that were inserted.
    ///
    /// `values` holds the rows one after the other, each in the order of `columns`.
    ///
    /// # Errors
    /// When the database refuses a row; the transaction is then spoiled.
    ///
    /// # Panics
    /// When `values` is not a whole number of rows, or a value is not of its column's type.
    pub fn insert_rows(
        &mut self,
        table: &str,
        columns: &[(&str, Column)],
        conflict: Conflict,
        values: &[Param<'_>],
    ) -> Result<u64, StoreError> {
        check_block(table, columns, values);
        if values.is_empty() {
            return Ok(0);
        }
        let place = self.place();
        if let Driver::Postgres(connection) = &mut self.driver
            && values.len() / columns.len() >= COPY_ROW_COUNT_MIN
        {
            let sql = copy(table, columns);
            let copied = match conflict {
                Conflict::Fail => copy_postgres(connection, &sql, columns.len(), values).map(Some),
                Conflict::Ignore => copy_unless_duplicate(connection, &sql, columns.len(), values),
            };
            let copied = copied.map_err(|error| error.into_store_error(place, &sql));
            if let Some(row_count) = self.noted(copied)? {
                return Ok(row_count);
            }
        }
        let sql = self.dialect().insert(table, columns, conflict);
        self.change_rows(&sql, columns, KeyShape::PerRow, values)
    }

    /// Updates the rows with the given keys; the number of rows that were found and updated.
    ///
    /// Each row of `values` holds the `keys` first, then the `sets`. The keys must name at most one row, and
    /// no key may come twice in one call.
    ///
    /// # Errors
    /// When the database refuses a row; the transaction is then spoiled.
    ///
    /// # Panics
    /// When `values` is not a whole number of rows, or a value is not of its column's type.
    pub fn update_rows(
        &mut self,
        table: &str,
        keys: &[(&str, Column)],
        sets: &[(&str, Column)],
        values: &[Param<'_>],
    ) -> Result<u64, StoreError> {
        let columns: Vec<(&str, Column)> = keys.iter().chain(sets).copied().collect();
        check_block(table, &columns, values);
        if values.is_empty() {
            return Ok(0);
        }
        let shape = key_shape(keys, columns.len(), values);
        let sql = self.dialect().update(table, keys, sets, shape);
        self.change_rows(&sql, &columns, shape, values)
    }

    /// As [`update_rows`](Self::update_rows); what `read` makes of the column `returned` of each row that was found.
    ///
    /// # Errors
    /// What `read` returns; or the database's refusal, which spoils the transaction.
    ///
    /// # Panics
    /// When `values` is not a whole number of rows, or a value is not of its column's type.
    pub fn update_rows_found<T>(
        &mut self,
        table: &str,
        keys: &[(&str, Column)],
        sets: &[(&str, Column)],
        values: &[Param<'_>],
        returned: &str,
        mut read: impl FnMut(&Row<'_>) -> Result<T, StoreError>,
    ) -> Result<Vec<T>, StoreError> {
        let columns: Vec<(&str, Column)> = keys.iter().chain(sets).copied().collect();
        let shape = key_shape(keys, columns.len(), values);
        let sql = format!("{} returning {returned}", self.dialect().update(table, keys, sets, shape));
        let mut all = Vec::new();
        self.visit_block(table, &sql, &columns, shape, values, &mut |row| {
            all.push(read(row)?);
            Ok(())
        })?;
        Ok(all)
    }

    /// Deletes the rows with the given keys; the number of rows that were found. Each row of `values` is one key.
    ///
    /// # Errors
    /// When the database refuses; the transaction is then spoiled.
    ///
    /// # Panics
    /// When `values` is not a whole number of keys, or a value is not of its column's type.
    pub fn delete_rows(
        &mut self,
        table: &str,
        keys: &[(&str, Column)],
        values: &[Param<'_>],
    ) -> Result<u64, StoreError> {
        check_block(table, keys, values);
        if values.is_empty() {
            return Ok(0);
        }
        let shape = key_shape(keys, keys.len(), values);
        let sql = self.dialect().delete(table, keys, shape);
        self.change_rows(&sql, keys, shape, values)
    }

    /// Collects what `read` makes of each row of `table` that has one of the given keys.
    ///
    /// `select` is the list of columns, plain or as `t.name`; each row of `values` is one key. The order of
    /// the result is not defined: select the key too. A key that comes twice is found twice.
    ///
    /// # Errors
    /// What `read` returns; or the database's refusal, which spoils the transaction.
    ///
    /// # Panics
    /// When `values` is not a whole number of keys, or a value is not of its column's type.
    pub fn query_keys<T>(
        &mut self,
        select: &str,
        table: &str,
        keys: &[(&str, Column)],
        values: &[Param<'_>],
        mut read: impl FnMut(&Row<'_>) -> Result<T, StoreError>,
    ) -> Result<Vec<T>, StoreError> {
        let mut all = Vec::new();
        self.each_key(select, table, keys, values, |row| {
            all.push(read(row)?);
            Ok(())
        })?;
        Ok(all)
    }

    /// As [`query_keys`](Self::query_keys), and nobody else changes the rows until the transaction ends.
    ///
    /// # Errors
    /// What `read` returns; or the database's refusal, which spoils the transaction.
    ///
    /// # Panics
    /// When `values` is not a whole number of keys, or a value is not of its column's type.
    pub fn query_keys_locked<T>(
        &mut self,
        select: &str,
        table: &str,
        keys: &[(&str, Column)],
        values: &[Param<'_>],
        mut read: impl FnMut(&Row<'_>) -> Result<T, StoreError>,
    ) -> Result<Vec<T>, StoreError> {
        let mut all = Vec::new();
        self.visit_keys(select, table, keys, values, RowLock::Locked, &mut |row| {
            all.push(read(row)?);
            Ok(())
        })?;
        Ok(all)
    }

    /// As [`query_keys`](Self::query_keys), handing each row to `visit` as it arrives.
    ///
    /// # Errors
    /// What `visit` returns; or the database's refusal, which spoils the transaction.
    ///
    /// # Panics
    /// When `values` is not a whole number of keys, or a value is not of its column's type.
    pub fn each_key(
        &mut self,
        select: &str,
        table: &str,
        keys: &[(&str, Column)],
        values: &[Param<'_>],
        mut visit: impl FnMut(&Row<'_>) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        self.visit_keys(select, table, keys, values, RowLock::Free, &mut visit)
    }

    fn visit_keys(
        &mut self,
        select: &str,
        table: &str,
        keys: &[(&str, Column)],
        values: &[Param<'_>],
        lock: RowLock,
        visit: &mut impl FnMut(&Row<'_>) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let shape = key_shape(keys, keys.len(), values);
        let sql = self.dialect().select_keys(select, table, keys, shape, lock);
        self.visit_block(table, &sql, keys, shape, values, visit)
    }

    /// Runs `sql` for each row of `values` (SQLite) or for blocks of them, given as arrays (PostgreSQL), and hands each row
    /// that comes back to `visit`.
    pub(crate) fn visit_block(
        &mut self,
        table: &str,
        sql: &str,
        columns: &[(&str, Column)],
        shape: KeyShape,
        values: &[Param<'_>],
        visit: &mut impl FnMut(&Row<'_>) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        check_block(table, columns, values);
        if values.is_empty() {
            return Ok(());
        }
        let place = self.place();
        let result = match &mut self.driver {
            Driver::Sqlite(connection) => keys_sqlite(connection, sql, columns.len(), values, visit)
                .map_err(|error| from_sqlite(place, sql, &error)),
            Driver::Postgres(connection) => keys_postgres(connection, sql, columns, shape, values, visit)
                .map_err(|error| from_postgres(place, sql, &error)),
        };
        self.noted(result)?
    }

    fn change_rows(
        &mut self,
        sql: &str,
        columns: &[(&str, Column)],
        shape: KeyShape,
        values: &[Param<'_>],
    ) -> Result<u64, StoreError> {
        let place = self.place();
        let result = match &mut self.driver {
            Driver::Sqlite(connection) => change_sqlite(connection, sql, columns.len(), values)
                .map_err(|error| from_sqlite(place, sql, &error)),
            Driver::Postgres(connection) => change_postgres(connection, sql, columns, shape, values)
                .map_err(|error| from_postgres(place, sql, &error)),
        };
        self.noted(result)
    }
}

fn check_block(table: &str, columns: &[(&str, Column)], values: &[Param<'_>]) {
    assert!(
        values.len().is_multiple_of(columns.len()),
        "{} values are not whole rows of {} columns of {table}",
        values.len(),
        columns.len()
    );
    for row in values.chunks_exact(columns.len()) {
        for (param, (name, column)) in row.iter().zip(columns) {
            assert!(param.column() == *column, "{param:?} is not of the type of {table}.{name}, {column:?}");
        }
    }
}

/// Whether all rows are of one part, which then is said to the database.
fn key_shape(keys: &[(&str, Column)], width: usize, values: &[Param<'_>]) -> KeyShape {
    let by_part = keys.len() > 1 && keys[0].0 == "part";
    let one = || values.iter().step_by(width).all(|param| *param == values[0]);
    if by_part && one() { KeyShape::OnePart } else { KeyShape::PerRow }
}

/// Splits rows into blocks that are not too long and not too big.
fn blocks<'v, 'a>(values: &'v [Param<'a>], width: usize) -> impl Iterator<Item = &'v [Param<'a>]> {
    let mut rest = values;
    std::iter::from_fn(move || {
        let mut byte_count = 0;
        let row_count = rest
            .chunks_exact(width)
            .take(BLOCK_ROW_COUNT_MAX)
            .take_while(|row| {
                let fits = byte_count < BLOCK_BYTE_COUNT_MAX;
                byte_count += row.iter().map(Param::size).sum::<usize>();
                fits
            })
            .count();
        let (block, others) = rest.split_at(row_count * width);
        rest = others;
        (!block.is_empty()).then_some(block)
    })
}

fn change_sqlite(
    connection: &rusqlite::Connection,
    sql: &str,
    width: usize,
    values: &[Param<'_>],
) -> rusqlite::Result<u64> {
    let mut statement = connection.prepare_cached(sql)?;
    let mut count = 0;
    for row in values.chunks_exact(width) {
        for (index, param) in row.iter().enumerate() {
            statement.raw_bind_parameter(index + 1, param)?;
        }
        count += statement.raw_execute()? as u64;
    }
    Ok(count)
}

fn keys_sqlite(
    connection: &rusqlite::Connection,
    sql: &str,
    width: usize,
    values: &[Param<'_>],
    visit: &mut impl FnMut(&Row<'_>) -> Result<(), StoreError>,
) -> rusqlite::Result<Result<(), StoreError>> {
    let mut statement = connection.prepare_cached(sql)?;
    for key in values.chunks_exact(width) {
        for (index, param) in key.iter().enumerate() {
            statement.raw_bind_parameter(index + 1, param)?;
        }
        let mut rows = statement.raw_query();
        while let Some(row) = rows.next()? {
            if let Err(error) = visit(&Row { source: Source::Sqlite(row), sql }) {
                return Ok(Err(error));
            }
        }
    }
    Ok(Ok(()))
}

fn change_postgres(
    connection: &mut PostgresConnection,
    sql: &str,
    columns: &[(&str, Column)],
    shape: KeyShape,
    values: &[Param<'_>],
) -> Result<u64, postgres::Error> {
    let mut count = 0;
    for block in blocks(values, columns.len()) {
        let arrays = arrays(block, columns);
        count += connection.execute(sql, types(columns, shape), &places(block, &arrays, shape))?;
    }
    Ok(count)
}

fn keys_postgres(
    connection: &mut PostgresConnection,
    sql: &str,
    keys: &[(&str, Column)],
    shape: KeyShape,
    values: &[Param<'_>],
    visit: &mut impl FnMut(&Row<'_>) -> Result<(), StoreError>,
) -> Result<Result<(), StoreError>, postgres::Error> {
    for block in blocks(values, keys.len()) {
        let statement = connection.prepared(sql, types(keys, shape))?;
        let arrays = arrays(block, keys);
        let rows = connection.client.query_raw(&statement, places(block, &arrays, shape))?;
        if let Err(error) = visit_postgres(rows, sql, visit)? {
            return Ok(Err(error));
        }
    }
    Ok(Ok(()))
}

/// COPY writes through [`std::io::Write`], so the server's errors come wrapped.
enum CopyError {
    Server(postgres::Error),
    Stream(std::io::Error),
}

impl CopyError {
    fn is_duplicate(&self) -> bool {
        match self {
            Self::Server(error) => error.code() == Some(&SqlState::UNIQUE_VIOLATION),
            // The server's verdict on the rows comes when the stream is finished, never while it is written.
            Self::Stream(_) => false,
        }
    }

    fn into_store_error(self, place: &str, sql: &str) -> StoreError {
        let wrapped = match self {
            Self::Server(error) => return from_postgres(place, sql, &error),
            Self::Stream(error) => error,
        };
        match wrapped.get_ref().and_then(|inner| inner.downcast_ref::<postgres::Error>()) {
            Some(error) => from_postgres(place, sql, error),
            None => StoreError::ConnectionLost { place: place.to_owned() },
        }
    }
}

/// Streams rows in COPY's binary form, which for thousands of rows takes the server a third less time than arrays.
fn copy_postgres(
    connection: &mut PostgresConnection,
    sql: &str,
    width: usize,
    values: &[Param<'_>],
) -> Result<u64, CopyError> {
    /// Bytes sent at a time.
    const PIECE_LENGTH: usize = 256 << 10;
    let statement = connection.prepared(sql, std::iter::empty()).map_err(CopyError::Server)?;
    let mut writer = connection.client.copy_in(&statement).map_err(CopyError::Server)?;
    let mut piece = BytesMut::with_capacity(PIECE_LENGTH + 4096);
    // Signature, flags, length of the header's extension.
    piece.put_slice(b"PGCOPY\n\xff\r\n\0");
    piece.put_u64(0);
    for row in values.chunks_exact(width) {
        piece.put_i16(width as i16);
        for param in row {
            put_sized(param, &mut piece)
                .map_err(|error| CopyError::Stream(std::io::Error::new(ErrorKind::InvalidData, error)))?;
        }
        if piece.len() >= PIECE_LENGTH {
            writer.write_all(&piece).map_err(CopyError::Stream)?;
            piece.clear();
        }
    }
    piece.put_i16(-1);
    writer.write_all(&piece).map_err(CopyError::Stream)?;
    writer.finish().map_err(CopyError::Server)
}

/// As [`copy_postgres`]; when a key is already there, undoes it and returns nothing.
///
/// Rows with keys from causes are new but for a run that is repeated, and `on conflict do nothing` makes the server
/// insert row by row, which takes it more than twice the time.
fn copy_unless_duplicate(
    connection: &mut PostgresConnection,
    sql: &str,
    width: usize,
    values: &[Param<'_>],
) -> Result<Option<u64>, CopyError> {
    connection.client.batch_execute("savepoint before_copy").map_err(CopyError::Server)?;
    let (copied, after) = match copy_postgres(connection, sql, width, values) {
        Ok(row_count) => (Some(row_count), "release savepoint before_copy"),
        Err(error) if error.is_duplicate() => {
            (None, "rollback to savepoint before_copy; release savepoint before_copy")
        }
        Err(error) => return Err(error),
    };
    connection.client.batch_execute(after).map_err(CopyError::Server)?;
    Ok(copied)
}

fn arrays<'r>(block: &'r [Param<'r>], columns: &[(&str, Column)]) -> Vec<ArrayOf<'r>> {
    let column_count = columns.len();
    let array = |(index, (_, column)): (usize, &(&str, Column))| ArrayOf {
        values: block,
        width: column_count,
        index,
        column: *column,
    };
    columns.iter().enumerate().map(array).collect()
}

fn types(columns: &[(&str, Column)], shape: KeyShape) -> impl ExactSizeIterator<Item = Type> + Clone {
    columns.iter().enumerate().map(move |(index, (_, column))| match (index, shape) {
        (0, KeyShape::OnePart) => column.postgres_type(),
        _ => column.postgres_array(),
    })
}

fn places<'r>(
    block: &'r [Param<'r>],
    arrays: &'r [ArrayOf<'r>],
    shape: KeyShape,
) -> Vec<&'r (dyn ToSql + Sync)> {
    let place = |(index, array): (usize, &'r ArrayOf<'r>)| match (index, shape) {
        (0, KeyShape::OnePart) => &block[0] as &(dyn ToSql + Sync),
        _ => array as &(dyn ToSql + Sync),
    };
    arrays.iter().enumerate().map(place).collect()
}
