//! ISO 20022 camt.053, the bank's statement: read element by element, whatever its version (.001.02 to .001.13 and their
//! namespaces name the same things), in memory that does not depend on the size of the file.
//!
//! A DTD, an entity of the file's own and an encoding other than UTF-8 are refused: none of them is part of the format,
//! and the first two are how small files grow into large ones.

use dunlin_domain::wording;
use std::io::{BufRead, ErrorKind};

use dunlin_domain::date::Date;
use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use super::{Balance, BankEntry, Direction, FileError, Item, Visit};

/// Bytes that one tag or text may have: names and remittance texts are far shorter.
const EVENT_BYTE_COUNT_MAX: usize = 1 << 20;
/// How deep elements may be nested; the format itself stays below twenty.
const DEPTH_MAX: usize = 64;
/// Transactions that one entry may be made of.
const DETAIL_COUNT_MAX: usize = 50_000;

/// Reads a statement file and hands over what it holds, in its order.
///
/// # Errors
/// A file that is not well formed or not a camt.053, by line; and what `visit` says.
pub fn read(input: impl BufRead, visit: Visit<'_>) -> Result<(), FileError> {
    let mut reader = Reader::from_reader(Metered { inner: input, left: EVENT_BYTE_COUNT_MAX, line: 1 });
    let mut buffer = Vec::new();
    let mut walk = Walk::default();
    let mut is_first = true;
    loop {
        buffer.clear();
        reader.get_mut().left = EVENT_BYTE_COUNT_MAX;
        let event = reader.read_event_into(&mut buffer);
        let line = reader.get_ref().line;
        let event = event.map_err(|error| xml_error(line, &error))?;
        let at_line = |error: FileError| error.at(line);
        match event {
            Event::Decl(declaration) => check_encoding(&declaration, line)?,
            Event::DocType(_) => {
                return Err(FileError::new(
                    "xml_dtd",
                    line,
                    wording!(
                        "文件含有文档类型声明（DTD），银行对账单不会有；未读取",
                        "the file has a document type (DTD), which a bank statement never has; it is not read"
                    ),
                ));
            }
            Event::Start(start) => walk.start(&start, line)?,
            Event::Empty(start) => {
                walk.start(&start, line)?;
                walk.end(visit).map_err(at_line)?;
            }
            Event::Text(text) => walk.text(&text.xml10_content(), line)?,
            Event::CData(text) => walk.text(&text.xml10_content(), line)?,
            Event::GeneralRef(reference) => {
                let resolved = match reference.resolve_char_ref().map_err(|error| xml_error(line, &error))? {
                    Some(letter) => letter.to_string(),
                    None => named_letter(&reference.xml10_content(), line)?.to_owned(),
                };
                walk.text(&resolved, line)?;
            }
            Event::End(_) => walk.end(visit).map_err(at_line)?,
            Event::Comment(_) | Event::PI(_) => {}
            Event::Eof => break,
        }
        is_first = false;
    }
    if is_first || !walk.path.is_empty() {
        return Err(FileError::new(
            "xml",
            reader.get_ref().line,
            wording!(
                "文件不完整；请向银行重新索取",
                "the file ends in the middle; ask the bank for it again"
            ),
        ));
    }
    if !walk.saw_statement {
        return Err(FileError::new(
            "not_camt053",
            reader.get_ref().line,
            wording!(
                "文件中没有 BkToCstmrStmt/Stmt；可读取 camt.053 和 CSV",
                "there is no BkToCstmrStmt/Stmt in the file; camt.053 is read, and CSV"
            ),
        ));
    }
    Ok(())
}

