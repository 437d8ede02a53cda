/** The parts that every view is made of. */
import { html, useEffect, useLayoutEffect, useRef, useState } from "./html.js";
import { count, share } from "./format.js";

export const Button = ({ kind = "plain", busy, keys, children, ...rest }) => html`
  <button type="button" ...${rest} class="button ${kind}" disabled=${busy || rest.disabled} aria-busy=${busy ? "true" : undefined}>
    ${children}${keys && html`<kbd aria-hidden="true">${keys}</kbd>`}
  </button>`;

/** A label with its control inside; `hint` below it. */
export const Field = ({ label, hint, children, wide }) => html`
  <label class="field ${wide ? "wide" : ""}"><span class="label">${label}</span>${children}${hint && html`<small>${hint}</small>`}</label>`;

export const Text = ({ onText, rows, ...rest }) => (rows
  ? html`<textarea ...${rest} rows=${rows} onInput=${(event) => onText(event.target.value)}></textarea>`
  : html`<input type="text" autocomplete="off" ...${rest} onInput=${(event) => onText(event.target.value)} />`);

export const Check = ({ label, onCheck, ...rest }) => html`
  <label class="check"><input type="checkbox" ...${rest} onChange=${(event) => onCheck(event.target.checked)} /><span>${label}</span></label>`;

/** `options`: values, or [value, text]. */
export const Select = ({ options, value, onSelect, ...rest }) => html`
  <select ...${rest} value=${value} onChange=${(event) => onSelect(event.target.value)}>
    ${options.map((option) => [option].flat()).map(([each, text = each]) => html`<option key=${each} value=${each} selected=${each === value}>${text}</option>`)}
  </select>`;

export const Tag = ({ tone = "", children, ...rest }) => html`<span class="tag ${tone}" ...${rest}>${children}</span>`;

const TONES = {
  active: "good", completed: "good", success: "good", auto_reply: "good", approved: "good", resolved: "good", passed: "good",
  failed: "bad", delivery_failed: "bad", rejected: "bad", block: "bad", blocked: "bad", urgent: "bad",
  open: "warn", escalate: "warn", waiting_input: "warn", high: "warn", pending: "warn", queued: "warn", redacted: "warn", warned: "warn",
};
export const State = ({ of }) => html`<${Tag} tone=${TONES[of] ?? ""}>${String(of).replaceAll("_", " ")}<//>`;

/** What the server refused, in its own words, with the fields it named. */
export function Problem({ error }) {
  if (!error) return null;
  const problems = error.problems ?? [{ message: error.message, code: "", field: null }];
  return html`<div class="notice bad" role="alert">
    <ul>${problems.map((each) => html`<li>${each.field && html`<code>${each.field}</code> `}${each.message}${each.code && html` <span class="soft">${each.code}</span>`}</li>`)}</ul>
    ${error.retryAfter && html`<p class="soft">It can be tried again in ${error.retryAfter} s.</p>`}
    ${error.traceId && html`<p class="soft">Trace <code>${error.traceId}</code></p>`}
  </div>`;
}

export const Notice = ({ tone = "", children }) => html`<div class="notice ${tone}">${children}</div>`;
export const Empty = ({ title, children }) => html`<div class="empty"><p><strong>${title}</strong></p>${children && html`<p>${children}</p>`}</div>`;

/** The state of a `useLoad`: the first wait, the error, or its content. */
export function Loaded({ of, children }) {
  if (of.error) return html`<${Problem} error=${of.error} /><${Button} onClick=${of.reload}>Try again<//>`;
  if (of.data === undefined) return html`<p class="soft waiting" role="status">Loading…</p>`;
  return html`<div class=${of.busy ? "stale" : ""} aria-busy=${of.busy ? "true" : "false"}>${children(of.data)}</div>`;
}

export const Meter = ({ value, label, tone = "" }) => html`
  <span class="meter ${tone}" title=${label}><meter min="0" max="1" value=${value} aria-label=${label}></meter><span>${share(value)}</span></span>`;

export function Pager({ pagination, onMove }) {
  const { offset = 0, limit, total, has_next: more } = pagination ?? {};
  if (!pagination || total <= limit) return null;
  return html`<nav class="pager" aria-label="Pages">
    <${Button} disabled=${offset === 0} onClick=${() => onMove(Math.max(0, offset - limit))}>Previous<//>
    <span class="soft">${count(offset + 1)}–${count(Math.min(offset + limit, total))} of ${count(total)}</span>
    <${Button} disabled=${!more} onClick=${() => onMove(offset + limit)}>Next<//>
  </nav>`;
}

/** Tabs are links, so that each has its address. `tabs`: [name, text, href]. */
export const Tabs = ({ tabs, current, label }) => html`
  <nav class="tabs" aria-label=${label}>${tabs.map(([name, text, href]) => html`
    <a key=${name} href=${href} aria-current=${name === current ? "page" : undefined}>${text}</a>`)}</nav>`;

/** A modal dialog; Escape and the cross close it. */
export function Dialog({ title, onClose, children, wide }) {
  const dialog = useRef(null);
  useLayoutEffect(() => { dialog.current.showModal(); }, []);
  return html`<dialog ref=${dialog} class=${wide ? "wide" : ""} aria-label=${title} onClose=${onClose}>
    <header><h2>${title}</h2><button type="button" class="cross" aria-label="Close" onClick=${() => dialog.current.close()}>×</button></header>
    <div class="inside">${children}</div>
  </dialog>`;
}

/** A button that asks once more before it acts. */
export function Sure({ question, children, onSure, busy, kind = "danger" }) {
  const [asking, ask] = useState(false);
  if (!asking) return html`<${Button} kind=${kind} busy=${busy} onClick=${() => ask(true)}>${children}<//>`;
  return html`<span class="sure" role="group" aria-label=${question}><span>${question}</span>
    <${Button} kind="danger" autofocus busy=${busy} onClick=${() => { ask(false); onSure(); }}>Yes<//>
    <${Button} onClick=${() => ask(false)}>No<//></span>`;
}

/** A link that comes from data: only to the web, and without telling where from. */
export function Outside({ href, children }) {
  if (!/^https?:\/\//i.test(href ?? "")) return html`<span>${children}</span>`;
  return html`<a href=${href} target="_blank" rel="noopener noreferrer nofollow">${children}</a>`;
}

const hearers = new Set();

/** Says it in the corner, and to screen readers. */
export const tell = (text) => hearers.forEach((hear) => hear(text));

export function Told() {
  const [text, show] = useState("");
  useEffect(() => {
    hearers.add(show);
    return () => hearers.delete(show);
  }, []);
  useEffect(() => {
    if (!text) return undefined;
    const timer = setTimeout(() => show(""), 5000);
    return () => clearTimeout(timer);
  }, [text]);
  return html`<div class="told" role="status" aria-live="polite">${text && html`<span>${text}</span>`}</div>`;
}
