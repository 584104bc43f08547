// A provider of text messages over HTTP for the tests of `delivery`, on node's own server and node's own cryptography:
// it checks the signatures of Aliyun, Tencent Cloud and Standard Webhooks from what came over the wire.
//
// Prints `ready PORT` and then one line of JSON for each request. Lives until its standard input ends. Arguments: PORT, for pushes the
// PEM file with the key of the service account (or -), and for TLS a PEM file with key and certificate.
// The last two digits of a recipient say what becomes of the message; see `answer`.
import crypto from "node:crypto";
import fs from "node:fs";
import http from "node:http";
import https from "node:https";

const say = (what) => process.stdout.write(JSON.stringify(what) + "\n");
const sha256 = (text) => crypto.createHash("sha256").update(text).digest("hex");
const hmac = (key, text) => crypto.createHmac("sha256", key).update(text).digest();

function aliyun_is_signed(request, url) {
  const [, signed, signature] = request.headers.authorization.match(/SignedHeaders=([^,]+),Signature=([0-9a-f]+)$/);
  const headers = signed.split(";").map((name) => `${name}:${request.headers[name]}\n`).join("");
  const query = [...url.searchParams].sort()
    .map((pair) => pair.map(encodeURIComponent).join("="))
    .join("&").replace(/[!'()*]/g, (c) => "%" + c.charCodeAt(0).toString(16).toUpperCase());
  const canonical = ["POST", url.pathname, query, headers, signed, sha256("")].join("\n");
  return hmac("secret", "ACS3-HMAC-SHA256\n" + sha256(canonical)).toString("hex") === signature;
}

function tencent_is_signed(request, body) {
  const [, day, signature] = request.headers.authorization.match(/Credential=id\/([^/]+)\/sms.*Signature=([0-9a-f]+)$/);
  const headers = `content-type:${request.headers["content-type"]}\nhost:${request.headers.host}\n`;
  const canonical = ["POST", "/", "", headers, "content-type;host", sha256(body)].join("\n");
  const scope = `${day}/sms/tc3_request`;
  const text = ["TC3-HMAC-SHA256", request.headers["x-tc-timestamp"], scope, sha256(canonical)].join("\n");
  const key = hmac(hmac(hmac("TC3secret", day), "sms"), "tc3_request");
  return hmac(key, text).toString("hex") === signature;
}

function webhook_is_signed(request, body) {
  const { "webhook-id": id, "webhook-timestamp": at, "webhook-signature": signature } = request.headers;
  const key = Buffer.from("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "base64");
  return signature === "v1," + hmac(key, `${id}.${at}.${body}`).toString("base64");
}

// The claims of a token request (RFC 7523), if the service account has signed it.
function claims_of(body) {
  const [head, claims, signature] = new URLSearchParams(body).get("assertion").split(".");
  const key = crypto.createPublicKey(fs.readFileSync(process.argv[3]));
  const text = Buffer.from(`${head}.${claims}`);
  if (!crypto.verify("RSA-SHA256", text, key, Buffer.from(signature, "base64url"))) return null;
  return JSON.parse(Buffer.from(claims, "base64url"));
}

function push(request, body) {
  if (request.headers.authorization !== "Bearer token-1") return [401, { error: { status: "UNAUTHENTICATED" } }];
  const { message } = JSON.parse(body);
  const kind = message.token.slice(-2);
  if (kind === "01") return [404, { error: { status: "NOT_FOUND", details: [{ errorCode: "UNREGISTERED" }] } }];
  if (kind === "07") return [400, { error: { status: "INVALID_ARGUMENT" } }];
  say(message);
  return [200, { name: "projects/lender-app/messages/1" }];
}

// What was taken, in the order of its coming, for those who ask later: our id or text, the number, the kind.
const taken = [];

// What a provider says of a message later, by the last two digits of its number.
const delivered = (kind) => !["10", "13", "18"].includes(kind);
const put_off = new Set();

function aliyun_details(url) {
  const number = url.searchParams.get("PhoneNumber");
  if (number.endsWith("09")) return [400, { Code: "isp.RAM_PERMISSION_DENY" }];
  const own = url.searchParams.get("SendDate") === "20261124" ? taken.filter((it) => it.number === number) : [];
  say({ asked: Object.fromEntries(url.searchParams) });
  const entries = own.map(({ id, kind }) => ({
    OutId: id, PhoneNum: number, Content: "…", SendDate: "2026-11-24 09:30:03",
    ...(kind === "13" ? { SendStatus: 1 } : { SendStatus: delivered(kind) ? 3 : 2, ReceiveDate: "2026-11-24 09:30:09" }),
    ErrCode: delivered(kind) ? "DELIVERED" : "MOBILE_NOT_ON_SERVICE",
  }));
  return [200, { Code: "OK", TotalCount: String(entries.length), SmsSendDetailDTOs: { SmsSendDetailDTO: entries } }];
}

function tencent_statuses(json) {
  say({ asked: json });
  const entries = taken.filter((it) => it.number === json.PhoneNumber && it.kind !== "13").map(({ id, kind }) => ({
    SessionContext: id, SerialNo: "8:" + kind, UserReceiveTime: 1795483809,
    ReportStatus: delivered(kind) ? "SUCCESS" : "FAIL", Description: delivered(kind) ? "DELIVRD" : "MK:0001",
  }));
  return [200, { Response: { PullSmsSendStatusSet: entries } }];
}

function twilio_messages(url) {
  const entry = ({ text, kind }) => ({
    sid: "SM" + kind, body: text, direction: "outbound-api", date_created: "Tue, 24 Nov 2026 01:30:03 +0000",
    date_updated: "Tue, 24 Nov 2026 01:30:09 +0000",
    status: kind === "13" ? "queued" : delivered(kind) ? "delivered" : "undelivered",
    error_code: kind === "10" ? 30003 : null,
  });
  const sid = url.pathname.match(/Messages\/(\w+)\.json$/);
  say({ asked: sid ? sid[1] : url.searchParams.get("To") });
  if (!sid) return [200, { messages: taken.filter((it) => it.number === url.searchParams.get("To")).map(entry) }];
  const own = taken.find((it) => "SM" + it.kind === sid[1]);
  return own ? [200, entry(own)] : [404, { code: 20404 }];
}

// A provider of the lender's own: `/state?id=…`.
function state(request, url) {
  say({ asked: url.searchParams.get("id"), key: request.headers["x-key"] });
  const own = taken.find((it) => it.id === url.searchParams.get("id"));
  if (!own) return [404, {}];
  return [200, { data: { state: ["13", "18"].includes(own.kind) ? "SENT" : delivered(own.kind) ? "DELIVRD" : "UNDELIV" } }];
}

// Status, body.
function answer(request, url, body) {
  if (url.pathname === "/token") {
    const claims = claims_of(body);
    if (!claims) return [400, { error: "invalid_grant" }];
    say({ claims: { ...claims, aud: claims.aud.endsWith("/token") } });
    return [200, { access_token: "token-1", expires_in: 3600 }];
  }
  if (url.pathname === "/v1/projects/lender-app/messages:send") return push(request, body);
  if (url.pathname === "/state") return state(request, url);
  if (url.pathname.startsWith("/2010-04-01/")) {
    const form = new URLSearchParams(body);
    const basic = Buffer.from("AC1:secret").toString("base64");
    if (request.headers.authorization !== `Basic ${basic}`) return [401, { code: 20003 }];
    if (request.method === "GET") return twilio_messages(url);
    const kind = form.get("To").slice(-2);
    if (kind === "01") return [400, { code: 21211, message: "number " + form.get("To") }];
    if (kind !== "04") taken.push({ number: form.get("To"), text: form.get("Body"), kind });
    if (kind === "04" || kind === "08") return [500, {}];
    say(Object.fromEntries(form));
    return [201, { sid: "SM" + kind, status: "queued" }];
  }
  if (request.headers["x-acs-action"]) {
    if (!aliyun_is_signed(request, url)) return [400, { Code: "SignatureDoesNotMatch" }];
    if (request.headers["x-acs-action"] === "QuerySendDetails") return aliyun_details(url);
    const number = url.searchParams.get("PhoneNumbers");
    const kind = number.slice(-2);
    if (kind !== "11") taken.push({ number, id: url.searchParams.get("OutId"), kind });
    if (kind === "08" || kind === "11") return [500, {}];
    if (kind === "01") return [200, { Code: "isv.MOBILE_NUMBER_ILLEGAL" }];
    if (kind === "03") return [400, { Code: "Throttling.User" }];
    if (kind === "04") return [200, { Code: "isv.BUSINESS_LIMIT_CONTROL" }];
    if (kind === "05") return [200, { Code: "isp.SYSTEM_ERROR" }];
    say({ ...Object.fromEntries(url.searchParams), action: request.headers["x-acs-action"] });
    return [200, { Code: "OK", Message: "OK", BizId: "9006^" + kind }];
  }
  if (request.headers["x-tc-action"]) {
    if (!tencent_is_signed(request, body)) return [200, { Response: { Error: { Code: "AuthFailure.SignatureFailure" } } }];
    const json = JSON.parse(body);
    if (request.headers["x-tc-action"] === "PullSmsSendStatusByPhoneNumber") return tencent_statuses(json);
    const kind = json.PhoneNumberSet[0].slice(-2);
    taken.push({ number: json.PhoneNumberSet[0], id: json.SessionContext, kind });
    if (kind === "08") return [500, {}];
    const code = {
      "01": "InvalidParameterValue.IncorrectPhoneNumber",
      "03": "RequestLimitExceeded",
      "05": "InternalError.Timeout",
      "06": "LimitExceeded.DeliveryFrequencyLimit",
    }[kind];
    if (!code) say(json);
    return [200, { Response: { SendStatusSet: [{ SerialNo: "8:" + kind, Code: code ?? "Ok" }] } }];
  }
  const json = JSON.parse(body);
  const kind = json.to.slice(-2);
  if (request.headers["webhook-id"] && !webhook_is_signed(request, body)) return [401, {}];
  if (kind === "01") return [200, { code: "bad number", quoted: json.to }];
  if (kind === "02") return [503, {}];
  if (kind === "03") return [429, {}, { "retry-after": "17" }];
  if (kind === "04") return [500, {}];
  if (kind === "07") return [422, { code: "too long" }];
  // Lost the first time, before it was taken.
  if (kind === "14" && !put_off.has(json.to)) return put_off.add(json.to) && [500, {}];
  taken.push({ number: json.to, id: [json.ref].flat()[0], kind });
  if (kind === "08" || kind === "18") return [500, {}];
  say({ ...json, key: request.headers["x-key"], type: request.headers["content-type"] });
  return [200, { code: 0, data: [{ id: "id-" + kind }] }];
}

const pair = process.argv[4] && fs.readFileSync(process.argv[4]);
const create = pair ? (handle) => https.createServer({ key: pair, cert: pair }, handle) : http.createServer;
const server = create((request, response) => {
  let body = "";
  request.setEncoding("utf8").on("data", (part) => (body += part)).on("end", () => {
    const url = new URL(request.url, "http://peer");
    if (/"to":"\d+05"/.test(body)) return request.socket.destroy();
    if (/"to":"\d+06"/.test(body)) return undefined;
    const [status, json, headers] = answer(request, url, body);
    response.writeHead(status, { "content-type": "application/json", ...headers });
    return response.end(JSON.stringify(json));
  });
});
server.listen(Number(process.argv[2]), "127.0.0.1", () =>
  process.stdout.write(`ready ${server.address().port}\n`));
process.stdin.on("end", () => process.exit(0)).resume();