fn xml_error(line: u64, error: &quick_xml::Error) -> FileError {
    match error {
        quick_xml::Error::Io(source) if source.kind() == ErrorKind::FileTooLarge => FileError::new(
            "xml_size",
            line,
            wording!(
                "有一个标签或文本超过 1 MB；未读取",
                "one tag or text has more than a megabyte; it is not read"
            ),
        ),
        quick_xml::Error::Io(source) if source.kind() != ErrorKind::InvalidData => FileError::new(
            "bank_file",
            line,
            wording!("无法读取文件：{source}", "the file cannot be read: {source}"),
        ),
        quick_xml::Error::Encoding(_) | quick_xml::Error::Io(_) => FileError::new(
            "encoding",
            line,
            wording!(
                "文件不是 UTF-8；请转码，或请银行提供 UTF-8 文件",
                "the file is not UTF-8; convert it, or ask the bank for UTF-8"
            ),
        ),
        other => FileError::new(
            "xml",
            line,
            wording!("文件不是格式正确的 XML：{other}", "the file is not well-formed XML: {other}"),
        ),
    }
}

fn check_encoding(declaration: &quick_xml::events::BytesDecl<'_>, line: u64) -> Result<(), FileError> {
    let Some(Ok(encoding)) = declaration.encoding() else { return Ok(()) };
    if encoding.eq_ignore_ascii_case("utf-8") || encoding.eq_ignore_ascii_case("us-ascii") {
        return Ok(());
    }
    let complaint = wording!(
        "文件标明编码为 {encoding}；请转成 UTF-8，或请银行提供 UTF-8 文件",
        "the file says it is {encoding}; convert it to UTF-8, or ask the bank for that"
    );
    Err(FileError::new("encoding", line, complaint))
}

fn named_letter(name: &str, line: u64) -> Result<&'static str, FileError> {
    match name {
        "lt" => Ok("<"),
        "gt" => Ok(">"),
        "amp" => Ok("&"),
        "apos" => Ok("'"),
        "quot" => Ok("\""),
        other => Err(FileError::new(
            "xml_entity",
            line,
            wording!(
                "实体 &{other}; 不是 XML 自带的；未读取",
                "the entity &{other}; is not one of XML's own; it is not read"
            ),
        )),
    }
}

/// Counts lines, and lets no single tag or text fill the memory.
struct Metered<R> {
    inner: R,
    left: usize,
    line: u64,
}

impl<R: BufRead> std::io::Read for Metered<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let available = self.fill_buf()?;
        let count = available.len().min(buffer.len());
        buffer[..count].copy_from_slice(&available[..count]);
        self.consume(count);
        Ok(count)
    }
}

impl<R: BufRead> BufRead for Metered<R> {
    fn fill_buf(&mut self) -> std::io::Result<&[u8]> {
        if self.left == 0 {
            return Err(std::io::Error::from(ErrorKind::FileTooLarge));
        }
        let available = self.inner.fill_buf()?;
        Ok(&available[..available.len().min(self.left)])
    }

    fn consume(&mut self, count: usize) {
        if let Ok(available) = self.inner.fill_buf() {
            let seen = &available[..count.min(available.len())];
            self.line += seen.iter().filter(|byte| **byte == b'\n').count() as u64;
        }
        self.left -= count.min(self.left);
        self.inner.consume(count);
    }
}

/// What is known of a transaction, or of an entry that has no transactions of its own.
#[derive(Clone, Default)]
struct Detail {
    amount: Option<(String, String)>,
    direction: Option<Direction>,
    is_return: bool,
    return_reason: String,
    end_to_end_id: Option<String>,
    servicer_reference: Option<String>,
    transaction_id: Option<String>,
    structured: Option<String>,
    unstructured: String,
}

#[derive(Default)]
struct Entry {
    common: Detail,
    is_reversal: bool,
    status: String,
    entry_reference: Option<String>,
    booked_on: Option<Date>,
    value_on: Option<Date>,
    details: Vec<Detail>,
}

/// The place in the tree, and what was gathered there.
#[derive(Default)]
struct Walk {
    path: Vec<String>,
    text: String,
    currency: String,
    saw_statement: bool,
    is_statement_told: bool,
    account: String,
    statement_id: String,
    account_currency: String,
    balance: Option<(String, String, String, Direction)>,
    entry: Option<Entry>,
    detail: Option<Detail>,
}

