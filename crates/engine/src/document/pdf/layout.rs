//! Where everything stands on the pages.

use pdf_writer::Content as Marks;

use super::PAGE;
use super::ink::{ACCENT, ALERT, BLACK, Colour, Ink, Look, SOFT};
use crate::document::letter::LetterSheet;
use crate::document::{Block, Column, Content, Figure, Row, Table, wrapped};

const MILLIMETRE: f32 = 72.0 / 25.4;
const LEFT: f32 = 50.0;
const RIGHT: f32 = PAGE.0 - 50.0;
const WIDTH: f32 = RIGHT - LEFT;
/// Where a page's own text begins, below its head.
const TOP: f32 = PAGE.1 - 72.0;
/// Where it ends, above its foot.
const BOTTOM: f32 = 62.0;
/// Room that a heading wants below it, so that it never stands alone at the end of a page.
const HEADING_NEEDS: f32 = 74.0;
/// Between two columns of a table.
const GAP: f32 = 12.0;

const TEXT: Look = Look { size: 9.5, is_bold: false, colour: BLACK };
const NOTE: Look = Look { size: 8.0, is_bold: false, colour: SOFT };
const CELL: Look = Look { size: 8.8, is_bold: false, colour: BLACK };
const SUM: Look = Look { size: 8.8, is_bold: true, colour: BLACK };
const COLUMN_TITLE: Look = Look { size: 8.0, is_bold: false, colour: SOFT };
const HEADING: Look = Look { size: 11.0, is_bold: true, colour: ACCENT };

/// The lighter lines, and the ground of figures.
const LINE: Colour = Colour(0.83, 0.855, 0.878);
const WASH: Colour = Colour(0.953, 0.965, 0.976);
const ALERT_WASH: Colour = Colour(0.992, 0.949, 0.945);

/// The pages of a document.
pub fn pages(content: &Content, ink: &mut Ink<'_>) -> Vec<Marks> {
    let mut sheet = Sheet { ink, content, pages: Vec::new(), y: 0.0 };
    sheet.new_page();
    sheet.title();
    sheet.blocks();
    sheet.feet();
    sheet.pages
}

/// The pages of a letter: the address stands in the window of the envelope, date and reference beside it.
pub fn letter_pages(letter: &LetterSheet, ink: &mut Ink<'_>) -> Vec<Marks> {
    let mut sheet = Sheet { ink, content: &letter.content, pages: Vec::new(), y: 0.0 };
    sheet.new_page();
    sheet.window(letter);
    let look = Look { size: 13.0, is_bold: true, colour: BLACK };
    for line in sheet.wrap(&letter.content.title, WIDTH, look) {
        sheet.write(&line, LEFT, sheet.y - drop(look), look);
        sheet.y -= leading(look);
    }
    sheet.y -= 8.0;
    sheet.blocks();
    sheet.feet();
    sheet.pages
}

struct Sheet<'s, 'f> {
    ink: &'s mut Ink<'f>,
    content: &'s Content,
    pages: Vec<Marks>,
    /// The upper edge of what comes next.
    y: f32,
}

/// The height of a line of text.
fn leading(look: Look) -> f32 {
    look.size * 1.5
}

/// From the upper edge of a line down to where its letters stand.
fn drop(look: Look) -> f32 {
    look.size * 1.12
}

impl Sheet<'_, '_> {
    fn marks(&mut self) -> &mut Marks {
        let last = self.pages.len() - 1;
        &mut self.pages[last]
    }

    fn write(&mut self, text: &str, x: f32, y: f32, look: Look) {
        let last = self.pages.len() - 1;
        self.ink.line(&mut self.pages[last], text, x, y, look);
    }

    /// The same, so that it ends at `x`.
    fn write_right(&mut self, text: &str, x: f32, y: f32, look: Look) {
        let width = self.ink.width(text, look.size);
        self.write(text, x - width, y, look);
    }

    fn rule(&mut self, y: f32, width: f32, colour: Colour) {
        let Colour(red, green, blue) = colour;
        let marks = self.marks();
        marks.set_stroke_rgb(red, green, blue).set_line_width(width);
        marks.move_to(LEFT, y).line_to(RIGHT, y).stroke();
    }

    fn fill(&mut self, x: f32, y: f32, width: f32, height: f32, colour: Colour) {
        let Colour(red, green, blue) = colour;
        self.marks().set_fill_rgb(red, green, blue).rect(x, y, width, height).fill_nonzero();
    }

