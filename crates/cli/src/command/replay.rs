//! `replay`: six months of a real portfolio, and where our ageing and the bank's agree.

use dunlin_domain::contact::Language;
use dunlin_lab::replay::{self, Difference, Options, Outcome, Progress};
use dunlin_lab::uci::ConfusionTable;
use serde_json::{Map, Value, json};

use crate::answer::Answer;
use crate::args;
use crate::clock::random_key;
use crate::command::coverage;
use crate::command::dispatch::{dispatch_json, receipt_json};
use crate::command::rehearse::Ground;
use crate::failure::Failure;
use crate::progress::Meter;
use crate::screen::{grouped, lines_of, percent, table};
use crate::session::Session;

/// `replay`.
///
/// # Errors
/// A file that is not the published one; a place that holds data already; what the engine says.
pub fn run(session: &Session, args: &args::Replay) -> Result<Answer, Failure> {
    let ground = Ground::prepare(session, "replay")?;
    let engine = ground.open(session)?;
    let options = Options { send: args.send, ..Options::default() };
    let meter = Meter::counted("", "");
    let outcome =
        replay::run(&engine, &args.file, &options, &|| session.now(), &mut random_key, &mut |progress| {
            match progress {
                Progress::Adapting { read, total } => {
                    meter.title("adapting, bytes".to_owned());
                    meter.at(read, total);
                }
                Progress::Importing(at) => {
                    meter.title(format!("importing {}, bytes", at.table.stem()));
                    meter.at(at.bytes_read, at.bytes_total);
                }
                Progress::Running { date, done, total } => {
                    meter.title(format!("days, {date}"));
                    meter.at(u64::from(done), u64::from(total));
                }
                Progress::Covering => meter.title("accounting for every overdue day".to_owned()),
            }
        })?;
    drop(meter);
    let text = text(&outcome, session.language, &ground.option());
    let json = object(&outcome, &ground.folder.display().to_string());
    Ok(Answer::new(text, json).found_if(outcome.coverage.unexplained > 0))
}

/// For people; `place` is how to name the database on the command line.
fn text(outcome: &Outcome, language: Language, place: &str) -> String {
    let total = &outcome.comparison.total;
    let mut parts =
        vec![head(outcome, language), format!("{}\n{}", grid(total, language), shares(total, language))];
    for month in &outcome.comparison.months {
        let (statement_on, judged_on) = (month.statement_on, month.judged_on);
        let title = match language {
            Language::Zh => format!("{statement_on} 的账单，按 {judged_on} 日终比较："),
            Language::En => format!("statement of {statement_on}, at the end of {judged_on}:"),
        };
        parts.push(format!("{title}\n{}\n{}", grid(&month.table, language), shares(&month.table, language)));
    }
    parts.push(differences(&outcome.comparison.differences, language));
    parts.push(coverage::text(&outcome.coverage, outcome.first_day, outcome.last_day, language));
    if let Some(first) = outcome.comparison.differences.first() {
        let (agreement, on) = (&first.example.agreement_id, first.example.judged_on);
        let ask = match language {
            Language::Zh => "继续追问：",
            Language::En => "ask on: ",
        };
        parts.push(format!("{ask}dunlin explain {agreement} --on {on}{place}; dunlin verify{place}"));
    }
    parts.join("\n\n")
}

fn head(outcome: &Outcome, language: Language) -> String {
    let (from, through, days) = (outcome.first_day, outcome.last_day, outcome.days);
    let total = &outcome.comparison.total;
    let (all, share) = (grouped(total.total()), percent(total.same_bucket_count(), total.total()));
    let seconds = outcome.seconds.total();
    match language {
        Language::Zh => format!(
            "{from} – {through}：逐日重放 {days} 天，用时 {seconds:.0} 秒；{all} 个客户月中，逾期阶段与银行一致的占 {share}。\n\
             纵为本系统的逾期阶段，横为银行的状态代码：-2 无欠款，-1 全额还清，0 至少还了最低还款额，\
             2 起为账单未还的月数，故银行的 2 即本系统的 M1。"
        ),
        Language::En => format!(
            "{from} – {through}: {days} days, one by one, in {seconds:.0} s; of {all} customer-months {share} are in the \
             same bucket as at the bank.\n\
             Down: our bucket. Across: the bank's code: -2 nothing to pay, -1 paid in full, 0 paid at least the minimum; \
             from 2 on months that a statement is unpaid, so that its 2 is our M1."
        ),
    }
}

