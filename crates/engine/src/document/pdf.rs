//! A document as PDF: A4, selectable text, a subset of one font inside, the same bytes each time.
//!
//! Not done: tagged structure for screen readers (the HTML form has it), and scripts that need shaping beyond one
//! picture a letter.

mod ink;
mod layout;
#[cfg(test)]
mod tests;

use dunlin_domain::contact::Language;
use miniz_oxide::deflate::compress_to_vec_zlib;
use pdf_writer::types::{CidFontType, FontFlags, SystemInfo, UnicodeCmap};
use pdf_writer::{Content as Marks, Filter, Finish, Name, Rect, Ref, Str, TextStr};
use subsetter::subset;
use ttf_parser::Tag;

use super::font::{Font, FontError};
use super::letter::LetterSheet;
use super::{Content, pdf::ink::Ink};

/// A written PDF.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pdf {
    /// The file.
    pub bytes: Vec<u8>,
    /// Letters of the document that the font has no picture of.
    pub missing: Vec<char>,
    /// Pages.
    pub page_count: usize,
}

/// Level of compression: the usual one.
const COMPRESSION: u8 = 6;
/// A4 in points.
const PAGE: (f32, f32) = (595.276, 841.89);
/// The font's name on every page.
const FONT: Name<'static> = Name(b"F");

/// The document as PDF.
///
/// # Errors
/// When the font is damaged.
pub fn pdf(content: &Content, font: &Font) -> Result<Pdf, FontError> {
    let mut ink = Ink::new(font)?;
    let pages = layout::pages(content, &mut ink);
    written(content, pages, font, &ink)
}

/// Letters one after another as one PDF, each on fresh pages that are counted anew, and how many pages each has. The
/// first says what the file is called.
///
/// # Errors
/// When the font is damaged.
pub fn letters_pdf(letters: &[LetterSheet], font: &Font) -> Result<(Pdf, Vec<usize>), FontError> {
    let mut ink = Ink::new(font)?;
    let (mut pages, mut page_counts) = (Vec::new(), Vec::with_capacity(letters.len()));
    for letter in letters {
        let of_letter = layout::letter_pages(letter, &mut ink);
        page_counts.push(of_letter.len());
        pages.extend(of_letter);
    }
    let first = letters.first().map(|letter| Content { subject: String::new(), ..letter.content.clone() });
    let content = first.unwrap_or_else(Content::nothing);
    Ok((written(&content, pages, font, &ink)?, page_counts))
}

fn written(content: &Content, pages: Vec<Marks>, font: &Font, ink: &Ink<'_>) -> Result<Pdf, FontError> {
    let page_count = pages.len();
    let mut file = pdf_writer::Pdf::new();
    let mut next = 1;
    let mut fresh = || {
        next += 1;
        Ref::new(next - 1)
    };
    let (catalog, tree, info, font_id) = (fresh(), fresh(), fresh(), fresh());
    let page_ids: Vec<(Ref, Ref)> = pages.iter().map(|_| (fresh(), fresh())).collect();
    let tag = match content.language {
        Language::Zh => "zh-CN",
        Language::En => "en",
    };
    file.catalog(catalog).pages(tree).lang(TextStr(tag)).viewer_preferences().display_doc_title(true);
    file.document_info(info)
        .title(TextStr(&format!("{} · {}", content.title, content.subject)))
        .author(TextStr(&content.sender))
        .producer(TextStr("Dunlin"));
    file.pages(tree)
        .kids(page_ids.iter().map(|(page, _)| *page))
        .count(i32::try_from(page_count).unwrap_or(i32::MAX));
    for ((page_id, stream_id), page) in page_ids.iter().zip(pages) {
        let mut page_object = file.page(*page_id);
        page_object.parent(tree).media_box(Rect::new(0.0, 0.0, PAGE.0, PAGE.1)).contents(*stream_id);
        page_object.resources().fonts().pair(FONT, font_id);
        page_object.finish();
        let packed = compress_to_vec_zlib(page.finish().as_slice(), COMPRESSION);
        file.stream(*stream_id, &packed).filter(Filter::FlateDecode);
    }
    embed(&mut file, font, ink, font_id, &mut fresh)?;
    // Of what is in the file, so that the same document has the same id.
    let id = blake3::hash(file.as_bytes()).as_bytes()[..16].to_vec();
    file.set_file_id((id.clone(), id));
    Ok(Pdf { bytes: file.finish(), missing: ink.missing(), page_count })
}

