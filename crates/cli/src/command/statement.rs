//! `statement`: one statement in any form, the list of an agreement's, and all of a cut-off as files.

use dunlin_domain::wording;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use dunlin_domain::contact::Language;
use dunlin_engine::statement_document::{Knowledge, StatementDocument};
use dunlin_engine::statements::{self, AddressedStatement, StatementFormat};
use serde_json::{Value, json};

use crate::answer::Answer;
use crate::args::{Common, Statement, StatementBatch, StatementCommand, StatementList};
use crate::failure::Failure;
use crate::progress::Meter;
use crate::screen::{counted, decimal, lines_of, table};
use crate::session::Session;

/// `statement`.
///
/// # Errors
/// An unknown agreement, a day without a statement; a file that cannot be written; what the database says.
pub fn run(session: &Session, args: &Statement, common: &Common) -> Result<Answer, Failure> {
    match &args.command {
        Some(StatementCommand::List(args)) => list(session, args),
        Some(StatementCommand::Batch(args)) => batch(session, args, common),
        None => one(session, args, common),
    }
}

fn knowledge(as_known_now: bool) -> Knowledge {
    if as_known_now { Knowledge::Now } else { Knowledge::AtCutOff }
}

fn one(session: &Session, args: &Statement, common: &Common) -> Result<Answer, Failure> {
    let named = args.out.as_deref().and_then(Path::extension).and_then(OsStr::to_str);
    let by_name = named.and_then(|end| StatementFormat::ALL.into_iter().find(|form| form.extension() == end));
    let format = args.format.or(by_name).unwrap_or(StatementFormat::Text);
    if format == StatementFormat::Pdf && args.out.is_none() {
        let message = wording!(
            "PDF 不能输出到终端；请用 --out FILE 指定文件",
            "a PDF is no text for a terminal; name a file with --out FILE"
        );
        return Err(Failure::refused("usage", message));
    }
    let agreement = args.agreement.as_deref().unwrap_or_default();
    let engine = session.open()?;
    let statement = engine.statement(
        agreement,
        args.cut_off,
        knowledge(args.as_known_now),
        common.lang,
        session.now(),
    )?;
    let Some(file) = &args.out else {
        let fields = statements::statement_json(&statement);
        let written = engine.write_statement(&statement, format, None)?;
        let text = String::from_utf8_lossy(&written.bytes).trim_end().to_owned();
        return Ok(Answer::new(text, fields));
    };
    let written = engine.write_statement(&statement, format, None)?;
    write_whole("statement_file", file, &written.bytes)?;
    Ok(written_answer(&statement, format, file, &written.missing))
}

fn written_answer(
    statement: &AddressedStatement,
    format: StatementFormat,
    file: &Path,
    missing: &[char],
) -> Answer {
    let document = &statement.document;
    let mut text = format!(
        "wrote the statement of {} of {} to {}",
        document.cut_off_on,
        document.agreement,
        file.display()
    );
    if !missing.is_empty() {
        let letters: String = missing.iter().collect();
        text.push_str(&format!(
            "\nthe font lacks {letters}; name one that has them in dunlin.toml as font = \"…\" under [statement]"
        ));
    }
    let json = json!({
        "agreement": document.agreement,
        "cut_off": document.cut_off_on.to_string(),
        "format": format.code(),
        "language": statement.addressee.language.code(),
        "file": file.display().to_string(),
        "missing_letters": missing.iter().collect::<String>(),
    });
    Answer::new(text, json)
}

/// Writes under another name first, so that a file under this name is whole.
///
/// # Errors
/// With `code`, a file that cannot be written.
pub(super) fn write_whole(code: &'static str, file: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let mut partial = file.as_os_str().to_owned();
    partial.push(".partial");
    let partial = PathBuf::from(partial);
    let write = || -> io::Result<()> {
        let mut output = File::create(&partial)?;
        output.write_all(bytes)?;
        output.sync_all()?;
        fs::rename(&partial, file)
    };
    write().map_err(|error| {
        // Best effort: nobody reads a file of that name.
        let _best_effort = fs::remove_file(&partial);
        let place = file.display();
        Failure::environment(
            code,
            wording!(
                "无法写入 {place}：{error}；请检查所在文件夹和磁盘",
                "cannot write {place}: {error}; check its folder and the disk"
            ),
        )
    })
}

