//! How requests to providers are signed, and how what providers send us is known to be theirs.
//!
//! Each function is tested against the example that its provider has published.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use dunlin_domain::date::Timestamp;
use ring::{digest, hmac};

/// Bytes in lower-case hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        write!(text, "{byte:02x}").expect("text can be written to");
        text
    })
}

pub(crate) fn sha256_hex(bytes: &[u8]) -> String {
    hex(digest::digest(&digest::SHA256, bytes).as_ref())
}

pub(crate) fn base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// Base64 as in addresses and tokens, without padding (RFC 7515, 2).
pub(crate) fn base64_url(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

pub(crate) fn from_base64(text: &str) -> Option<Vec<u8>> {
    STANDARD.decode(text).ok()
}

fn hmac_sha256(key: &[u8], bytes: &[u8]) -> Vec<u8> {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), bytes).as_ref().to_vec()
}

/// Text as in a query (RFC 3986, 2.3): all but letters, digits and `-._~` as `%XX`.
pub(crate) fn percent_encoded(text: &str) -> String {
    text.bytes().fold(String::new(), |mut encoded, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            write!(encoded, "%{byte:02X}").expect("text can be written to");
        }
        encoded
    })
}

/// Names and values as a query or a form.
pub(crate) fn form(pairs: &[(&str, &str)]) -> String {
    let encoded =
        pairs.iter().map(|(name, value)| format!("{}={}", percent_encoded(name), percent_encoded(value)));
    encoded.collect::<Vec<_>>().join("&")
}

/// `2026-11-24T01:30:00Z`.
pub(crate) fn utc_seconds(now: Timestamp) -> String {
    moment(now).strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

pub(crate) fn unix_seconds(now: Timestamp) -> i64 {
    now.micros().div_euclid(1_000_000)
}

fn moment(now: Timestamp) -> jiff::Timestamp {
    jiff::Timestamp::from_microsecond(now.micros()).unwrap_or(jiff::Timestamp::MAX)
}

/// What Aliyun's `ACS3-HMAC-SHA256` signs.
pub(crate) struct Acs3<'a> {
    pub key_id: &'a str,
    pub key_secret: &'a str,
    /// The query, sorted by name and encoded.
    pub query: &'a str,
    /// The headers to sign, in lower case and sorted by name.
    pub headers: &'a [(&'a str, &'a str)],
    pub body: &'a [u8],
}

/// The `Authorization` of a POST to `/` ("V3 request structure and signature" of the Alibaba Cloud SDK's documents).
pub(crate) fn acs3(request: &Acs3<'_>) -> String {
    let headers: String =
        request.headers.iter().map(|(name, value)| format!("{name}:{}\n", value.trim())).collect();
    let signed = request.headers.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(";");
    let canonical = format!("POST\n/\n{}\n{headers}\n{signed}\n{}", request.query, sha256_hex(request.body));
    let to_sign = format!("ACS3-HMAC-SHA256\n{}", sha256_hex(canonical.as_bytes()));
    let signature = hex(&hmac_sha256(request.key_secret.as_bytes(), to_sign.as_bytes()));
    format!("ACS3-HMAC-SHA256 Credential={},SignedHeaders={signed},Signature={signature}", request.key_id)
}

/// What Tencent Cloud's `TC3-HMAC-SHA256` signs.
pub(crate) struct Tc3<'a> {
    pub secret_id: &'a str,
    pub secret_key: &'a str,
    pub host: &'a str,
    /// The product, which is the first part of the host.
    pub service: &'a str,
    pub body: &'a [u8],
}

/// The content type that [`tc3`] signs.
pub(crate) const TC3_CONTENT_TYPE: &str = "application/json; charset=utf-8";

