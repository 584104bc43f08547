//! `strategy`: versions of a strategy, compared in words and on today's portfolio.

use dunlin_domain::wording;
use std::path::Path;

use dunlin_domain::contact::Language;
use dunlin_engine::policy::{PolicyDocument, PolicyKind, StrategyDocument, cost_ceiling_default, parse};
use dunlin_engine::strategy_diff::{BothTexts, StrategyDiff};
use dunlin_engine::{Engine, EngineError};
use serde_json::{Value, json};

use crate::answer::Answer;
use crate::args::people;
use crate::failure::{Failure, exit_of_io};
use crate::screen::{counted, lines_of, table};
use crate::session::Session;

/// `strategy`.
///
/// # Errors
/// A version that is not there; a file with complaints; what the database says.
pub fn run(session: &Session, command: &people::Strategy) -> Result<Answer, Failure> {
    match command {
        people::Strategy::Diff(args) => diff(session, args),
    }
}

fn diff(session: &Session, args: &people::StrategyDiff) -> Result<Answer, Failure> {
    let engine = session.open()?;
    let (before, after) = (version(&engine, &args.before)?, version(&engine, &args.after)?);
    let on = match args.on {
        Some(on) => on,
        None => match engine.last_closed_day()? {
            Some(last) => last.0,
            None => session.now().date_in(engine.zone()),
        },
    };
    let diff = engine.strategy_diff(&before, &after, on, args.list)?;
    Ok(Answer::new(text_of(&diff, session.language), json_of(&diff)))
}

/// A version in the database by its name, or one in a file.
fn version(engine: &Engine, name: &str) -> Result<StrategyDocument, Failure> {
    if !Path::new(name).is_file() {
        let is_path = name.contains(['/', '\\']) || name.ends_with(".csv") || name.ends_with(".toml");
        if is_path {
            let complaint = wording!(
                "没有文件 {name}；请写文件名，或以 NAME@VERSION 指定策略",
                "there is no file {name}; name a file, or a strategy as NAME@VERSION"
            );
            return Err(Failure::refused("not_found", complaint));
        }
        return Ok(engine.strategy_named(name)?);
    }
    let text = std::fs::read_to_string(name).map_err(|error| Failure {
        code: "policy",
        message: wording!(
            "无法读取 {name}：{error}；请存为 UTF-8",
            "cannot read {name}: {error}; save it as UTF-8"
        ),
        exit: exit_of_io(&error),
    })?;
    match parse(PolicyKind::Strategy, name, &text, cost_ceiling_default()).map_err(EngineError::Policy)? {
        PolicyDocument::Strategy(document) => Ok(document),
        _ => Err(Failure::refused(
            "policy_kind",
            wording!("{name}：该文件不是策略", "{name}: the document is no strategy"),
        )),
    }
}

fn pick(texts: &BothTexts, language: Language) -> &str {
    match language {
        Language::Zh => &texts.0,
        Language::En => &texts.1,
    }
}

fn text_of(diff: &StrategyDiff, language: Language) -> String {
    let different: u64 = diff.cells.iter().map(|cell| cell.count).sum();
    let (before, after, on) = (&diff.before, &diff.after, diff.on);
    let mut lines = vec![match language {
        Language::Zh => format!("{before} → {after}：{}处不同", diff.changes.len()),
        Language::En => {
            format!("{before} → {after}: {}", counted(diff.changes.len() as u64, "difference"))
        }
    }];
    lines.extend(diff.changes.iter().map(|change| format!("  {}", pick(change, language))));
    lines.push(match language {
        Language::Zh => {
            format!("按{on}的资产试算：{}个合约中{different}个会得到不同对待", diff.asked_count)
        }
        Language::En => format!(
            "on the portfolio of {on}: {different} of {} would be treated differently",
            counted(diff.asked_count, "agreement")
        ),
    });
    if !diff.cells.is_empty() {
        let mut rows = table(
            &match language {
                Language::Zh => ["产品", "逾期阶段", "合约数", "表格行", "原处置", "新处置"],
                Language::En => ["product", "bucket", "count", "rows", "before", "after"],
            },
            &[2],
        );
        for cell in &diff.cells {
            rows.add_row([
                cell.product.clone(),
                cell.bucket.clone(),
                cell.count.to_string(),
                format!("{} → {}", cell.rows.0, cell.rows.1),
                pick(&cell.before, language).to_owned(),
                pick(&cell.after, language).to_owned(),
            ]);
        }
        lines.push(lines_of(&rows));
    }
    for line in &diff.list {
        let (balance, currency) = (line.balance, line.balance.currency());
        let days = match language {
            Language::Zh => format!("{}天", line.days_past_due),
            Language::En => format!("{} days", line.days_past_due),
        };
        let stands = format!("{} {}, {days}, {balance} {currency}", line.product, line.bucket);
        lines.push(format!(
            "{} ({stands}, {}): {} → {}",
            line.agreement,
            line.segment,
            pick(&line.before, language),
            pick(&line.after, language)
        ));
    }
    lines.join("\n")
}

fn json_of(diff: &StrategyDiff) -> Value {
    let both = |texts: &BothTexts| json!({ "zh": texts.0, "en": texts.1 });
    let cells = diff.cells.iter().map(|cell| {
        json!({
            "product": cell.product,
            "bucket": cell.bucket,
            "row_before": cell.rows.0,
            "row_after": cell.rows.1,
            "before": both(&cell.before),
            "after": both(&cell.after),
            "agreements": cell.count,
        })
    });
    let list = diff.list.iter().map(|line| {
        json!({
            "agreement": line.agreement,
            "product": line.product,
            "bucket": line.bucket,
            "days_past_due": line.days_past_due,
            "balance": line.balance.to_string(),
            "segment": line.segment,
            "row_before": line.rows.0,
            "row_after": line.rows.1,
            "before": both(&line.before),
            "after": both(&line.after),
        })
    });
    json!({
        "before": diff.before,
        "after": diff.after,
        "changes": diff.changes.iter().map(both).collect::<Vec<_>>(),
        "on": diff.on.to_string(),
        "agreements_asked": diff.asked_count,
        "agreements_different": diff.cells.iter().map(|cell| cell.count).sum::<u64>(),
        "cells": cells.collect::<Vec<_>>(),
        "list": list.collect::<Vec<_>>(),
    })
}
