//! The printer of letters: from a cleared message to a page in the lender's name.

use std::path::Path;
use std::sync::{Arc, OnceLock};

use dunlin_delivery::{Letter, Printed, Printer};
use dunlin_domain::contact::Language;

use crate::Lender;
use crate::document::letter::{LetterSheet, Sender};
use crate::document::{Font, letters_pdf};
use crate::policy::date_words;

/// A printer for a lender. The font is looked for when the first letter comes, and kept.
pub(crate) fn printer(lender: &Lender) -> Printer {
    let lender = Arc::new(lender.clone());
    let font: Arc<OnceLock<Result<Font, String>>> = Arc::default();
    let (own, shared) = (Arc::clone(&lender), Arc::clone(&font));
    let print = move |letters: &[Letter]| {
        let sheets: Vec<LetterSheet> = letters.iter().map(|letter| sheet_of(letter, &own)).collect();
        let (pdf, page_counts) =
            letters_pdf(&sheets, found(&shared, &own)?).map_err(|error| error.to_string())?;
        match pdf.missing.first() {
            None => Ok(Printed { bytes: pdf.bytes, page_counts }),
            Some(letter) => Err(format!("the font has no picture of the letter {letter:?}")),
        }
    };
    let missing = move |text: &str| Ok(found(&font, &lender)?.missing_in(text));
    Printer::new(print, missing)
}

fn found<'f>(font: &'f OnceLock<Result<Font, String>>, lender: &Lender) -> Result<&'f Font, String> {
    let configured: Option<&Path> = lender.letters.font.as_deref();
    let font = font.get_or_init(|| Font::find(configured).map_err(|error| error.to_string()));
    font.as_ref().map_err(Clone::clone)
}

fn sheet_of(letter: &Letter, lender: &Lender) -> LetterSheet {
    let language = letter.language;
    let name = lender.name(language).to_owned();
    let (gap, hotline) = match language {
        Language::Zh => ("　", "客服热线"),
        Language::En => (" · ", "Hotline"),
    };
    let address = lender.letters.address(language).map(str::to_owned);
    let reached = [
        Some(format!("{hotline} {}", lender.hotline)),
        lender.letters.email.clone(),
        lender.letters.website.clone(),
    ];
    let line = |parts: &[Option<String>]| {
        let parts: Vec<String> = [Some(name.clone())].iter().chain(parts).flatten().cloned().collect();
        parts.join(gap)
    };
    let sender = Sender { name: name.clone(), return_line: line(&[address]), foot: line(&reached) };
    let words = match language {
        Language::Zh => ("日期", "编号"),
        Language::En => ("Date", "Reference"),
    };
    LetterSheet::of(letter, &sender, words, date_words(letter.dated, language))
}
