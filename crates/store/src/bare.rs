//! The bare write of a day's rows: what the database itself needs for them, for `dunlin bench day`.
//!
//! Copies of the tables take the same rows of the same width under the same keys and indexes, in transactions of
//! the same size, without reading or deciding anything.

use dunlin_domain::date::Date;
use dunlin_domain::id::MessageId;

use crate::agreement::days;
use crate::migrate::MIGRATIONS;
use crate::{Column, Conflict, Db, Dialect, Param, StoreError, Tx};

/// A value that owns its bytes.
#[derive(Clone, Debug)]
enum Owned {
    Int(Option<i64>),
    Text(Option<String>),
    Bytes(Option<Vec<u8>>),
}

impl Owned {
    fn param(&self) -> Param<'_> {
        match self {
            Self::Int(value) => Param::OptInt(*value),
            Self::Text(value) => Param::OptText(value.as_deref()),
            Self::Bytes(value) => Param::OptBytes(value.as_deref()),
        }
    }
}

/// The rows that a day wrote, ready to be written again.
#[derive(Default)]
pub struct Rows {
    tables: Vec<TableRows>,
}

struct TableRows {
    table: &'static Table,
    values: Vec<Owned>,
}

struct Table {
    name: &'static str,
    copy: &'static str,
    columns: &'static [(&'static str, Column)],
    /// Key columns at the front that are updated by; none: rows are inserted.
    key_count: usize,
    /// Finds the day's rows; `?1` is the day.
    condition: &'static str,
}

const INT: Column = Column::Int;
const TEXT: Column = Column::Text;
const BYTES: Column = Column::Bytes;

static TABLES: [Table; 5] = [
    Table {
        name: "agreement",
        copy: "bare_agreement",
        columns: &[
            ("part", INT),
            ("agreement_id", BYTES),
            ("standing", BYTES),
            ("next_event_on", INT),
            ("overdue_due_on", INT),
            ("bucket", INT),
            ("overdue_minor", INT),
            ("owed_minor", INT),
            ("refold", INT),
            ("redo_contact", INT),
        ],
        key_count: 2,
        // What was due before the day ran and is not any more; see `prepare`.
        condition: "exists (select 1 from bare_due d where d.part = t.part and d.agreement_id = t.agreement_id and ?1 > 0)",
    },
    Table {
        name: "verdict",
        copy: "bare_verdict",
        columns: &[
            ("part", INT),
            ("agreement_id", BYTES),
            ("from_on", INT),
            ("through_on", INT),
            ("reason", TEXT),
            ("decided_on", INT),
            ("decided_at", INT),
            ("days_past_due", INT),
            ("bucket", INT),
            ("overdue_minor", INT),
            ("strategy", TEXT),
            ("strategy_row", TEXT),
            ("rules", TEXT),
            ("message_id", BYTES),
            ("evidence", TEXT),
        ],
        key_count: 0,
        condition: "t.decided_on = ?1",
    },
    Table {
        name: "message",
        copy: "bare_message",
        columns: &[
            ("part", INT),
            ("message_id", BYTES),
            ("agreement_id", BYTES),
            ("customer_id", BYTES),
            ("contact_point_id", BYTES),
            ("channel", TEXT),
            ("template", TEXT),
            ("language", TEXT),
            ("strategy", TEXT),
            ("strategy_row", TEXT),
            ("state", TEXT),
            ("state_at", INT),
            ("state_detail", TEXT),
            ("business_date", INT),
            ("expires_at", INT),
            ("next_attempt_at", INT),
            ("attempt_count", INT),
        ],
        key_count: 0,
        condition: "t.business_date = ?1",
    },
    Table {
        name: "outbox",
        copy: "bare_outbox",
        columns: &[("part", INT), ("due_at", INT), ("message_id", BYTES)],
        key_count: 0,
        condition: "exists (select 1 from message m where m.part = t.part and m.message_id = t.message_id \
            and m.business_date = ?1)",
    },
    Table {
        name: "posting",
        copy: "bare_posting",
        columns: &[
            ("part", INT),
            ("posting_key", BYTES),
            ("business_date", INT),
            ("agreement_id", BYTES),
            ("product", TEXT),
            ("debit", TEXT),
            ("credit", TEXT),
            ("amount_minor", INT),
            ("currency", TEXT),
            ("cause", TEXT),
            ("fact_id", BYTES),
        ],
        key_count: 0,
        condition: "t.business_date = ?1",
    },
];

impl Rows {
    /// How many there are.
    #[must_use]
    pub fn count(&self) -> u64 {
        let rows = |rows: &TableRows| (rows.values.len() / rows.table.columns.len()) as u64;
        self.tables.iter().map(rows).sum()
    }
}

