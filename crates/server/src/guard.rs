//! What every request and response goes through: only this machine is answered, and a browser is told to load
//! nothing from elsewhere, to show the pages in no frame and to keep nothing.

use std::net::{IpAddr, SocketAddr};

use axum::extract::{Request, State};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, HOST, HeaderName, REFERRER_POLICY, VARY, X_CONTENT_TYPE_OPTIONS,
    X_FRAME_OPTIONS,
};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderValue, Uri};
use axum::middleware::Next;
use axum::response::Response;

use crate::answer;
use crate::problem::Problem;
use crate::visit::Visit;

/// By which names this server may be asked. A page elsewhere can make a browser resolve its own name to this
/// machine (DNS rebinding), but it cannot make the browser ask for another name than its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hosts {
    /// `localhost` and the loopback addresses.
    Loopback,
    /// The same, and any address in digits: the server listens on more than loopback.
    AnyAddress,
}

impl Hosts {
    /// The names that fit what the server listens on.
    #[must_use]
    pub fn of(address: SocketAddr) -> Self {
        if address.ip().is_loopback() { Self::Loopback } else { Self::AnyAddress }
    }

    /// Whether `authority`, such as `localhost:8080`, may be asked for.
    #[must_use]
    pub fn admit(self, authority: &Authority) -> bool {
        // A name with credentials before it is nothing that a browser sends as host.
        if authority.as_str().contains('@') {
            return false;
        }
        let host = authority.host();
        if host.eq_ignore_ascii_case("localhost") {
            return true;
        }
        let digits = host.trim_start_matches('[').trim_end_matches(']');
        match (digits.parse::<IpAddr>(), self) {
            (Ok(address), Self::Loopback) => address.is_loopback(),
            (Ok(_), Self::AnyAddress) => true,
            (Err(_), _) => false,
        }
    }

    fn admit_request(self, uri: &Uri, headers: &HeaderMap) -> bool {
        let mut hosts = headers.get_all(HOST).iter();
        let (Some(host), None) = (hosts.next(), hosts.next()) else { return false };
        let named = host.to_str().ok().and_then(|host| host.parse::<Authority>().ok());
        named.is_some_and(|named| self.admit(&named)) && uri.authority().is_none_or(|named| self.admit(named))
    }
}

/// Lets a request through if it asks for this machine, and seals the response.
pub async fn guard(State(hosts): State<Hosts>, visit: Visit, request: Request, next: Next) -> Response {
    let mut response = if hosts.admit_request(request.uri(), request.headers()) {
        next.run(request).await
    } else {
        answer::bare(&Problem::ForeignHost, &visit)
    };
    seal(response.headers_mut());
    response
}

fn seal(headers: &mut HeaderMap) {
    const CONTENT_POLICY: &str = "default-src 'self'; script-src 'none'; object-src 'none'; base-uri 'none'; \
                                  form-action 'self'; frame-ancestors 'none'";
    const SEALS: [(HeaderName, &str); 6] = [
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (X_FRAME_OPTIONS, "DENY"),
        (REFERRER_POLICY, "no-referrer"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
        (VARY, "accept-language, cookie"),
    ];
    for (name, value) in SEALS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    // A statement brings a stricter one of its own: it may load nothing at all.
    headers.entry(CONTENT_SECURITY_POLICY).or_insert(HeaderValue::from_static(CONTENT_POLICY));
    // Pages show what people owe, so a browser keeps none of them unless the answer says otherwise.
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(hosts: Hosts, authority: &str, is_admitted: bool) {
        let parsed = authority.parse::<Authority>().expect("a host and port");
        assert_eq!(hosts.admit(&parsed), is_admitted, "{authority}");
    }

    #[test]
    fn only_loopback_names_are_answered() {
        for good in ["localhost", "localhost:8080", "LOCALHOST:1", "127.0.0.1:80", "127.9.9.9", "[::1]:8080"]
        {
            check(Hosts::Loopback, good, true);
        }
        for bad in [
            "evil.example",
            "localhost.evil.example",
            "127.0.0.1.evil.example:80",
            "192.168.1.7",
            "[2001:db8::1]",
            "evil@localhost",
            "0.0.0.0:80",
            "localhost.",
        ] {
            check(Hosts::Loopback, bad, false);
        }
    }

    #[test]
    fn a_server_on_the_network_answers_to_its_address_but_to_no_foreign_name() {
        check(Hosts::AnyAddress, "192.168.1.7:8080", true);
        check(Hosts::AnyAddress, "localhost", true);
        check(Hosts::AnyAddress, "evil.example:8080", false);
    }

    #[test]
    fn a_request_must_name_exactly_one_host() {
        let uri = Uri::from_static("/today");
        let mut headers = HeaderMap::new();
        assert!(!Hosts::Loopback.admit_request(&uri, &headers), "no host");
        headers.append(HOST, HeaderValue::from_static("localhost:80"));
        assert!(Hosts::Loopback.admit_request(&uri, &headers), "one host");
        let elsewhere = Uri::from_static("http://evil.example/today");
        assert!(!Hosts::Loopback.admit_request(&elsewhere, &headers), "another host in the address");
        headers.append(HOST, HeaderValue::from_static("evil.example"));
        assert!(!Hosts::Loopback.admit_request(&uri, &headers), "two hosts");
    }
}
