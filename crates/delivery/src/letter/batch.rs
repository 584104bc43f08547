//! Batches: written as a draft, made to count by their list, and put into the outbox.

use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use dunlin_domain::date::Date;

use super::index::{self, IndexRow};
use super::{Letter, Letters, Place, names_in, remove, sync_folder, write_whole};
use crate::config::Printer;
use crate::error::DeliveryError;
use crate::http::sign::sha256_hex;
use crate::spool::create_folder;

/// What the names of drafts begin with.
const DRAFT: &str = ".draft-";

impl Letters {
    /// Goes on where another one ended: drafts that count go into the outbox, others away, and letters that are in a batch
    /// do not wait any more.
    pub(super) fn finish(&self) -> Result<(), DeliveryError> {
        let outbox = self.folder("outbox");
        for name in names_in(&outbox)? {
            let Some(batch) = name.strip_prefix(DRAFT) else { continue };
            let draft = outbox.join(&name);
            if self.lists_read.contains(batch) {
                put_in_place(&draft, &outbox.join(batch))?;
            } else {
                fs::remove_dir_all(&draft).map_err(DeliveryError::file("remove", &draft))?;
            }
        }
        for id in self.batched.keys() {
            let path = self.pending_path(*id);
            if path.exists() {
                remove(&path)?;
            }
        }
        Ok(())
    }

    /// Writes batches of all that is in the box, of at most so many letters each.
    pub(super) fn write_pending(&mut self, printer: &Printer) -> Result<(), DeliveryError> {
        let mut by_day: BTreeMap<Date, Vec<Letter>> = BTreeMap::new();
        for (letter, batch_on) in self.pending()? {
            by_day.entry(batch_on).or_default().push(letter);
        }
        for (day, letters) in by_day {
            for letters in letters.chunks(self.config.letters_max) {
                self.write_batch(day, letters, printer)?;
            }
        }
        Ok(())
    }

    fn write_batch(&mut self, day: Date, letters: &[Letter], printer: &Printer) -> Result<(), DeliveryError> {
        let name = self.free_name(day);
        let outbox = self.folder("outbox");
        let draft = outbox.join(format!("{DRAFT}{name}"));
        create_folder(&draft).map_err(DeliveryError::file("create", &draft))?;
        let rows = match self.config.file_each {
            false => print_together(&draft, letters, printer)?,
            true => print_each(&draft, letters, printer)?,
        };
        let index = index::text(letters, &rows, &self.config.mail_class);
        write_whole(&draft.join("index.csv"), &index)?;
        sync_folder(&draft)?;
        sync_folder(&outbox)?;
        // From here on the batch counts.
        let list = self.folder("batches").join(format!("{name}.csv"));
        write_whole(&list, &index::list_text(letters, &rows))?;
        sync_folder(&self.folder("batches"))?;
        for (letter, row) in letters.iter().zip(&rows) {
            let place = Place { batch: name.clone(), page_count: row.page_count() };
            self.batched.insert(letter.id, place);
        }
        self.lists_read.insert(name.clone());
        put_in_place(&draft, &outbox.join(&name))?;
        sync_folder(&outbox)?;
        letters.iter().try_for_each(|letter| remove(&self.pending_path(letter.id)))
    }

    /// The first name of the day that no batch has.
    fn free_name(&self, day: Date) -> String {
        let day = index::day_name(day);
        let mut number = 1;
        loop {
            let name = format!("{day}-{number:03}");
            if !self.lists_read.contains(&name) {
                return name;
            }
            number += 1;
        }
    }
}

/// One PDF with all letters.
fn print_together(
    draft: &Path,
    letters: &[Letter],
    printer: &Printer,
) -> Result<Vec<IndexRow>, DeliveryError> {
    let file = "letters.pdf";
    let printed = print(draft, letters, printer)?;
    write_whole(&draft.join(file), &printed.bytes)?;
    let sha256 = sha256_hex(&printed.bytes);
    let mut next = 1;
    let row = |count: &usize| {
        let from = next;
        next += count;
        IndexRow { file: file.to_owned(), from, through: next - 1, sha256: sha256.clone() }
    };
    Ok(printed.page_counts.iter().map(row).collect())
}

/// A PDF for each letter.
fn print_each(draft: &Path, letters: &[Letter], printer: &Printer) -> Result<Vec<IndexRow>, DeliveryError> {
    let mut rows = Vec::with_capacity(letters.len());
    for letter in letters {
        let file = format!("{}.pdf", letter.id);
        let printed = print(draft, std::slice::from_ref(letter), printer)?;
        write_whole(&draft.join(&file), &printed.bytes)?;
        let through = printed.page_counts.iter().sum();
        rows.push(IndexRow { file, from: 1, through, sha256: sha256_hex(&printed.bytes) });
    }
    Ok(rows)
}

fn print(draft: &Path, letters: &[Letter], printer: &Printer) -> Result<super::Printed, DeliveryError> {
    let failed = |complaint: String| DeliveryError::file("print", draft)(std::io::Error::other(complaint));
    let printed = printer.print(letters).map_err(failed)?;
    assert_eq!(printed.page_counts.len(), letters.len(), "each letter has its pages");
    Ok(printed)
}

/// Gives a draft its name. One that is there already was put there by whoever wrote the list.
fn put_in_place(draft: &Path, place: &Path) -> Result<(), DeliveryError> {
    match fs::rename(draft, place) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(DeliveryError::file("rename", draft)(error)),
        Ok(()) | Err(_) => Ok(()),
    }
}