/// The place of a statement's children in the tree: Document/BkToCstmrStmt/Stmt.
const STATEMENT_DEPTH: usize = 3;

impl Walk {
    fn start(&mut self, start: &BytesStart<'_>, line: u64) -> Result<(), FileError> {
        if self.path.len() == DEPTH_MAX {
            return Err(FileError::new(
                "xml_depth",
                line,
                wording!(
                    "元素嵌套过深，不是银行对账单；未读取",
                    "elements are nested deeper than in any bank statement; it is not read"
                ),
            ));
        }
        let name = start.local_name().into_inner().to_owned();
        self.text.clear();
        if name == "Amt" || name == "TxAmt" {
            let currency = start.try_get_attribute("Ccy");
            let currency = currency.map_err(|error| xml_error(line, &error.into()))?;
            if let Some(currency) = currency {
                self.currency = currency.value.into_owned();
            }
        }
        self.path.push(name);
        match self.inside().as_slice() {
            [] if self.path.len() == STATEMENT_DEPTH && self.is_statement() => {
                self.saw_statement = true;
                self.is_statement_told = false;
                (self.account, self.statement_id, self.account_currency) = Default::default();
            }
            ["Bal"] => self.balance = Some((String::new(), String::new(), String::new(), Direction::Credit)),
            ["Ntry"] => self.entry = Some(Entry::default()),
            ["Ntry", "NtryDtls", "TxDtls"] => self.detail = Some(Detail::default()),
            _ => {}
        }
        Ok(())
    }

    fn is_statement(&self) -> bool {
        matches!(self.path.as_slice(), [_, kind, statement, ..] if kind == "BkToCstmrStmt" && statement == "Stmt")
    }

    /// The path below the statement; empty outside of one.
    fn inside(&self) -> Vec<&str> {
        if !self.is_statement() {
            return Vec::new();
        }
        self.path[STATEMENT_DEPTH..].iter().map(String::as_str).collect()
    }

    fn text(&mut self, text: &str, line: u64) -> Result<(), FileError> {
        self.text.push_str(text);
        if self.text.len() > EVENT_BYTE_COUNT_MAX {
            return Err(FileError::new(
                "xml_size",
                line,
                wording!("有一段文本超过 1 MB；未读取", "one text has more than a megabyte; it is not read"),
            ));
        }
        Ok(())
    }

    fn end(&mut self, visit: Visit<'_>) -> Result<(), FileError> {
        let text = self.text.trim().to_owned();
        self.text.clear();
        let owned: Vec<String> = self.inside().into_iter().map(str::to_owned).collect();
        let path: Vec<&str> = owned.iter().map(String::as_str).collect();
        let is_statement_end = self.is_statement() && self.path.len() == STATEMENT_DEPTH;
        self.path.pop();
        if is_statement_end {
            self.tell_statement(visit)?;
            return visit(Item::StatementEnd);
        }
        match path.as_slice() {
            ["Id"] => self.statement_id = text,
            ["Acct", "Id", "IBAN"] | ["Acct", "Id", "Othr", "Id"] if self.account.is_empty() => {
                self.account = text
            }
            ["Acct", "Ccy"] => self.account_currency = text,
            ["Bal", rest @ ..] => self.balance_part(rest, text, visit)?,
            [] => {}
            ["Ntry"] => {
                self.tell_statement(visit)?;
                return self.tell_entry(visit);
            }
            ["Ntry", "NtryDtls", "TxDtls"] => {
                if let (Some(detail), Some(entry)) = (self.detail.take(), self.entry.as_mut()) {
                    if entry.details.len() == DETAIL_COUNT_MAX {
                        let complaint = wording!(
                            "一笔入账所含交易超过 {DETAIL_COUNT_MAX} 笔；请银行拆成较小的批次",
                            "one entry has more than {DETAIL_COUNT_MAX} transactions; ask the bank for smaller batches"
                        );
                        return Err(FileError::new("batch_too_large", 0, complaint));
                    }
                    entry.details.push(detail);
                }
            }
            ["Ntry", "NtryDtls", "TxDtls", rest @ ..] => {
                let currency = self.currency.clone();
                if let Some(detail) = self.detail.as_mut() {
                    detail_part(detail, rest, text, &currency)?;
                }
            }
            ["Ntry", rest @ ..] => self.entry_part(rest, text)?,
            _ => {}
        }
        Ok(())
    }

