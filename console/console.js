// The operator's page: asks the operations listener every few seconds and shows what is wrong first.
"use strict";

const REFRESH_MS = 3000;
const HAPPENINGS_KEPT = 100;
const WAIT_WORTH_A_WORD_MS = 1000;
const PENDING_WORTH_A_WORD = 1000;
const DEAD_LETTERS_SHOWN = 20;

let language = localStorage.getItem("language") === "en" ? "en" : "ja";
let updatedAt = 0;
let stream = null;
let lastBusy = new Map();
const word = (name) => WORDS[language][name] ?? name;
const at = (id) => document.getElementById(id);

function element(tag, text, className) {
  const made = document.createElement(tag);
  if (text !== undefined && text !== null) made.textContent = text;
  if (className) made.className = className;
  return made;
}

function time(iso) {
  if (!iso) return "–";
  const locale = language === "ja" ? "ja-JP" : "en-GB";
  return new Intl.DateTimeFormat(locale, { timeZone: "Asia/Tokyo", month: "numeric", day: "numeric", hour: "2-digit", minute: "2-digit", second: "2-digit" }).format(new Date(iso));
}

// --- asking

class SignedOut extends Error {}

async function ask(path, options = {}) {
  const headers = { "X-Denrei-Console": "1", ...(options.body ? { "Content-Type": "application/json" } : {}) };
  const answer = await fetch(path, { ...options, headers, credentials: "same-origin", cache: "no-store" });
  if (answer.status === 401) throw new SignedOut();
  const text = await answer.text();
  if (answer.status === 404) return null;
  if (!answer.ok && path !== "/readyz?verbose") throw new Error(`${path}: ${answer.status} ${text.slice(0, 200)}`);
  return text ? JSON.parse(text) : {};
}

const order = (path, body) => async () => {
  try {
    await ask(path, { method: "POST", body: JSON.stringify(body) });
  } catch (fault) {
    happening("console", String(fault.message ?? fault));
  }
  refresh();
};

// --- showing

// rows: lists of cells; a cell is a text, a number, or an element
function fill(id, heads, rows) {
  const table = at(id);
  const head = element("tr");
  for (const name of heads) head.append(element("th", word(name)));
  const body = rows.map((cells) => {
    const row = element("tr");
    for (const cell of cells) {
      const td = element("td", cell instanceof Node ? undefined : cell, typeof cell === "number" ? "number" : "");
      if (cell instanceof Node) td.append(cell);
      row.append(td);
    }
    return row;
  });
  if (body.length === 0) {
    const row = element("tr");
    const td = element("td", word("nothing"), "empty");
    td.colSpan = heads.length;
    row.append(td);
    body.push(row);
  }
  table.replaceChildren(head, ...body);
}

function button(label, act) {
  const made = element("button", word(label));
  made.type = "button";
  made.addEventListener("click", act);
  return made;
}

function destinationState(d) {
  if (d.disabled) return element("span", `✕ ${word("disabled")}`, "bad");
  if (d.breaker === "open") return element("span", `✕ ${word("breakerOpen")}`, "bad");
  if (d.dead > 0) return element("span", `△ ${word("dead")}`, "warn");
  return element("span", `○ ${word("up")}`, "good");
}

function showDestinations(list) {
  fill("destinations", ["name", "state", "pending", "inFlight", "dead", "delivered", "lastSuccess", "lastFailure"],
    list.map((d) => [d.name, destinationState(d), d.pending, d.inFlight, d.dead, d.delivered, time(d.lastSuccess), d.lastFailure ? `${time(d.lastFailure)} ${d.lastFailureText}` : "–"]));
}

function showDeadLetters(list) {
  fill("dead-letters", ["endedAt", "destination", "type", "key", "reason", "action"],
    list.map((l) => [time(l.endedAt), l.destination, l.type, l.key, [word(l.reason), l.lastError, l.lastStatus].filter(Boolean).join(" / "), button("resend", order(`/ops/dead-letters/${l.id}/resend`, {}))]));
}

