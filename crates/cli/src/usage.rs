//! What was typed and cannot be read, in both languages: in English as the argument parser says it, in Chinese by the
//! kind of mistake with the same names and values.

use std::error::Error as _;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use dunlin_domain::wording::Wording;

use crate::args::BadValue;

/// What is wrong with what was typed and what would be right.
#[must_use]
pub fn wording(error: &clap::Error) -> Wording {
    let text = error.render().to_string();
    let en = text.trim().strip_prefix("error: ").unwrap_or(text.trim()).to_owned();
    let mut zh = mistake(error);
    for (kind, name) in [
        (ContextKind::SuggestedArg, "选项"),
        (ContextKind::SuggestedSubcommand, "命令"),
        (ContextKind::SuggestedValue, "取值"),
    ] {
        if let Some(known) = named(error, kind) {
            zh.push_str(&format!("；是否应为{name} {known}？"));
        }
    }
    if let Some(usage) = usage_line(&en) {
        zh.push_str(&format!("；用法：`{usage}`"));
    }
    zh.push_str("；全部选项见 --help");
    Wording { zh, en }
}

/// The mistake itself, by its kind.
fn mistake(error: &clap::Error) -> String {
    let argument = named(error, ContextKind::InvalidArg).unwrap_or_default();
    let value = named(error, ContextKind::InvalidValue).unwrap_or_default();
    let prior = named(error, ContextKind::PriorArg).unwrap_or_default();
    match error.kind() {
        ErrorKind::InvalidValue if value.is_empty() => format!("{argument} 缺少取值{}", choices(error)),
        ErrorKind::InvalidValue => format!("{argument} 的取值“{value}”无效{}", choices(error)),
        ErrorKind::ValueValidation => format!("{argument} 的取值“{value}”无效：{}", complaint(error)),
        ErrorKind::UnknownArgument => format!("没有选项或参数“{argument}”"),
        ErrorKind::InvalidSubcommand => {
            format!("没有命令“{}”", named(error, ContextKind::InvalidSubcommand).unwrap_or_default())
        }
        ErrorKind::MissingRequiredArgument => format!("缺少必填参数：{argument}"),
        ErrorKind::MissingSubcommand => {
            let known = named(error, ContextKind::ValidSubcommand).unwrap_or_default();
            format!("缺少子命令；可用 {known}")
        }
        ErrorKind::ArgumentConflict if argument == prior => format!("{argument} 只能写一次"),
        ErrorKind::ArgumentConflict => format!("{argument} 不能与 {prior} 同时使用"),
        ErrorKind::TooManyValues | ErrorKind::TooFewValues | ErrorKind::WrongNumberOfValues => {
            format!("{argument} 的取值个数不对")
        }
        ErrorKind::NoEquals => format!("{argument} 与取值之间须写等号"),
        ErrorKind::InvalidUtf8 => "参数不是 UTF-8 文本".to_owned(),
        // Kinds that a later version of the parser may know, and help and version, which are no mistakes.
        _ => Wording::quoted(error.kind().as_str().unwrap_or("usage")).zh,
    }
}

/// What our reader of the value said, or the parser's own.
fn complaint(error: &clap::Error) -> String {
    match error.source() {
        Some(source) => match source.downcast_ref::<BadValue>() {
            Some(BadValue(wording)) => wording.zh.clone(),
            None => Wording::quoted(source.to_string()).zh,
        },
        None => "无法读取".to_owned(),
    }
}

fn choices(error: &clap::Error) -> String {
    named(error, ContextKind::ValidValue).map_or_else(String::new, |known| format!("；可用 {known}"))
}

/// The names or values of a kind that the error has, with commas between them.
fn named(error: &clap::Error, kind: ContextKind) -> Option<String> {
    let text = match error.get(kind)? {
        ContextValue::String(one) => one.clone(),
        ContextValue::Strings(several) => several.join("、"),
        ContextValue::StyledStr(one) => one.to_string(),
        ContextValue::StyledStrs(several) => {
            several.iter().map(ToString::to_string).collect::<Vec<_>>().join("、")
        }
        ContextValue::Number(number) => number.to_string(),
        // Nothing, yes or no, and what a later version may hold name nothing.
        _ => return None,
    };
    Some(text).filter(|text| !text.is_empty())
}

fn usage_line(en: &str) -> Option<&str> {
    en.lines().find_map(|line| line.trim().strip_prefix("Usage: "))
}
