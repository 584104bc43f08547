//! `sale`: claims that go to a buyer, and the notice to each customer.

use dunlin_domain::wording;
use std::path::Path;

use dunlin_domain::contact::Language;
use dunlin_engine::losses::sale::{NewSale, NewSaleLine, Sale, SoldLine, lapses_at};
use dunlin_server::api::losses::SaleJson;
use serde_json::{Value, json};

use super::pay::value;
use crate::answer::Answer;
use crate::args::losses::{Sale as SaleCommand, SaleCreate, SaleFile};
use crate::failure::{Failure, exit_of_io};
use crate::screen::{counted, lines_of, table};
use crate::session::Session;

/// `sale`.
///
/// # Errors
/// What the engine refuses; a file that cannot be read or written; what the database says.
pub fn run(session: &Session, command: &SaleCommand) -> Result<Answer, Failure> {
    match command {
        SaleCommand::Create(args) => create(session, args),
        SaleCommand::Approve(decision) => {
            let engine = session.open()?;
            Ok(one(session, &engine.approve_sale(&decision.id, &decision.note, session.caller())?))
        }
        SaleCommand::Reject(decision) => {
            let engine = session.open()?;
            Ok(one(session, &engine.reject_sale(&decision.id, &decision.note, session.caller())?))
        }
        SaleCommand::List => Ok(list(session, &session.open()?.sales()?)),
        SaleCommand::Show(args) => Ok(one(session, &session.open()?.sale(&args.id)?)),
        SaleCommand::Notify(args) => {
            let (sale, planned) = session.open()?.notify_sale(&args.id, session.caller())?;
            let shown = one(session, &sale);
            let head = match session.language {
                Language::Zh => format!("新发 {planned} 份债权转让通知"),
                Language::En => format!("{} put into the outbox", counted(planned, "notice")),
            };
            let mut json = shown.json;
            json["planned"] = json!(planned);
            Ok(Answer::new(format!("{head}\n{}", shown.text), json))
        }
        SaleCommand::File(args) => file(session, args),
    }
}

fn create(session: &Session, args: &SaleCreate) -> Result<Answer, Failure> {
    let new = NewSale {
        reference: args.reference.clone(),
        buyer_zh: args.buyer.clone(),
        buyer_en: args.buyer_en.clone().unwrap_or_else(|| args.buyer.clone()),
        buyer_contact: args.contact.clone(),
        sold_on: args.on,
        note: args.note.clone(),
        lines: read_lines(&args.file)?,
    };
    Ok(one(session, &session.open()?.sell(&new, session.caller())?))
}

/// Reads what is sold: a CSV file with the columns agreement_id and price.
fn read_lines(path: &Path) -> Result<Vec<NewSaleLine>, Failure> {
    let place = path.display();
    let text = std::fs::read_to_string(path).map_err(|error| Failure {
        code: "sale",
        message: wording!(
            "无法读取 {place}：{error}；请检查文件名，并确认是 UTF-8",
            "cannot read {place}: {error}; check its name and that it is UTF-8"
        ),
        exit: exit_of_io(&error),
    })?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    let mut lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    let header = lines.next().map_or("", |(_, line)| line);
    let names: Vec<&str> = header.split(',').map(str::trim).collect();
    let column = |name: &str| {
        names.iter().position(|known| *known == name).ok_or_else(|| {
            Failure::refused(
                "sale",
                wording!(
                    "{place} 缺少列 {name}；现有列为 {}",
                    "{place} lacks the column {name}; it has {}",
                    names.join(", ")
                ),
            )
        })
    };
    let (agreement, price) = (column("agreement_id")?, column("price")?);
    let mut read = Vec::new();
    for (index, line) in lines {
        let cells: Vec<&str> = line.split(',').map(|cell| cell.trim().trim_matches('"')).collect();
        if cells.len() != names.len() {
            let complaint = wording!(
                "{place} 第 {} 行：有 {} 个单元格，而表头有 {} 个",
                "{place} line {}: has {} cells where the header has {}",
                index + 1,
                cells.len(),
                names.len()
            );
            return Err(Failure::refused("sale", complaint));
        }
        read.push(NewSaleLine { agreement: cells[agreement].to_owned(), price: cells[price].to_owned() });
    }
    Ok(read)
}

