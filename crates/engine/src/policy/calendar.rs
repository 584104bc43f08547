//! Working-day calendars: from TOML to [`Calendar`]. The format is told in `docs/calendars.md`.

use dunlin_domain::calendar::{BeyondData, Calendar, DayKind};
use dunlin_domain::date::Date;
use dunlin_domain::wording;
use dunlin_domain::wording::Wording;
use serde::Deserialize;
use toml::Spanned;

use super::PolicyKind;
use super::error::{Complaints, PolicyError};
use super::header::{Header, read_header};
use super::toml_text::{document_text, read};

/// A version of a working-day calendar.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CalendarDocument {
    /// The head.
    pub header: Header,
    /// Its days.
    pub calendar: Calendar,
}

document_text! {
    struct CalendarText {
        beyond_data: Spanned<String>,
        years: Vec<YearText>,
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct YearText {
    year: Spanned<i64>,
    /// Where the notice stands; for people.
    #[serde(rename = "source")]
    _source: Spanned<String>,
    holidays: Vec<Spanned<String>>,
    make_up_workdays: Vec<Spanned<String>>,
}

/// Reads a calendar.
pub(super) fn parse(file: &str, text: &str) -> Result<CalendarDocument, Vec<PolicyError>> {
    let document: CalendarText = read(file, text)?;
    let mut complaints = Complaints::new(file, text);
    let fields = document.header_fields(&complaints);
    let header = read_header(PolicyKind::Calendar, file, &fields, &mut complaints);
    let calendar = calendar_of(&document, &mut complaints);
    let built = header.zip(calendar).map(|(header, calendar)| CalendarDocument { header, calendar });
    complaints.finish(built)
}

fn calendar_of(document: &CalendarText, complaints: &mut Complaints<'_>) -> Option<Calendar> {
    let beyond = document.beyond_data.as_ref();
    let codes = BeyondData::ALL.iter().map(|value| value.code());
    let beyond = BeyondData::parse(beyond).ok_or_else(|| Wording::not_one_of(beyond, codes));
    let beyond = complaints.keep(&document.beyond_data, "beyond_data", beyond);
    let (mut years, mut days) = (Vec::new(), Vec::new());
    for year in &document.years {
        let number = i16::try_from(*year.year.as_ref()).ok().filter(|year| (1970..=9999).contains(year));
        let number = complaints.keep(
            &year.year,
            "years.year",
            number.ok_or_else(|| wording!("须为 1970 至 9999", "must be 1970 to 9999")),
        )?;
        if years.contains(&number) {
            complaints.add_at(
                &year.year,
                "years.year",
                wording!("重复出现；请去掉一个", "is given twice; leave one of them out"),
            );
        }
        years.push(number);
        let holidays = days_of(&year.holidays, "years.holidays", number, DayKind::Holiday, complaints);
        let made_up = &year.make_up_workdays;
        let made_up = days_of(made_up, "years.make_up_workdays", number, DayKind::MakeUpWorkday, complaints);
        days.extend(holidays.into_iter().chain(made_up));
    }
    let calendar = Calendar::try_new(years, days, beyond?);
    calendar.map_err(|error| complaints.add(None, "years", error)).ok()
}

/// The days of one notice; it may reach into the December before its year, and no further.
fn days_of(
    places: &[Spanned<String>],
    field: &str,
    year: i16,
    kind: DayKind,
    complaints: &mut Complaints<'_>,
) -> Vec<(Date, DayKind)> {
    let mut days = Vec::new();
    for place in places {
        let Some(date) = complaints.keep(place, field, Date::parse(place.as_ref())) else { continue };
        let (own_year, month, _) = date.year_month_day();
        if own_year == year || (own_year == year - 1 && month == 12) {
            days.push((date, kind));
        } else {
            let complaint = wording!(
                "{date} 既不在 {year} 年内，也不在上一年 12 月内",
                "{date} is neither in {year} nor in the December before it"
            );
            complaints.add_at(place, field, complaint);
        }
    }
    days
}
