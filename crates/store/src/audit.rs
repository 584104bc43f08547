//! The audit log: who changed what, why, from what to what; only ever appended to.
//!
//! The entries of a range of parts form a hash chain: each holds the hash of the one before, so that none can be
//! altered, removed or slipped in without breaking all that follow. One chain a range, and not one for all, so
//! that the log never makes the writers wait for one another. Once a day a root is taken over the ends of all
//! chains, each root holding the one before: it shows that the end of a chain was cut off. Whoever can write to
//! the database can rebuild all of it, roots included; a root kept elsewhere (a report, a mail) shows that too.
//!
//! Entries are plain text and stay for ever: no names, numbers or addresses in them.

use std::collections::BTreeMap;

use dunlin_domain::date::{BusinessDate, Date, Timestamp};
use dunlin_domain::id::Part;

use crate::db::Db;
use crate::dialect::Conflict;
use crate::error::StoreError;
use crate::sql::{Column, Param, Row};
use crate::tx::Tx;

/// A hash of the audit log.
pub type Hash = [u8; 32];

/// What stands for the hash before the first entry and the root before the first root.
const NOTHING: Hash = [0; 32];

/// Problems that [`verify`] lists at most; a broken database has millions.
const PROBLEM_COUNT_MAX: usize = 100;

/// Roots that are checked at a time.
const ROOT_PAGE: i64 = 32;

const COLUMNS: &[(&str, Column)] = &[
    ("part", Column::Int),
    ("seq", Column::Int),
    ("at", Column::Int),
    ("actor", Column::Text),
    ("action", Column::Text),
    ("subject", Column::Text),
    ("before", Column::Text),
    ("after", Column::Text),
    ("cause", Column::Text),
    ("previous_hash", Column::Bytes),
    ("hash", Column::Bytes),
];

/// One thing that was done. Holds no personal data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry<'a> {
    /// When.
    pub at: Timestamp,
    /// Who: a member of staff, a command or a step of the day.
    pub actor: &'a str,
    /// What was done, as a code.
    pub action: &'a str,
    /// To what: an id.
    pub subject: &'a str,
    /// The state before, where there was one.
    pub before: Option<&'a str>,
    /// The state after, where there is one.
    pub after: Option<&'a str>,
    /// Why: the id of a fact, a policy's version, a request.
    pub cause: &'a str,
}

impl Entry<'_> {
    /// The hash at place `seq` of the chain of `part`. Frozen: entries on disk depend on it.
    fn hash(&self, previous: &[u8], part: i64, seq: i64) -> Hash {
        let mut hasher = blake3::Hasher::new();
        hasher.update(b"dunlin audit entry 1");
        hasher.update(previous);
        for number in [part, seq, self.at.micros()] {
            hasher.update(&number.to_le_bytes());
        }
        let mut text = |text: Option<&str>| {
            // Presence and length go first, so that no two entries read the same.
            hasher.update(&[u8::from(text.is_some())]);
            let text = text.unwrap_or_default();
            hasher.update(&(text.len() as u64).to_le_bytes());
            hasher.update(text.as_bytes());
        };
        text(Some(self.actor));
        text(Some(self.action));
        text(Some(self.subject));
        text(self.before);
        text(self.after);
        text(Some(self.cause));
        *hasher.finalize().as_bytes()
    }
}

/// The end of a chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Head {
    part: i64,
    seq: i64,
    hash: Hash,
}

/// A day's seal on the whole log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Root {
    /// The hash over the ends of all chains and the root before.
    pub root: Hash,
    /// How many entries it covers, since the beginning.
    pub entry_count: i64,
}

/// Appends one entry to the chain of a range, which is named by its first part; returns the entry's hash.
///
/// The chain stays locked until the transaction ends: append last, and ranges in ascending order.
///
/// # Errors
/// What the database says.
pub fn append(tx: &mut Tx<'_>, range: Part, entry: &Entry<'_>) -> Result<Hash, StoreError> {
    append_all(tx, range, std::slice::from_ref(entry))
}

