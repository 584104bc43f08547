//! `ledger`: the trial balance and the journal.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};

use dunlin_domain::date::Date;
use dunlin_domain::money::Currency;
use dunlin_engine::EngineError;
use dunlin_engine::books::TrialBalanceLine;
use serde_json::{Value, json};

use crate::answer::Answer;
use crate::args::{Journal, Ledger, TrialBalance};
use crate::failure::Failure;
use crate::screen::{counted, decimal, lines_of, table};
use crate::session::Session;

/// `ledger`.
///
/// # Errors
/// What the database says; a file that cannot be written.
pub fn run(session: &Session, command: &Ledger) -> Result<Answer, Failure> {
    match command {
        Ledger::TrialBalance(args) => trial_balance(session, args),
        Ledger::Journal(args) => journal(session, args),
    }
}

fn trial_balance(session: &Session, args: &TrialBalance) -> Result<Answer, Failure> {
    let engine = session.open()?;
    let on = match args.on {
        Some(on) => on,
        None => engine.last_closed_day()?.ok_or(EngineError::NoDayYet)?.0,
    };
    let lines = engine.trial_balance(on)?;
    let mut totals: BTreeMap<Currency, (i128, i128)> = BTreeMap::new();
    let mut rows = table(&["currency", "product", "account", "debit", "credit", "balance"], &[3, 4, 5]);
    for line in &lines {
        let total = totals.entry(line.currency).or_default();
        total.0 += line.debit_minor;
        total.1 += line.credit_minor;
        rows.add_row(amounts_row(
            [line.currency.to_string(), line.product.clone(), line.account.to_string()],
            [line.debit_minor, line.credit_minor, line.balance_minor],
            line.currency,
        ));
    }
    for (currency, (debit, credit)) in &totals {
        let label = [currency.to_string(), String::new(), "all".to_owned()];
        rows.add_row(amounts_row(label, [*debit, *credit, debit - credit], *currency));
    }
    let is_balanced = totals.values().all(|(debit, credit)| debit == credit);
    let verdict = if is_balanced { "both sides are equal" } else { "the sides differ; run `dunlin verify`" };
    let text = match lines.is_empty() {
        true => format!("nothing was posted through {on}"),
        false => format!("trial balance at the end of {on}: {verdict}\n{}", lines_of(&rows)),
    };
    let json = json!({
        "on": on.to_string(),
        "is_balanced": is_balanced,
        "lines": lines.iter().map(line_json).collect::<Vec<_>>(),
    });
    Ok(Answer::new(text, json).found_if(!is_balanced))
}

fn amounts_row(label: [String; 3], amounts: [i128; 3], currency: Currency) -> Vec<String> {
    label.into_iter().chain(amounts.map(|minor| decimal(minor, currency.minor_digits()))).collect()
}

/// Sums are text: over a portfolio they may be larger than the numbers of JSON readers.
fn line_json(line: &TrialBalanceLine) -> Value {
    json!({
        "currency": line.currency.code(),
        "product": line.product,
        "account": line.account.code(),
        "debit_minor": line.debit_minor.to_string(),
        "credit_minor": line.credit_minor.to_string(),
        "balance_minor": line.balance_minor.to_string(),
    })
}

/// Writes under another name first, so that a file under this name is whole.
fn journal(session: &Session, args: &Journal) -> Result<Answer, Failure> {
    let engine = session.open()?;
    let (from, through) = (args.from.unwrap_or(Date::from_days(0)), args.through.unwrap_or(Date::NEVER));
    let partial = partial_of(&args.file);
    let trouble = |error: std::io::Error| {
        let place = args.file.display();
        Failure::environment(
            "journal",
            format!("cannot write {place}: {error}; check its folder and the disk"),
        )
    };
    let written = File::create(&partial).map_err(trouble).and_then(|file| {
        let mut output = BufWriter::new(file);
        let count = engine.export_journal(&mut output, from, through)?;
        output.flush().and_then(|()| output.get_ref().sync_all()).map_err(trouble)?;
        fs::rename(&partial, &args.file).map_err(trouble)?;
        Ok(count)
    });
    let count = match written {
        Ok(count) => count,
        Err(failure) => {
            // Best effort: nobody reads a file of that name.
            let _best_effort = fs::remove_file(&partial);
            return Err(failure);
        }
    };
    let text = format!("wrote {} to {}", counted(count, "posting"), args.file.display());
    Ok(Answer::new(text, json!({ "file": args.file.display().to_string(), "postings": count })))
}

fn partial_of(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".partial");
    PathBuf::from(name)
}
