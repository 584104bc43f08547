//! What gateways and banks say happened: kept as it came, with what became of it.

use dunlin_domain::date::{Date, Timestamp};
use dunlin_domain::id::{AgreementId, Key, Part};

use crate::agreement::{date_of, days, part_param};
use crate::{Param, Row, StoreError, Tx};

/// One thing that a gateway or a bank says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IncomingRow {
    /// Of the payment that it is about; the part is its hash.
    pub group: Key,
    /// Its own key.
    pub key: Key,
    /// `gateway` or `bank_file`.
    pub source: String,
    /// The gateway, or the account of the statement.
    pub source_name: String,
    /// `payment`, `refund`, `reversal`, `return` or `outgoing`.
    pub kind: String,
    /// The reference that its fact has or gets.
    pub reference: String,
    /// The reference of the payment that it acts on.
    pub target: Option<String>,
    /// What it names as agreement.
    pub named: Option<String>,
    /// The amount as it stands there.
    pub amount: String,
    /// The currency as it stands there.
    pub currency: String,
    /// The value date.
    pub value_on: Date,
    /// The booking date.
    pub booked_on: Option<Date>,
    /// The end-to-end id.
    pub end_to_end_id: Option<String>,
    /// Remittance text or reason.
    pub text: String,
    /// The statement that it stands in.
    pub statement: Option<Key>,
    /// Hash of all that was said.
    pub content_hash: [u8; 16],
    /// When it came first.
    pub received_at: Timestamp,
    /// `applied`, `waiting`, `unmatched`, `outgoing` or `sent_back`.
    pub state: String,
    /// Since when.
    pub state_at: Timestamp,
    /// Why it is not applied.
    pub code: String,
    /// The same in words.
    pub detail: String,
    /// Who or what decided.
    pub decided_by: String,
    /// The agreement, once it is applied.
    pub agreement: Option<AgreementId>,
    /// Whether somebody or something must still come to it.
    pub is_open: bool,
}

impl IncomingRow {
    /// The part that it lies in.
    #[must_use]
    pub fn part(&self) -> Part {
        Part::of(&self.group.0)
    }
}

const COLUMNS: &str = "i.group_key, i.entry_key, i.source, i.source_name, i.kind, i.reference, i.target, i.named, i.amount, \
    i.currency, i.value_on, i.booked_on, i.end_to_end_id, i.text, i.statement_key, i.content_hash, i.received_at, i.state, \
    i.state_at, i.code, i.detail, i.decided_by, i.agreement_id, i.is_open";

fn read(row: &Row<'_>) -> Result<IncomingRow, StoreError> {
    let text = |index: usize| row.text(index).to_owned();
    let opt_text = |index: usize| row.opt_text(index).map(str::to_owned);
    Ok(IncomingRow {
        group: Key(row.id16(0)),
        key: Key(row.id16(1)),
        source: text(2),
        source_name: text(3),
        kind: text(4),
        reference: text(5),
        target: opt_text(6),
        named: opt_text(7),
        amount: text(8),
        currency: text(9),
        value_on: date_of(row.int(10)),
        booked_on: row.opt_int(11).map(date_of),
        end_to_end_id: opt_text(12),
        text: text(13),
        statement: row.opt_id16(14).map(Key),
        content_hash: row.id16(15),
        received_at: Timestamp::from_micros(row.int(16)),
        state: text(17),
        state_at: Timestamp::from_micros(row.int(18)),
        code: text(19),
        detail: text(20),
        decided_by: text(21),
        agreement: row.opt_id16(22).map(AgreementId),
        is_open: row.int(23) == 1,
    })
}

