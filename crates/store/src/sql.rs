//! Values on their way into the database ([`Param`]) and out of it ([`Row`]).
//!
//! The schema knows three types, and so does this layer: 64-bit integers, text and bytes. Nothing here
//! converts between them; a column of another type than the one asked for is a mistake in the program and
//! stops it.

use std::error::Error;
use std::fmt;

use bytes::{BufMut, BytesMut};
use postgres::types::{FromSql, IsNull, ToSql, Type, to_sql_checked};
use rusqlite::types::{ToSqlOutput, ValueRef};

use crate::error::sql_head;

/// The three types of the schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Column {
    /// `BIGINT`.
    Int,
    /// `TEXT`.
    Text,
    /// `BYTEA`, on SQLite `BLOB`.
    Bytes,
}

impl Column {
    /// The type's name in PostgreSQL, as in `bigint[]`.
    pub(crate) const fn postgres_name(self) -> &'static str {
        match self {
            Self::Int => "bigint",
            Self::Text => "text",
            Self::Bytes => "bytea",
        }
    }

    pub(crate) const fn postgres_type(self) -> Type {
        match self {
            Self::Int => Type::INT8,
            Self::Text => Type::TEXT,
            Self::Bytes => Type::BYTEA,
        }
    }

    pub(crate) const fn postgres_array(self) -> Type {
        match self {
            Self::Int => Type::INT8_ARRAY,
            Self::Text => Type::TEXT_ARRAY,
            Self::Bytes => Type::BYTEA_ARRAY,
        }
    }
}

/// One value for a placeholder or for a column of a bulk write; 24 bytes, borrows what is long.
///
/// A missing value keeps its type (`OptInt(None)`), because PostgreSQL wants to know it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Param<'a> {
    /// An integer.
    Int(i64),
    /// An integer or NULL.
    OptInt(Option<i64>),
    /// A text. PostgreSQL refuses the character NUL in it.
    Text(&'a str),
    /// A text or NULL.
    OptText(Option<&'a str>),
    /// Bytes.
    Bytes(&'a [u8]),
    /// Bytes or NULL.
    OptBytes(Option<&'a [u8]>),
    /// The sixteen bytes of an id or key, by value.
    Id([u8; 16]),
    /// Sixteen bytes or NULL.
    OptId(Option<[u8; 16]>),
}

/// A [`Param`] without its type: what is written.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Value<'p> {
    Null,
    Int(i64),
    Text(&'p str),
    Bytes(&'p [u8]),
}

impl<'a> Param<'a> {
    /// The type of column that this value fits.
    #[must_use]
    pub const fn column(&self) -> Column {
        match self {
            Self::Int(_) | Self::OptInt(_) => Column::Int,
            Self::Text(_) | Self::OptText(_) => Column::Text,
            Self::Bytes(_) | Self::OptBytes(_) | Self::Id(_) | Self::OptId(_) => Column::Bytes,
        }
    }

    pub(crate) fn value(&self) -> Value<'_> {
        match self {
            Self::Int(value) | Self::OptInt(Some(value)) => Value::Int(*value),
            Self::Text(value) | Self::OptText(Some(value)) => Value::Text(value),
            Self::Bytes(value) | Self::OptBytes(Some(value)) => Value::Bytes(value),
            Self::Id(value) | Self::OptId(Some(value)) => Value::Bytes(value),
            Self::OptInt(None) | Self::OptText(None) | Self::OptBytes(None) | Self::OptId(None) => {
                Value::Null
            }
        }
    }

    /// How many bytes the value takes on its way, about.
    pub(crate) fn size(&self) -> usize {
        match self.value() {
            Value::Null => 4,
            Value::Int(_) => 12,
            Value::Text(text) => 4 + text.len(),
            Value::Bytes(bytes) => 4 + bytes.len(),
        }
    }
}

/// Type and length only: database drivers print parameters in their debug logs.
impl fmt::Debug for Param<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.value() {
            Value::Null => f.write_str("null"),
            Value::Int(_) => f.write_str("int"),
            Value::Text(text) => write!(f, "text of {} bytes", text.len()),
            Value::Bytes(bytes) => write!(f, "{} bytes", bytes.len()),
        }
    }
}

macro_rules! param_from {
    ($($source:ty => $variant:ident),+ $(,)?) => {$(
        impl<'a> From<$source> for Param<'a> {
            fn from(value: $source) -> Self {
                Self::$variant(value)
            }
        }
    )+};
}

param_from! {
    i64 => Int,
    Option<i64> => OptInt,
    &'a str => Text,
    Option<&'a str> => OptText,
    &'a [u8] => Bytes,
    Option<&'a [u8]> => OptBytes,
    [u8; 16] => Id,
    Option<[u8; 16]> => OptId,
}

impl rusqlite::ToSql for Param<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self.value() {
            Value::Null => ValueRef::Null,
            Value::Int(value) => ValueRef::Integer(value),
            Value::Text(text) => ValueRef::Text(text.as_bytes()),
            Value::Bytes(bytes) => ValueRef::Blob(bytes),
        }))
    }
}