/// The subset of the font with its widths, and which letter each picture stands for.
fn embed(
    file: &mut pdf_writer::Pdf,
    font: &Font,
    ink: &Ink<'_>,
    font_id: Ref,
    fresh: &mut impl FnMut() -> Ref,
) -> Result<(), FontError> {
    let malformed = |complaint: String| FontError::Malformed { path: font.path().to_owned(), complaint };
    let whole =
        subset(font.data(), font.index(), ink.remapper()).map_err(|error| malformed(error.to_string()))?;
    let face = ink.face();
    let is_cff = face.tables().cff.is_some();
    let outlines = if is_cff {
        let raw = ttf_parser::RawFace::parse(&whole, 0).map_err(|error| malformed(error.to_string()))?;
        let table = raw.table(Tag::from_bytes(b"CFF "));
        table.ok_or_else(|| malformed("its subset has no outlines".to_owned()))?.to_vec()
    } else {
        whole
    };
    let (cid, descriptor, letters, data) = (fresh(), fresh(), fresh(), fresh());
    let name = format!("{}+DunlinSans", subset_tag(&outlines));
    let system = SystemInfo { registry: Str(b"Adobe"), ordering: Str(b"Identity"), supplement: 0 };
    file.type0_font(font_id)
        .base_font(Name(name.as_bytes()))
        .encoding_predefined(Name(b"Identity-H"))
        .descendant_font(cid)
        .to_unicode(letters);
    let mut cid_font = file.cid_font(cid);
    cid_font
        .subtype(if is_cff { CidFontType::Type0 } else { CidFontType::Type2 })
        .base_font(Name(name.as_bytes()))
        .system_info(system)
        .font_descriptor(descriptor)
        .default_width(1000.0);
    if !is_cff {
        cid_font.cid_to_gid_map_predefined(Name(b"Identity"));
    }
    cid_font.widths().consecutive(0, ink.widths());
    cid_font.finish();
    let bounds = face.global_bounding_box();
    let scaled = |units: i16| f32::from(units) * 1000.0 / f32::from(face.units_per_em());
    let mut about = file.font_descriptor(descriptor);
    about
        .name(Name(name.as_bytes()))
        .flags(FontFlags::SYMBOLIC)
        .bbox(Rect::new(
            scaled(bounds.x_min),
            scaled(bounds.y_min),
            scaled(bounds.x_max),
            scaled(bounds.y_max),
        ))
        .italic_angle(0.0)
        .ascent(scaled(face.ascender()))
        .descent(scaled(face.descender()))
        .cap_height(scaled(face.capital_height().unwrap_or(face.ascender())))
        .stem_v(80.0);
    if is_cff {
        about.font_file3(data);
    } else {
        about.font_file2(data);
    }
    about.finish();
    let packed = compress_to_vec_zlib(&outlines, COMPRESSION);
    let mut stream = file.stream(data, &packed);
    stream.filter(Filter::FlateDecode);
    if is_cff {
        stream.pair(Name(b"Subtype"), Name(b"CIDFontType0C"));
    } else {
        stream.pair(Name(b"Length1"), i32::try_from(outlines.len()).unwrap_or(i32::MAX));
    }
    stream.finish();
    let mut cmap = UnicodeCmap::new(Name(b"Dunlin-Letters"), system);
    for (glyph, letter) in ink.letters() {
        cmap.pair(glyph, letter);
    }
    let packed = compress_to_vec_zlib(cmap.finish().as_slice(), COMPRESSION);
    file.cmap(letters, &packed).filter(Filter::FlateDecode);
    Ok(())
}

/// Six capitals that mark a font as a subset; the same for the same subset.
fn subset_tag(outlines: &[u8]) -> String {
    let hash = blake3::hash(outlines);
    hash.as_bytes()[..6].iter().map(|byte| char::from(b'A' + byte % 26)).collect()
}