/// The counts: our buckets down, the bank's codes across.
fn grid(counts: &ConfusionTable, language: Language) -> String {
    let codes = counts.codes();
    let all = match language {
        Language::Zh => "合计",
        Language::En => "all",
    };
    let mut header = vec![String::new()];
    header.extend(codes.iter().map(i8::to_string));
    header.push(all.to_owned());
    let header: Vec<&str> = header.iter().map(String::as_str).collect();
    let numbers: Vec<usize> = (1..header.len()).collect();
    let mut rows = table(&header, &numbers);
    for (index, bucket) in counts.buckets() {
        let numbers: Vec<u64> = codes.iter().map(|code| counts.count(index, *code)).collect();
        let mut row = vec![bucket.to_owned()];
        row.extend(numbers.iter().map(|number| grouped(*number)));
        row.push(grouped(numbers.iter().sum::<u64>()));
        rows.add_row(row);
    }
    lines_of(&rows)
}

/// How far the two agree, in one line.
fn shares(counts: &ConfusionTable, language: Language) -> String {
    let (all, both) = (counts.total(), counts.overdue_at_both_count());
    let bucket = percent(counts.same_bucket_count(), all);
    let side = percent(counts.same_side_count(), all);
    let found = percent(both, counts.overdue_at_bank_count());
    let confirmed = percent(both, counts.overdue_here_count());
    match language {
        Language::Zh => format!(
            "阶段一致 {bucket}；逾期与否一致 {side}；银行记逾期的，本系统也记 {found}；本系统记逾期的，银行也记 {confirmed}"
        ),
        Language::En => format!(
            "same bucket {bucket}; same side, overdue or not, {side}; overdue at the bank, of which here too, {found}; \
             overdue here, of which at the bank too, {confirmed}"
        ),
    }
}

/// Why the two differ: each kind with its count and a customer to look at.
fn differences(differences: &[Difference], language: Language) -> String {
    let header = match language {
        Language::Zh => ["差异原因", "客户月", "例", "日期", "本系统", "银行"],
        Language::En => ["why they differ", "customer-months", "example", "on", "we", "bank"],
    };
    let mut rows = table(&header, &[1, 5]);
    for difference in differences {
        let example = &difference.example;
        rows.add_row([
            difference.kind.label(language).to_owned(),
            grouped(difference.count),
            example.agreement_id.clone(),
            example.judged_on.to_string(),
            example.bucket.clone(),
            example.bank_code.to_string(),
        ]);
    }
    lines_of(&rows)
}

fn object(outcome: &Outcome, folder: &str) -> Value {
    let months = outcome.comparison.months.iter().map(|month| {
        let mut figures = figures(&month.table);
        figures.insert("statement_on".to_owned(), json!(month.statement_on.to_string()));
        figures.insert("judged_on".to_owned(), json!(month.judged_on.to_string()));
        Value::Object(figures)
    });
    let differences = outcome.comparison.differences.iter().map(|difference| {
        let example = &difference.example;
        json!({
            "kind": difference.kind.code(),
            "count": difference.count,
            "agreement": example.agreement_id,
            "on": example.judged_on.to_string(),
            "bucket": example.bucket,
            "bank_code": example.bank_code,
        })
    });
    let seconds = &outcome.seconds;
    json!({
        "from": outcome.first_day.to_string(),
        "through": outcome.last_day.to_string(),
        "days": outcome.days,
        "months": months.collect::<Vec<_>>(),
        "total": figures(&outcome.comparison.total),
        "differences": differences.collect::<Vec<_>>(),
        "coverage": coverage::object(&outcome.coverage, outcome.first_day, outcome.last_day),
        "dispatch": dispatch_json(&outcome.traffic.dispatch),
        "receipts": receipt_json(&outcome.traffic.receipts),
        "seconds": {
            "adapting": seconds.adapting,
            "importing": seconds.importing,
            "running": seconds.running,
            "covering": seconds.covering,
            "total": seconds.total(),
        },
        "folder": folder,
    })
}

/// The counts of a table and how far the two agree in it.
fn figures(counts: &ConfusionTable) -> Map<String, Value> {
    let codes = counts.codes();
    let mut buckets = Map::new();
    for (index, bucket) in counts.buckets() {
        let row = codes.iter().map(|code| (code.to_string(), json!(counts.count(index, *code))));
        buckets.insert(bucket.to_owned(), Value::Object(row.collect()));
    }
    let fields = [
        ("customer_months", json!(counts.total())),
        ("same_bucket", json!(counts.same_bucket_count())),
        ("same_side", json!(counts.same_side_count())),
        ("overdue_at_bank", json!(counts.overdue_at_bank_count())),
        ("overdue_here", json!(counts.overdue_here_count())),
        ("overdue_at_both", json!(counts.overdue_at_both_count())),
        ("buckets", Value::Object(buckets)),
    ];
    fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}