impl ToSql for Param<'_> {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        match self.value() {
            Value::Null => return Ok(IsNull::Yes),
            Value::Int(value) => out.put_i64(value),
            Value::Text(text) => out.put_slice(text.as_bytes()),
            Value::Bytes(bytes) => out.put_slice(bytes),
        }
        Ok(IsNull::No)
    }

    fn accepts(ty: &Type) -> bool {
        [Type::INT8, Type::TEXT, Type::BYTEA].contains(ty)
    }

    to_sql_checked!();
}

/// One column of a flat block of rows, written as a PostgreSQL array without copying it first.
pub(crate) struct ArrayOf<'r> {
    /// The block: rows of `width` values, one after the other.
    pub values: &'r [Param<'r>],
    pub width: usize,
    pub index: usize,
    pub column: Column,
}

impl fmt::Debug for ArrayOf<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {:?}", self.values.len() / self.width, self.column)
    }
}

impl ToSql for ArrayOf<'_> {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        let row_count = i32::try_from(self.values.len() / self.width)?;
        // The array's header: one dimension, "may hold NULL", element type, length, lower bound.
        out.put_i32(1);
        out.put_i32(1);
        out.put_u32(self.column.postgres_type().oid());
        out.put_i32(row_count);
        out.put_i32(1);
        for param in self.values.iter().skip(self.index).step_by(self.width) {
            put_sized(param, out)?;
        }
        Ok(IsNull::No)
    }

    fn accepts(ty: &Type) -> bool {
        [Type::INT8_ARRAY, Type::TEXT_ARRAY, Type::BYTEA_ARRAY].contains(ty)
    }

    to_sql_checked!();
}

/// Writes a value with its length before it, as arrays and COPY have it.
pub(crate) fn put_sized(param: &Param<'_>, out: &mut BytesMut) -> Result<(), std::num::TryFromIntError> {
    match param.value() {
        Value::Null => out.put_i32(-1),
        Value::Int(value) => {
            out.put_i32(8);
            out.put_i64(value);
        }
        Value::Text(text) => {
            out.put_i32(i32::try_from(text.len())?);
            out.put_slice(text.as_bytes());
        }
        Value::Bytes(bytes) => {
            out.put_i32(i32::try_from(bytes.len())?);
            out.put_slice(bytes);
        }
    }
    Ok(())
}

/// An integer of any width, or a truth value as 0 or 1: PostgreSQL gives other types to literals and to
/// `exists(…)` than SQLite does.
struct AnyInt(i64);

impl FromSql<'_> for AnyInt {
    fn from_sql(ty: &Type, raw: &[u8]) -> Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(Self(match *ty {
            Type::INT8 => i64::from_sql(ty, raw)?,
            Type::INT4 => i64::from(i32::from_sql(ty, raw)?),
            Type::INT2 => i64::from(i16::from_sql(ty, raw)?),
            _ => i64::from(bool::from_sql(ty, raw)?),
        }))
    }

    fn accepts(ty: &Type) -> bool {
        [Type::INT8, Type::INT4, Type::INT2, Type::BOOL].contains(ty)
    }
}

