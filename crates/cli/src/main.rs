//! Starts: the one binary, `dunlin`. Reads what was typed, lets the engine do it, and shows what came of it.
//!
//! Only here are the clock and the random source read. Results go to standard output, progress and errors to
//! standard error; with `--json` the result or the error is one object on standard output.

mod answer;
mod args;
mod clock;
mod command;
mod config;
mod failure;
mod identity;
mod progress;
mod screen;
mod session;
mod usage;
mod words;

use std::process::ExitCode;

use clap::Parser as _;
use clap::error::ErrorKind;
use dunlin_domain::contact::Language;
use dunlin_domain::wording::Wording;
use serde_json::{Value, json};

use answer::Exit;
use args::Arguments;
use failure::Failure;
use session::Session;

fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => return usage(&error),
    };
    let is_json = arguments.common.json;
    let language = session::language(arguments.common.lang);
    let result = Session::new(&arguments.common).and_then(|session| command::run(&session, &arguments));
    let (text, json, exit) = match result {
        Ok(answer) => (answer.text, answer.json, answer.exit),
        Err(failure) => return fail(is_json, language, &failure),
    };
    let line = match json {
        _ if !is_json => text,
        Value::Null => String::new(),
        json => json.to_string(),
    };
    let said = if line.is_empty() { Ok(()) } else { screen::say(&line) };
    match said {
        Ok(()) => ExitCode::from(exit as u8),
        Err(error) => fail(is_json, language, &screen::cannot_say(&error)),
    }
}

/// Shows a failure; the program ends as it says.
fn fail(is_json: bool, language: Language, failure: &Failure) -> ExitCode {
    let said = if is_json {
        screen::say(&error_object(failure).to_string())
    } else {
        screen::complain(&failure.lines(language))
    };
    // Where even this cannot be written, the exit code is all that is left to say.
    let exit = said.map_or(Exit::Environment, |()| failure.exit);
    ExitCode::from(exit as u8)
}

fn error_object(failure: &Failure) -> Value {
    let Wording { zh, en } = &failure.message;
    json!({ "error": { "code": failure.code, "message": en, "message_zh": zh } })
}

/// Help and version are answers; anything else is a mistake in what was typed.
fn usage(error: &clap::Error) -> ExitCode {
    if error.use_stderr() {
        let is_json = std::env::args_os().any(|argument| argument == "--json");
        let language = session::language(typed_language());
        // People who name no subcommand get the help.
        let is_help = error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand;
        if is_json || (language == Language::Zh && !is_help) {
            return fail(is_json, language, &Failure::refused("usage", usage::wording(error)));
        }
    }
    let exit = if error.use_stderr() { Exit::Refused } else { Exit::Done };
    match error.print() {
        Ok(()) => ExitCode::from(exit as u8),
        Err(_) => ExitCode::from(Exit::Environment as u8),
    }
}

/// The language that was asked for on a line that cannot be read as a whole.
fn typed_language() -> Option<Language> {
    let typed: Vec<String> = std::env::args_os().map(|part| part.to_string_lossy().into_owned()).collect();
    let apart = typed.windows(2).find(|pair| pair[0] == "--lang").map(|pair| pair[1].as_str());
    let together = typed.iter().find_map(|part| part.strip_prefix("--lang="));
    apart.or(together).and_then(Language::parse)
}
