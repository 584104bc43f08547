//! `day`: runs business days in order, sends what they decide, and sums the last one up.

use dunlin_domain::contact::Language;
use dunlin_domain::date::{BusinessDate, Date, Timestamp};
use dunlin_domain::wording;
use dunlin_engine::day_run::{DayProgress, DayReport};
use dunlin_engine::dispatch::{DispatchReport, ReceiptReport};
use dunlin_engine::view::{MessageCounts, TodayView};
use dunlin_engine::{Clock, Engine};
use serde_json::{Map, Value, json};

use crate::answer::Answer;
use crate::args::Day;
use crate::command::dispatch::{dispatch_json, dispatch_words, receipt_json, receipt_words};
use crate::command::{costs, coverage};
use crate::failure::Failure;
use crate::progress::Meter;
use crate::screen::{counted, decimal, grouped, lines_of, table};
use crate::session::Session;
use crate::words;

/// When a rehearsed day sends and looks for receipts, after its decisions at nine: a first round, and then
/// one for what quiet hours, a full mailbox or a closed channel put off.
const ROUNDS: [(i8, i8); 5] = [(9, 5), (10, 0), (12, 0), (16, 0), (20, 0)];

/// Days that the table for people shows; scripts get all of them.
const DAYS_SHOWN: usize = 14;

/// A day that was run, and what was sent of it.
struct Worked {
    report: DayReport,
    sent: Option<(DispatchReport, ReceiptReport)>,
}

/// `day`.
///
/// # Errors
/// A day before the last closed one; what the database says.
pub fn run(session: &Session, args: &Day) -> Result<Answer, Failure> {
    let engine = session.open_to_keep()?;
    // Clap lets exactly one of the two through.
    let asked = args.date.or(args.through).unwrap_or(Date::NEVER);
    let was_closed = engine.last_closed_day()? == Some(BusinessDate(asked));
    let days = days_of(&engine, args.from, asked)?;
    if let (Some(closed), false) = (engine.last_closed_day()?, args.no_dispatch) {
        catch_up(&engine, session, closed.0)?;
    }
    let meter = DayMeter::new(days.len() as u64);
    let mut worked = Vec::with_capacity(days.len());
    for (done, day) in (0_u64..).zip(&days) {
        meter.begin(done, *day);
        let report = engine.run_day(*day, &|| session.now(), &|at| meter.at(at))?;
        let sent = if args.no_dispatch { None } else { Some(send(&engine, session, day.0)?) };
        worked.push(Worked { report, sent });
    }
    drop(meter);
    let summary = if args.no_summary { None } else { Some(engine.today(Some(asked))?) };
    let costs = if args.no_summary { Vec::new() } else { costs::of_day(&engine, asked)? };
    let mut text = days_text(&worked, asked, was_closed, session.language);
    if let Some(summary) = &summary {
        text += "\n\n";
        text += &summary_text(session, summary);
    }
    if !costs.is_empty() {
        text += "\n\n";
        text += &costs::text(&costs, session.language);
    }
    let json = json!({
        "days": worked.iter().map(day_json).collect::<Vec<_>>(),
        "was_closed": was_closed,
        "summary": summary.as_ref().map(summary_json),
        "costs": costs::objects(&costs),
    });
    Ok(Answer::new(text, json))
}

/// The progress of days: of many, by days, with the time left; of one, by agreements, since nobody knows before the
/// end how many are due.
struct DayMeter {
    meter: Meter,
    day_count: u64,
}

impl DayMeter {
    fn new(day_count: u64) -> Self {
        let meter = if day_count > 1 { Meter::counted("", "days") } else { Meter::endless("", "agreements") };
        Self { meter, day_count }
    }

    fn begin(&self, done: u64, day: BusinessDate) {
        self.meter.title(day.to_string());
        if self.day_count > 1 {
            self.meter.at(done, self.day_count);
        }
    }

    fn at(&self, progress: DayProgress) {
        let agreements = u64::try_from(progress.done).unwrap_or(0);
        if self.day_count > 1 {
            self.meter.title(format!("{}, {}", progress.date, counted(agreements, "agreement")));
        } else {
            self.meter.reached(agreements);
        }
    }
}

