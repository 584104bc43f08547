//! `policy`: documents of products, strategies, contact rules and templates.

use dunlin_domain::contact::Language;
use dunlin_domain::wording;
use dunlin_domain::wording::Wording;
use std::path::Path;

use dunlin_domain::strategy::Outcome;
use dunlin_engine::EngineError;
use dunlin_engine::policy::{
    Header, PolicyError, PolicyKind, PolicySet, cost_ceiling_default, kind_of, parse, shipped,
};
use serde_json::{Value, json};

use crate::answer::Answer;
use crate::args::{Policy, PolicyFiles, PolicyList};
use crate::command::policy_request;
use crate::failure::{Failure, exit_of_io};
use crate::screen::{counted, lines_of, table};
use crate::session::Session;

/// `policy`.
///
/// # Errors
/// Every complaint about a document, by file and place; what the database says.
pub fn run(session: &Session, command: &Policy) -> Result<Answer, Failure> {
    match command {
        Policy::Import(args) => import(session, args),
        Policy::Check(args) => check(session, args),
        Policy::List(args) => list(session, args),
        Policy::Pending => policy_request::pending(session),
        Policy::Changes(args) => policy_request::changes(session, args),
        Policy::Approve(args) => policy_request::approve(session, args),
        Policy::Reject(args) => policy_request::reject(session, args),
    }
}

/// A document as it was read.
struct Document {
    file: String,
    kind: PolicyKind,
    text: String,
}

/// Reads the files, those that others name first.
fn read(args: &PolicyFiles) -> Result<Vec<Document>, Failure> {
    let mut documents = args.files.iter().map(|path| read_one(path)).collect::<Result<Vec<_>, _>>()?;
    documents.sort_by_key(|document| match document.kind {
        PolicyKind::Calendar => 0,
        PolicyKind::Product => 1,
        PolicyKind::ContactRules => 2,
        PolicyKind::Template => 3,
        PolicyKind::Strategy => 4,
        PolicyKind::Ledger => 5,
    });
    Ok(documents)
}

fn read_one(path: &Path) -> Result<Document, Failure> {
    let file = path.display().to_string();
    let text = std::fs::read_to_string(path).map_err(|error| {
        let remedy = match error.kind() {
            std::io::ErrorKind::InvalidData => wording!("请存为 UTF-8", "save it in UTF-8"),
            _ => wording!("请检查路径", "check the path"),
        };
        Failure {
            code: "policy",
            message: Wording {
                zh: format!("无法读取 {file}：{error}；{}", remedy.zh),
                en: format!("cannot read {file}: {error}; {}", remedy.en),
            },
            exit: exit_of_io(&error),
        }
    })?;
    let kind = kind_of(&text).ok_or_else(|| {
        let kinds = PolicyKind::ALL.map(PolicyKind::code).join(", ");
        Failure::refused(
            "policy_kind",
            wording!(
                "{file}：文件没有写明自己的类型；文件头须写 kind，取值为 {kinds} 之一",
                "{file}: the document does not say what it is; its head needs kind, one of {kinds}"
            ),
        )
    })?;
    Ok(Document { file, kind, text })
}

fn import(session: &Session, args: &PolicyFiles) -> Result<Answer, Failure> {
    let documents = read(args)?;
    // All are read before the first is taken: a broken one among them changes nothing.
    let complaints: Vec<PolicyError> = documents.iter().flat_map(complaints_alone).collect();
    if !complaints.is_empty() {
        return Err(EngineError::Policy(complaints).into());
    }
    let engine = session.open_or_create()?;
    let mut lines = Vec::new();
    let mut objects = Vec::new();
    for document in &documents {
        let done = engine.import_policy(&document.file, &document.text, session.now())?;
        let (zh, en) = match (done.is_pending, done.is_new) {
            (false, true) => ("已导入", "imported"),
            (false, false) => ("此前已导入", "known already"),
            (true, _) => ("待另一人审批", "waits for another person"),
        };
        lines.push(match session.language {
            Language::Zh => format!("{} {} 第 {} 版：{zh}", done.kind, done.name, done.version),
            Language::En => format!("{} {} version {}: {en}", done.kind, done.name, done.version),
        });
        let mut changes = Vec::new();
        if done.is_pending {
            let (told, objects) = policy_request::told(session, &engine, &done)?;
            lines.extend(told);
            changes = objects;
        }
        objects.push(json!({
            "file": document.file,
            "kind": done.kind.code(),
            "name": done.name,
            "version": done.version,
            "is_new": done.is_new,
            "state": if done.is_pending { "pending" } else { "imported" },
            "changes": changes,
        }));
    }
    Ok(Answer::new(lines.join("\n"), json!({ "documents": objects })))
}

fn complaints_alone(document: &Document) -> Vec<PolicyError> {
    parse(document.kind, &document.file, &document.text, cost_ceiling_default()).err().unwrap_or_default()
}

