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

use std::process::ExitCode;

use clap::Parser as _;
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
    let result = Session::new(&arguments.common).and_then(|session| command::run(&session, &arguments));
    let (text, json, exit) = match result {
        Ok(answer) => (answer.text, answer.json, answer.exit),
        Err(failure) => return fail(is_json, &failure),
    };
    let line = match json {
        _ if !is_json => text,
        Value::Null => String::new(),
        json => json.to_string(),
    };
    let said = if line.is_empty() { Ok(()) } else { screen::say(&line) };
    match said {
        Ok(()) => ExitCode::from(exit as u8),
        Err(error) => fail(is_json, &screen::cannot_say(&error)),
    }
}

/// Shows a failure; the program ends as it says.
fn fail(is_json: bool, failure: &Failure) -> ExitCode {
    let said = if is_json {
        screen::say(&error_object(failure.code, &failure.message).to_string())
    } else {
        screen::complain(&failure.to_string())
    };
    // Where even this cannot be written, the exit code is all that is left to say.
    let exit = said.map_or(Exit::Environment, |()| failure.exit);
    ExitCode::from(exit as u8)
}

fn error_object(code: &str, message: &str) -> Value {
    json!({ "error": { "code": code, "message": message } })
}

/// Help and version are answers; anything else is a mistake in what was typed.
fn usage(error: &clap::Error) -> ExitCode {
    let is_json = std::env::args_os().any(|argument| argument == "--json");
    if error.use_stderr() && is_json {
        let text = error.render().to_string();
        let message = text.trim().strip_prefix("error: ").unwrap_or(text.trim());
        return fail(true, &Failure::refused("usage", message));
    }
    let exit = if error.use_stderr() { Exit::Refused } else { Exit::Done };
    match error.print() {
        Ok(()) => ExitCode::from(exit as u8),
        Err(_) => ExitCode::from(Exit::Environment as u8),
    }
}
