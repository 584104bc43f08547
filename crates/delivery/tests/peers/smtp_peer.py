"""A mail server for the tests of `delivery`: aiosmtpd, with a few addresses that make it misbehave.

Prints `ready PORT` and then one line of JSON for each mail that it accepts, as Python's own mail parser reads
it. Lives until its standard input ends. Arguments: plain | starttls | tls | reports, and for starttls and tls a PEM file
with certificate and key; for plain, if mails are signed, the DKIM record of the key. With `reports` the server offers
delivery reports (RFC 3461) and tells what it was asked to report.
"""

import asyncio
import email
import email.policy
import json
import ssl
import sys

import dkim
from aiosmtpd.smtp import SMTP, AuthResult


class Handler:
    async def handle_MAIL(self, server, session, envelope, address, options):
        if address.startswith("barred@"):
            return "550 5.7.1 <" + address + "> may not send here"
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 OK"

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith("gone@"):
            return "550 5.1.1 <" + address + ">: no such user"
        if address.startswith("later@"):
            return "451 4.7.1 " + address + " is greylisted, try again in a while"
        if address.startswith("stumble@"):
            server.transport.abort()
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        recipient = envelope.rcpt_tos[0]
        if recipient.startswith("vanish@"):
            # Whether the mail was kept is exactly what nobody can tell now.
            server.transport.abort()
            return "250 OK"
        if recipient.startswith("spam@"):
            return "554 5.7.1 refused by content"
        mail = email.message_from_bytes(envelope.content, policy=email.policy.default)
        print(
            json.dumps(
                {
                    "to": recipient,
                    "from": str(mail["From"]),
                    "header_to": str(mail["To"]),
                    "subject": str(mail["Subject"]),
                    "date": str(mail["Date"]),
                    "message_id": str(mail["Message-ID"]),
                    "language": str(mail["Content-Language"]),
                    "unsubscribe": str(mail["List-Unsubscribe"]),
                    "one_click": str(mail["List-Unsubscribe-Post"]),
                    "envelope_from": envelope.mail_from,
                    "options": sorted(envelope.mail_options + envelope.rcpt_options),
                    "dkim": signature(envelope.content),
                    "automatic": str(mail["Auto-Submitted"]),
                    "body": mail.get_content().replace("\r\n", "\n"),
                    "tls": session.ssl is not None or server.transport.get_extra_info("sslcontext") is not None,
                    "user": session.auth_data.login.decode() if session.authenticated else None,
                },
                ensure_ascii=True,
            ),
            flush=True,
        )
        return "250 OK"


def signature(content):
    """Whether the DKIM signature is good, and where its key was looked up."""
    looked_up = []

    def key(name, timeout=5):
        looked_up.append(name.decode())
        return sys.argv[3].encode()

    return [dkim.verify(content, dnsfunc=key), *looked_up] if b"DKIM-Signature" in content else None


class Reporting(SMTP):
    """Python's server knows no delivery reports: their parameters are taken off the commands and kept."""

    async def smtp_MAIL(self, arg):
        await super().smtp_MAIL(self.kept(arg, ("RET=", "ENVID=")))

    async def smtp_RCPT(self, arg):
        await super().smtp_RCPT(self.kept(arg, ("NOTIFY=", "ORCPT=")))

    def kept(self, arg, names):
        words = arg.split(" ")
        self.asked = getattr(self, "asked", []) if arg.startswith("TO:") else []
        self.asked += [word for word in words if word.startswith(names)]
        return " ".join(word for word in words if not word.startswith(names))


class ReportingHandler(Handler):
    async def handle_EHLO(self, server, session, envelope, hostname, responses):
        session.host_name = hostname
        return [responses[0], "250-DSN", *responses[1:]]

    async def handle_RCPT(self, server, session, envelope, address, options):
        return await super().handle_RCPT(server, session, envelope, address, [*options, *server.asked])


def authenticate(server, session, envelope, mechanism, data):
    return AuthResult(success=data.password == b"open sesame", handled=False, auth_data=data)


async def main():
    security = sys.argv[1]
    context = None
    if security in ("starttls", "tls"):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(sys.argv[3])

    def protocol():
        reports = security == "reports"
        return (Reporting if reports else SMTP)(
            ReportingHandler() if reports else Handler(),
            hostname="peer.example",
            enable_SMTPUTF8=False,
            authenticator=authenticate,
            auth_require_tls=security == "starttls",
            tls_context=context if security == "starttls" else None,
            require_starttls=security == "starttls",
        )

    loop = asyncio.get_running_loop()
    tls_at_once = context if security == "tls" else None
    server = await loop.create_server(protocol, "127.0.0.1", int(sys.argv[2]), ssl=tls_at_once)
    print("ready", server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)


asyncio.run(main())