/// Checks the documents, alone and with the shipped ones in place of those that are not given.
fn check(session: &Session, args: &PolicyFiles) -> Result<Answer, Failure> {
    let documents = read(args)?;
    let mut complaints = Vec::new();
    let mut set = PolicySet::default();
    for document in shipped() {
        match parse(document.kind, document.file, document.text, cost_ceiling_default()) {
            Ok(parsed) => set.add(parsed),
            Err(errors) => complaints.extend(errors),
        }
    }
    let mut strategies = Vec::new();
    for document in &documents {
        match parse(document.kind, &document.file, &document.text, cost_ceiling_default()) {
            Ok(parsed) => {
                if document.kind == PolicyKind::Strategy {
                    strategies.push(parsed.header().name.clone());
                }
                set.add(parsed);
            }
            Err(errors) => complaints.extend(errors),
        }
    }
    complaints.extend(set.check());
    let given = set.strategies.iter().filter(|strategy| strategies.contains(&strategy.header.name));
    let overlaps: Vec<(String, Wording)> = given
        .flat_map(|strategy| {
            let findings = set.findings(strategy).into_iter().filter(|(_, finding)| !finding.is_error());
            findings.map(|(product, finding)| {
                let Wording { zh, en } = finding.wording();
                let overlap = Wording {
                    zh: format!("对产品 {product}：{zh}"),
                    en: format!("for product {product}: {en}"),
                };
                (strategy.header.file.clone(), overlap)
            })
        })
        .collect();
    let mut told: Vec<Wording> = complaints.iter().map(PolicyError::wording).collect();
    told.extend(overlaps.iter().map(|(file, Wording { zh, en })| Wording {
        zh: format!("{file}：仅供留意：{zh}"),
        en: format!("{file}: worth knowing: {en}"),
    }));
    told.push(summary(documents.len(), complaints.len()));
    let json = json!({
        "documents": documents.len(),
        "complaints": complaints.iter().map(complaint_json).collect::<Vec<_>>(),
        "overlaps": overlaps.iter().map(|(file, overlap)| json!({ "file": file, "text": overlap.en })).collect::<Vec<_>>(),
    });
    let text = Wording::lines(&told).text(session.language).to_owned();
    Ok(Answer::new(text, json).found_if(!complaints.is_empty()))
}

/// How many documents were checked, and what came of it.
fn summary(documents: usize, complaints: usize) -> Wording {
    let checked = counted(documents as u64, "document");
    match complaints {
        0 => Wording {
            zh: format!("已检查 {documents} 份文件，未发现问题"),
            en: format!("{checked} checked; nothing is wrong"),
        },
        found => Wording {
            zh: format!("已检查 {documents} 份文件，发现 {found} 处问题"),
            en: format!("{checked} checked; {}", counted(found as u64, "complaint")),
        },
    }
}

fn complaint_json(error: &PolicyError) -> Value {
    json!({
        "file": error.file,
        "line": error.line,
        "row": error.row,
        "column": error.column,
        "complaint": error.complaint.en,
        "complaint_zh": error.complaint.zh,
    })
}

/// The documents in force on a day: every version of a product that began (agreements keep theirs), and of
/// the others the newest.
fn list(session: &Session, args: &PolicyList) -> Result<Answer, Failure> {
    let engine = session.open()?;
    let on = args.on.unwrap_or_else(|| session.now().date_in(engine.zone()));
    let policies = engine.policies()?;
    let mut headers: Vec<Header> = policies
        .products()
        .map(|document| document.header.clone())
        .filter(|header| header.effective_from <= on)
        .collect();
    headers.extend(policies.ledger(on).map(|document| document.header.clone()));
    let packs = policies.contact_packs(on).unwrap_or_default();
    headers.extend(packs.iter().map(|document| document.header.clone()));
    let mut currencies: Vec<_> = policies.products().map(|document| document.terms.currency).collect();
    currencies.sort_unstable();
    currencies.dedup();
    for currency in currencies {
        let Ok(strategy) = policies.strategy(currency, on) else { continue };
        headers.push(strategy.header.clone());
        for row in &strategy.table.rows {
            if let Outcome::Contact { template, .. } = &row.outcome {
                headers.extend(policies.template(template, on).ok().map(|document| document.header.clone()));
            }
        }
    }
    headers.sort_by(|left, right| {
        (left.kind, &left.name, left.version).cmp(&(right.kind, &right.name, right.version))
    });
    headers.dedup();
    let mut rows = table(&["kind", "name", "version", "from", "title", "author", "approver", "file"], &[2]);
    for header in &headers {
        rows.add_row([
            header.kind.to_string(),
            header.name.clone(),
            header.version.to_string(),
            header.effective_from.to_string(),
            header.title(session.language).to_owned(),
            header.author.clone(),
            header.approver.clone(),
            header.file.clone(),
        ]);
    }
    let json = json!({
        "on": on.to_string(),
        "documents": headers.iter().map(header_json).collect::<Vec<_>>(),
    });
    Ok(Answer::new(format!("in force on {on}\n{}", lines_of(&rows)), json))
}

fn header_json(header: &Header) -> Value {
    json!({
        "kind": header.kind.code(),
        "name": header.name,
        "version": header.version,
        "effective_from": header.effective_from.to_string(),
        "title_zh": header.title_zh,
        "title_en": header.title_en,
        "author": header.author,
        "approver": header.approver,
        "file": header.file,
    })
}