/// Appends entries in their order; returns the hash at the end of the chain.
///
/// # Errors
/// What the database says.
pub fn append_all(tx: &mut Tx<'_>, range: Part, entries: &[Entry<'_>]) -> Result<Hash, StoreError> {
    let part = i64::from(range.number());
    let end = take_head(tx, part, entries.len() as i64)?;
    let first_seq = end.seq - entries.len() as i64 + 1;
    let mut hashes = Vec::with_capacity(entries.len() + 1);
    hashes.push(end.hash);
    for (entry, seq) in entries.iter().zip(first_seq..) {
        hashes.push(entry.hash(&hashes[hashes.len() - 1], part, seq));
    }
    let mut values = Vec::with_capacity(entries.len() * COLUMNS.len());
    for ((entry, seq), pair) in entries.iter().zip(first_seq..).zip(hashes.windows(2)) {
        values.extend([
            Param::Int(part),
            Param::Int(seq),
            Param::Int(entry.at.micros()),
            Param::Text(entry.actor),
            Param::Text(entry.action),
            Param::Text(entry.subject),
            Param::OptText(entry.before),
            Param::OptText(entry.after),
            Param::Text(entry.cause),
            Param::Bytes(&pair[0]),
            Param::Bytes(&pair[1]),
        ]);
    }
    tx.insert_rows("audit_entry", COLUMNS, Conflict::Fail, &values)?;
    let last = hashes[hashes.len() - 1];
    tx.execute("update audit_head set hash = ?2 where part = ?1", &[Param::Int(part), Param::Bytes(&last)])?;
    Ok(last)
}

/// Locks the chain's head until the transaction ends and moves it on by `count`. The hash is the one before the move.
///
/// Moving is what locks: on PostgreSQL a second appender waits here and then sees what the first committed.
fn take_head(tx: &mut Tx<'_>, part: i64, count: i64) -> Result<Head, StoreError> {
    if let Some(head) = moved_head(tx, part, count)? {
        return Ok(head);
    }
    tx.execute(
        "insert into audit_head (part, seq, hash) values (?1, 0, ?2) on conflict do nothing",
        &[Param::Int(part), Param::Bytes(&NOTHING)],
    )?;
    let head = moved_head(tx, part, count)?;
    head.ok_or_else(|| StoreError::Data { what: format!("audit_head of range {part} is gone") })
}

fn moved_head(tx: &mut Tx<'_>, part: i64, count: i64) -> Result<Option<Head>, StoreError> {
    tx.query_one(
        "update audit_head set seq = seq + ?2 where part = ?1 returning part, seq, hash",
        &[Param::Int(part), Param::Int(count)],
        head_of,
    )
}

fn head_of(row: &Row<'_>) -> Result<Head, StoreError> {
    let (part, seq) = (row.int(0), row.int(1));
    match row.bytes(2).try_into() {
        Ok(hash) => Ok(Head { part, seq, hash }),
        Err(_) => Err(StoreError::Data { what: format!("audit_head of range {part} has no 32-byte hash") }),
    }
}

/// How far each chain has come, by the number of its range: the same again says that nothing was noted meanwhile.
///
/// # Errors
/// What the database says.
pub fn ends(tx: &mut Tx<'_>) -> Result<Vec<(i64, i64)>, StoreError> {
    let sql = "select part, seq from audit_head order by part";
    tx.query(sql, &[], |row| Ok((row.int(0), row.int(1))))
}

/// The root of a business date; takes it over all entries committed so far when the date has none yet.
///
/// # Errors
/// [`StoreError::RootOutOfOrder`] for a date before the last one that has a root; else what the database says.
pub fn daily_root(tx: &mut Tx<'_>, business_date: BusinessDate) -> Result<Root, StoreError> {
    let day = i64::from(business_date.0.days());
    // Two processes may close the same day; the head of range 0 puts them in order.
    take_head(tx, 0, 0)?;
    let last = tx.query_one(
        "select business_date, root, entry_count from audit_root where part = 0 order by business_date desc limit 1",
        &[],
        |row| Ok((row.int(0), hash_of(row, 1, "audit_root")?, row.int(2))),
    )?;
    let previous = match last {
        None => NOTHING,
        Some((last_day, root, entry_count)) if last_day == day => return Ok(Root { root, entry_count }),
        Some((last_day, root, _)) if last_day < day => root,
        Some((last_day, _, _)) => {
            let earlier = tx.query_one(
                "select root, entry_count from audit_root where part = 0 and business_date = ?1",
                &[Param::Int(day)],
                |row| Ok(Root { root: hash_of(row, 0, "audit_root")?, entry_count: row.int(1) }),
            )?;
            return earlier.ok_or(StoreError::RootOutOfOrder { asked: day, last: last_day });
        }
    };
    let heads =
        tx.query("select part, seq, hash from audit_head where seq > 0 order by part", &[], head_of)?;
    let made = Root {
        root: root_hash(&previous, day, &heads),
        entry_count: heads.iter().map(|head| head.seq).sum(),
    };
    let covered: Vec<u8> =
        heads.iter().flat_map(|head| [head.part.to_le_bytes(), head.seq.to_le_bytes()]).flatten().collect();
    tx.execute(
        "insert into audit_root (part, business_date, previous_root, root, heads, entry_count)
         values (0, ?1, ?2, ?3, ?4, ?5)",
        &[
            Param::Int(day),
            Param::Bytes(&previous),
            Param::Bytes(&made.root),
            Param::Bytes(&covered),
            Param::Int(made.entry_count),
        ],
    )?;
    Ok(made)
}