    fn wrap(&self, text: &str, width: f32, look: Look) -> Vec<String> {
        wrapped(text, width, &|letter| self.ink.width_of(letter) * look.size)
    }

    /// One line that is not longer than `width`; what does not fit is cut with a sign of it.
    fn cut(&self, text: &str, width: f32, look: Look) -> String {
        if self.ink.width(text, look.size) <= width {
            return text.to_owned();
        }
        let room = width - self.ink.width("…", look.size);
        let mut used = 0.0;
        let fits = text.chars().take_while(|letter| {
            used += self.ink.width_of(*letter) * look.size;
            used <= room
        });
        fits.chain(['…']).collect()
    }

    fn new_page(&mut self) {
        self.pages.push(Marks::new());
        self.y = TOP;
        let look = Look { size: 9.5, is_bold: true, colour: ACCENT };
        let small = Look { size: 8.0, is_bold: false, colour: SOFT };
        let baseline = PAGE.1 - 48.0;
        let sender = self.cut(&self.content.sender, WIDTH * 0.45, look);
        let mut head = self.content.subject.clone();
        if self.pages.len() > 1 {
            head = format!("{}　{head}", self.content.title);
        }
        let head = self.cut(&head, WIDTH * 0.52, small);
        self.write(&sender, LEFT, baseline, look);
        self.write_right(&head, RIGHT, baseline, small);
        self.rule(baseline - 8.0, 1.2, ACCENT);
    }

    /// Begins a new page where less than `height` is left; says whether it did.
    fn make_room(&mut self, height: f32) -> bool {
        let is_full = self.y - height < BOTTOM;
        if is_full {
            self.new_page();
        }
        is_full
    }

    fn title(&mut self) {
        let look = Look { size: 20.0, is_bold: true, colour: BLACK };
        let title = self.content.title.clone();
        self.y -= 6.0;
        self.write(&title, LEFT, self.y - drop(look), look);
        self.y -= leading(look);
        let look = Look { size: 11.0, is_bold: false, colour: BLACK };
        for line in self.wrap(&self.content.addressee.clone(), WIDTH, look) {
            self.write(&line, LEFT, self.y - drop(look), look);
            self.y -= leading(look);
        }
        self.y -= 6.0;
    }

    /// The address within the window of DL and C5 envelopes (20 to 110 mm from the left, 45 to 90 mm from the top of a page
    /// that is folded twice or once), with the return line above it, and what stands on the right of it.
    fn window(&mut self, letter: &LetterSheet) {
        let from_top = |millimetres: f32| PAGE.1 - millimetres * MILLIMETRE;
        let (x, width) = (25.0 * MILLIMETRE, 80.0 * MILLIMETRE);
        let small = Look { size: 6.5, is_bold: false, colour: SOFT };
        let line = self.cut(&letter.return_line, width, small);
        self.write(&line, x, from_top(50.0), small);
        let look = Look { size: 10.5, is_bold: false, colour: BLACK };
        let mut y = from_top(57.0);
        for line in &letter.envelope {
            for line in self.wrap(line, width, look) {
                self.write(&line, x, y, look);
                y -= look.size * 1.3;
            }
        }
        let mut y = from_top(57.0);
        for line in &letter.dated {
            self.write_right(line, RIGHT, y, TEXT);
            y -= leading(TEXT);
        }
        self.y = from_top(100.0);
    }

    /// What the document says, from top to bottom.
    fn blocks(&mut self) {
        let content = self.content;
        for (index, block) in content.blocks.iter().enumerate() {
            let is_below_heading = index > 0 && matches!(content.blocks[index - 1], Block::Heading(_));
            if matches!(block, Block::Table(_)) && !is_below_heading {
                self.y -= 7.0;
            }
            match block {
                Block::Heading(text) => self.heading(text),
                Block::Text(text) => self.paragraph(text, TEXT, 3.0),
                Block::Note(text) => self.paragraph(text, NOTE, 2.0),
                Block::Alert(text) => self.alert(text),
                Block::Figures(figures) => self.figures(figures),
                Block::Facts(facts) => self.facts(facts),
                Block::Table(table) => self.table(table),
            }
        }
    }

