//! `import`, `export`, `generate`, `adapt-uci`: portfolio folders in and out.

use std::path::{Path, PathBuf};

use dunlin_domain::contact::Language;
use dunlin_engine::import::{CorrectedNames, ImportOptions, ImportProgress, ImportReport};
use dunlin_engine::portfolio::PortfolioError;
use dunlin_lab::{generate as lab_generate, uci};
use serde_json::{Value, json};

use crate::answer::Answer;
use crate::args::{AdaptUci, Export, Generate, Import};
use crate::clock::random_key;
use crate::command::contact_bulk;
use crate::failure::Failure;
use crate::progress::Meter;
use crate::screen::{counted, grouped, lines_of, table};
use crate::session::Session;

/// `import`.
///
/// # Errors
/// A file that cannot be read, with the place and the remedy; nothing is imported then.
pub fn import(session: &Session, args: &Import) -> Result<Answer, Failure> {
    let engine = session.open_or_create()?;
    let options = ImportOptions {
        folder: args.folder.clone(),
        encoding: args.encoding,
        rejects_file: args.rejects.clone().unwrap_or_else(|| rejects_of(&args.folder)),
    };
    let meter = Meter::of_bytes("importing");
    let mut progress = |at: ImportProgress| {
        meter.title(format!("{}: {} rows", at.table.stem(), grouped(at.rows)));
        meter.at(at.bytes_read, at.bytes_total);
    };
    let report = match args.preview {
        true => engine.import_preview(&options, session.now(), &mut random_key, &mut progress)?,
        false => engine.import(&options, session.now(), &mut random_key, &mut progress)?,
    };
    drop(meter);
    let is_found = args.strict && report.rejected() > 0;
    let text = import_text(session, args, &report);
    Ok(Answer::new(text, import_json(&report)).found_if(is_found))
}

/// Beside the folder, under its name; `.` and `..` have none of their own.
fn rejects_of(folder: &Path) -> PathBuf {
    let named = match folder.file_name() {
        Some(_) => folder.to_owned(),
        None => folder.canonicalize().unwrap_or_else(|_| folder.to_owned()),
    };
    let mut name = named.file_name().unwrap_or(std::ffi::OsStr::new("portfolio")).to_owned();
    name.push(".rejects.csv");
    named.with_file_name(name)
}

fn import_text(session: &Session, args: &Import, report: &ImportReport) -> String {
    let language = session.language;
    let head = match language {
        Language::Zh => ["表", "行数", "新增", "变更", "未变", "拒收"],
        Language::En => ["table", "rows", "added", "changed", "unchanged", "rejected"],
    };
    let mut rows = table(&head, &[1, 2, 3, 4, 5]);
    for part in &report.tables {
        rows.add_row([
            part.table.stem().to_owned(),
            grouped(part.rows),
            grouped(part.added),
            grouped(part.changed),
            grouped(part.unchanged),
            grouped(part.rejected),
        ]);
    }
    let done = match (args.preview, language) {
        (true, Language::Zh) => "未作任何改动；导入后将会是：",
        (false, Language::Zh) => "已导入",
        (true, Language::En) => "nothing is changed; this is what it would do:",
        (false, Language::En) => "imported",
    };
    let mut text = format!("{done} {}\n{}", args.folder.display(), lines_of(&rows));
    if let Some(contact) = &report.contact {
        text += &contact_bulk::import_words(contact, args.preview, session.language);
    }
    if let Some(opt_outs) = &report.opt_outs {
        text += &contact_bulk::opt_out_words(opt_outs, args.preview, session.language);
    }
    text += &names_words(report.names, session.language);
    text += &points_words(report.point_corrections_kept, session.language);
    if let Some(file) = &report.rejects_file {
        let (file, rejected) = (file.display(), report.rejected());
        text += &match language {
            Language::Zh => {
                format!("\n拒收 {} 行，其余已导入；请按 {file} 所列改正后，再导入改正的行", grouped(rejected))
            }
            Language::En => format!(
                "\n{} rejected, the rest is taken; correct what {file} names and import the corrected rows",
                counted(rejected, "row")
            ),
        };
    } else if report.contact.is_none() && report.tables.iter().all(|part| part.added + part.changed == 0) {
        text += language.pick("\n内容均已导入过，没有变化", "\nall of it was known already; nothing changed");
    }
    text
}

