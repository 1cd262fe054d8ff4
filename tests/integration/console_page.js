// The console's page without a browser: its own scripts, a document that is just enough for them, and the cookies of one session.
// Use  node console_page.js http://127.0.0.1:4001 TOKEN ja|en  signs in, waits for the first look, acknowledges what fires and sends a
//      dead letter again by their buttons, and prints what the page then says, as JSON.
"use strict";
const vm = require("node:vm");

const [base, token, language] = process.argv.slice(2);
const CLICKED = ["acknowledge", "resend"];
let cookie = "";
let under_way = 0;

class Node {
  constructor(tag) { Object.assign(this, { tag, own: "", children: [], listeners: {}, dataset: {}, className: "", hidden: false, value: "" }); }
  get textContent() { return this.own + this.children.map((child) => child.textContent ?? child).join(" | "); }
  set textContent(text) { this.own = String(text); this.children = []; }
  append(...nodes) { this.children.push(...nodes); }
  prepend(...nodes) { this.children.unshift(...nodes); }
  replaceChildren(...nodes) { this.children = nodes; }
  addEventListener(name, act) { this.listeners[name] = act; }
  querySelector(tag) { return this.children.find((child) => child.tag === tag) ?? this.children[this.children.push(new Node(tag)) - 1]; }
  get lastChild() { const last = this.children.at(-1); last.remove = () => this.children.pop(); return last; }
  find(tag) { return this.children.flatMap((child) => (child instanceof Node ? [...(child.tag === tag ? [child] : []), ...child.find(tag)] : [])); }
}

class EventSource {
  constructor(path) { Object.assign(this, { path, listeners: {} }); EventSource.last = this; }
  addEventListener(name, act) { this.listeners[name] = act; }
  close() {}
}

const ids = {};
const document = { documentElement: {}, getElementById: (id) => (ids[id] ??= new Node(id)), createElement: (tag) => new Node(tag), querySelectorAll: () => [] };

async function send(path, options) {
  under_way += 1;
  try {
    const answer = await fetch(base + path, { ...options, headers: { ...options.headers, ...(cookie ? { Cookie: cookie } : {}) } });
    cookie = answer.headers.get("set-cookie")?.split(";")[0] ?? cookie;
    return answer;
  } finally {
    under_way -= 1;
  }
}

// All questions of a look are on their way at once; when none is, and none follows in this turn, it is over.
async function quiet() {
  do await new Promise((done) => setTimeout(done, 20));
  while (under_way > 0);
}

async function main() {
  const page = { document, Node, EventSource, fetch: send, performance, console, setInterval() {}, localStorage: { getItem: () => language, setItem() {} } };
  const scripts = await Promise.all(["words.js", "console.js"].map(async (name) => (await fetch(`${base}/console/${name}`)).text()));
  vm.runInNewContext(scripts.join("\n"), page);
  await quiet();
  const before = { signIn: ids["sign-in"].hidden, panels: ids.panels.hidden };
  ids.token = Object.assign(ids.token ?? new Node("token"), { value: token });
  ids["sign-in"].listeners.submit({ preventDefault() {} });
  await quiet();
  const clicked = [];
  for (const name of CLICKED) {
    const label = vm.runInNewContext(`${scripts[0]}\nWORDS["${language}"].${name}`, {});
    const button = [...ids.alerts.find("button"), ...ids["dead-letters"].find("button")].find((each) => each.textContent === label);
    if (button) clicked.push(name);
    await button?.listeners.click();
    await quiet();
  }
  EventSource.last.listeners.alert({ data: JSON.stringify({ type: "denrei.alert", data: { subject: "told by a channel" } }) });
  await quiet();
  const said = Object.fromEntries(Object.entries(ids).map(([id, node]) => [id, node.textContent]));
  console.log(JSON.stringify({ before, after: { signIn: ids["sign-in"].hidden, panels: ids.panels.hidden }, clicked, stream: EventSource.last.path, said }));
}

main();
