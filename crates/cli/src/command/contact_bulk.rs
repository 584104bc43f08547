//! Large changes of contact data: whom they touch, the second person, and the alarm.

use dunlin_domain::contact::Language;
use dunlin_engine::contact_bulk::{BlastRadius, ContactIncident, ContactRequest, request_text};
use dunlin_engine::contact_data::{ContactBatch, ContactChange, batch_text};
use dunlin_engine::import::{ContactExample, ContactOutcome, OptOutOutcome};
use serde_json::{Value, json};

use crate::answer::Answer;
use crate::args::people;
use crate::failure::Failure;
use crate::screen::{counted, grouped, lines_of, table};
use crate::session::Session;
use crate::words;

/// Whom a change touches, in words.
pub(super) fn radius_words(radius: &BlastRadius, language: Language) -> String {
    let share = format!("{}.{:02}", radius.share_millionths / 10_000, radius.share_millionths / 100 % 100);
    if radius.points == 0 && radius.opted_out + radius.opted_in > 0 {
        return opt_out_radius_words(radius, &share, language);
    }
    match language {
        Language::Zh => format!(
            "影响范围：{}个联系方式（占在用的{share}%），{}位客户、{}个合约（其中逾期{}个），{}位客户将没有任何联系方式",
            radius.points, radius.customers, radius.agreements, radius.overdue, radius.unreachable
        ),
        Language::En => format!(
            "{} ({share} % of those in use) of {} with {}, {} of them overdue; {} would be left without any",
            counted(radius.points, "contact point"),
            counted(radius.customers, "customer"),
            counted(radius.agreements, "agreement"),
            grouped(radius.overdue),
            counted(radius.unreachable, "customer")
        ),
    }
}

fn opt_out_radius_words(radius: &BlastRadius, share: &str, language: Language) -> String {
    let BlastRadius { customers, opted_out, opted_in, agreements, overdue, unreachable, .. } = *radius;
    match language {
        Language::Zh => format!(
            "影响范围：{customers}位客户（占全部客户的{share}%），新增退订{opted_out}位，取消退订{opted_in}位；{agreements}个合约\
             （其中逾期{overdue}个），{unreachable}位客户将没有任何可用渠道"
        ),
        Language::En => format!(
            "{} ({share} % of all) with {}, {} of them overdue; {} opted out of a channel, {} opted in again; {} would be left \
             without any channel",
            counted(customers, "customer"),
            counted(agreements, "agreement"),
            grouped(overdue),
            grouped(opted_out),
            grouped(opted_in),
            counted(unreachable, "customer")
        ),
    }
}

/// The same for scripts.
pub(super) fn radius_json(radius: &BlastRadius) -> Value {
    json!({
        "contact_points": radius.points,
        "overwritten": radius.overwritten,
        "opted_out": radius.opted_out,
        "opted_in": radius.opted_in,
        "customers": radius.customers,
        "agreements": radius.agreements,
        "agreements_overdue": radius.overdue,
        "customers_left_without": radius.unreachable,
        "share_millionths": radius.share_millionths,
    })
}

/// What is said of a removal that waits for a second person.
pub(super) fn asked(session: &Session, change: &ContactChange) -> Answer {
    let words =
        change.radius.as_ref().map_or_else(String::new, |radius| radius_words(radius, session.language));
    let batch = &change.batch;
    let words = match (change.alone_today, session.language) {
        (0, _) => words,
        (before, Language::Zh) => {
            format!("{words}\n同一人在本业务日已独自改动{before}个联系方式，一并计入上限")
        }
        (before, Language::En) => format!(
            "{words}\nthe same person changed {} alone on this business day, which count too",
            counted(before, "contact point")
        ),
    };
    let text = match session.language {
        Language::Zh => format!("{words}\n须由他人批准：dunlin contact-point approve {batch}"),
        Language::En => {
            format!(
                "{words}\nnothing is changed yet: another person must approve it with `dunlin contact-point approve {batch}`"
            )
        }
    };
    Answer::new(text, super::contact_point::change_json(change))
}