/// Makes the copies: the agreements with all their rows, the others with the rows of the days before.
///
/// # Errors
/// What the database says; the same holds for every function here.
pub fn prepare(db: &Db) -> Result<(), StoreError> {
    let schema: String = MIGRATIONS.iter().map(|migration| migration.text).collect();
    db.write(|tx| {
        let dialect = tx.dialect();
        for table in &TABLES {
            let ddl = table_ddl(&schema, table);
            tx.execute_script(&dialect.schema(&ddl))?;
            tx.execute_script(&format!("insert into {} select * from {};", table.copy, table.name))?;
        }
        let due = "-- clustered\nCREATE TABLE bare_due (\n part BIGINT NOT NULL,\n agreement_id BYTEA NOT NULL,\n PRIMARY KEY (part, agreement_id)\n);\n";
        tx.execute_script(&dialect.schema(due))?;
        Ok(())
    })?;
    if db.dialect() == Dialect::Postgres {
        db.write(|tx| tx.execute_script("analyze;"))?;
    }
    Ok(())
}

/// Notes which agreements are due on `day`, before it runs.
///
/// # Errors
/// What the database says.
pub fn note_due(db: &Db, day: Date) -> Result<(), StoreError> {
    db.write(|tx| {
        tx.execute(
            "insert into bare_due (part, agreement_id) select part, agreement_id from agreement where next_event_on <= ?1",
            &[Param::Int(days(day))],
        )
        .map(|_| ())
    })
}

/// The DDL of one table, its later columns and its indexes, out of the migrations, under the copy's name.
fn table_ddl(schema: &str, table: &Table) -> String {
    let (name, copy) = (table.name, table.copy);
    let (head, index_end) = (format!("CREATE TABLE {name} ("), format!(" ON {name} ("));
    let mut ddl = String::new();
    let mut lines = schema.lines();
    let mut clustered = "";
    while let Some(line) = lines.next() {
        if line == head {
            ddl += &format!("{clustered}CREATE TABLE {copy} (\n");
            for line in lines.by_ref() {
                ddl += line;
                ddl.push('\n');
                if line == ");" {
                    break;
                }
            }
        } else if let Some(column) = line.strip_prefix(&format!("ALTER TABLE {name} ADD COLUMN ")) {
            ddl += &format!("ALTER TABLE {copy} ADD COLUMN {column}\n");
        } else if line.starts_with("CREATE INDEX ") && line.contains(&index_end) {
            let renamed = line.replace("CREATE INDEX ", "CREATE INDEX bare_");
            ddl += &renamed.replace(&index_end, &format!(" ON {copy} ("));
            ddl.push('\n');
        }
        if let Some(index) = line.strip_prefix("DROP INDEX ") {
            let index = index.trim_end_matches(';');
            ddl =
                ddl.split_inclusive('\n').filter(|line| !line.contains(&format!(" bare_{index} "))).collect();
        }
        clustered = if line == "-- clustered" { "-- clustered\n" } else { "" };
    }
    ddl
}

/// Reads what the day wrote.
///
/// # Errors
/// What the database says.
pub fn collect(db: &Db, day: Date) -> Result<Rows, StoreError> {
    let mut rows = Rows::default();
    for table in &TABLES {
        let names: Vec<&str> = table.columns.iter().map(|(name, _)| *name).collect();
        let sql = format!(
            "select {} from {} t where {} order by {}",
            names.join(", "),
            table.name,
            table.condition,
            names[..2].join(", ")
        );
        let mut values = Vec::new();
        db.read(|tx| {
            tx.each(&sql, &[Param::Int(days(day))], |row| {
                for (index, (_, column)) in table.columns.iter().enumerate() {
                    values.push(match column {
                        Column::Int => Owned::Int(row.opt_int(index)),
                        Column::Text => Owned::Text(row.opt_text(index).map(str::to_owned)),
                        Column::Bytes => Owned::Bytes(row.opt_bytes(index).map(<[u8]>::to_vec)),
                    });
                }
                Ok(())
            })
        })?;
        rows.tables.push(TableRows { table, values });
    }
    Ok(rows)
}

/// Writes them into the copies: updates and inserts in pages, one transaction a page, on as many connections as
/// the day uses threads.
///
/// # Errors
/// What the database says.
pub fn write(db: &Db, rows: &Rows) -> Result<(), StoreError> {
    const PAGE_ROW_COUNT: usize = 4_000;
    for rows in &rows.tables {
        let width = rows.table.columns.len();
        for page in rows.values.chunks(PAGE_ROW_COUNT * width) {
            db.write(|tx| write_page(tx, rows.table, page))?;
        }
    }
    Ok(())
}

