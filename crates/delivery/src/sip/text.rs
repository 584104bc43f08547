//! SIP messages (RFC 3261) as text: those that we send, and what is read of those that come.

use std::fmt::Write as _;

/// The longest message that is read: a trunk sends nothing near it.
pub(super) const BYTES_MAX: usize = 65_536;

/// A message that came in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Incoming {
    /// The first line.
    start: String,
    /// Header fields with their names in small letters, short forms written out.
    headers: Vec<(String, String)>,
    /// What follows the empty line.
    pub body: String,
}

/// What is said of a header's short form (section 7.3.3).
fn long_name(name: &str) -> &str {
    match name {
        "v" => "via",
        "f" => "from",
        "t" => "to",
        "i" => "call-id",
        "m" => "contact",
        "c" => "content-type",
        "l" => "content-length",
        other => other,
    }
}

impl Incoming {
    /// Reads a message; `None` for what is none.
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let text = String::from_utf8_lossy(bytes);
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
        let mut lines = head.split("\r\n");
        let start = lines.next()?.trim().to_owned();
        if !start.starts_with("SIP/2.0 ") && !start.ends_with(" SIP/2.0") {
            return None;
        }
        let mut headers: Vec<(String, String)> = Vec::new();
        for line in lines {
            // A line that begins with a blank goes on with the one before.
            if let (true, Some((_, value))) = (line.starts_with([' ', '\t']), headers.last_mut()) {
                value.push(' ');
                value.push_str(line.trim());
                continue;
            }
            let (name, value) = line.split_once(':')?;
            let name = name.trim().to_ascii_lowercase();
            headers.push((long_name(&name).to_owned(), value.trim().to_owned()));
        }
        Some(Self { start, headers, body: body.to_owned() })
    }

    /// How many of `bytes` are the first message of a stream; `None` while it is not whole.
    pub fn length_in(bytes: &[u8]) -> Option<usize> {
        let head_end = bytes.windows(4).position(|four| four == b"\r\n\r\n")? + 4;
        let body = Self::parse(&bytes[..head_end])
            .and_then(|message| message.header("content-length")?.parse::<usize>().ok())
            .unwrap_or(0);
        (bytes.len() >= head_end + body).then_some(head_end + body)
    }

    /// The code of a response; `None` for a request.
    pub fn status(&self) -> Option<u16> {
        self.start.strip_prefix("SIP/2.0 ")?.get(..3)?.parse().ok()
    }

    /// The words beside the code.
    pub fn phrase(&self) -> &str {
        self.start.splitn(3, ' ').nth(2).unwrap_or_default()
    }

    /// The method of a request; `None` for a response.
    pub fn method(&self) -> Option<&str> {
        if self.status().is_some() { None } else { self.start.split(' ').next() }
    }

    /// The first field of a name in small letters.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }

    /// All fields of a name.
    pub fn all<'m>(&'m self, name: &'m str) -> impl Iterator<Item = &'m str> {
        self.headers.iter().filter(move |(own, _)| own == name).map(|(_, value)| value.as_str())
    }

    /// The number and method of `CSeq`.
    pub fn sequence(&self) -> Option<(u32, &str)> {
        let (number, method) = self.header("cseq")?.split_once(' ')?;
        Some((number.parse().ok()?, method.trim()))
    }
}

/// What all requests of one call have in common.
pub(super) struct Dialog {
    /// `UDP` or `TCP`.
    pub transport: &'static str,
    /// Our address, as the trunk reaches it.
    pub local: String,
    /// Whom we call: `sip:NUMBER@DOMAIN`.
    pub target: String,
    /// Who we are: `sip:CALLER@DOMAIN`.
    pub from: String,
    /// The call's id.
    pub call_id: String,
    /// Our tag.
    pub from_tag: String,
    /// Their part of the dialog: the whole value of `To`, once it has a tag.
    pub to: Option<String>,
    /// Where requests within the dialog go: their `Contact`.
    pub remote_target: Option<String>,
    /// The proxies that want to stay on the way, nearest first.
    pub route: Vec<String>,
    /// Our user, in `Contact`.
    pub user: String,
}

impl Dialog {
    /// A request; `branch` names its transaction.
    pub fn request(
        &self,
        method: &str,
        (number, branch): (u32, &str),
        extra: &[(&str, String)],
        body: Option<(&str, &str)>,
    ) -> String {
        let in_dialog = self.to.is_some() && method != "CANCEL" && method != "INVITE";
        let uri = match &self.remote_target {
            Some(remote) if in_dialog => remote.as_str(),
            _ => &self.target,
        };
        let mut text = format!("{method} {uri} SIP/2.0\r\n");
        self.write_head(&mut text, branch);
        if in_dialog {
            for hop in &self.route {
                write!(text, "Route: {hop}\r\n").expect("text");
            }
        }
        let to = match &self.to {
            Some(to) if in_dialog => to.clone(),
            _ => format!("<{}>", self.target),
        };
        write!(
            text,
            "From: <{}>;tag={}\r\nTo: {to}\r\nCall-ID: {}\r\nCSeq: {number} {method}\r\n",
            self.from, self.from_tag, self.call_id
        )
        .expect("text");
        finish(&mut text, extra, body);
        text
    }