/// The days to run: all that are open up to `asked`, or, before the first day of all, those from `from` on.
fn days_of(engine: &Engine, from: Option<Date>, asked: Date) -> Result<Vec<BusinessDate>, Failure> {
    let Some(from) = from else { return Ok(engine.days_to_run(BusinessDate(asked))?) };
    if from > asked {
        return Err(Failure::refused(
            "range",
            wording!(
                "日期范围 {from} 至 {asked} 先后颠倒；请把较早的日期写在前面",
                "range {from} to {asked} is not in order; give the earlier day first"
            ),
        ));
    }
    if engine.day_range()?.is_none() {
        return Ok((from.days()..=asked.days()).map(|day| BusinessDate(Date::from_days(day))).collect());
    }
    let days = engine.days_to_run(BusinessDate(asked))?;
    if let Some(next) = days.first().filter(|next| from > next.0) {
        let complaint = wording!(
            "会计日 {next} 尚未跑批，会被跳过；请先去掉 --from 跑该日",
            "day {next} has not been run and would be left out; run it first, without --from"
        );
        return Err(Failure::refused("range", complaint));
    }
    Ok(days)
}

/// Finishes the rounds of the last day that was closed, where a rehearsal ended in their midst: the messages of that
/// day are out of date on the next one.
fn catch_up(engine: &Engine, session: &Session, closed: Date) -> Result<(), Failure> {
    match engine.clock() {
        Clock::Real => Ok(()),
        Clock::Business => send(engine, session, closed).map(|_| ()),
    }
}

/// Sends what is due and takes in receipts: at the moments of a rehearsed day that are still to come, or now.
///
/// # Errors
/// What the database or a provider's folder says.
pub fn send(
    engine: &Engine,
    session: &Session,
    date: Date,
) -> Result<(DispatchReport, ReceiptReport), Failure> {
    let (mut sent, mut received) = (DispatchReport::default(), ReceiptReport::default());
    let mut round = |moment: Timestamp| -> Result<(), Failure> {
        // What arrived since the last round is not followed by a message on another channel.
        received.add(&engine.collect_receipts(moment)?);
        sent.add(&engine.dispatch(moment)?);
        received.add(&engine.collect_receipts(moment)?);
        Ok(())
    };
    match engine.clock() {
        Clock::Real => round(session.now())?,
        Clock::Business => {
            let done = engine.rehearsed_through()?;
            let moments =
                ROUNDS.map(|(hour, minute)| Timestamp::at(date, hour, minute, engine.zone())).into_iter();
            for moment in moments.filter(|moment| done.is_none_or(|done| *moment > done)) {
                round(moment)?;
                engine.note_rehearsed(moment)?;
            }
        }
    }
    Ok((sent, received))
}

fn days_text(worked: &[Worked], asked: Date, was_closed: bool, language: Language) -> String {
    let head = match language {
        Language::Zh => ["会计日", "合约", "判定", "消息", "发送", "回执", ""],
        Language::En => ["day", "agreements", "verdicts", "messages", "sent", "receipts", ""],
    };
    let mut rows = table(&head, &[1, 2, 3]);
    let hidden = worked.len().saturating_sub(DAYS_SHOWN);
    for Worked { report, sent } in &worked[hidden..] {
        let (sending, receipts) = match sent {
            None => (language.pick("此次不发送", "not now").to_owned(), String::new()),
            Some((sent, received)) => (dispatch_words(sent, language), receipt_words(received, language)),
        };
        rows.add_row([
            report.date.to_string(),
            grouped(report.agreements),
            grouped(report.verdicts),
            grouped(report.messages),
            sending,
            receipts,
            if report.is_late {
                let late = "run after the day was over: nobody could be contacted";
                language.pick("当日已过才跑批：无法触达任何人", late).to_owned()
            } else {
                String::new()
            },
        ]);
    }
    let head = match (worked, language) {
        (_, Language::Zh) if was_closed => format!("会计日 {asked} 此前已日切，未重新判定"),
        (_, Language::En) if was_closed => {
            format!("day {asked} was closed already; nothing was decided anew")
        }
        ([_], Language::Zh) => format!("会计日 {asked} 已日切"),
        ([_], Language::En) => format!("day {asked} is closed"),
        ([first, ..], Language::Zh) => format!(
            "已按顺序日切 {} 个会计日，{} 至 {asked}；{asked} 之前的此前均未跑批",
            worked.len(),
            first.report.date
        ),
        ([first, ..], Language::En) => format!(
            "{} closed in order, {} to {asked}; those before {asked} had not been run",
            counted(worked.len() as u64, "day"),
            first.report.date
        ),
        ([], Language::Zh) => format!("会计日 {asked}：没有要做的事"),
        ([], Language::En) => format!("day {asked}: nothing to do"),
    };
    let before = match (hidden, language) {
        (0, _) => String::new(),
        (_, Language::Zh) => format!("\n其中最后 {DAYS_SHOWN} 天："),
        (_, Language::En) => format!("\nthe last {DAYS_SHOWN} of them:"),
    };
    format!("{head}{before}\n{}", lines_of(&rows))
}

