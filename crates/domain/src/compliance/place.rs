//! Which rule packs apply to a contact: by the agreement's product and the place where the person lives.
//!
//! Several may apply, and then the strictest wins (see [`super::permit`]). A place that nobody told is guessed from
//! the person's time zone.

use std::fmt;

use jiff::tz::TimeZone;

use crate::compliance::rules::ContactRules;

/// A country or a region of it, by ISO 3166: `CN`, `US`, `US-MA`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place(String);

/// Countries and territories (ISO 3166-1). The United Kingdom is `GB`.
const COUNTRIES: &str = "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ \
    CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO \
    FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE \
    JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO \
    MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW \
    PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM \
    TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW";
/// States, the district and outlying areas of the United States (ISO 3166-2:US).
const US_REGIONS: &str = "AL AK AZ AR CA CO CT DE FL GA HI ID IL IN IA KS KY LA ME MD MA MI MN MS MO MT NE NV NH NJ NM NY NC \
    ND OH OK OR PA RI SC SD TN TX UT VT VA WA WV WI WY DC AS GU MP PR UM VI";
/// Provinces, municipalities and regions of China, by letters (ISO 3166-2:CN) and by number (GB/T 2260).
const CN_REGIONS: &str = "AH BJ CQ FJ GD GS GX GZ HA HB HE HI HK HL HN JL JS JX LN MO NM NX QH SC SD SH SN SX TJ TW XJ XZ YN ZJ \
    11 12 13 14 15 21 22 23 31 32 33 34 35 36 37 41 42 43 44 45 46 50 51 52 53 54 61 62 63 64 65 71 81 82";

impl Place {
    /// Reads two capital letters of a country, and after a hyphen one to three letters or digits of a region.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (country, region) =
            text.split_once('-').map_or((text, None), |(left, right)| (left, Some(right)));
        let is_capital = |letter: u8| letter.is_ascii_uppercase();
        let is_country = country.len() == 2 && country.bytes().all(is_capital);
        let is_region = region.is_none_or(|region| {
            (1..=3).contains(&region.len())
                && region.bytes().all(|letter| is_capital(letter) || letter.is_ascii_digit())
        });
        (is_country && is_region).then(|| Self(text.to_owned()))
    }

    /// Whether its country exists, and its region, as far as the regions of its country are known here.
    #[must_use]
    pub fn is_real(&self) -> bool {
        let is_in = |regions: &str, region: &str| regions.split_whitespace().any(|known| known == region);
        match self.0.split_once('-') {
            Some(("US", region)) => is_in(US_REGIONS, region),
            Some(("CN", region)) => is_in(CN_REGIONS, region),
            Some((country, _)) => is_in(COUNTRIES, country),
            None => is_in(COUNTRIES, &self.0),
        }
    }

    /// Whether `other` is this place or lies in it: `US` takes in `US-MA`, and not the other way round.
    #[must_use]
    pub fn takes_in(&self, other: &Self) -> bool {
        let rest = other.0.strip_prefix(&self.0);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// To whom a pack applies. Without places, zones and `otherwise` it applies everywhere.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AppliesTo {
    /// Codes of products; all when empty.
    pub products: Vec<String>,
    /// Countries and regions.
    pub places: Vec<Place>,
    /// IANA zones that stand for these places where a person's place is not known; `America/*` is all of them.
    pub zones: Vec<String>,
    /// It applies to all whom no pack that names places reaches.
    pub otherwise: bool,
}

impl AppliesTo {
    fn names_places(&self) -> bool {
        !self.places.is_empty() || !self.zones.is_empty()
    }

    fn reaches(&self, place: Option<&Place>, zone: &str) -> bool {
        match place {
            Some(place) => self.places.iter().any(|known| known.takes_in(place)),
            None => self.has_zone(zone),
        }
    }

    /// Whether it may apply to a person of whom these places were told and whose zone is named `zone`.
    #[must_use]
    pub fn may_reach<'p>(&self, mut places: impl Iterator<Item = &'p Place>, zone: &str) -> bool {
        let is_for_all = self.otherwise || !self.names_places();
        is_for_all || self.has_zone(zone) || places.any(|place| self.reaches(Some(place), zone))
    }

    fn has_zone(&self, zone: &str) -> bool {
        self.zones.iter().any(|known| match known.strip_suffix('*') {
            Some(start) => zone.starts_with(start),
            None => known == zone,
        })
    }
}

/// Clocks by which the hours of a pack are kept beside that of the person's own zone: a person whose place is told is there,
/// whatever zone a file has for them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Clocks {
    /// Of all to whom the pack applies.
    pub always: Vec<TimeZone>,
    /// Of people in the places of the pack whose own zone is none of its zones, where no region says more.
    pub otherwise: Vec<TimeZone>,
    /// Of people of a region: those in which they may be.
    pub of_places: Vec<(Place, Vec<TimeZone>)>,
}

