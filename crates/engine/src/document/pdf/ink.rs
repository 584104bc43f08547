//! Letters as pictures of the font: how wide they are, and which of them a document has used.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use pdf_writer::types::TextRenderingMode;
use pdf_writer::{Content as Marks, Str};
use subsetter::GlyphRemapper;
use ttf_parser::{Face, GlyphId};

use super::FONT;
use crate::document::font::{Font, FontError};

/// A colour.
#[derive(Clone, Copy)]
pub struct Colour(pub f32, pub f32, pub f32);

/// Text.
pub const BLACK: Colour = Colour(0.09, 0.125, 0.165);
/// What matters less.
pub const SOFT: Colour = Colour(0.36, 0.40, 0.44);
/// Titles.
pub const ACCENT: Colour = Colour(0.09, 0.314, 0.561);
/// What must not be overlooked.
pub const ALERT: Colour = Colour(0.639, 0.129, 0.094);

/// How a line of text looks.
#[derive(Clone, Copy)]
pub struct Look {
    /// Points.
    pub size: f32,
    /// Whether it is set bold. One weight is in the font; bold is drawn with an outline.
    pub is_bold: bool,
    /// Its colour.
    pub colour: Colour,
}

/// Shown for a letter that the font lacks, the first of these that it has.
const STAND_INS: [char; 2] = ['□', '?'];

/// The font in use by one document.
pub struct Ink<'f> {
    face: Face<'f>,
    remapper: GlyphRemapper,
    /// By new glyph: the letter and the width in thousandths of the size.
    used: BTreeMap<u16, (char, f32)>,
    known: HashMap<char, (u16, f32)>,
    missing: BTreeSet<char>,
}

impl<'f> Ink<'f> {
    /// # Errors
    /// When the font is damaged.
    pub fn new(font: &'f Font) -> Result<Self, FontError> {
        let face = Face::parse(font.data(), font.index()).map_err(|error| FontError::Malformed {
            path: font.path().to_owned(),
            complaint: error.to_string(),
        })?;
        let (used, known, missing) = (BTreeMap::new(), HashMap::new(), BTreeSet::new());
        Ok(Self { face, remapper: GlyphRemapper::new(), used, known, missing })
    }

    pub fn face(&self) -> &Face<'f> {
        &self.face
    }

    pub fn remapper(&self) -> &GlyphRemapper {
        &self.remapper
    }

    /// Letters of the document that the font has no picture of.
    pub fn missing(&self) -> Vec<char> {
        self.missing.iter().copied().collect()
    }

    /// Widths of all glyphs of the subset in thousandths of the size, from glyph 0 on.
    pub fn widths(&self) -> Vec<f32> {
        let width = |glyph: u16| self.used.get(&glyph).map_or(1000.0, |(_, width)| *width);
        (0..self.remapper.num_gids()).map(width).collect()
    }

    /// Which letter each glyph stands for.
    pub fn letters(&self) -> impl Iterator<Item = (u16, char)> + '_ {
        self.used.iter().map(|(glyph, (letter, _))| (*glyph, *letter))
    }

    /// The width of a letter at size 1.
    pub fn width_of(&self, letter: char) -> f32 {
        match self.known.get(&letter) {
            Some((_, width)) => *width / 1000.0,
            None => self.glyph(letter).map_or(1.0, |glyph| self.advance(glyph) / 1000.0),
        }
    }

    /// The width of a text.
    pub fn width(&self, text: &str, size: f32) -> f32 {
        text.chars().map(|letter| self.width_of(letter)).sum::<f32>() * size
    }

    fn glyph(&self, letter: char) -> Option<GlyphId> {
        let own = self.face.glyph_index(letter);
        own.or_else(|| STAND_INS.iter().find_map(|stand_in| self.face.glyph_index(*stand_in)))
    }

    fn advance(&self, glyph: GlyphId) -> f32 {
        let units = self.face.glyph_hor_advance(glyph).unwrap_or(self.face.units_per_em());
        f32::from(units) * 1000.0 / f32::from(self.face.units_per_em())
    }

    /// The glyph of the subset that shows a letter.
    fn take(&mut self, letter: char) -> u16 {
        if let Some((glyph, _)) = self.known.get(&letter) {
            return *glyph;
        }
        let is_missing = self.face.glyph_index(letter).is_none();
        if is_missing {
            self.missing.insert(letter);
        }
        let old = self.glyph(letter).unwrap_or_default();
        let (glyph, width) = (self.remapper.remap(old.0), self.advance(old));
        // A stand-in is what it shows, and not the letter that is missing.
        let shown = if is_missing { STAND_INS[0] } else { letter };
        self.used.entry(glyph).or_insert((shown, width));
        self.known.insert(letter, (glyph, width));
        glyph
    }

    /// Writes one line that begins at `x` and stands on `y`.
    pub fn line(&mut self, marks: &mut Marks, text: &str, x: f32, y: f32, look: Look) {
        if text.is_empty() {
            return;
        }
        let bytes: Vec<u8> = text.chars().flat_map(|letter| self.take(letter).to_be_bytes()).collect();
        let Colour(red, green, blue) = look.colour;
        marks.set_fill_rgb(red, green, blue);
        if look.is_bold {
            marks.set_stroke_rgb(red, green, blue).set_line_width(look.size * 0.028);
        }
        let mode = if look.is_bold { TextRenderingMode::FillStroke } else { TextRenderingMode::Fill };
        marks.begin_text();
        marks.set_font(FONT, look.size).set_text_rendering_mode(mode);
        marks.set_text_matrix([1.0, 0.0, 0.0, 1.0, x, y]);
        marks.show(Str(&bytes));
        marks.end_text();
    }
}