function showAlerts(rules) {
  const marks = { firing: ["✕", "bad"], pending: ["△", "warn"] };
  fill("alerts", ["rule", "state", "value", "threshold", "since", "action"], rules.map((r) => {
    const [mark, look] = marks[r.state] ?? ["○", "good"];
    const states = [word(r.state === "pending" ? "waiting" : r.state)];
    if (r.silencedUntil) states.push(word("silenced"));
    if (r.acknowledgedBy) states.push(word("acknowledged"));
    const actions = element("span");
    const path = `/ops/alerts/${encodeURIComponent(r.name)}`;
    if (r.state === "firing" && !r.acknowledgedBy) actions.append(button("acknowledge", order(`${path}/acknowledge`, {})));
    actions.append(r.silencedUntil ? button("unsilence", order(`${path}/unsilence`, {})) : button("silence", order(`${path}/silence`, { for: "2h", reason: "console" })));
    return [(language === "ja" ? r.descriptionJa : r.descriptionEn) ?? r.name, element("span", `${mark} ${states.join(" ")}`, look), r.valueText ?? "–", String(r.threshold ?? "–"), time(r.since), actions];
  }));
}

function showServices(services) {
  const looks = { up: ["○", "good"], on_secondary: ["△", "warn"], down: ["✕", "bad"], unknown: ["－", ""] };
  fill("services", ["name", "state", "dependency", "effect", "provider", "since", "lastError"], services.map((s) => {
    const [mark, look] = looks[s.state] ?? ["－", ""];
    return [s.name, element("span", `${mark} ${word(s.state)}`, look), word(s.dependency), word(s.effect === "none" ? "none_effect" : s.effect), s.provider ?? "–", time(s.since), [s.lastError, s.note].filter(Boolean).join(" / ") || "–"];
  }));
}

// How busy a kind was since the last look, of one thread.
function busyShare(kind, busyMs, now) {
  const before = lastBusy.get(kind);
  lastBusy.set(kind, { busyMs, now });
  if (!before || now <= before.now) return "–";
  return `${Math.max(0, ((busyMs - before.busyMs) / (now - before.now)) * 100).toFixed(1)} %`;
}

function showActors(actors) {
  const kinds = new Map();
  for (const a of actors) {
    const k = kinds.get(a.kind) ?? { instances: 0, depth: 0, oldest: 0, processed: 0, restarts: 0, busyMs: 0 };
    k.instances += a.instances; k.depth += a.depth; k.processed += a.processed; k.restarts += a.restarts; k.busyMs += a.busyMs;
    k.oldest = Math.max(k.oldest, a.oldestAgeMs);
    kinds.set(a.kind, k);
  }
  const now = performance.now();
  fill("actors", ["kind", "instances", "depth", "oldestAge", "processed", "busy", "restarts"],
    [...kinds].map(([kind, k]) => [kind, k.instances, k.depth, k.oldest, k.processed, busyShare(kind, k.busyMs, now), k.restarts]));
}

function listProblems({ ready, destinations, rules, actors }) {
  const found = [];
  for (const reason of ready.reasons ?? []) found.push(["bad", `${word("notReady")}: ${reason}`]);
  for (const r of rules) if (r.state === "firing") found.push(["bad", word("pAlert")((language === "ja" ? r.descriptionJa : r.descriptionEn) ?? r.name)]);
  for (const s of ready.services ?? []) if (s.state === "down") found.push(["bad", word("pService")(s.name, word(s.effect))]);
  for (const d of destinations) {
    if (d.disabled) found.push(["bad", word("pDisabled")(d.name, d.disabledReason)]);
    else if (d.breaker === "open") found.push(["bad", word("pBreaker")(d.name, d.lastFailureText)]);
    if (d.dead > 0) found.push(["warn", word("pDead")(d.dead, d.name)]);
    if (d.pending >= PENDING_WORTH_A_WORD) found.push(["warn", word("pBehind")(d.name, d.pending)]);
  }
  for (const a of actors) {
    if (a.oldestAgeMs >= WAIT_WORTH_A_WORD_MS) found.push(["warn", word("pActor")(a.name, a.oldestAgeMs)]);
    if (a.restarts > 0) found.push(["warn", word("pRestarts")(a.name, a.restarts)]);
  }
  for (const note of ready.notes ?? []) found.push(["warn", note]);
  return found;
}

