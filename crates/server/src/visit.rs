//! What a request says about its reader: the language, and the parameters after the question mark.

use std::convert::Infallible;

use axum::extract::{FromRequestParts, Query};
use axum::http::header::{ACCEPT_LANGUAGE, COOKIE};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue};
use dunlin_domain::contact::Language;
use dunlin_domain::date::Date;

use crate::links;
use crate::problem::Problem;

/// The cookie that keeps the chosen language. Its name is our own, since ports share cookies.
const COOKIE_NAME: &str = "dunlin_lang";

/// One request, as far as its reader goes.
#[derive(Clone, Debug)]
pub struct Visit {
    /// The language chosen in this very request; it is kept for the next ones.
    chosen: Option<Language>,
    /// The language by choice, cookie or browser.
    language: Option<Language>,
    /// Path and query without the choice of a language.
    here: String,
    parameters: Vec<(String, String)>,
}

impl<S: Send + Sync> FromRequestParts<S> for Visit {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        // Pairs of any text can always be read; a value that makes no sense is refused where it is used.
        let parameters: Vec<(String, String)> =
            Query::try_from_uri(&parts.uri).map(|Query(pairs)| pairs).unwrap_or_default();
        let chosen = value(&parameters, "lang").and_then(Language::parse);
        let language =
            chosen.or_else(|| from_cookie(&parts.headers)).or_else(|| from_browser(&parts.headers));
        Ok(Self { chosen, language, here: here(parts.uri.path(), &parameters), parameters })
    }
}

impl Visit {
    /// The language of pages: Chinese unless the reader wants English.
    #[must_use]
    pub fn page_language(&self) -> Language {
        self.language.unwrap_or(Language::Zh)
    }

    /// The language of what programs read: English unless Chinese is asked for.
    #[must_use]
    pub fn api_language(&self) -> Language {
        self.language.unwrap_or(Language::En)
    }

    /// The language chosen in this very request.
    #[must_use]
    pub fn chosen_language(&self) -> Option<Language> {
        self.chosen
    }

    /// Path and query without the choice of a language.
    #[must_use]
    pub fn here(&self) -> &str {
        &self.here
    }

    /// The cookie that keeps a language chosen in this request.
    #[must_use]
    pub fn cookie(&self) -> Option<HeaderValue> {
        let text = match self.chosen? {
            Language::Zh => "dunlin_lang=zh; Path=/; Max-Age=31536000; SameSite=Lax; HttpOnly",
            Language::En => "dunlin_lang=en; Path=/; Max-Age=31536000; SameSite=Lax; HttpOnly",
        };
        Some(HeaderValue::from_static(text))
    }

    /// A parameter, if it is there and not empty.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        value(&self.parameters, name).map(str::trim).filter(|text| !text.is_empty())
    }

    /// A parameter that is a day.
    ///
    /// # Errors
    /// [`Problem::ImpossibleDate`].
    pub fn date(&self, name: &str) -> Result<Option<Date>, Problem> {
        self.text(name).map(parse_date).transpose()
    }

    /// A parameter that is a whole number.
    ///
    /// # Errors
    /// [`Problem::BadNumber`].
    pub fn number(&self, name: &'static str) -> Result<Option<u64>, Problem> {
        let parse = |text: &str| {
            // Databases count in 63 bits.
            let number = text.parse().ok().filter(|number| i64::try_from(*number).is_ok());
            number.ok_or_else(|| Problem::BadNumber { name, text: text.to_owned() })
        };
        self.text(name).map(parse).transpose()
    }
}

/// Reads a day.
///
/// # Errors
/// [`Problem::ImpossibleDate`].
pub fn parse_date(text: &str) -> Result<Date, Problem> {
    Date::parse(text).map_err(|error| Problem::ImpossibleDate { text: error.text })
}

fn value<'a>(parameters: &'a [(String, String)], name: &str) -> Option<&'a str> {
    parameters.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
}

fn here(path: &str, parameters: &[(String, String)]) -> String {
    let pairs: Vec<String> = parameters
        .iter()
        .filter(|(name, _)| name != "lang")
        .map(|(name, value)| format!("{}={}", links::segment(name), links::segment(value)))
        .collect();
    // With two slashes in front it would be the address of another server.
    let path = format!("/{}", path.trim_start_matches(['/', '\\']));
    if pairs.is_empty() { path } else { format!("{path}?{}", pairs.join("&")) }
}