    fn balance_part(&mut self, rest: &[&str], text: String, visit: Visit<'_>) -> Result<(), FileError> {
        if rest.is_empty() {
            self.tell_statement(visit)?;
            if let Some((code, amount, currency, direction)) = self.balance.take() {
                let balance = match code.as_str() {
                    "OPBD" | "PRCD" => Balance::Opening,
                    "CLBD" => Balance::Closing,
                    _ => return Ok(()),
                };
                return visit(Item::Balance { balance, amount, currency, direction });
            }
            return Ok(());
        }
        let currency = self.currency.clone();
        let Some(balance) = self.balance.as_mut() else { return Ok(()) };
        match rest {
            ["Tp", "CdOrPrtry", "Cd"] => balance.0 = text,
            ["Amt"] => (balance.1, balance.2) = (text, currency),
            ["CdtDbtInd"] => balance.3 = direction_of(&text)?,
            _ => {}
        }
        Ok(())
    }

    fn entry_part(&mut self, rest: &[&str], text: String) -> Result<(), FileError> {
        let currency = self.currency.clone();
        let Some(entry) = self.entry.as_mut() else { return Ok(()) };
        match rest {
            ["Amt"] => entry.common.amount = Some((text, currency)),
            ["CdtDbtInd"] => entry.common.direction = Some(direction_of(&text)?),
            ["RvslInd"] => entry.is_reversal = text == "true" || text == "1",
            ["Sts"] | ["Sts", "Cd"] if !text.is_empty() => entry.status = text,
            ["BookgDt", "Dt" | "DtTm"] => entry.booked_on = Some(date_of(&text)?),
            ["ValDt", "Dt" | "DtTm"] => entry.value_on = Some(date_of(&text)?),
            ["NtryRef"] => entry.entry_reference = Some(text),
            ["AcctSvcrRef"] => entry.common.servicer_reference = Some(text),
            ["AddtlNtryInf"] => add_text(&mut entry.common.unstructured, &text),
            _ => {}
        }
        Ok(())
    }

    fn tell_statement(&mut self, visit: Visit<'_>) -> Result<(), FileError> {
        if self.is_statement_told {
            return Ok(());
        }
        self.is_statement_told = true;
        visit(Item::StatementStart {
            account: self.account.clone(),
            id: self.statement_id.clone(),
            currency: self.account_currency.clone(),
        })
    }

    fn tell_entry(&mut self, visit: Visit<'_>) -> Result<(), FileError> {
        let Some(entry) = self.entry.take() else { return Ok(()) };
        // What is only announced (PDNG, INFO) has not happened and is in no balance.
        if !entry.status.is_empty() && entry.status != "BOOK" {
            return Ok(());
        }
        let missing = |what: &str| {
            FileError::new(
                "bank_file",
                0,
                wording!(
                    "有一笔流水缺少 {what}；请银行提供完整的文件",
                    "an entry has no {what}; ask the bank for a complete file"
                ),
            )
        };
        let (amount, currency) = entry.common.amount.clone().ok_or_else(|| missing("amount (Amt)"))?;
        let direction = entry.common.direction.ok_or_else(|| missing("direction (CdtDbtInd)"))?;
        let date = entry.value_on.or(entry.booked_on).ok_or_else(|| missing("date (ValDt or BookgDt)"))?;
        let whole = BankEntry {
            reference: entry.entry_reference.clone(),
            servicer_reference: entry.common.servicer_reference.clone(),
            transaction_id: None,
            end_to_end_id: None,
            structured: None,
            text: entry.common.unstructured.clone(),
            amount,
            currency,
            direction,
            is_undoing: entry.is_reversal,
            reason: String::new(),
            booked_on: entry.booked_on,
            value_on: date,
        };
        let parts = entry.details.iter().map(|detail| part_of(&whole, &entry, detail)).collect();
        visit(Item::Entry { whole, parts })
    }
}