/// What an import says of the contact points in use that it changes.
pub(super) fn import_words(contact: &ContactOutcome, is_preview: bool, language: Language) -> String {
    let ContactOutcome { batch, state, overwritten, other_head_only, removed, radius, examples } = contact;
    let mut lines = vec![match language {
        Language::Zh => format!(
            "在用联系方式：改写{overwritten}个（其中{other_head_only}个仅开头不同，如区号），停用{removed}个"
        ),
        Language::En => format!(
            "of contact points in use {overwritten} are overwritten ({other_head_only} of them in the first characters only, \
             as by another area code), {removed} go out of use"
        ),
    }];
    for ContactExample { place, point, values, states } in examples {
        let states =
            if states.0 == states.1 { String::new() } else { format!(", {} → {}", states.0, states.1) };
        lines.push(format!("  {place}: {point} {} → {}{states}", values.0, values.1));
    }
    lines.extend(radius.as_ref().map(|radius| radius_words(radius, language)));
    lines.push(state_words((batch, *state), is_preview, language));
    format!("\n{}", lines.join("\n"))
}

/// What an import says of the opt-outs that it changes.
pub(super) fn opt_out_words(opt_outs: &OptOutOutcome, is_preview: bool, language: Language) -> String {
    let OptOutOutcome { batch, state, opted_out, opted_in, radius } = opt_outs;
    let mut lines = vec![match language {
        Language::Zh => format!("已有客户：新增退订{opted_out}位，取消退订{opted_in}位"),
        Language::En => format!(
            "of customers who were known, {opted_out} are opted out of a channel and {opted_in} opted in again"
        ),
    }];
    lines.extend(radius.as_ref().map(|radius| radius_words(radius, language)));
    lines.push(state_words((batch, *state), is_preview, language));
    format!("\n{}", lines.join("\n"))
}

/// The same for scripts.
pub(super) fn opt_out_json(opt_outs: &OptOutOutcome) -> Value {
    json!({
        "batch": opt_outs.batch,
        "state": opt_outs.state,
        "opted_out": opt_outs.opted_out,
        "opted_in": opt_outs.opted_in,
        "radius": opt_outs.radius.as_ref().map(radius_json),
    })
}

/// Whether a change that a file brings was made, and how it goes on.
fn state_words((batch, state): (&str, &str), is_preview: bool, language: Language) -> String {
    match (state, is_preview, language) {
        ("done", true, Language::Zh) => "一人即可导入".to_owned(),
        ("done", true, Language::En) => "one person may do that alone".to_owned(),
        ("done", false, Language::Zh) => format!("撤销：dunlin contact-point restore {batch} --reason 原因"),
        ("done", false, Language::En) => {
            format!("undo it with `dunlin contact-point restore {batch} --reason TEXT`")
        }
        ("rejected", _, Language::Zh) => format!("同样的改动未获批准（{batch}），未作变动"),
        ("rejected", _, Language::En) => {
            format!("the same change was refused before ({batch}); it is not made")
        }
        (_, true, Language::Zh) => "导入后这些改动须由他人批准".to_owned(),
        (_, true, Language::En) => "these changes would wait for another person".to_owned(),
        (_, false, Language::Zh) => {
            format!("这些改动尚未生效，须由他人批准：dunlin contact-point approve {batch}")
        }
        (_, false, Language::En) => format!(
            "these are not made yet: another person must approve them with `dunlin contact-point approve {batch}`"
        ),
    }
}

/// The same for scripts.
pub(super) fn import_json(contact: &ContactOutcome) -> Value {
    let example = |example: &ContactExample| {
        json!({
            "place": example.place,
            "contact_point": example.point,
            "value_before": example.values.0,
            "value_after": example.values.1,
            "state_before": example.states.0.code(),
            "state_after": example.states.1.code(),
        })
    };
    json!({
        "batch": contact.batch,
        "state": contact.state,
        "overwritten": contact.overwritten,
        "other_head_only": contact.other_head_only,
        "removed": contact.removed,
        "radius": contact.radius.as_ref().map(radius_json),
        "examples": contact.examples.iter().map(example).collect::<Vec<_>>(),
    })
}

/// `contact-point approve`.
///
/// # Errors
/// What the engine refuses; what the database says.
pub(super) fn approve(session: &Session, args: &people::ContactDecision) -> Result<Answer, Failure> {
    let change = session.open()?.approve_contact_change(&args.batch, &args.note, session.caller())?;
    let text = done_words(&change, session.language);
    Ok(Answer::new(text, super::contact_point::change_json(&change)))
}