/// The `Authorization` of a POST of JSON to `/` ("Signature v3" of Tencent Cloud API 3.0).
pub(crate) fn tc3(request: &Tc3<'_>, now: Timestamp) -> String {
    let signed = "content-type;host";
    let headers = format!("content-type:{TC3_CONTENT_TYPE}\nhost:{}\n", request.host);
    let canonical = format!("POST\n/\n\n{headers}\n{signed}\n{}", sha256_hex(request.body));
    let day = moment(now).strftime("%Y-%m-%d").to_string();
    let scope = format!("{day}/{}/tc3_request", request.service);
    let to_sign =
        format!("TC3-HMAC-SHA256\n{}\n{scope}\n{}", unix_seconds(now), sha256_hex(canonical.as_bytes()));
    let of_day = hmac_sha256(format!("TC3{}", request.secret_key).as_bytes(), day.as_bytes());
    let of_service = hmac_sha256(&of_day, request.service.as_bytes());
    let key = hmac_sha256(&of_service, b"tc3_request");
    let signature = hex(&hmac_sha256(&key, to_sign.as_bytes()));
    let credential = format!("{}/{scope}", request.secret_id);
    format!("TC3-HMAC-SHA256 Credential={credential}, SignedHeaders={signed}, Signature={signature}")
}

/// Whether `signature` is Twilio's for a POST of `fields` to `url` ("Validating requests" of Twilio's "Security").
pub(crate) fn is_twilios(token: &str, url: &str, fields: &[(String, String)], signature: &str) -> bool {
    let mut sorted: Vec<&(String, String)> = fields.iter().collect();
    sorted.sort();
    let to_sign = sorted.iter().fold(url.to_owned(), |text, (name, value)| text + name + value);
    // Twilio signs with SHA-1; as HMAC it still holds.
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, token.as_bytes());
    from_base64(signature).is_some_and(|tag| hmac::verify(&key, to_sign.as_bytes(), &tag).is_ok())
}

/// The key of a Standard Webhooks secret: base64, with or without `whsec_`.
pub(crate) fn webhook_key(secret: &str) -> Option<Vec<u8>> {
    from_base64(secret.strip_prefix("whsec_").unwrap_or(secret)).filter(|key| key.len() >= 16)
}

fn webhook_content(id: &str, seconds: &str, body: &[u8]) -> Vec<u8> {
    [id.as_bytes(), b".", seconds.as_bytes(), b".", body].concat()
}

/// The value of `webhook-signature` (Standard Webhooks, "Signature scheme").
pub(crate) fn webhook_signature(key: &[u8], id: &str, seconds: i64, body: &[u8]) -> String {
    let signature = hmac_sha256(key, &webhook_content(id, &seconds.to_string(), body));
    format!("v1,{}", base64(&signature))
}

/// Seconds by which the clock of whoever signs a webhook may differ from ours.
const WEBHOOK_TOLERANCE_SECONDS: i64 = 300;

/// Whether one of the signatures in `signatures` is good, and made within five minutes of `now`.
pub(crate) fn is_webhook_signed(
    key: &[u8],
    (id, seconds, signatures): (&str, &str, &str),
    body: &[u8],
    now: Timestamp,
) -> bool {
    let is_recent = seconds
        .parse::<i64>()
        .is_ok_and(|seconds| seconds.abs_diff(unix_seconds(now)) <= WEBHOOK_TOLERANCE_SECONDS as u64);
    let key = hmac::Key::new(hmac::HMAC_SHA256, key);
    let content = webhook_content(id, seconds, body);
    let is_good = |signature: &str| {
        let tag = signature.strip_prefix("v1,").and_then(from_base64);
        tag.is_some_and(|tag| hmac::verify(&key, &content, &tag).is_ok())
    };
    is_recent && signatures.split(' ').any(is_good)
}