fn from_cookie(headers: &HeaderMap) -> Option<Language> {
    let cookies = headers.get_all(COOKIE).iter().filter_map(|header| header.to_str().ok());
    cookies
        .flat_map(|header| header.split(';'))
        .filter_map(|cookie| cookie.trim().split_once('='))
        .find(|(name, _)| *name == COOKIE_NAME)
        .and_then(|(_, language)| Language::parse(language))
}

fn from_browser(headers: &HeaderMap) -> Option<Language> {
    preferred(headers.get(ACCEPT_LANGUAGE)?.to_str().ok()?)
}

/// The language that an `Accept-Language` header likes best, if it is one of ours.
fn preferred(header: &str) -> Option<Language> {
    let wishes = header.split(',').filter_map(|wish| {
        let (tag, weight) = wish.split_once(';').unwrap_or((wish, "q=1"));
        let main = tag.trim().split('-').next()?.to_ascii_lowercase();
        Some((Language::parse(&main)?, thousandths(weight.trim().strip_prefix("q=")?)?))
    });
    // Of two that are liked equally, the first in the header is meant.
    let mut best: Option<(Language, u32)> = None;
    for (language, weight) in wishes {
        if weight > best.map_or(0, |(_, weight)| weight) {
            best = Some((language, weight));
        }
    }
    best.map(|(language, _)| language)
}

/// A weight such as `0.8` in thousandths.
fn thousandths(weight: &str) -> Option<u32> {
    let (whole, fraction) = weight.split_once('.').unwrap_or((weight, ""));
    let whole: u32 = whole.parse().ok().filter(|whole| *whole <= 1)?;
    let fraction: u32 = format!("{fraction:0<3}").get(..3)?.parse().ok()?;
    Some(whole * 1000 + fraction)
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::Request;
    use expect_test::{Expect, expect};

    fn check(uri: &str, headers: &[(&str, &str)], expected: Expect) {
        let mut request = Request::builder().uri(uri);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let (mut parts, ()) = request.body(()).expect("a request").into_parts();
        let visit = tokio::runtime::Builder::new_current_thread()
            .build()
            .expect("a runtime")
            .block_on(Visit::from_request_parts(&mut parts, &()))
            .unwrap_or_else(|never| match never {});
        let cookie = visit.cookie().map_or("no cookie".to_owned(), |cookie| format!("{cookie:?}"));
        expected.assert_eq(&format!(
            "pages {} api {} | {} | {cookie}",
            visit.page_language(),
            visit.api_language(),
            visit.here()
        ));
    }

    #[test]
    fn a_choice_beats_the_cookie_and_the_cookie_beats_the_browser() {
        check("/today", &[], expect!["pages zh api en | /today | no cookie"]);
        let browser = ("accept-language", "en-US,en;q=0.9,zh-CN;q=0.8");
        check("/today", &[browser], expect!["pages en api en | /today | no cookie"]);
        let cookie = ("cookie", "other=1; dunlin_lang=zh");
        check("/today", &[browser, cookie], expect!["pages zh api zh | /today | no cookie"]);
        check(
            "/today?on=2026-03-04&lang=en",
            &[cookie],
            expect![[
                r#"pages en api en | /today?on=2026-03-04 | "dunlin_lang=en; Path=/; Max-Age=31536000; SameSite=Lax; HttpOnly""#
            ]],
        );
        check("/today?lang=fr", &[cookie], expect!["pages zh api zh | /today | no cookie"]);
    }

    #[test]
    fn the_place_is_kept_with_everything_but_the_language() {
        check(
            "/agreements?id=a%26b%20c&lang=x",
            &[],
            expect!["pages zh api en | /agreements?id=a%26b%20c | no cookie"],
        );
        check("//evil.example/x", &[], expect!["pages zh api en | /evil.example/x | no cookie"]);
    }

    fn check_preferred(header: &str, expected: Expect) {
        expected.assert_eq(&format!("{:?}", preferred(header)));
    }

    #[test]
    fn the_browser_is_asked_for_the_language_it_likes_best() {
        check_preferred("zh-CN,zh;q=0.9,en;q=0.8", expect!["Some(Zh)"]);
        check_preferred("zh;q=0.5, en;q=0.75", expect!["Some(En)"]);
        check_preferred("fr,de;q=0.9,en;q=0.1", expect!["Some(En)"]);
        check_preferred("en;q=0, fr", expect!["None"]);
        check_preferred("*", expect!["None"]);
        check_preferred("en;q=x", expect!["None"]);
        check_preferred("en;q=0.é", expect!["None"]);
        check_preferred("", expect!["None"]);
    }
}
