//! Writes every page with made-up data into a folder, in both languages, for whoever works on templates and styles:
//!
//! ```text
//! cargo run -p dunlin-server --example pages -- target/pages
//! python3 -m http.server --bind 127.0.0.1 --directory target/pages
//! ```

mod samples;

use std::error::Error;
use std::fs;
use std::path::Path;

use dunlin_domain::contact::Language;
use dunlin_server::page::{
    render_agreement, render_problem, render_reason, render_silence, render_today, render_why,
};
use dunlin_server::problem::Problem;
use dunlin_server::ui::Ui;

fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::args().nth(1).ok_or("name the folder to write the pages into")?;
    let folder = Path::new(&folder);
    let assets = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets");
    fs::create_dir_all(folder.join("assets"))?;
    for name in ["console.css", "icon.svg"] {
        fs::copy(assets.join(name), folder.join("assets").join(name))?;
    }
    for language in [Language::Zh, Language::En] {
        for (name, html) in pages(language) {
            fs::write(folder.join(format!("{name}.{language}.html")), html)?;
        }
    }
    Ok(())
}

fn pages(language: Language) -> Vec<(&'static str, String)> {
    let ui = |here: &str| Ui { here: here.to_owned(), ..samples::reader(language) };
    let (today, silence, agreement) = (ui("/today"), ui("/silence"), ui("/agreements/CL-000731"));
    vec![
        ("today", render_today(&samples::today(0), &today)),
        ("today-alarm", render_today(&samples::today(3), &today)),
        ("today-quiet", render_today(&samples::quiet_day(), &today)),
        ("silence", render_silence(&samples::silence(28, 0), samples::span(), &silence)),
        ("silence-long", render_silence(&samples::silence(120, 2), samples::span(), &silence)),
        ("reason", render_reason(&samples::reason_list(), &silence)),
        ("agreement", render_agreement(&samples::agreement(), &agreement)),
        ("why", render_why(&samples::why_paused(), &agreement)),
        ("why-alarm", render_why(&samples::why_unexplained(), &agreement)),
        ("problem", render_problem(&Problem::ImpossibleDate { text: "2026-02-30".to_owned() }, &today)),
    ]
}