fn day_json(worked: &Worked) -> Value {
    let report = &worked.report;
    let mut object = Map::new();
    let (sent, received) = worked.sent.unwrap_or_default();
    for part in [dispatch_json(&sent), receipt_json(&received)] {
        if let Value::Object(part) = part {
            object.extend(part);
        }
    }
    object.insert("date".to_owned(), json!(report.date.to_string()));
    object.insert("decided_at".to_owned(), json!(report.decided_at.to_string()));
    object.insert("is_late".to_owned(), json!(report.is_late));
    object.insert("agreements".to_owned(), json!(report.agreements));
    object.insert("verdicts".to_owned(), json!(report.verdicts));
    object.insert("messages".to_owned(), json!(report.messages));
    object.insert("is_dispatched".to_owned(), json!(worked.sent.is_some()));
    Value::Object(object)
}

fn summary_text(session: &Session, today: &TodayView) -> String {
    let language = session.language;
    let head = match language {
        Language::Zh => ["逾期阶段", "逾期合约", "逾期金额", ""],
        Language::En => ["bucket", "overdue agreements", "overdue amount", ""],
    };
    let mut buckets = table(&head, &[1, 2]);
    for line in &today.buckets {
        let amount = decimal(line.overdue_minor, line.currency.minor_digits());
        buckets.add_row([line.bucket.clone(), grouped(line.agreements), amount, line.currency.to_string()]);
    }
    let head = match language {
        Language::Zh => ["渠道", "待发送", "暂停留存", "已发出", "已送达", "未送达", "结果不明", "已撤回"],
        Language::En => ["channel", "waiting", "held", "sent", "delivered", "failed", "unknown", "withdrawn"],
    };
    let mut channels = table(&head, &[1, 2, 3, 4, 5, 6, 7]);
    for (channel, counts) in &today.by_channel {
        let counts = message_parts(counts).map(|(_, count)| grouped(count));
        channels.add_row(std::iter::once(words::channel(*channel, language).to_owned()).chain(counts));
    }
    let mut parts = vec![coverage::text(&today.coverage, today.date, today.date, session.language)];
    if !today.buckets.is_empty() {
        parts.push(lines_of(&buckets));
    }
    if !today.by_channel.is_empty() {
        let head = match language {
            Language::Zh => format!("{} 的消息", today.date),
            Language::En => format!("messages of {}", today.date),
        };
        parts.push(format!("{head}\n{}", lines_of(&channels)));
    }
    for pause in &today.pauses {
        let (from, through, id) = (pause.from, pause.through, &pause.id);
        parts.push(match language {
            Language::Zh => format!("停催 {from} 至 {through}：{}（{id}）", pause.reason.0),
            Language::En => format!("pause {from} to {through}: {} ({id})", pause.reason.1),
        });
    }
    for incident in &today.incidents {
        let (provider, id) = (&incident.provider, &incident.id);
        parts.push(match language {
            Language::Zh => format!(
                "事故：服务商 {provider} 的{}，影响 {} 条消息（{id}）",
                words::channel(incident.channel, language),
                grouped(incident.failures)
            ),
            Language::En => format!(
                "incident: {} by {provider} hit {} ({id})",
                incident.channel,
                counted(incident.failures, "message")
            ),
        });
    }
    parts.join("\n\n")
}

fn message_parts(counts: &MessageCounts) -> [(&'static str, u64); 7] {
    let MessageCounts { pending, held, sent, delivered, failed, unknown, withdrawn } = *counts;
    [
        ("pending", pending),
        ("held", held),
        ("sent", sent),
        ("delivered", delivered),
        ("failed", failed),
        ("unknown", unknown),
        ("withdrawn", withdrawn),
    ]
}

fn message_json(counts: &MessageCounts) -> Value {
    message_parts(counts).into_iter().map(|(name, count)| (name.to_owned(), json!(count))).collect()
}

fn summary_json(today: &TodayView) -> Value {
    let buckets: Vec<Value> = today
        .buckets
        .iter()
        .map(|line| {
            json!({
                "bucket": line.bucket,
                "currency": line.currency.code(),
                "agreements": line.agreements,
                // As text: a sum over a portfolio may be larger than the numbers of JSON readers.
                "overdue_minor": line.overdue_minor.to_string(),
            })
        })
        .collect();
    let by_channel: Map<String, Value> = today
        .by_channel
        .iter()
        .map(|(channel, counts)| (channel.code().to_owned(), message_json(counts)))
        .collect();
    json!({
        "date": today.date.to_string(),
        "coverage": coverage::object(&today.coverage, today.date, today.date),
        "buckets": buckets,
        "messages": message_json(&today.messages),
        "by_channel": by_channel,
    })
}