    fn write_head(&self, text: &mut String, branch: &str) {
        let Self { transport, local, user, .. } = self;
        let suffix = match *transport {
            "TCP" => ";transport=tcp",
            "TLS" => ";transport=tls",
            _ => "",
        };
        write!(
            text,
            "Via: SIP/2.0/{transport} {local};branch={branch};rport\r\nMax-Forwards: 70\r\n\
             Contact: <sip:{user}@{local}{suffix}>\r\nUser-Agent: Dunlin\r\n"
        )
        .expect("text");
    }

    /// Takes over what a response tells of the other side.
    pub fn learn(&mut self, response: &Incoming) {
        if let Some(to) = response.header("to").filter(|to| to.contains("tag=")) {
            self.to = Some(to.to_owned());
        }
        if let Some(uri) = response.header("contact").and_then(address_of) {
            self.remote_target = Some(uri);
        }
        let mut route: Vec<String> = response
            .all("record-route")
            .flat_map(|value| value.split(','))
            .map(|hop| hop.trim().to_owned())
            .collect();
        route.reverse();
        if !route.is_empty() {
            self.route = route;
        }
    }
}

fn finish(text: &mut String, extra: &[(&str, String)], body: Option<(&str, &str)>) {
    for (name, value) in extra {
        write!(text, "{name}: {value}\r\n").expect("text");
    }
    match body {
        Some((kind, body)) => {
            write!(text, "Content-Type: {kind}\r\nContent-Length: {}\r\n\r\n{body}", body.len())
        }
        None => write!(text, "Content-Length: 0\r\n\r\n"),
    }
    .expect("text");
}

/// The response to a request of the other side.
pub(super) fn response_to(request: &Incoming, status: u16, phrase: &str) -> String {
    let mut text = format!("SIP/2.0 {status} {phrase}\r\n");
    for name in ["via", "from", "to", "call-id", "cseq"] {
        for value in request.all(name) {
            write!(text, "{name}: {value}\r\n").expect("text");
        }
    }
    finish(&mut text, &[], None);
    text
}

/// The address within `<…>`, or the value without its parameters.
fn address_of(value: &str) -> Option<String> {
    match value.split_once('<') {
        Some((_, rest)) => rest.split_once('>').map(|(address, _)| address.to_owned()),
        None => value.split(';').next().map(|address| address.trim().to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RINGING: &str = "SIP/2.0 180 Ringing\r\nv: SIP/2.0/UDP 10.0.0.1:5060\r\nRecord-Route: <sip:a;lr>,\r\n <sip:b;lr>\r\n\
        t: <sip:1@x>;tag=z\r\nContact: <sip:gw@10.0.0.9:5070>\r\nCSeq: 2 INVITE\r\nl: 3\r\n\r\nabc";

    #[test]
    fn short_names_folded_lines_and_bodies_are_read() {
        let read = Incoming::parse(RINGING.as_bytes()).expect("a response");
        assert_eq!((read.status(), read.phrase(), read.body.as_str()), (Some(180), "Ringing", "abc"));
        assert_eq!(read.header("record-route"), Some("<sip:a;lr>, <sip:b;lr>"));
        assert_eq!((read.sequence(), read.method()), (Some((2, "INVITE")), None));
        assert_eq!(Incoming::length_in(RINGING.as_bytes()), Some(RINGING.len()));
        assert_eq!(Incoming::length_in(&RINGING.as_bytes()[..RINGING.len() - 1]), None);
        assert_eq!(Incoming::parse(b"\r\n\r\n"), None, "a sign of life is no message");
        assert_eq!(Incoming::parse("垃圾\r\n\r\n".as_bytes()), None);
    }

    #[test]
    fn requests_in_a_dialog_go_where_the_other_side_said() {
        let mut dialog = Dialog {
            transport: "UDP",
            local: "10.0.0.1:4000".to_owned(),
            target: "sip:100@trunk.example".to_owned(),
            from: "sip:4000@trunk.example".to_owned(),
            call_id: "c".to_owned(),
            from_tag: "t".to_owned(),
            to: None,
            remote_target: None,
            route: Vec::new(),
            user: "4000".to_owned(),
        };
        dialog.learn(&Incoming::parse(RINGING.as_bytes()).expect("a response"));
        let bye = dialog.request("BYE", (3, "z9hG4bK3"), &[], None);
        let expected = "BYE sip:gw@10.0.0.9:5070 SIP/2.0\r\nVia: SIP/2.0/UDP 10.0.0.1:4000;branch=z9hG4bK3;rport\r\n\
            Max-Forwards: 70\r\nContact: <sip:4000@10.0.0.1:4000>\r\nUser-Agent: Dunlin\r\nRoute: <sip:b;lr>\r\n\
            Route: <sip:a;lr>\r\nFrom: <sip:4000@trunk.example>;tag=t\r\nTo: <sip:1@x>;tag=z\r\nCall-ID: c\r\n\
            CSeq: 3 BYE\r\nContent-Length: 0\r\n\r\n";
        assert_eq!(bye, expected);
        let cancel = dialog.request("CANCEL", (2, "z9hG4bK2"), &[], None);
        assert!(cancel.starts_with("CANCEL sip:100@trunk.example SIP/2.0\r\n"), "{cancel}");
        assert!(
            cancel.contains("To: <sip:100@trunk.example>\r\n"),
            "it is of the same transaction: {cancel}"
        );
    }
}