/// Whether two secrets are the same, in a time that does not tell where they differ.
pub(crate) fn is_same_secret(expected: &str, given: &str) -> bool {
    let key = hmac::Key::new(hmac::HMAC_SHA256, expected.as_bytes());
    let tag = hmac::sign(&key, given.as_bytes());
    hmac::verify(&key, expected.as_bytes(), tag.as_ref()).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Alibaba Cloud, "V3 request structure and signature", fixed parameter example
    /// (alibabacloud.com/help/en/sdk/product-overview/v3-request-structure-and-signature).
    #[test]
    fn acs3_signs_as_alibaba_cloud_has_published() {
        let query = form(&[
            ("ImageId", "win2019_1809_x64_dtc_zh-cn_40G_alibase_20230811.vhd"),
            ("RegionId", "cn-shanghai"),
        ]);
        let authorization = acs3(&Acs3 {
            key_id: "YourAccessKeyId",
            key_secret: "YourAccessKeySecret",
            query: &query,
            headers: &[
                ("host", "ecs.cn-shanghai.aliyuncs.com"),
                ("x-acs-action", "RunInstances"),
                ("x-acs-content-sha256", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
                ("x-acs-date", "2023-10-26T10:22:32Z"),
                ("x-acs-signature-nonce", "3156853299f313e23d1673dc12e1703d"),
                ("x-acs-version", "2014-05-26"),
            ],
            body: b"",
        });
        assert_eq!(
            authorization,
            "ACS3-HMAC-SHA256 Credential=YourAccessKeyId,SignedHeaders=host;x-acs-action;x-acs-content-sha256;\
             x-acs-date;x-acs-signature-nonce;x-acs-version,\
             Signature=06563a9e1b43f5dfe96b81484da74bceab24a1d853912eee15083a6f0f3283c0"
        );
    }

    /// Tencent Cloud, "Signature v3", the example of `DescribeInstances`
    /// (tencentcloud.com/document/api/614/42761).
    #[test]
    fn tc3_signs_as_tencent_cloud_has_published() {
        let body =
            r#"{"Limit": 1, "Filters": [{"Values": ["\u672a\u547d\u540d"], "Name": "instance-name"}]}"#;
        let request = Tc3 {
            secret_id: "AKIDz8krbsJ5yKBZQpn74WFkmLPx3EXAMPLE",
            secret_key: "Gu5t9xGARNpq86cd98joQYCN3EXAMPLE",
            host: "cvm.tencentcloudapi.com",
            service: "cvm",
            body: body.as_bytes(),
        };
        assert_eq!(
            tc3(&request, Timestamp::from_micros(1_551_113_065_000_000)),
            "TC3-HMAC-SHA256 Credential=AKIDz8krbsJ5yKBZQpn74WFkmLPx3EXAMPLE/2019-02-25/cvm/tc3_request, \
             SignedHeaders=content-type;host, \
             Signature=72e494ea809ad7a8c8f7a4507b9bddcbaa8e581f516e8da2f66e2c5a96525168"
        );
    }

    /// Twilio, "Security", the example of its libraries (twilio-php, docs/usage/validation).
    #[test]
    fn twilios_signature_is_known_as_twilio_has_published() {
        let url = "https://mycompany.com/myapp.php?foo=1&bar=2";
        let fields = |digits: &str| {
            [
                ("CallSid", "CA1234567890ABCDE"),
                ("Caller", "+14158675309"),
                ("Digits", digits),
                ("From", "+14158675309"),
                ("To", "+18005551212"),
            ]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
        };
        let signature = "RSOYDt4T1cUTdK1PDd93/VVr8B8=";
        assert!(is_twilios("12345", url, &fields("1234"), signature));
        assert!(!is_twilios("12345", url, &fields("1235"), signature));
        assert!(!is_twilios("12346", url, &fields("1234"), signature));
        assert!(!is_twilios("12345", url, &fields("1234"), "no base64"));
    }

    /// Standard Webhooks, the example that its libraries share (github.com/standard-webhooks/standard-webhooks).
    #[test]
    fn webhooks_are_signed_as_the_standard_has_published() {
        let key = webhook_key("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").expect("a secret");
        let (id, seconds) = ("msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330);
        let body = br#"{"test": 2432232314}"#;
        let signature = webhook_signature(&key, id, seconds, body);
        assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
        let now = |seconds: i64| Timestamp::from_micros(seconds * 1_000_000);
        let is_good = |signatures: &str, at: i64| {
            is_webhook_signed(&key, (id, "1614265330", signatures), body, now(at))
        };
        assert!(is_good(&format!("v1,bm9wZQ== {signature}"), seconds + 300));
        assert!(!is_good(&signature, seconds + 301));
        assert!(!is_good("v1,bm9wZQ==", seconds));
        assert!(!is_good("v1a,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=", seconds));
    }

    #[test]
    fn secrets_are_compared_whole() {
        assert!(is_same_secret("open sesame", "open sesame"));
        assert!(!is_same_secret("open sesame", "open sesam"));
        assert!(!is_same_secret("open sesame", ""));
    }

    #[test]
    fn a_query_is_encoded_as_signatures_need_it() {
        assert_eq!(
            form(&[("SignName", "示例 消金"), ("a", "~*+/")]),
            "SignName=%E7%A4%BA%E4%BE%8B%20%E6%B6%88%E9%87%91&a=~%2A%2B%2F"
        );
    }
}
