//! `all-clear`: what the watch found, signed, for a monitor on another machine.

use dunlin_domain::wording;
use std::fs;
use std::io::Read as _;
use std::path::Path;

use dunlin_engine::watch::all_clear::{AllClear, check};
use serde_json::json;

use super::pay::value;
use super::statement::write_whole;
use crate::answer::Answer;
use crate::args::{AllClearAction, AllClearArgs};
use crate::failure::{Failure, exit_of_io};
use crate::session::Session;

/// `all-clear`.
///
/// # Errors
/// What the database says; a file that cannot be read or written.
pub fn run(session: &Session, args: &AllClearArgs) -> Result<Answer, Failure> {
    match &args.action {
        None => {
            let all_clear = session.open()?.all_clear(session.now())?;
            let json = value(&all_clear);
            let Some(file) = &args.out else { return Ok(Answer::new(format!("{json:#}"), json)) };
            write(file, &all_clear)?;
            Ok(Answer::new(format!("written to {}", file.display()), json))
        }
        Some(AllClearAction::Key) => {
            let key = session.open()?.all_clear_key()?;
            Ok(Answer::new(key.clone(), json!({ "key": key })))
        }
        Some(AllClearAction::Check { file, key }) => {
            let document = read(file)?;
            Ok(match check(&document, key, session.now()) {
                Ok(statement) => {
                    let words = format!("all clear; watched at {}", statement.watched_at);
                    Answer::new(words, json!({ "is_clear": true, "statement": value(&statement) }))
                }
                Err(why) => {
                    Answer::new(why.to_string(), json!({ "is_clear": false, "why": why.to_string() }))
                        .found_if(true)
                }
            })
        }
    }
}

/// Writes an all clear so that whoever reads the file finds a whole one.
///
/// # Errors
/// A file that cannot be written.
pub fn write(file: &Path, all_clear: &AllClear) -> Result<(), Failure> {
    write_whole("all_clear_file", file, format!("{:#}\n", value(all_clear)).as_bytes())
}

fn read(file: &Path) -> Result<String, Failure> {
    let mut text = String::new();
    let read = if file == Path::new("-") {
        std::io::stdin().read_to_string(&mut text).map(|_| text)
    } else {
        fs::read_to_string(file)
    };
    read.map_err(|error| Failure {
        code: "all_clear_file",
        message: wording!("无法读取 {}：{error}", "cannot read {}: {error}", file.display()),
        exit: exit_of_io(&error),
    })
}
