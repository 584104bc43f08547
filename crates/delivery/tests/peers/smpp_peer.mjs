// A message centre for the tests of `delivery`: node's smpp, with a few numbers that make it misbehave.
//
// Prints `ready PORT` and then one line of JSON for each thing that happens. Lives until its standard input ends.
// Arguments: PORT, and the numbers of the message ids in decimal or hexadecimal (dec | hex), and for TLS a PEM
// file with key and certificate. The last two digits of
// a recipient say what becomes of the message:
//   01 refused as an invalid recipient          05 the connection is cut instead of an answer
//   02 a system error                           06 never answered
//   03 throttled                                07 taken, and the receipt comes before the answer
//   04 a temporary error of the application     08 taken, and the receipt comes twice
//   09 taken, and a message from the customer comes back
//   16 taken, and a message from the customer comes back in three parts, out of order
//   17 the same, of which the second part never comes
//   19 taken, and the same message comes back twice, with the phone's own numbers
//   10 taken, and the receipt says that it failed
//   11 each second segment is throttled the first time
//   12 to 15 taken, and no receipt comes; a query says that it was delivered, is on its way, is not known, has failed
//   any other: taken, and the receipt says that it was delivered
import fs from "node:fs";
import smpp from "smpp";

const [port, form, pair] = process.argv.slice(2);
// With a file of key and certificate it speaks within TLS.
const security = pair ? { key: fs.readFileSync(pair), cert: fs.readFileSync(pair) } : {};
let count = 0x1000;
const put_off = new Set();
// Receipts wait here for the next bind, as they do when nobody is bound.
const waiting = [];
const receivers = new Set();
// The kind of each message that was taken, by its id as it was answered.
const taken = new Map();

const say = (what) => process.stdout.write(JSON.stringify(what) + "\n");
const answer_id = () => (form === "hex" ? (++count).toString(16).toUpperCase() : String(++count));
const receipt_id = (id) => (form === "hex" ? String(parseInt(id, 16)) : "000" + id);

function receipt(session, pdu, id, state, error) {
  const text =
    `id:${receipt_id(id)} sub:001 dlvrd:001 submit date:2611240930 done date:2611240931 ` +
    `stat:${state} err:${error} text:`;
  deliver(session, { source_addr: pdu.destination_addr, esm_class: 4, short_message: text }, id);
}

function deliver(session, fields, id) {
  const receiver = receivers.has(session) ? session : [...receivers][0];
  if (!receiver) {
    waiting.push([fields, id]);
    return;
  }
  receiver.deliver_sm(fields, (response) => say({ delivered: id, status: response.command_status }));
}

function text_of(pdu) {
  if (pdu.message_payload) return { text: pdu.message_payload.message, udh: null };
  const udh = pdu.short_message.udh;
  return { text: pdu.short_message.message, udh: udh ? [...udh[0] ?? udh].map(Number) : null };
}

function submit(session, pdu) {
  const kind = pdu.destination_addr.slice(-2);
  const { text, udh } = text_of(pdu);
  const respond = (status, id) => session.send(pdu.response({ command_status: status, message_id: id }));
  const states = { "01": 0x0b, "02": 0x08, "03": 0x58, "04": 0x64 };
  if (kind in states) return respond(states[kind]);
  if (kind === "05") return session.socket.destroy();
  if (kind === "06") return undefined;
  if (kind === "11" && udh && udh.at(-1) % 2 === 0 && !put_off.has(text)) {
    put_off.add(text);
    return respond(0x58);
  }
  const id = answer_id();
  taken.set(id, kind);
  say({
    to: pdu.destination_addr,
    from: pdu.source_addr,
    ton: [pdu.source_addr_ton, pdu.dest_addr_ton],
    text,
    udh,
    payload: pdu.message_payload !== undefined,
    data_coding: pdu.data_coding,
    esm_class: pdu.esm_class,
    registered: pdu.registered_delivery,
    validity: pdu.validity_period,
    id,
  });
  if (kind === "07") receipt(session, pdu, id, "DELIVRD", "000");
  respond(0, id);
  if (kind === "08") for (let i = 0; i < 2; i++) receipt(session, pdu, id, "DELIVRD", "000");
  else if (kind === "09") {
    deliver(session, { source_addr: pdu.destination_addr, esm_class: 0, short_message: "STOP" }, id);
  } else if (kind === "16" || kind === "17") {
    const texts = ["我已还款，", "请查收，", "谢谢"];
    for (const index of kind === "16" ? [3, 1, 2] : [3, 1]) {
      const udh = Buffer.from([5, 0, 3, 42, 3, index]);
      const message = Buffer.from(texts[index - 1], "utf16le").swap16();
      const fields = { source_addr: pdu.destination_addr, esm_class: 0x40, data_coding: 8 };
      deliver(session, { ...fields, short_message: Buffer.concat([udh, message]) }, `${id}/${index}`);
    }
  } else if (kind === "19") {
    for (const number of [1, 2, 2]) {
      const fields = { source_addr: pdu.destination_addr, esm_class: 0, short_message: "paid" };
      deliver(session, { ...fields, user_message_reference: number }, id);
    }
  } else if (kind === "10") receipt(session, pdu, id, "UNDELIV", "004");
  else if (kind !== "07" && !(kind >= "12" && kind <= "19")) receipt(session, pdu, id, "DELIVRD", "000");
  return undefined;
}

// Message states: 1 on its way, 2 delivered, 5 undeliverable (SMPP 3.4, 5.2.28).
function query(session, pdu) {
  const kind = taken.get(pdu.message_id);
  say({ query: pdu.message_id, from: pdu.source_addr });
  if (kind === undefined || kind === "14") return session.send(pdu.response({ command_status: 0x67 }));
  const state = { "10": 5, "13": 1, "15": 5 }[kind] ?? 2;
  const fields = { message_id: pdu.message_id, message_state: state, error_code: state === 5 ? 4 : 0 };
  return session.send(pdu.response(fields));
}

const server = smpp.createServer(security, (session) => {
  const bind = (pdu) => {
    if (pdu.password !== "open" && pdu.system_id !== "nobody") {
      session.send(pdu.response({ command_status: 0x0e }));
      return session.close();
    }
    say({ bind: pdu.command, system_id: pdu.system_id, version: pdu.interface_version });
    session.send(pdu.response({ system_id: "peer" }));
    if (pdu.command !== "bind_transmitter") {
      receivers.add(session);
      for (const [fields, id] of waiting.splice(0)) deliver(session, fields, id);
    }
  };
  for (const command of ["bind_transceiver", "bind_transmitter", "bind_receiver"]) session.on(command, bind);
  session.on("query_sm", (pdu) => query(session, pdu));
  session.on("submit_sm", (pdu) => submit(session, pdu));
  session.on("enquire_link", (pdu) => {
    say({ enquire_link: true });
    session.send(pdu.response());
  });
  session.on("unbind", (pdu) => {
    receivers.delete(session);
    say({ unbind: true });
    session.send(pdu.response(), undefined, () => session.close());
  });
  session.on("close", () => receivers.delete(session));
  session.on("error", () => receivers.delete(session));
});
server.listen(Number(port), "127.0.0.1", () => process.stdout.write(`ready ${server.address().port}\n`));
process.stdin.on("end", () => process.exit(0)).resume();