function showProblems(found) {
  const list = found.map(([look, text]) => element("li", `${look === "bad" ? "✕" : "△"} ${text}`, look));
  at("problems").querySelector("ul").replaceChildren(...(list.length ? list : [element("li", `○ ${word("none")}`, "good")]));
  const verdict = at("verdict");
  const text = found.length ? `${found.length} ${word("troubles")}` : word("allWell");
  const look = found.some(([l]) => l === "bad") ? "bad" : found.length ? "warn" : "good";
  if (verdict.textContent !== text) verdict.textContent = text;
  verdict.className = look;
}

// --- live

function happening(what, text) {
  const list = at("happening");
  list.prepend(element("li", `${time(new Date().toISOString())}  ${what}  ${text}`));
  while (list.children.length > HAPPENINGS_KEPT) list.lastChild.remove();
}

// What a channel told, or a rule that has changed.
function alertText(alert) {
  if (alert.data) return alert.data.subject;
  return `${word(alert.state === "pending" ? "waiting" : alert.state)}  ${language === "ja" ? alert.descriptionJa : alert.descriptionEn}`;
}

function follow() {
  if (stream) return;
  stream = new EventSource("/ops/stream");
  stream.addEventListener("alert", (e) => { happening("alert", alertText(JSON.parse(e.data))); refresh(); });
  // After an answer that is no stream the browser does not try again by itself.
  stream.addEventListener("error", () => { if (stream?.readyState === EventSource.CLOSED) stream = null; });
}

// --- the whole

// While Denrei is not ready some questions go unanswered; readiness says why.
async function askIfKnown(path) {
  try {
    return await ask(path);
  } catch (fault) {
    if (fault instanceof SignedOut) throw fault;
    return null;
  }
}

async function refresh() {
  try {
    const [ready, destinations, dead, alerts, actors] = await Promise.all([ask("/readyz?verbose"), ...["/ops/destinations", "/ops/dead-letters?limit=1000", "/ops/alerts", "/ops/actors"].map(askIfKnown)]);
    const shown = { ready, destinations: destinations?.data ?? [], rules: alerts?.rules ?? [], actors: actors?.actors ?? [] };
    const letters = (dead?.data ?? []).sort((a, b) => (a.endedAt < b.endedAt ? 1 : -1)).slice(0, DEAD_LETTERS_SHOWN);
    showProblems(listProblems(shown));
    showDestinations(shown.destinations);
    showDeadLetters(letters);
    showAlerts(shown.rules);
    showServices(ready.services ?? []);
    showActors(shown.actors);
    updatedAt = Date.now();
    signedIn(true);
    follow();
  } catch (fault) {
    if (fault instanceof SignedOut) return signedIn(false);
    at("verdict").textContent = word("unreachable");
    at("verdict").className = "bad";
  }
}

function signedIn(yes) {
  at("sign-in").hidden = yes;
  at("panels").hidden = !yes;
  at("sign-out").hidden = !yes;
  if (!yes) {
    at("verdict").textContent = "";
    stream?.close();
    stream = null;
  }
}

function speak() {
  document.documentElement.lang = language;
  at("language").textContent = language === "ja" ? "English" : "日本語";
  for (const labelled of document.querySelectorAll("[data-word]")) labelled.textContent = word(labelled.dataset.word);
}

at("language").addEventListener("click", () => {
  language = language === "ja" ? "en" : "ja";
  localStorage.setItem("language", language);
  speak();
  refresh();
});
at("sign-in").addEventListener("submit", async (event) => {
  event.preventDefault();
  try {
    await ask("/console/session", { method: "POST", body: JSON.stringify({ token: at("token").value }) });
    at("sign-in-fault").textContent = "";
    at("token").value = "";
    refresh();
  } catch {
    at("sign-in-fault").textContent = word("wrongToken");
  }
});
at("sign-out").addEventListener("click", async () => {
  await ask("/console/session", { method: "DELETE" });
  signedIn(false);
});

speak();
refresh();
setInterval(refresh, REFRESH_MS);
setInterval(() => {
  at("age").textContent = updatedAt ? `${word("updated")} ${Math.round((Date.now() - updatedAt) / 1000)} ${word("secondsAgo")}` : "";
}, 1000);