fn part_of(whole: &BankEntry, entry: &Entry, detail: &Detail) -> BankEntry {
    let is_only = entry.details.len() == 1;
    let (amount, currency) = match &detail.amount {
        Some(given) if !is_only => given.clone(),
        // One transaction is the entry, even where it was instructed in another currency.
        Some(_) => (whole.amount.clone(), whole.currency.clone()),
        None if is_only => (whole.amount.clone(), whole.currency.clone()),
        None => (String::new(), whole.currency.clone()),
    };
    let mut text = detail.unstructured.clone();
    if is_only {
        add_text(&mut text, &whole.text);
    }
    BankEntry {
        reference: whole.reference.clone(),
        servicer_reference: detail.servicer_reference.clone().or_else(|| whole.servicer_reference.clone()),
        transaction_id: detail.transaction_id.clone(),
        // NOTPROVIDED is the standard's word for none.
        end_to_end_id: detail.end_to_end_id.clone().filter(|id| id != "NOTPROVIDED" && !id.is_empty()),
        structured: detail.structured.clone(),
        text,
        amount,
        currency,
        direction: detail.direction.unwrap_or(whole.direction),
        is_undoing: whole.is_undoing || detail.is_return,
        reason: detail.return_reason.clone(),
        booked_on: whole.booked_on,
        value_on: whole.value_on,
    }
}

fn detail_part(detail: &mut Detail, rest: &[&str], text: String, currency: &str) -> Result<(), FileError> {
    match rest {
        ["Refs", "EndToEndId"] => detail.end_to_end_id = Some(text),
        ["Refs", "AcctSvcrRef"] => detail.servicer_reference = Some(text),
        ["Refs", "TxId"] => detail.transaction_id = Some(text),
        // Before version 04 the amount stands deeper.
        ["Amt"] => detail.amount = Some((text, currency.to_owned())),
        ["AmtDtls", "TxAmt", "Amt"] if detail.amount.is_none() => {
            detail.amount = Some((text, currency.to_owned()));
        }
        ["CdtDbtInd"] => detail.direction = Some(direction_of(&text)?),
        ["RmtInf", "Strd", "CdtrRefInf", "Ref"] if detail.structured.is_none() => {
            detail.structured = Some(text);
        }
        ["RmtInf", "Ustrd"] | ["AddtlTxInf"] | ["RmtInf", "Strd", "AddtlRmtInf"] => {
            add_text(&mut detail.unstructured, &text);
        }
        ["RtrInf"] => detail.is_return = true,
        ["RtrInf", "Rsn", "Cd" | "Prtry"] => detail.return_reason = text,
        ["RtrInf", "AddtlInf"] => add_text(&mut detail.unstructured, &text),
        _ => {}
    }
    Ok(())
}

/// The standard allows 140 characters a text and several texts; more than some thousand say nothing.
fn add_text(to: &mut String, text: &str) {
    if text.is_empty() || to.len() + text.len() > 4_000 {
        return;
    }
    if !to.is_empty() {
        to.push(' ');
    }
    to.push_str(text);
}

fn direction_of(text: &str) -> Result<Direction, FileError> {
    match text {
        "CRDT" => Ok(Direction::Credit),
        "DBIT" => Ok(Direction::Debit),
        other => Err(FileError::new(
            "bank_file",
            0,
            wording!(
                "收支方向“{other}”既不是 CRDT 也不是 DBIT",
                "direction {other:?} is neither CRDT nor DBIT"
            ),
        )),
    }
}

/// A date, or the date of a moment as it stands there.
fn date_of(text: &str) -> Result<Date, FileError> {
    let day = text.get(..10).unwrap_or(text);
    Date::parse(day).map_err(|error| FileError::new("bank_file", 0, error.wording()))
}