/// What is said of a change that a second person approved.
fn done_words(change: &ContactChange, language: Language) -> String {
    let (batch, points) = (&change.batch, change.points as u64);
    let radius = change.radius.unwrap_or_default();
    let what = match (radius.overwritten, language) {
        (_, Language::Zh) if radius.opted_out + radius.opted_in > 0 => {
            format!("已变更{}位客户的退订（申请{}位）", change.opt_outs, radius.customers)
        }
        (_, Language::En) if radius.opted_out + radius.opted_in > 0 => format!(
            "the opt-outs of {} of {} are changed",
            grouped(change.opt_outs as u64),
            counted(radius.customers, "customer")
        ),
        (0, Language::Zh) => format!("已停用{points}个联系方式"),
        (0, Language::En) => format!("{} are out of use", counted(points, "contact point")),
        (overwritten, Language::Zh) if points == radius.points => {
            format!("已改写{overwritten}个联系方式，停用{}个", points - overwritten)
        }
        (overwritten, Language::En) if points == radius.points => format!(
            "{} overwritten, {} out of use",
            counted(overwritten, "contact point"),
            grouped(points - overwritten)
        ),
        (_, Language::Zh) => {
            format!("已改动{points}个联系方式（申请{}个，其余在此期间已有改动）", radius.points)
        }
        (_, Language::En) => format!(
            "{} of {} are changed; the others were changed meanwhile",
            grouped(points),
            counted(radius.points, "contact point")
        ),
    };
    match language {
        Language::Zh => format!("{what}；撤销：dunlin contact-point restore {batch} --reason 原因"),
        Language::En => format!("{what}; undo it with `dunlin contact-point restore {batch} --reason TEXT`"),
    }
}

/// `contact-point reject`.
///
/// # Errors
/// What the engine refuses; what the database says.
pub(super) fn reject(session: &Session, args: &people::ContactDecision) -> Result<Answer, Failure> {
    let request = session.open()?.reject_contact_change(&args.batch, &args.note, session.caller())?;
    let text = match session.language {
        Language::Zh => "未获批准，资料没有变动".to_owned(),
        Language::En => "refused; nothing was changed".to_owned(),
    };
    Ok(Answer::new(text, request_json(&request)))
}

/// `contact-point requests`.
///
/// # Errors
/// What the database says.
pub(super) fn requests(session: &Session) -> Result<Answer, Failure> {
    let language = session.language;
    let requests = session.open()?.contact_requests()?;
    let json = json!({ "requests": requests.iter().map(request_json).collect::<Vec<_>>() });
    if requests.is_empty() {
        return Ok(Answer::new(
            language.pick("没有待审批的大批量改动", "no large change was asked for"),
            json,
        ));
    }
    let head = match language {
        Language::Zh => ["批次", "状态", "申请时间", "操作人", "联系方式数", "逾期合约数", "理由"],
        Language::En => ["batch", "state", "asked at", "by", "contact points", "overdue", "why"],
    };
    let mut rows = table(&head, &[4, 5]);
    for request in &requests {
        let by = request.decided_by.as_ref();
        rows.add_row([
            request_text(request),
            words::request_state(&request.state, language).to_owned(),
            request.asked_at.to_string(),
            by.map_or_else(|| request.author.clone(), |by| format!("{}, {by}", request.author)),
            grouped(request.radius.points),
            grouped(request.radius.overdue),
            request.reason.clone(),
        ]);
    }
    Ok(Answer::new(lines_of(&rows), json))
}

/// `contact-point batches`.
///
/// # Errors
/// What the database says.
pub(super) fn batches(session: &Session) -> Result<Answer, Failure> {
    let language = session.language;
    let batches = session.open()?.contact_batches()?;
    let objects: Vec<Value> = batches.iter().map(batch_json).collect();
    let json = json!({ "batches": objects });
    if batches.is_empty() {
        return Ok(Answer::new(
            language.pick("至今没有停用过联系方式", "nothing was taken out so far"),
            json,
        ));
    }
    let head = match language {
        Language::Zh => ["批次", "执行时间", "操作人", "联系方式数", "撤销时间", "理由"],
        Language::En => ["batch", "carried out at", "by", "contact points", "undone at", "why"],
    };
    let mut rows = table(&head, &[3]);
    for batch in &batches {
        rows.add_row([
            batch_text(batch.id),
            batch.at.to_string(),
            batch.actor.clone(),
            grouped(batch.points),
            batch.undone_at.map(|at| at.to_string()).unwrap_or_default(),
            batch.reason.clone(),
        ]);
    }
    Ok(Answer::new(lines_of(&rows), json))
}