/// Frozen: roots on disk depend on it.
fn root_hash(previous: &[u8], day: i64, heads: &[Head]) -> Hash {
    let mut hasher = blake3::Hasher::new();
    hasher.update(b"dunlin audit root 1");
    hasher.update(previous);
    hasher.update(&day.to_le_bytes());
    for head in heads {
        hasher.update(&head.part.to_le_bytes());
        hasher.update(&head.seq.to_le_bytes());
        hasher.update(&head.hash);
    }
    *hasher.finalize().as_bytes()
}

fn hash_of(row: &Row<'_>, index: usize, table: &str) -> Result<Hash, StoreError> {
    row.bytes(index)
        .try_into()
        .map_err(|_| StoreError::Data { what: format!("{table} has a hash that is not of 32 bytes") })
}

/// Recomputes every chain and every root; what is wrong, one text each, at most a hundred; empty is good.
///
/// Reads one unchanging state, streaming: memory does not depend on the length of the log.
///
/// # Errors
/// When the log cannot be read at all.
pub fn verify(db: &Db) -> Result<Vec<String>, StoreError> {
    db.read(|tx| {
        let mut problems = Problems::default();
        verify_chains(tx, &mut problems)?;
        verify_roots(tx, &mut problems)?;
        Ok(problems.finish())
    })
}

#[derive(Default)]
struct Problems {
    texts: Vec<String>,
    left_out_count: usize,
}

impl Problems {
    fn add(&mut self, text: impl FnOnce() -> String) {
        if self.texts.len() < PROBLEM_COUNT_MAX {
            self.texts.push(text());
        } else {
            self.left_out_count += 1;
        }
    }

    fn finish(mut self) -> Vec<String> {
        if self.left_out_count > 0 {
            self.texts.push(format!("{} more problems of the audit log are not listed", self.left_out_count));
        }
        self.texts
    }
}

fn verify_chains(tx: &mut Tx<'_>, problems: &mut Problems) -> Result<(), StoreError> {
    let heads = tx.query("select part, seq, hash from audit_head order by part", &[], head_of)?;
    let mut heads: BTreeMap<i64, Head> = heads.into_iter().map(|head| (head.part, head)).collect();
    let mut end: Option<Head> = None;
    tx.each(
        "select part, seq, at, actor, action, subject, before, after, cause, previous_hash, hash
         from audit_entry order by part, seq",
        &[],
        |row| {
            let part = row.int(0);
            if end.is_some_and(|end| end.part != part) {
                verify_end(end.take(), &mut heads, problems);
            }
            end = Some(verify_entry(end.unwrap_or(Head { part, seq: 0, hash: NOTHING }), row, problems));
            Ok(())
        },
    )?;
    verify_end(end, &mut heads, problems);
    for head in heads.values().filter(|head| head.seq > 0) {
        problems.add(|| format!("audit range {}: all {} entries are gone", head.part, head.seq));
    }
    Ok(())
}

