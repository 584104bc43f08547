//! A document as one HTML file that needs nothing else: style inside, no script, A4 when it is printed.

use dunlin_domain::contact::Language;
use minijinja::{Environment, UndefinedBehavior, context};

use super::{Block, Content};

const TEMPLATE: &str = include_str!("document.html");

/// What a server must allow a document's page to do, and nothing else: its own style, no script, no address.
pub const STYLE_POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The document as one file. Whatever it says is escaped.
///
/// # Panics
/// Never: the template is checked by a test and writes into memory.
#[must_use]
pub fn html(content: &Content) -> String {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    // The name decides that all values are escaped for HTML.
    environment.add_template("document.html", TEMPLATE).expect("the template is well formed");
    let template = environment.get_template("document.html").expect("the template was added");
    let blocks: Vec<minijinja::Value> = content.blocks.iter().map(block).collect();
    let tag = match content.language {
        Language::Zh => "zh-CN",
        Language::En => "en",
    };
    let page = context! {
        lang => tag,
        sender => &content.sender,
        title => &content.title,
        addressee => &content.addressee,
        subject => &content.subject,
        blocks => blocks,
        foot => &content.foot,
    };
    template.render(page).expect("the template knows every part of a document")
}

fn block(block: &Block) -> minijinja::Value {
    match block {
        Block::Heading(text) => context! { kind => "heading", text },
        Block::Text(text) => context! { kind => "text", text },
        Block::Note(text) => context! { kind => "note", text },
        Block::Alert(text) => context! { kind => "alert", text },
        Block::Figures(figures) => {
            let figure = |figure: &super::Figure| {
                let super::Figure { name, value, is_alert } = figure;
                context! { name, value, is_alert }
            };
            context! { kind => "figures", items => figures.iter().map(figure).collect::<Vec<_>>() }
        }
        Block::Facts(facts) => context! { kind => "facts", items => facts },
        Block::Table(table) => {
            let total: u32 = table.columns.iter().map(|column| column.width).sum();
            let columns = table.columns.iter().map(|column| {
                let percent = column.width * 100 / total.max(1);
                context! { title => &column.title, is_number => column.is_number, percent }
            });
            let rows = table.rows.iter().map(|row| {
                let cells = row.cells.iter().zip(&table.columns);
                let cells = cells.map(|(text, column)| context! { text, is_number => column.is_number });
                context! { is_total => row.is_total, cells => cells.collect::<Vec<_>>() }
            });
            context! { kind => "table", columns => columns.collect::<Vec<_>>(), rows => rows.collect::<Vec<_>>() }
        }
    }
}