fn batch_json(batch: &ContactBatch) -> Value {
    json!({
        "batch": batch_text(batch.id),
        "at": batch.at.to_string(),
        "by": batch.actor,
        "contact_points": batch.points,
        "undone_at": batch.undone_at.map(|at| at.to_string()),
        "reason": batch.reason,
    })
}

fn request_json(request: &ContactRequest) -> Value {
    json!({
        "batch": request_text(request),
        "state": request.state,
        "asked_at": request.asked_at.to_string(),
        "author": request.author,
        "decided_by": request.decided_by,
        "reason": request.reason,
        "radius": radius_json(&request.radius),
    })
}

/// `contact-point alarms`.
///
/// # Errors
/// What the database says.
pub(super) fn alarms(session: &Session) -> Result<Answer, Failure> {
    let engine = session.open()?;
    let (alarms, incidents) = (engine.contact_alarms()?, engine.contact_incidents()?);
    let mut objects: Vec<Value> = alarms
        .iter()
        .map(|alarm| {
            json!({
                "on": alarm.date.to_string(),
                "kind": "removed",
                "removed": alarm.removed,
                "removed_in_28_days_before": alarm.removed_before,
                "opened_at": alarm.opened_at.to_string(),
                "closed_at": alarm.closed_at.map(|at| at.to_string()),
                "closed_by": alarm.closed_by,
                "note": alarm.note,
            })
        })
        .collect();
    objects.extend(incidents.iter().map(incident_json));
    let lines = alarms.iter().map(|alarm| {
        let state = match (&alarm.closed_by, session.language) {
            (Some(by), Language::Zh) => format!("已由{by}关闭：{}", alarm.note.as_deref().unwrap_or("")),
            (Some(by), Language::En) => format!("closed by {by}: {}", alarm.note.as_deref().unwrap_or("")),
            (None, Language::Zh) => "未关闭".to_owned(),
            (None, Language::En) => "open".to_owned(),
        };
        let (date, removed, before) = (alarm.date, alarm.removed, alarm.removed_before);
        match session.language {
            Language::Zh => format!("{date}：停用{removed}个联系方式，此前28天共{before}个，{state}"),
            Language::En => {
                format!("{date}: {removed} removed, after {before} in the 28 days before; {state}")
            }
        }
    });
    let others = incidents.iter().map(|incident| incident_words(incident, session.language));
    let text = lines.chain(others).collect::<Vec<_>>().join("\n");
    let is_open = alarms.iter().any(|alarm| alarm.closed_at.is_none()) || !incidents.is_empty();
    let text = match (text.is_empty(), session.language) {
        (false, _) => text,
        (true, Language::Zh) => "没有数量异常的日子".to_owned(),
        (true, Language::En) => "no day departed from the usual rate".to_owned(),
    };
    Ok(Answer::new(text, json!({ "alarms": objects })).found_if(is_open))
}

fn incident_json(incident: &ContactIncident) -> Value {
    json!({
        "on": incident.day,
        "kind": incident.kind,
        "found": incident.found,
        "found_in_28_days_before": incident.before,
        "incident": incident.id,
        "opened_at": incident.opened_at.to_string(),
        "closed_at": null,
    })
}

fn incident_words(incident: &ContactIncident, language: Language) -> String {
    let ContactIncident { kind, day, found, before, .. } = incident;
    match language {
        Language::Zh => {
            let what = match kind.as_str() {
                "overwritten" => "改写联系方式",
                "opted_out" => "退订客户",
                _ => "新增联系方式",
            };
            format!("{day}：{what}{found}个，此前28天共{before}个，未关闭")
        }
        Language::En => {
            let what = if kind == "opted_out" { "opted out" } else { kind.as_str() };
            format!("{day}: {found} {what}, after {before} in the 28 days before; open")
        }
    }
}

/// `contact-point close-alarm`.
///
/// # Errors
/// What the engine refuses; what the database says.
pub(super) fn close_alarm(session: &Session, args: &people::CloseAlarm) -> Result<Answer, Failure> {
    session.open()?.close_contact_alarm(args.date, &args.note, session.caller())?;
    let date = args.date;
    let text = match session.language {
        Language::Zh => format!("{date} 的警报已关闭"),
        Language::En => format!("the alarm of {date} is closed"),
    };
    Ok(Answer::new(text, json!({ "on": date.to_string() })))
}