/// Adds what was said; gives the row that is there if it was said before. Of two that say it at once, the second waits
/// for the first.
///
/// # Errors
/// What the database says; the same holds for every function here.
pub fn claim(tx: &mut Tx<'_>, row: &IncomingRow) -> Result<Option<IncomingRow>, StoreError> {
    let sql = "insert into incoming (part, group_key, entry_key, source, source_name, kind, reference, target, named, \
        amount, currency, value_on, booked_on, end_to_end_id, text, statement_key, content_hash, received_at, state, \
        state_at, code, detail, decided_by, agreement_id, is_open) values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, \
        ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23, ?24, ?25) on conflict do nothing";
    let params = [
        part_param(row.part()),
        Param::Id(row.group.0),
        Param::Id(row.key.0),
        Param::Text(&row.source),
        Param::Text(&row.source_name),
        Param::Text(&row.kind),
        Param::Text(&row.reference),
        Param::OptText(row.target.as_deref()),
        Param::OptText(row.named.as_deref()),
        Param::Text(&row.amount),
        Param::Text(&row.currency),
        Param::Int(days(row.value_on)),
        Param::OptInt(row.booked_on.map(days)),
        Param::OptText(row.end_to_end_id.as_deref()),
        Param::Text(&row.text),
        Param::OptId(row.statement.map(|statement| statement.0)),
        Param::Id(row.content_hash),
        Param::Int(row.received_at.micros()),
        Param::Text(&row.state),
        Param::Int(row.state_at.micros()),
        Param::Text(&row.code),
        Param::Text(&row.detail),
        Param::Text(&row.decided_by),
        Param::OptId(row.agreement.map(|agreement| agreement.0)),
        Param::Int(i64::from(row.is_open)),
    ];
    if tx.execute(sql, &params)? == 1 {
        return Ok(None);
    }
    find(tx, row.group, row.key)
}

/// One of them, by group and key.
///
/// # Errors
/// What the database says.
pub fn find(tx: &mut Tx<'_>, group: Key, key: Key) -> Result<Option<IncomingRow>, StoreError> {
    let sql = format!(
        "select {COLUMNS} from incoming i where i.part = ?1 and i.group_key = ?2 and i.entry_key = ?3"
    );
    tx.query_one(&sql, &[part_param(Part::of(&group.0)), Param::Id(group.0), Param::Id(key.0)], read)
}

/// One of them, by its part and key.
///
/// # Errors
/// What the database says.
pub fn find_entry(tx: &mut Tx<'_>, part: Part, key: Key) -> Result<Option<IncomingRow>, StoreError> {
    let sql = format!("select {COLUMNS} from incoming i where i.part = ?1 and i.entry_key = ?2");
    tx.query_one(&sql, &[part_param(part), Param::Id(key.0)], read)
}

/// All that was said of one payment, in the order in which it came.
///
/// # Errors
/// What the database says.
pub fn of_group(tx: &mut Tx<'_>, group: Key) -> Result<Vec<IncomingRow>, StoreError> {
    let sql = format!(
        "select {COLUMNS} from incoming i where i.part = ?1 and i.group_key = ?2 order by i.received_at, i.entry_key"
    );
    tx.query(&sql, &[part_param(Part::of(&group.0)), Param::Id(group.0)], read)
}

/// All that somebody or something must still come to, over all parts, in the order in which it came.
///
/// # Errors
/// What the database says.
pub fn open(tx: &mut Tx<'_>) -> Result<Vec<IncomingRow>, StoreError> {
    let sql = format!(
        "select {COLUMNS} from part_number n join incoming i on i.part = n.part \
         where i.is_open = 1 order by i.received_at, i.entry_key"
    );
    tx.query(&sql, &[], read)
}

/// What became of it.
#[derive(Clone, Debug)]
pub struct Settled<'a> {
    /// The new state.
    pub state: &'a str,
    /// When.
    pub at: Timestamp,
    /// Why it is not applied; empty if it is.
    pub code: &'a str,
    /// The same in words.
    pub detail: &'a str,
    /// Who or what decided.
    pub by: &'a str,
    /// The agreement, if it is applied.
    pub agreement: Option<AgreementId>,
    /// Whether somebody or something must still come to it.
    pub is_open: bool,
}