/// What is said of names that people had corrected; nothing where there was none.
fn names_words(names: CorrectedNames, language: Language) -> String {
    let CorrectedNames { kept, replaced } = names;
    let mut words = String::new();
    if kept > 0 {
        words += &match language {
            Language::Zh => format!("\n{kept}位客户的姓名经人工更正，文件仍为更正前的旧名，保留更正"),
            Language::En => format!(
                "\n{}: the name was corrected by hand, the file still has the one before; the correction stays",
                counted(kept, "customer")
            ),
        };
    }
    if replaced > 0 {
        words += &match language {
            Language::Zh => format!("\n{replaced}位客户的人工更正姓名已被文件中的新姓名取代，请核对"),
            Language::En => format!(
                "\n{}: a name corrected by hand was replaced by a new one of the file; look at it",
                counted(replaced, "customer")
            ),
        };
    }
    words
}

/// What is said of numbers and addresses that stay as they were corrected by hand; nothing where there was none.
fn points_words(kept: u64, language: Language) -> String {
    match (kept, language) {
        (0, _) => String::new(),
        (_, Language::Zh) => format!("\n{kept}个联系方式经人工更正，文件仍为更正前的旧值，保留更正"),
        (_, Language::En) => format!(
            "\n{}: the value was corrected by hand, the file still has the one before; the correction stays",
            counted(kept, "contact point")
        ),
    }
}

fn import_json(report: &ImportReport) -> Value {
    let tables: Vec<Value> = report
        .tables
        .iter()
        .map(|part| {
            json!({
                "table": part.table.stem(),
                "rows": part.rows,
                "added": part.added,
                "changed": part.changed,
                "unchanged": part.unchanged,
                "rejected": part.rejected,
            })
        })
        .collect();
    let mut json = json!({
        "tables": tables,
        "rejected": report.rejected(),
        "rejects_file": report.rejects_file.as_ref().map(|file| file.display().to_string()),
    });
    if report.names != CorrectedNames::default() {
        json["names"] =
            json!({ "corrections_kept": report.names.kept, "corrections_replaced": report.names.replaced });
    }
    if report.point_corrections_kept > 0 {
        json["contact_points"] = json!({ "corrections_kept": report.point_corrections_kept });
    }
    if let Some(contact) = &report.contact {
        json["contact"] = contact_bulk::import_json(contact);
    }
    if let Some(opt_outs) = &report.opt_outs {
        json["opt_outs"] = contact_bulk::opt_out_json(opt_outs);
    }
    json
}

/// `export`.
///
/// # Errors
/// A folder that has a table already, or cannot be written; what the database says.
pub fn export(session: &Session, args: &Export) -> Result<Answer, Failure> {
    let engine = session.open()?;
    let meter = Meter::endless("exporting", "agreements");
    let report = engine.export(&args.folder, args.format, &|done| meter.reached(done))?;
    drop(meter);
    let language = session.language;
    let mut rows = table(&[language.pick("表", "table"), language.pick("行数", "rows")], &[1]);
    for (table, count) in report.tables.iter().filter(|(_, count)| *count > 0) {
        rows.add_row([table.stem().to_owned(), grouped(*count)]);
    }
    let done = language.pick("已导出到", "exported to");
    let mut text = format!("{done} {}\n{}", args.folder.display(), lines_of(&rows));
    let left_out = [
        (report.withdrawn, "fact", "条记录未导出：已被更正取代", "corrections took their place"),
        (report.waivers, "waiver", "笔减免未导出：该格式没有对应的表", "the format has no table for them"),
        (
            report.others,
            "fact",
            "条记录未导出：该格式没有后续费用、计划变更等的表",
            "the format has no table for later charges, plan changes and the like",
        ),
    ];
    for (count, noun, zh, en) in left_out.into_iter().filter(|(count, ..)| *count > 0) {
        text += &match language {
            Language::Zh => format!("\n{} {zh}", grouped(count)),
            Language::En => format!("\n{} left out: {en}", counted(count, noun)),
        };
    }
    let tables: Vec<Value> =
        report.tables.iter().map(|(table, count)| json!({ "table": table.stem(), "rows": count })).collect();
    let json = json!({
        "folder": args.folder.display().to_string(),
        "format": args.format.extension(),
        "tables": tables,
        "withdrawn": report.withdrawn,
        "waivers": report.waivers,
        "others": report.others,
    });
    Ok(Answer::new(text, json))
}