fn file(session: &Session, args: &SaleFile) -> Result<Answer, Failure> {
    let rows = session.open()?.write_sale_file(&args.id, &args.out, session.now())?;
    let place = args.out.display().to_string();
    let text = match session.language {
        Language::Zh => format!("已写入 {place}：{rows} 份合约"),
        Language::En => format!("wrote {} to {place}", counted(rows, "agreement")),
    };
    Ok(Answer::new(text, json!({ "file": place, "agreements": rows })))
}

fn one(session: &Session, sale: &Sale) -> Answer {
    let json = value(&SaleJson::new(sale));
    let (id, row) = (sale.id(), &sale.row);
    let head = match session.language {
        Language::Zh => {
            format!(
                "债权转让 {}（{id}）：受让人 {}，转让日 {}，{}",
                row.reference,
                row.buyer_zh,
                row.sold_on,
                state_words(sale, session)
            )
        }
        Language::En => {
            format!(
                "sale {} ({id}) to {} on {}: {}",
                row.reference,
                row.buyer_en,
                row.sold_on,
                state_words(sale, session)
            )
        }
    };
    let header = match session.language {
        Language::Zh => ["合约", "欠款", "价格", "状态", "通知", "通知时间"],
        Language::En => ["agreement", "owed", "price", "state", "notice", "since"],
    };
    let mut rows = table(&header, &[1, 2]);
    for SoldLine { loss, notice } in &sale.lines {
        rows.add_row([
            loss.agreement.clone(),
            loss.row.owed.to_string(),
            loss.row.price.to_string(),
            loss.row.state.clone(),
            notice.as_ref().map_or_else(|| "–".to_owned(), |notice| notice.state.to_string()),
            notice.as_ref().map_or_else(String::new, |notice| notice.state_at.to_string()),
        ]);
    }
    Answer::new(format!("{head}\n{}", lines_of(&rows)), json)
}

fn state_words(sale: &Sale, session: &Session) -> String {
    let until = lapses_at(sale).map_or_else(String::new, |at| at.to_string());
    match (session.language, sale.state()) {
        (Language::Zh, "pending") => {
            format!("超过单人权限，等待他人复核：dunlin sale approve {}（{until} 前有效）", sale.id())
        }
        (Language::En, "pending") => format!(
            "more than one person may do; a second one agrees with `dunlin sale approve {}` until {until}",
            sale.id()
        ),
        (Language::Zh, "rejected") => "已拒绝".to_owned(),
        (Language::Zh, "partly_recorded") => "部分完成，请重复同一命令".to_owned(),
        (Language::En, "partly_recorded") => "done in part; repeat the same command".to_owned(),
        (Language::Zh, _) => "已转让".to_owned(),
        (Language::En, "rejected") => "refused".to_owned(),
        (Language::En, _) => "sold".to_owned(),
    }
}

fn list(session: &Session, sales: &[Sale]) -> Answer {
    let documents: Vec<Value> = sales.iter().map(|sale| value(&SaleJson::new(sale))).collect();
    let json = json!({ "sales": documents });
    if sales.is_empty() {
        let text = match session.language {
            Language::Zh => "没有债权转让",
            Language::En => "no claim is sold",
        };
        return Answer::new(text, json);
    }
    let header = match session.language {
        Language::Zh => ["编号", "参考号", "受让人", "转让日", "合约数", "状态"],
        Language::En => ["id", "reference", "buyer", "on", "agreements", "state"],
    };
    let mut rows = table(&header, &[4]);
    for sale in sales {
        rows.add_row([
            sale.id(),
            sale.row.reference.clone(),
            sale.row.buyer_zh.clone(),
            sale.row.sold_on.to_string(),
            sale.lines.len().to_string(),
            sale.state().to_owned(),
        ]);
    }
    Answer::new(lines_of(&rows), json)
}