fn write_page(tx: &mut Tx<'_>, table: &Table, page: &[Owned]) -> Result<(), StoreError> {
    let values: Vec<Param<'_>> = page.iter().map(Owned::param).collect();
    if table.key_count > 0 {
        let (keys, sets) = table.columns.split_at(table.key_count);
        tx.update_rows(table.copy, keys, sets, &values)?;
    } else {
        tx.insert_rows(table.copy, table.columns, Conflict::Ignore, &values)?;
    }
    Ok(())
}

/// Drops the copies.
///
/// # Errors
/// What the database says.
pub fn finish(db: &Db) -> Result<(), StoreError> {
    db.write(|tx| {
        for table in &TABLES {
            tx.execute_script(&format!("drop table {};", table.copy))?;
        }
        tx.execute_script("drop table bare_due;")
    })
}

/// Makes the table of [`insert_row`].
///
/// # Errors
/// What the database says.
pub fn prepare_rows(db: &Db) -> Result<(), StoreError> {
    db.write(|tx| {
        tx.execute_script(
            "create table bare_row (part bigint not null, number bigint not null, value_on bigint not null, \
             amount_minor bigint not null, primary key (part, number));",
        )
    })
}

/// Inserts one row in a transaction of its own, as durable as all that Dunlin writes.
///
/// # Errors
/// What the database says.
pub fn insert_row(db: &Db, number: u64) -> Result<(), StoreError> {
    let number = i64::try_from(number).unwrap_or(i64::MAX);
    let values = [Param::Int(number % 1024), Param::Int(number), Param::Int(0), Param::Int(100)];
    let sql = "insert into bare_row (part, number, value_on, amount_minor) values (?1, ?2, ?3, ?4)";
    db.write(|tx| tx.execute(sql, &values).map(|_| ()))
}

/// Drops the table of [`insert_row`].
///
/// # Errors
/// What the database says.
pub fn finish_rows(db: &Db) -> Result<(), StoreError> {
    db.write(|tx| tx.execute_script("drop table bare_row;"))
}

/// Puts every event after `day` far off, so that the next day finds nothing due.
///
/// # Errors
/// What the database says.
pub fn postpone_everything(db: &Db, day: Date) -> Result<(), StoreError> {
    db.write(|tx| {
        let sql = "update agreement set next_event_on = next_event_on + 1000 where next_event_on < ?1";
        tx.execute(sql, &[Param::Int(days(day) + 1000)]).map(|_| ())
    })
}

/// How many agreements there are.
///
/// # Errors
/// What the database says.
pub fn count_agreements(db: &Db) -> Result<u64, StoreError> {
    let count = db.read(|tx| tx.query_one("select count(*) from agreement", &[], |row| Ok(row.int(0))))?;
    Ok(u64::try_from(count.unwrap_or(0)).unwrap_or(0))
}

/// The messages in a state, by its code.
///
/// # Errors
/// What the database says.
pub fn messages_in(db: &Db, state: &str) -> Result<Vec<MessageId>, StoreError> {
    let sql = "select m.message_id from part_number n join message m on m.part = n.part \
        where m.state = ?1 order by m.message_id";
    db.read(|tx| tx.query(sql, &[Param::Text(state)], |row| Ok(MessageId(row.id16(0)))))
}

/// What sending has used up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spent {
    /// Units of the budgets of persons and days.
    pub budgets: u64,
    /// Attempts that a provider took: what it charges for.
    pub accepted: u64,
}

impl Spent {
    /// What was used up since `before`.
    #[must_use]
    pub fn less(&self, before: &Self) -> Self {
        Self { budgets: self.budgets - before.budgets, accepted: self.accepted - before.accepted }
    }
}

/// All that sending has used up.
///
/// # Errors
/// What the database says.
pub fn spent(db: &Db) -> Result<Spent, StoreError> {
    db.read(|tx| {
        let count = |found: Option<i64>| u64::try_from(found.unwrap_or(0)).unwrap_or(0);
        let budgets = "select cast(coalesce(sum(c.n), 0) as bigint) from part_number p \
            join contact_count c on c.part = p.part";
        let accepted = "select count(*) from part_number p \
            join attempt_outcome o on o.part = p.part where o.outcome = 'accepted'";
        Ok(Spent {
            budgets: count(tx.query_one(budgets, &[], |row| Ok(row.int(0)))?),
            accepted: count(tx.query_one(accepted, &[], |row| Ok(row.int(0)))?),
        })
    })
}