    fn heading(&mut self, text: &str) {
        if !self.make_room(HEADING_NEEDS) {
            self.y -= 14.0;
        }
        for line in self.wrap(text, WIDTH, HEADING) {
            self.write(&line, LEFT, self.y - drop(HEADING), HEADING);
            self.y -= leading(HEADING);
        }
        self.y -= 3.0;
    }

    fn paragraph(&mut self, text: &str, look: Look, space: f32) {
        for line in self.wrap(text, WIDTH, look) {
            self.make_room(leading(look));
            self.write(&line, LEFT, self.y - drop(look), look);
            self.y -= leading(look);
        }
        self.y -= space;
    }

    fn alert(&mut self, text: &str) {
        let look = Look { colour: ALERT, ..TEXT };
        let lines = self.wrap(text, WIDTH - 24.0, look);
        #[expect(clippy::cast_precision_loss, reason = "an alert has few lines")]
        let height = lines.len() as f32 * leading(look) + 14.0;
        self.make_room(height + 8.0);
        self.y -= 8.0;
        self.fill(LEFT, self.y - height, WIDTH, height, ALERT_WASH);
        self.fill(LEFT, self.y - height, 3.0, height, ALERT);
        self.y -= 7.0;
        for line in lines {
            self.write(&line, LEFT + 14.0, self.y - drop(look), look);
            self.y -= leading(look);
        }
        self.y -= 11.0;
    }

    fn figures(&mut self, figures: &[Figure]) {
        if figures.is_empty() {
            return;
        }
        let (height, gap) = (46.0, 8.0);
        self.make_room(height + 10.0);
        #[expect(clippy::cast_precision_loss, reason = "there are few figures")]
        let count = figures.len() as f32;
        let width = (WIDTH - gap * (count - 1.0)) / count;
        let mut x = LEFT;
        for figure in figures {
            self.fill(x, self.y - height, width, height, WASH);
            let name = Look { size: 8.0, is_bold: false, colour: SOFT };
            let title = self.cut(&figure.name, width - 16.0, name);
            self.write(&title, x + 9.0, self.y - 16.0, name);
            let colour = if figure.is_alert { ALERT } else { BLACK };
            let natural = self.ink.width(&figure.value, 14.0);
            let size = 14.0 * ((width - 18.0) / natural).min(1.0);
            self.write(&figure.value, x + 9.0, self.y - 35.0, Look { size, is_bold: true, colour });
            x += width + gap;
        }
        self.y -= height + 10.0;
    }

    fn facts(&mut self, facts: &[(String, String)]) {
        let name_look = Look { colour: SOFT, ..CELL };
        let widest = facts.iter().map(|(name, _)| self.ink.width(name, CELL.size)).fold(0.0, f32::max);
        let name_width = widest.min(WIDTH * 0.3);
        let x = LEFT + name_width + 18.0;
        for (name, value) in facts {
            let (names, values) =
                (self.wrap(name, name_width + 0.1, name_look), self.wrap(value, RIGHT - x, CELL));
            for index in 0..names.len().max(values.len()) {
                self.make_room(leading(CELL));
                let y = self.y - drop(CELL);
                self.write(names.get(index).map_or("", String::as_str), LEFT, y, name_look);
                self.write(values.get(index).map_or("", String::as_str), x, y, CELL);
                self.y -= leading(CELL);
            }
            self.y -= 1.5;
        }
        self.y -= 4.0;
    }

    fn table(&mut self, table: &Table) {
        let widths = self.column_widths(table);
        self.table_head(table, &widths);
        for (index, row) in table.rows.iter().enumerate() {
            let look = if row.is_total { SUM } else { CELL };
            let cells = self.broken(&row.cells, &widths, look);
            let mut height = row_height(&cells, look);
            // A sum stays with the row above it.
            if table.rows.get(index + 1).is_some_and(|next| next.is_total) {
                height += row_height(&cells, look);
            }
            if self.make_room(height) {
                self.table_head(table, &widths);
            }
            if row.is_total {
                self.rule(self.y, 0.8, BLACK);
            }
            self.table_row(row, &cells, table, &widths, look);
            let (line, colour) = if row.is_total { (1.2, BLACK) } else { (0.4, LINE) };
            self.rule(self.y, line, colour);
        }
        self.y -= 7.0;
    }