/// One row of a result, valid while the callback that got it runs.
///
/// Columns are counted from 0. Each getter panics when the column does not exist, is of another type, or
/// is NULL where the getter does not say `opt`: the statement and its reader stand side by side in our code.
pub struct Row<'r> {
    pub(crate) source: Source<'r>,
    pub(crate) sql: &'r str,
}

#[derive(Clone, Copy)]
pub(crate) enum Source<'r> {
    Sqlite(&'r rusqlite::Row<'r>),
    Postgres(&'r postgres::Row),
}

impl<'r> Row<'r> {
    /// An integer.
    #[must_use]
    #[track_caller]
    pub fn int(&self, index: usize) -> i64 {
        self.opt_int(index).unwrap_or_else(|| self.mismatch(index, "an integer"))
    }

    /// An integer or NULL.
    #[must_use]
    #[track_caller]
    pub fn opt_int(&self, index: usize) -> Option<i64> {
        match self.source {
            Source::Sqlite(row) => match row.get_ref(index) {
                Ok(ValueRef::Integer(value)) => Some(value),
                Ok(ValueRef::Null) => None,
                Ok(ValueRef::Real(_) | ValueRef::Text(_) | ValueRef::Blob(_)) | Err(_) => {
                    self.mismatch(index, "an integer or null")
                }
            },
            Source::Postgres(row) => match row.try_get::<_, Option<AnyInt>>(index) {
                Ok(value) => value.map(|AnyInt(value)| value),
                Err(_) => self.mismatch(index, "an integer or null"),
            },
        }
    }

    /// A text.
    #[must_use]
    #[track_caller]
    pub fn text(&self, index: usize) -> &'r str {
        self.opt_text(index).unwrap_or_else(|| self.mismatch(index, "a text"))
    }

    /// A text or NULL.
    #[must_use]
    #[track_caller]
    pub fn opt_text(&self, index: usize) -> Option<&'r str> {
        match self.source {
            Source::Sqlite(row) => match row.get_ref(index).map(|value| value.as_str_or_null()) {
                Ok(Ok(text)) => text,
                Ok(Err(_)) | Err(_) => self.mismatch(index, "a text or null"),
            },
            Source::Postgres(row) => match row.try_get::<_, Option<&'r str>>(index) {
                Ok(text) => text,
                Err(_) => self.mismatch(index, "a text or null"),
            },
        }
    }

    /// Bytes.
    #[must_use]
    #[track_caller]
    pub fn bytes(&self, index: usize) -> &'r [u8] {
        self.opt_bytes(index).unwrap_or_else(|| self.mismatch(index, "bytes"))
    }

    /// Bytes or NULL.
    #[must_use]
    #[track_caller]
    pub fn opt_bytes(&self, index: usize) -> Option<&'r [u8]> {
        match self.source {
            Source::Sqlite(row) => match row.get_ref(index).map(|value| value.as_blob_or_null()) {
                Ok(Ok(bytes)) => bytes,
                Ok(Err(_)) | Err(_) => self.mismatch(index, "bytes or null"),
            },
            Source::Postgres(row) => match row.try_get::<_, Option<&'r [u8]>>(index) {
                Ok(bytes) => bytes,
                Err(_) => self.mismatch(index, "bytes or null"),
            },
        }
    }

    /// The sixteen bytes of an id or key.
    #[must_use]
    #[track_caller]
    pub fn id16(&self, index: usize) -> [u8; 16] {
        self.opt_id16(index).unwrap_or_else(|| self.mismatch(index, "sixteen bytes"))
    }

    /// Sixteen bytes or NULL.
    #[must_use]
    #[track_caller]
    pub fn opt_id16(&self, index: usize) -> Option<[u8; 16]> {
        self.opt_bytes(index).map(|bytes| match bytes.try_into() {
            Ok(id) => id,
            Err(_) => self.mismatch(index, "sixteen bytes or null"),
        })
    }

    #[track_caller]
    #[cold]
    fn mismatch(&self, index: usize, wanted: &str) -> ! {
        panic!("column {index} is not {wanted}: {}", sql_head(self.sql))
    }
}
