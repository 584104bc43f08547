//! Replies: what customers write back; and those that the gateway behind a spool leaves as CSV files in `replies/`.
//!
//! Promises that a reply is told to be stored only after it was, that one which comes twice has the same cause, and that
//! its text and number are nowhere but in it. What a reply means is not decided here. The columns are `channel`, `from`,
//! `at` (RFC 3339) and `text`.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use dunlin_domain::contact::{Channel, Personal};
use dunlin_domain::date::Timestamp;

use crate::error::DeliveryError;
use crate::receipt::{Acknowledge, ReadFile, ReceiptBatch, RejectedRow, file_names, line_of, put_away};
use crate::spool::create_folder;

const COLUMNS: [&str; 4] = ["channel", "from", "at", "text"];

/// What somebody wrote back.
#[derive(Clone, Debug)]
pub struct Reply {
    /// By which channel.
    pub channel: Channel,
    /// The number or address that it came from.
    pub from: Personal,
    /// What it says.
    pub text: Personal,
    /// When it was sent, by the provider's clock.
    pub at: Timestamp,
    /// What makes it this reply and no other: the provider's id of it, or its moment.
    pub mark: String,
}

/// Where a spool keeps replies.
fn replies_folder(spool: &Path) -> PathBuf {
    spool.join("replies")
}

/// Makes the folder that a gateway leaves replies in.
pub(crate) fn create_replies_folder(spool: &Path) -> Result<(), DeliveryError> {
    let folder = replies_folder(spool);
    create_folder(&folder).map_err(DeliveryError::file("create", &folder))
}

/// Adds what lies in the replies folder of a spool to `batch`.
pub(crate) fn read_replies(spool: &Path, batch: ReceiptBatch) -> Result<ReceiptBatch, DeliveryError> {
    let folder = replies_folder(spool);
    let (mut replies, mut rejected, mut files) = (Vec::new(), Vec::new(), Vec::new());
    for name in file_names(&folder).map_err(DeliveryError::file("list", &folder))? {
        let path = folder.join(&name);
        let bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            // Another worker has stored it and put it away since we looked.
            Err(error) if error.kind() == ErrorKind::NotFound => continue,
            Err(error) => return Err(DeliveryError::file("read", &path)(error)),
        };
        // The gateway is still writing it.
        if bytes.last() != Some(&b'\n') {
            continue;
        }
        read_rows(&name, &bytes, &mut replies, &mut rejected);
        files.push(ReadFile { name, length: bytes.len() as u64 });
    }
    if files.is_empty() {
        return Ok(batch);
    }
    let taken = PutAway { folder, files, rejected: rejected.clone() };
    Ok(batch.with_replies(replies, rejected, Some(Box::new(taken))))
}

fn read_rows(file: &str, bytes: &[u8], replies: &mut Vec<Reply>, rejected: &mut Vec<RejectedRow>) {
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    let mut reader = csv::ReaderBuilder::new().flexible(true).trim(csv::Trim::All).from_reader(bytes);
    let mut reject = |line: u64, reason: &str, cells: [String; 4]| {
        rejected.push(RejectedRow { file: file.to_owned(), line, reason: reason.to_owned(), cells });
    };
    // Reading from memory cannot fail, and a byte record is any sequence of bytes.
    let headers = reader.byte_headers().expect("rows are read from memory").clone();
    let places = COLUMNS.map(|column| headers.iter().position(|header| header == column.as_bytes()));
    if let Some(missing) = places.iter().position(Option::is_none) {
        let reason = format!("column {} is missing, so no row of the file was read", COLUMNS[missing]);
        return reject(1, &reason, Default::default());
    }
    for record in reader.into_byte_records() {
        let record = record.expect("rows are read from memory");
        let line = line_of(&record, bytes);
        let cells = places.map(|place| {
            let cell = place.and_then(|place| record.get(place)).unwrap_or_default();
            String::from_utf8_lossy(cell).into_owned()
        });
        match parse_row(&cells) {
            Ok(reply) => replies.push(reply),
            Err(reason) => reject(line, reason, cells),
        }
    }
}

fn parse_row([channel, from, at, text]: &[String; 4]) -> Result<Reply, &'static str> {
    let channel = Channel::parse(channel).ok_or("channel is not sms, email, push, voice or letter")?;
    if from.is_empty() {
        return Err("from is empty: whose reply it is cannot be told");
    }
    let moment: jiff::Timestamp = at.parse().map_err(|_| "at is not a moment like 2026-11-24T09:30:00Z")?;
    Ok(Reply {
        channel,
        from: Personal::new(from.as_str()),
        text: Personal::new(text.as_str()),
        at: Timestamp::from_micros(moment.as_microsecond()),
        mark: at.clone(),
    })
}

#[derive(Debug)]
struct PutAway {
    folder: PathBuf,
    files: Vec<ReadFile>,
    rejected: Vec<RejectedRow>,
}

impl Acknowledge for PutAway {
    fn acknowledge(self: Box<Self>) -> Result<(), DeliveryError> {
        self.files.iter().try_for_each(|file| {
            let rows: Vec<&RejectedRow> = self.rejected.iter().filter(|row| row.file == file.name).collect();
            put_away(&self.folder, file, COLUMNS, &rows)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::{Expect, expect};

    fn check(text: &str, expected: Expect) {
        let (mut replies, mut rejected) = (Vec::new(), Vec::new());
        read_rows("a.csv", text.as_bytes(), &mut replies, &mut rejected);
        let told = replies.iter().map(|reply| {
            format!("{} {} {:?} {}", reply.channel, reply.from.reveal(), reply.text.reveal(), reply.mark)
        });
        let refused = rejected.iter().map(|row| format!("line {}: {}", row.line, row.reason));
        expected.assert_eq(&told.chain(refused).collect::<Vec<_>>().join("\n"));
    }

    #[test]
    fn a_reply_is_read_with_whatever_it_says() {
        check(
            "at,from,channel,text\n2026-11-24T09:30:00+08:00,13800001234,sms,退订\n\
             2026-11-24T09:31:00+08:00,13800001234,sms,\"well, no\nmore\"\n",
            expect![[r#"
                sms 13800001234 "退订" 2026-11-24T09:30:00+08:00
                sms 13800001234 "well, no\nmore" 2026-11-24T09:31:00+08:00"#]],
        );
    }

    #[test]
    fn a_row_that_makes_no_sense_is_set_aside_and_the_others_are_read() {
        check(
            "channel,from,at,text\nfax,1,2026-11-24T09:30:00Z,x\nsms,,2026-11-24T09:30:00Z,x\nsms,1,today,x\n\
             sms,1,2026-11-24T09:30:00Z,\n",
            expect![[r#"
                sms 1 "" 2026-11-24T09:30:00Z
                line 2: channel is not sms, email, push, voice or letter
                line 3: from is empty: whose reply it is cannot be told
                line 4: at is not a moment like 2026-11-24T09:30:00Z"#]],
        );
        check(
            "from,text\n1,x\n",
            expect!["line 1: column channel is missing, so no row of the file was read"],
        );
    }
}