    fn table_head(&mut self, table: &Table, widths: &[f32]) {
        let titles: Vec<String> = table.columns.iter().map(|column| column.title.clone()).collect();
        let cells = self.broken(&titles, widths, COLUMN_TITLE);
        self.make_room(row_height(&cells, COLUMN_TITLE) + leading(CELL) * 2.0);
        self.table_row(&Row::new(titles), &cells, table, widths, COLUMN_TITLE);
        self.rule(self.y, 0.8, BLACK);
    }

    fn table_row(&mut self, row: &Row, cells: &[Vec<String>], table: &Table, widths: &[f32], look: Look) {
        debug_assert_eq!(row.cells.len(), table.columns.len());
        let height = row_height(cells, look);
        let mut x = LEFT;
        for ((lines, column), width) in cells.iter().zip(&table.columns).zip(widths) {
            let mut y = self.y - 3.0;
            for line in lines {
                if column.is_number {
                    self.write_right(line, x + width, y - drop(look), look);
                } else {
                    self.write(line, x, y - drop(look), look);
                }
                y -= leading(look);
            }
            x += width + GAP;
        }
        self.y -= height;
    }

    fn broken(&self, cells: &[String], widths: &[f32], look: Look) -> Vec<Vec<String>> {
        // A hair more, so that what was measured fits.
        cells.iter().zip(widths).map(|(cell, width)| self.wrap(cell, width + 0.1, look)).collect()
    }

    /// Numbers get what they need. Texts get what they need if there is room; else those that need little get it,
    /// and the others share the rest as their columns say.
    fn column_widths(&self, table: &Table) -> Vec<f32> {
        let natural = |index: usize, column: &Column| {
            let cells = table.rows.iter().filter_map(|row| {
                let look = if row.is_total { SUM } else { CELL };
                row.cells.get(index).map(|cell| self.ink.width(cell, look.size))
            });
            let title = self.ink.width(&column.title, COLUMN_TITLE.size);
            // A long title of a number is broken rather than given the room of the texts.
            let title = if column.is_number { title.min(58.0) } else { title };
            cells.fold(title, f32::max)
        };
        let natural: Vec<f32> =
            table.columns.iter().enumerate().map(|(index, column)| natural(index, column)).collect();
        #[expect(clippy::cast_precision_loss, reason = "a table has few columns")]
        let gaps = GAP * (table.columns.len() as f32 - 1.0);
        let mut widths = natural.clone();
        let mut room = WIDTH - gaps;
        let mut open: Vec<usize> = Vec::new();
        for (index, column) in table.columns.iter().enumerate() {
            if column.is_number { room -= natural[index] } else { open.push(index) }
        }
        // Whoever needs less than a fair share is settled, which leaves more for the others.
        loop {
            let shares: u32 = open.iter().map(|index| table.columns[*index].width).sum();
            #[expect(clippy::cast_precision_loss, reason = "shares are small numbers")]
            let fair =
                |index: usize, room: f32| room * table.columns[index].width as f32 / shares.max(1) as f32;
            match open.iter().position(|index| open.len() > 1 && natural[*index] <= fair(*index, room)) {
                Some(place) => {
                    let index = open.remove(place);
                    room -= natural[index];
                }
                None => {
                    for index in &open {
                        widths[*index] = fair(*index, room).max(24.0);
                    }
                    return widths;
                }
            }
        }
    }

    /// Foot lines, once it is known how many pages there are.
    fn feet(&mut self) {
        let look = Look { size: 8.0, is_bold: false, colour: SOFT };
        let count = self.pages.len();
        let foot = self.cut(&self.content.foot, WIDTH - 60.0, look);
        for index in 0..count {
            let number = format!("{} / {count}", index + 1);
            let width = self.ink.width(&number, look.size);
            let marks = &mut self.pages[index];
            let Colour(red, green, blue) = LINE;
            marks.set_stroke_rgb(red, green, blue).set_line_width(0.4);
            marks.move_to(LEFT, 48.0).line_to(RIGHT, 48.0).stroke();
            self.ink.line(marks, &foot, LEFT, 34.0, look);
            self.ink.line(marks, &number, RIGHT - width, 34.0, look);
        }
    }
}

fn row_height(cells: &[Vec<String>], look: Look) -> f32 {
    let lines = cells.iter().map(Vec::len).max().unwrap_or(1);
    #[expect(clippy::cast_precision_loss, reason = "a cell has few lines")]
    let text = lines as f32 * leading(look);
    text + 6.0
}
