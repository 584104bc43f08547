//! Digest access authentication (RFC 3261 section 22, RFC 7616) with MD5 or SHA-256.

use dunlin_domain::contact::Personal;
use md5::{Digest as _, Md5};

use crate::http::sign::{hex, sha256_hex};

/// Who we are to the trunk, and the request that is to be signed.
pub(super) struct Signed<'a> {
    pub user: &'a str,
    pub password: &'a Personal,
    pub method: &'a str,
    pub uri: &'a str,
    /// Different for every request.
    pub cnonce: &'a str,
}

/// The value of `Authorization` for a challenge; `None` for one by another scheme or algorithm.
pub(super) fn authorization(challenge: &str, signed: &Signed<'_>) -> Option<String> {
    let rest = challenge.trim().get(6..).filter(|_| challenge.trim()[..6].eq_ignore_ascii_case("digest"))?;
    let fields = fields_of(rest);
    let field = |name: &str| fields.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str());
    let (realm, nonce) = (field("realm")?, field("nonce")?);
    let algorithm = field("algorithm").unwrap_or("MD5");
    let hash: fn(&str) -> String = match algorithm.to_ascii_uppercase().as_str() {
        "MD5" => |text| hex(&Md5::digest(text.as_bytes())),
        "SHA-256" => |text| sha256_hex(text.as_bytes()),
        _ => return None,
    };
    let Signed { user, password, method, uri, cnonce } = signed;
    let first = hash(&format!("{user}:{realm}:{}", password.reveal()));
    let second = hash(&format!("{method}:{uri}"));
    let asks_auth = field("qop").is_some_and(|qop| qop.split(',').any(|one| one.trim() == "auth"));
    let mut value =
        format!("Digest username=\"{user}\", realm=\"{realm}\", nonce=\"{nonce}\", uri=\"{uri}\"");
    let response = if asks_auth {
        value += &format!(", qop=auth, nc=00000001, cnonce=\"{cnonce}\"");
        hash(&format!("{first}:{nonce}:00000001:{cnonce}:auth:{second}"))
    } else {
        hash(&format!("{first}:{nonce}:{second}"))
    };
    value += &format!(", response=\"{response}\", algorithm={algorithm}");
    if let Some(opaque) = field("opaque") {
        value += &format!(", opaque=\"{opaque}\"");
    }
    Some(value)
}

/// The fields of a challenge; commas within quotes stand for themselves.
fn fields_of(text: &str) -> Vec<(String, String)> {
    let mut fields = Vec::new();
    let mut rest = text;
    while let Some((name, after)) = rest.split_once('=') {
        let name = name.trim_matches([' ', ',', '\t']).to_ascii_lowercase();
        let (value, next) = match after.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"').unwrap_or((quoted, "")),
            None => after.split_once(',').unwrap_or((after, "")),
        };
        fields.push((name, value.trim().to_owned()));
        rest = next;
    }
    fields
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of RFC 7616 section 3.9.1, by both algorithms.
    #[test]
    fn the_published_example_is_signed_as_published() {
        let check = |algorithm: &str, expected: &str| {
            let challenge = format!(
                "Digest realm=\"http-auth@example.org\", qop=\"auth, auth-int\", algorithm={algorithm}, \
                 nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", \
                 opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\""
            );
            let password = Personal::new("Circle of Life");
            let signed = Signed {
                user: "Mufasa",
                password: &password,
                method: "GET",
                uri: "/dir/index.html",
                cnonce: "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
            };
            let value = authorization(&challenge, &signed).expect("it can be signed");
            assert!(value.contains(&format!("response=\"{expected}\"")), "{value}");
        };
        check("MD5", "8ca523f5e9506fed4657c9700eebdbec");
        check("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1");
        assert!(fields_of("realm=\"a, b\", nonce=x").contains(&("realm".to_owned(), "a, b".to_owned())));
    }
}