/// `generate`.
///
/// # Errors
/// A folder that has a table already, or cannot be written.
pub fn generate(session: &Session, args: &Generate) -> Result<Answer, Failure> {
    let mut config = lab_generate::Config::new(args.seed, args.customers, args.from, args.days);
    config.overdue_share = args.overdue_share;
    let meter = Meter::counted("generating", "customers");
    lab_generate::write_folder(&config, &args.folder, args.format, &mut |done, total| meter.at(done, total))?;
    drop(meter);
    let (folder, start, end, seed) = (args.folder.display(), config.start, config.end(), args.seed);
    let text = match session.language {
        Language::Zh => format!(
            "已在 {folder} 生成 {} 位客户的资产组合，日期从 {start} 至 {end}；种子 {seed} 相同则结果相同",
            grouped(args.customers)
        ),
        Language::En => format!(
            "wrote {} into {folder}, dated {start} to {end}; the same seed {seed} gives the same portfolio",
            counted(args.customers, "customer"),
        ),
    };
    let json = json!({
        "folder": args.folder.display().to_string(),
        "format": args.format.extension(),
        "customers": args.customers,
        "seed": args.seed,
        "from": config.start.to_string(),
        "through": config.end().to_string(),
    });
    Ok(Answer::new(text, json))
}

/// `adapt-uci`.
///
/// # Errors
/// A file that is not the published one; a folder that has a table already, or cannot be written.
pub fn adapt_uci(session: &Session, args: &AdaptUci) -> Result<Answer, Failure> {
    let meter = Meter::of_bytes("adapting");
    let adapted = uci::adapt(&args.file, &args.folder, &mut |done, total| meter.at(done, total));
    drop(meter);
    let summary = adapted.map_err(uci_failure)?;
    let folder = args.folder.display();
    let payments = summary.payment_count + summary.credit_count;
    let text = match session.language {
        Language::Zh => format!(
            "已写入 {folder}：{} 位客户、{} 笔消费、{} 笔还款、{} 笔退款",
            grouped(summary.customer_count),
            grouped(summary.purchase_count),
            grouped(payments),
            grouped(summary.refund_count),
        ),
        Language::En => format!(
            "wrote {}, {}, {} and {} into {folder}",
            counted(summary.customer_count, "customer"),
            counted(summary.purchase_count, "purchase"),
            counted(payments, "payment"),
            counted(summary.refund_count, "refund"),
        ),
    };
    let json = json!({
        "folder": args.folder.display().to_string(),
        "customers": summary.customer_count,
        "purchases": summary.purchase_count,
        "payments": summary.payment_count,
        "refunds": summary.refund_count,
        "credits": summary.credit_count,
        "purchased_minor": summary.purchased_minor,
        "paid_minor": summary.paid_minor,
        "refunded_minor": summary.refunded_minor,
        "credited_minor": summary.credited_minor,
    });
    Ok(Answer::new(text, json))
}

fn uci_failure(error: uci::UciError) -> Failure {
    match error {
        uci::UciError::Portfolio(error @ PortfolioError::Io { .. }) => error.into(),
        other => Failure::refused("uci", other.wording()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rejects_lie_beside_the_folder_under_its_name() {
        let check = |folder: &str, file: &str| assert_eq!(rejects_of(Path::new(folder)), Path::new(file));
        check("/no/such/may", "/no/such/may.rejects.csv");
        check("/no/such/may/", "/no/such/may.rejects.csv");
        check("may", "may.rejects.csv");
        check("feeds/../may", "feeds/../may.rejects.csv");
    }
}