/// Compares one entry with the end of the chain before it; returns the new end, as stored.
fn verify_entry(end: Head, row: &Row<'_>, problems: &mut Problems) -> Head {
    let (part, seq) = (end.part, row.int(1));
    let entry = Entry {
        at: Timestamp::from_micros(row.int(2)),
        actor: row.text(3),
        action: row.text(4),
        subject: row.text(5),
        before: row.opt_text(6),
        after: row.opt_text(7),
        cause: row.text(8),
    };
    let (previous, stored) = (row.bytes(9), row.bytes(10));
    if seq != end.seq + 1 {
        problems.add(|| format!("audit range {part}: entries between {} and {seq} are gone", end.seq));
    } else if previous != end.hash {
        problems.add(|| format!("audit range {part}: entry {seq} does not follow entry {}", end.seq));
    }
    let hash = entry.hash(previous, part, seq);
    if stored != hash {
        problems.add(|| format!("audit range {part}: entry {seq} was altered"));
    }
    // The stored hash, so that one altered entry is one problem.
    Head { part, seq, hash: stored.try_into().unwrap_or(hash) }
}

fn verify_end(end: Option<Head>, heads: &mut BTreeMap<i64, Head>, problems: &mut Problems) {
    let Some(end) = end else { return };
    match heads.remove(&end.part) {
        Some(head) if head == end => {}
        Some(head) => problems.add(|| {
            format!(
                "audit range {}: its head names entry {}, its last entry is {}, or their hashes differ",
                end.part, head.seq, end.seq
            )
        }),
        None => problems.add(|| format!("audit range {}: its head is gone", end.part)),
    }
}

struct StoredRoot {
    day: i64,
    previous: Vec<u8>,
    root: Vec<u8>,
    covered: Vec<u8>,
    entry_count: i64,
}

fn verify_roots(tx: &mut Tx<'_>, problems: &mut Problems) -> Result<(), StoreError> {
    let mut day = i64::MIN;
    let mut previous = NOTHING.to_vec();
    loop {
        let page = tx.query(
            "select business_date, previous_root, root, heads, entry_count from audit_root
             where part = 0 and business_date > ?1 order by business_date limit ?2",
            &[Param::Int(day), Param::Int(ROOT_PAGE)],
            |row| {
                Ok(StoredRoot {
                    day: row.int(0),
                    previous: row.bytes(1).to_vec(),
                    root: row.bytes(2).to_vec(),
                    covered: row.bytes(3).to_vec(),
                    entry_count: row.int(4),
                })
            },
        )?;
        let Some(last) = page.last() else { return Ok(()) };
        day = last.day;
        for stored in page {
            verify_root(tx, &stored, &previous, problems)?;
            previous = stored.root;
        }
    }
}

fn verify_root(
    tx: &mut Tx<'_>,
    stored: &StoredRoot,
    previous: &[u8],
    problems: &mut Problems,
) -> Result<(), StoreError> {
    let date = day_text(stored.day);
    if stored.previous != previous {
        problems.add(|| format!("audit root of {date} does not follow the root before it; one may be gone"));
    }
    let covered: Vec<(i64, i64)> = stored
        .covered
        .chunks(16)
        .filter_map(|pair| pair.split_first_chunk::<8>())
        .filter_map(|(part, seq)| Some((i64::from_le_bytes(*part), i64::from_le_bytes(seq.try_into().ok()?))))
        .collect();
    let keys: Vec<Param<'_>> =
        covered.iter().flat_map(|(part, seq)| [Param::Int(*part), Param::Int(*seq)]).collect();
    let hashes = tx.query_keys("part, seq, hash", "audit_entry", &COLUMNS[..2], &keys, |row| {
        Ok(((row.int(0), row.int(1)), hash_of(row, 2, "audit_entry")?))
    })?;
    let hashes: BTreeMap<(i64, i64), Hash> = hashes.into_iter().collect();
    let mut heads = Vec::with_capacity(covered.len());
    for (part, seq) in &covered {
        match hashes.get(&(*part, *seq)) {
            Some(hash) => heads.push(Head { part: *part, seq: *seq, hash: *hash }),
            None => problems
                .add(|| format!("audit root of {date} covers entry {seq} of range {part}, which is gone")),
        }
    }
    let entry_count: i64 = heads.iter().map(|head| head.seq).sum();
    let root = root_hash(&stored.previous, stored.day, &heads);
    let agrees = root == stored.root.as_slice() && entry_count == stored.entry_count;
    if heads.len() == covered.len() && !agrees {
        problems.add(|| format!("audit root of {date} does not agree with the entries it covers"));
    }
    Ok(())
}

fn day_text(day: i64) -> String {
    match i32::try_from(day) {
        Ok(day) => Date::from_days(day).to_string(),
        Err(_) => format!("day {day}"),
    }
}
