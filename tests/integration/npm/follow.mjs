// Follows a live stream as any EventSource does: node follow.mjs <url> <token>. Out: one {"kind","id","data","code"} a line, until its
// input ends. An error with a code is one after which an EventSource does not come back.
import { EventSource } from "eventsource";

const [url, token] = process.argv.slice(2);
const withToken = (input, init) => fetch(input, { ...init, headers: { ...init.headers, Authorization: `Bearer ${token}` } });
const source = new EventSource(url, { fetch: withToken });

const say = (kind, event) => console.log(JSON.stringify({ kind, id: event.lastEventId, data: event.data, code: event.code }));
for (const kind of ["open", "error", "ready", "notification", "reset"]) source.addEventListener(kind, (event) => say(kind, event));

process.stdin.resume();
process.stdin.on("end", () => {
  source.close();
  process.exit(0);
});
