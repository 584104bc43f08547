//! What stands beside the letters of a batch: the index for the print house, and our own list.

use std::fs;
use std::path::Path;

use dunlin_domain::date::Date;
use dunlin_domain::id::MessageId;

use super::Letter;
use crate::error::DeliveryError;

/// The columns of the index, in their order.
const COLUMNS: [&str; 14] = [
    "message_id",
    "file",
    "page_from",
    "page_through",
    "name",
    "address_1",
    "address_2",
    "address_3",
    "address_4",
    "postcode",
    "country",
    "language",
    "mail_class",
    "sha256",
];

/// Lines of an address in the index.
const LINES: usize = 4;

/// Where a letter stands.
pub(super) struct IndexRow {
    /// The file of the batch.
    pub file: String,
    /// Its first page, from 1.
    pub from: usize,
    /// Its last page.
    pub through: usize,
    /// Of the file, hexadecimal.
    pub sha256: String,
}

impl IndexRow {
    /// How many pages the letter has.
    pub(super) fn page_count(&self) -> u32 {
        u32::try_from(self.through + 1 - self.from).unwrap_or(u32::MAX)
    }
}

/// A day in the names of batches.
pub(super) fn day_name(day: Date) -> String {
    day.to_string().replace('-', "")
}

/// The index.
pub(super) fn text(letters: &[Letter], rows: &[IndexRow], mail_class: &str) -> Vec<u8> {
    let records = letters.iter().zip(rows).map(|(letter, row)| {
        let address = &letter.address;
        let mut lines = address.lines.clone();
        if lines.len() > LINES {
            let rest = lines.split_off(LINES - 1).join(", ");
            lines.push(rest);
        }
        lines.resize(LINES, String::new());
        let [from, through] = [row.from, row.through].map(|page| page.to_string());
        let head = [letter.id.to_string(), row.file.clone(), from, through, address.name.clone()];
        let tail = [
            address.postcode.clone(),
            address.country.clone(),
            letter.language.code().to_owned(),
            mail_class.to_owned(),
            row.sha256.clone(),
        ];
        head.into_iter().chain(lines).chain(tail).collect()
    });
    csv_of(&COLUMNS, records)
}

/// Our own list: no names and no addresses.
pub(super) fn list_text(letters: &[Letter], rows: &[IndexRow]) -> Vec<u8> {
    let records = letters.iter().zip(rows).map(|(letter, row)| {
        vec![letter.id.to_string(), row.file.clone(), row.from.to_string(), row.through.to_string()]
    });
    csv_of(&["message_id", "file", "page_from", "page_through"], records)
}

fn csv_of(columns: &[&str], records: impl Iterator<Item = Vec<String>>) -> Vec<u8> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let written = writer.write_record(columns);
    written.expect("rows are written to memory");
    records.for_each(|record| writer.write_record(record).expect("rows are written to memory"));
    writer.into_inner().expect("rows are written to memory")
}

/// The letters of a list, with their pages.
pub(super) fn read_list(path: &Path) -> Result<Vec<(MessageId, u32)>, DeliveryError> {
    let bytes = fs::read(path).map_err(DeliveryError::file("read", path))?;
    let damaged = || DeliveryError::file("read", path)(std::io::ErrorKind::InvalidData.into());
    let mut ids = Vec::new();
    for record in csv::Reader::from_reader(bytes.as_slice()).records() {
        let record = record.map_err(|_| damaged())?;
        let page = |place: usize| record.get(place).and_then(|text| text.parse::<u32>().ok());
        let id = record.get(0).and_then(MessageId::parse).ok_or_else(damaged)?;
        let (from, through) = page(2).zip(page(3)).ok_or_else(damaged)?;
        ids.push((id, (through + 1).saturating_sub(from)));
    }
    Ok(ids)
}