impl Clocks {
    /// The clocks of a person's place, if it was told; the narrowest region that has some decides. `own` is the person's zone.
    pub(super) fn of_place(&self, to: &AppliesTo, place: Option<&Place>, own: &TimeZone) -> &[TimeZone] {
        let Some(place) = place else { return &[] };
        let regions = self.of_places.iter().filter(|(region, _)| region.takes_in(place));
        if let Some((_, zones)) = regions.max_by_key(|(region, _)| region.0.len()) {
            return zones;
        }
        let is_known = own.iana_name().is_some_and(|name| to.has_zone(name));
        if is_known || !to.reaches(Some(place), "") { &[] } else { &self.otherwise }
    }
}

/// The packs that apply to a contact about an agreement of `product` with a person in `place`, or, where that is not
/// known, in the zone named `zone`; in the order of `packs`.
pub fn applying<'r>(
    packs: impl IntoIterator<Item = &'r ContactRules>,
    product: &str,
    place: Option<&Place>,
    zone: &str,
) -> Vec<&'r ContactRules> {
    let of_product = |rules: &&ContactRules| {
        let products = &rules.applies_to.products;
        products.is_empty() || products.iter().any(|known| known == product)
    };
    let packs: Vec<&ContactRules> = packs.into_iter().filter(of_product).collect();
    let reaches = |rules: &ContactRules| rules.applies_to.reaches(place, zone);
    let is_placed = packs.iter().any(|rules| reaches(rules));
    let applies = |rules: &&ContactRules| {
        let to = &rules.applies_to;
        let is_everywhere = !to.names_places() && !to.otherwise;
        is_everywhere || reaches(rules) || (to.otherwise && !is_placed)
    };
    packs.into_iter().filter(applies).collect()
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;

    fn pack(name: &str, places: &[&str], zones: &[&str], otherwise: bool, products: &[&str]) -> ContactRules {
        let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
        let places = places.iter().map(|place| Place::parse(place).expect("a place")).collect();
        let applies_to = AppliesTo { products: texts(products), places, zones: texts(zones), otherwise };
        ContactRules { applies_to, ..ContactRules::unlimited(name, TimeZone::UTC) }
    }

    fn check(product: &str, place: &str, zone: &str, expected: Expect) {
        let packs = [
            pack("cn", &["CN"], &["Asia/Shanghai"], true, &[]),
            pack("us", &["US"], &["America/*"], false, &[]),
            pack("us-ma", &["US-MA"], &[], false, &[]),
            pack("house", &[], &[], false, &["card"]),
        ];
        let names: Vec<&str> = applying(&packs, product, Place::parse(place).as_ref(), zone)
            .iter()
            .map(|rules| rules.name.as_str())
            .collect();
        expected.assert_eq(&names.join(" "));
    }

    #[test]
    fn a_known_place_decides_and_a_region_adds_to_its_country() {
        check("baitiao", "CN", "Asia/Shanghai", expect!["cn"]);
        check("baitiao", "US", "America/New_York", expect!["us"]);
        check("baitiao", "US-MA", "America/New_York", expect!["us us-ma"]);
        check("baitiao", "US-MA", "Asia/Shanghai", expect!["us us-ma"]);
        check("card", "US", "America/New_York", expect!["us house"]);
    }

    #[test]
    fn an_unknown_place_is_guessed_from_the_zone_and_the_rest_has_the_pack_for_all_others() {
        check("baitiao", "", "Asia/Shanghai", expect!["cn"]);
        check("baitiao", "", "America/Chicago", expect!["us"]);
        check("baitiao", "", "Asia/Taipei", expect!["cn"]);
        check("baitiao", "JP", "Asia/Tokyo", expect!["cn"]);
    }

    #[test]
    fn a_country_state_or_province_must_exist() {
        let is_real = |text| Place::parse(text).expect("a place").is_real();
        for text in ["US", "US-CA", "US-DC", "US-PR", "CN-SH", "CN-11", "GB-ENG", "IN"] {
            assert!(is_real(text), "{text}");
        }
        for text in ["US-ZZ", "US-XX", "US-1", "CN-ZZ", "CN-99", "UK", "UK-ENG", "XX"] {
            assert!(!is_real(text), "{text}");
        }
    }

    #[test]
    fn places_are_countries_and_their_regions() {
        for text in ["CN", "US-MA", "GB-ENG", "CN-11"] {
            assert!(Place::parse(text).is_some(), "{text}");
        }
        for text in ["", "us", "USA", "US-", "US-MASS", "US-ma"] {
            assert!(Place::parse(text).is_none(), "{text}");
        }
        let place = |text| Place::parse(text).expect("a place");
        assert!(!place("US-MA").takes_in(&place("US")));
    }
}
