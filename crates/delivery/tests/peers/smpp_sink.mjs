// A message centre for measurements: node's smpp, which takes every message and says at once that it was delivered.
//
// Prints `ready PORT` and nothing else. Lives until its standard input ends. Argument: PORT, 0 for a free one.
import smpp from "smpp";

const port = process.argv[2] ?? "0";
let count = 0x1000;

const server = smpp.createServer({}, (session) => {
  // Without it answers wait for acknowledgements of the ones before, and what is measured is that wait.
  session.socket.setNoDelay(true);
  const bind = (pdu) => session.send(pdu.response({ system_id: "sink" }));
  for (const command of ["bind_transceiver", "bind_transmitter", "bind_receiver"]) session.on(command, bind);
  session.on("submit_sm", (pdu) => {
    const id = String(++count);
    session.send(pdu.response({ message_id: id }));
    const text =
      `id:${id} sub:001 dlvrd:001 submit date:2603021000 done date:2603021000 stat:DELIVRD err:000 text:`;
    session.deliver_sm({ source_addr: pdu.destination_addr, esm_class: 4, short_message: text });
  });
  session.on("enquire_link", (pdu) => session.send(pdu.response()));
  session.on("unbind", (pdu) => session.send(pdu.response(), undefined, () => session.close()));
  session.on("error", () => session.close());
});
server.listen(Number(port), "127.0.0.1", () => process.stdout.write(`ready ${server.address().port}\n`));
process.stdin.on("end", () => process.exit(0)).resume();