fn list(session: &Session, args: &StatementList) -> Result<Answer, Failure> {
    let known = knowledge(args.as_known_now);
    let documents = session.open()?.statements(&args.agreement, known, session.now())?;
    let fields = json!({
        "agreement": args.agreement,
        "knowledge": knowledge(args.as_known_now).code(),
        "statements": documents.iter().map(line_json).collect::<Vec<_>>(),
    });
    if documents.is_empty() {
        let text = match session.language {
            Language::Zh => format!("{} 还没有账单", args.agreement),
            Language::En => format!("{} has no statements yet", args.agreement),
        };
        return Ok(Answer::new(text, fields));
    }
    let header = match session.language {
        Language::Zh => {
            ["账单日", "到期还款日", "上期余额", "更正", "增加", "减少", "本期余额", "最低还款额", "逾期"]
        }
        Language::En => [
            "cut-off",
            "due",
            "previous",
            "corrections",
            "debits",
            "credits",
            "new balance",
            "minimum",
            "overdue",
        ],
    };
    let mut rows = table(&header, &[2, 3, 4, 5, 6, 7, 8]);
    for document in &documents {
        rows.add_row(line(document)?);
    }
    Ok(Answer::new(lines_of(&rows), fields))
}

fn line(document: &StatementDocument) -> Result<Vec<String>, Failure> {
    let digits = document.currency.minor_digits();
    let shown = |minor: i64| decimal(i128::from(minor), digits);
    let balance = &document.balance;
    let money = |error| Failure::from(dunlin_engine::EngineError::Money(error));
    let corrections = balance.corrections().effect().map_err(money)?;
    let debits = balance.movements().total(false).map_err(money)?;
    let credits = balance.movements().total(true).map_err(money)?;
    let or_dash = |text: Option<String>| text.unwrap_or_else(|| "–".to_owned());
    Ok(vec![
        document.cut_off_on.to_string(),
        or_dash(document.due_on.map(|due_on| due_on.to_string())),
        shown(balance.previous().minor()),
        shown(corrections.minor()),
        shown(debits.minor()),
        shown(credits.minor()),
        shown(balance.new_balance().minor()),
        or_dash(document.minimum.map(|minimum| shown(minimum.minimum.minor()))),
        or_dash(document.overdue.map(|overdue| shown(overdue.amount.minor()))),
    ])
}

fn line_json(document: &StatementDocument) -> Value {
    let whole = dunlin_engine::statement_document::json(document);
    let kept = [
        "kind",
        "from",
        "cut_off",
        "due_on",
        "currency",
        "previous_balance",
        "corrections",
        "movements",
        "new_balance",
        "minimum_payment",
        "pay_at_least",
        "overdue",
        "credit",
    ];
    Value::Object(kept.iter().map(|name| ((*name).to_owned(), whole[*name].clone())).collect())
}

fn batch(session: &Session, args: &StatementBatch, common: &Common) -> Result<Answer, Failure> {
    let engine = session.open()?;
    let batch = statements::StatementBatch {
        cut_off_on: args.cut_off,
        folder: args.out.clone(),
        format: args.format,
        language: common.lang,
        knowledge: knowledge(args.as_known_now),
    };
    let meter = Meter::endless("writing statements", "agreements");
    let report = engine.write_statements(&batch, session.now(), &mut |done| meter.reached(done))?;
    drop(meter);
    let mut text = format!(
        "wrote {} and index.csv to {}; {} of that cycle had none",
        counted(report.written, "statement"),
        args.out.display(),
        counted(report.without, "agreement")
    );
    if report.with_missing_letters > 0 {
        text.push_str(&format!(
            "\nthe font lacks letters of {}; index.csv names them",
            counted(report.with_missing_letters, "statement")
        ));
    }
    for failure in &report.failed {
        text.push_str(&format!("\n{}: {}", failure.agreement, failure.problem));
    }
    let json = json!({
        "cut_off": args.cut_off.to_string(),
        "format": args.format.code(),
        "folder": args.out.display().to_string(),
        "statements": report.written,
        "without": report.without,
        "with_missing_letters": report.with_missing_letters,
        "failed": report.failed.iter().map(|line| json!({ "agreement": line.agreement, "problem": line.problem }))
            .collect::<Vec<_>>(),
    });
    Ok(Answer::new(text, json).found_if(!report.failed.is_empty()))
}