/// Notes what became of one that is open; `false` when it is not open any more.
///
/// # Errors
/// What the database says.
pub fn settle(tx: &mut Tx<'_>, group: Key, key: Key, settled: &Settled<'_>) -> Result<bool, StoreError> {
    let sql = "update incoming set state = ?4, state_at = ?5, code = ?6, detail = ?7, decided_by = ?8, agreement_id = ?9, \
        is_open = ?10 where part = ?1 and group_key = ?2 and entry_key = ?3 and is_open = 1";
    let params = [
        part_param(Part::of(&group.0)),
        Param::Id(group.0),
        Param::Id(key.0),
        Param::Text(settled.state),
        Param::Int(settled.at.micros()),
        Param::Text(settled.code),
        Param::Text(settled.detail),
        Param::Text(settled.by),
        Param::OptId(settled.agreement.map(|agreement| agreement.0)),
        Param::Int(i64::from(settled.is_open)),
    ];
    Ok(tx.execute(sql, &params)? == 1)
}

/// Notes that one came again.
///
/// # Errors
/// What the database says.
pub fn note_repeat(
    tx: &mut Tx<'_>,
    group: Key,
    key: Key,
    at: Timestamp,
    is_same: bool,
) -> Result<(), StoreError> {
    let sql = "insert into incoming_repeat (part, group_key, entry_key, received_at, is_same) \
        values (?1, ?2, ?3, ?4, ?5) on conflict do nothing";
    let params = [
        part_param(Part::of(&group.0)),
        Param::Id(group.0),
        Param::Id(key.0),
        Param::Int(at.micros()),
        Param::Int(i64::from(is_same)),
    ];
    tx.execute(sql, &params)?;
    Ok(())
}

/// How often one came again.
///
/// # Errors
/// What the database says.
pub fn repeat_count(tx: &mut Tx<'_>, group: Key, key: Key) -> Result<i64, StoreError> {
    let sql = "select count(*) from incoming_repeat where part = ?1 and group_key = ?2 and entry_key = ?3";
    let params = [part_param(Part::of(&group.0)), Param::Id(group.0), Param::Id(key.0)];
    Ok(tx.query_one(sql, &params, |row| Ok(row.int(0)))?.unwrap_or(0))
}

/// A bank statement that was imported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatementRow {
    /// Hashed from account and statement id.
    pub key: Key,
    /// The account.
    pub account: String,
    /// The statement's own id.
    pub statement_id: String,
    /// The currency of its balances.
    pub currency: String,
    /// The opening balance, decimal with its sign.
    pub opening: Option<String>,
    /// The closing balance.
    pub closing: Option<String>,
    /// Entries.
    pub entry_count: i64,
    /// Hash of balances and entries.
    pub content_hash: [u8; 16],
    /// The file.
    pub file_name: String,
    /// Who imported it.
    pub actor: String,
    /// When.
    pub imported_at: Timestamp,
}

/// Adds a statement; gives the hash of its content if it was imported before.
///
/// # Errors
/// What the database says.
pub fn claim_statement(tx: &mut Tx<'_>, row: &StatementRow) -> Result<Option<[u8; 16]>, StoreError> {
    let part = part_param(Part::of(&row.key.0));
    let sql = "insert into bank_statement (part, statement_key, account, statement_id, currency, opening, closing, \
        entry_count, content_hash, file_name, actor, imported_at) \
        values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12) on conflict do nothing";
    let params = [
        part,
        Param::Id(row.key.0),
        Param::Text(&row.account),
        Param::Text(&row.statement_id),
        Param::Text(&row.currency),
        Param::OptText(row.opening.as_deref()),
        Param::OptText(row.closing.as_deref()),
        Param::Int(row.entry_count),
        Param::Id(row.content_hash),
        Param::Text(&row.file_name),
        Param::Text(&row.actor),
        Param::Int(row.imported_at.micros()),
    ];
    if tx.execute(sql, &params)? == 1 {
        return Ok(None);
    }
    let sql = "select content_hash from bank_statement where part = ?1 and statement_key = ?2";
    tx.query_one(sql, &[part, Param::Id(row.key.0)], |row| Ok(row.id16(0)))
}
