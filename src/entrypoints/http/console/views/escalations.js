/** The operators' queue, and one conversation in it. */
import { get, post, serves } from "../api.js";
import { useAction, useForm, useLoad, usePolling } from "../data.js";
import { ago, moment, words } from "../format.js";
import { html, useState } from "../html.js";
import { go, link } from "../router.js";
import { preference, prefer } from "../session.js";
import { Button, Check, Empty, Field, Loaded, Pager, Problem, Select, State, Tag, Text, tell } from "../ui.js";

const STATUSES = ["open", "assigned", "resolved", ["", "All"]];
const SORTS = [["-created_at", "Newest"], ["created_at", "Oldest"], ["-priority", "Priority"]];

export const Escalations = ({ id, query }) => (id ? html`<${Escalation} key=${id} id=${id} />` : html`<${Queue} status=${query.status ?? "open"} />`);

function Queue({ status }) {
  const [wanted, want] = useState({ sort: "-created_at", offset: 0 });
  const load = (signal) => get("/api/v1/escalations", { query: { status: status === "all" ? "" : status, limit: 20, ...wanted }, signal });
  const queue = useLoad(async (signal) => (await load(signal)).data, [status, wanted.sort, wanted.offset]);
  usePolling(queue.reload, 10_000);
  return html`
    <div class="bar"><${Select} aria-label="Status" options=${STATUSES} value=${status === "all" ? "" : status} onSelect=${(name) => go("escalations", "", { status: name || "all" })} />
      <${Select} aria-label="Order" options=${SORTS} value=${wanted.sort} onSelect=${(sort) => want({ sort, offset: 0 })} /></div>
    <${Loaded} of=${queue}>${(data) => (data.escalations.length ? html`
      <div class="scroll"><table><thead><tr><th>Question</th><th>Why</th><th>Priority</th><th>Team</th><th>Since</th><th>Status</th></tr></thead>
        <tbody>${data.escalations.map((each) => html`<tr key=${each.escalation_id}><td><a href=${link("escalations", each.escalation_id)}>${each.question}</a></td>
          <td>${each.reason}</td><td><${State} of=${each.priority} /></td><td>${words(each.suggested_team)}</td><td>${ago(each.created_at)}</td><td><${State} of=${each.status} />${each.operator_name ?? each.operator_id ?? ""}</td></tr>`)}</tbody></table></div>
      <${Pager} pagination=${data.pagination} onMove=${(offset) => want({ ...wanted, offset })} />` : html`<${Empty} title="Nobody waits for a person." />`)}<//>`;
}

function Escalation({ id }) {
  const path = { escalation_id: id };
  const escalation = useLoad(async (signal) => (await get("/api/v1/escalations/{escalation_id}", { path, signal })).data, [id]);
  const status = escalation.data?.status;
  usePolling(escalation.reload, 5000, status !== undefined && status !== "resolved");
  return html`<p><a href=${link("escalations")}>← The queue</a></p>
    <${Loaded} of=${escalation}>${(data) => html`
      <header class="head"><h2>${data.question}</h2><p class="facts"><${State} of=${data.status} /><${State} of=${data.priority} /><${Tag}>${words(data.category)}<//><${Tag}>${words(data.suggested_team)}<//>
        <span class="soft">${moment(data.created_at)}${data.user_id && `, from ${data.user_id}`}${data.operator_id && `, with ${data.operator_name ?? data.operator_id}`}</span></p>
        <p>${data.reason}</p></header>
      <${Conversation} escalation=${data} />
      ${data.status === "open" && html`<${Take} path=${path} onDone=${escalation.reload} />`}
      ${data.status === "assigned" && html`<${Write} path=${path} operator=${data.operator_id} onDone=${escalation.reload} />`}
      ${data.status === "resolved" ? html`<${Outcome} escalation=${data} />` : html`<${Resolve} path=${path} escalation=${data} onDone=${escalation.reload} />`}`}<//>`;
}

/** As it stands now where it has a session, else as it was when it was handed over. */
function Conversation({ escalation }) {
  const live = escalation.session_id && serves("/api/v1/sessions/{session_id}");
  const load = async (signal) => (live ? (await get("/api/v1/sessions/{session_id}", { path: { session_id: escalation.session_id }, signal })).data.messages : escalation.transcript);
  const messages = useLoad(load, [escalation]);
  return html`<${Loaded} of=${messages}>${(all) => html`<ol class="talk" role="log" aria-label="Conversation">${all.map((message, n) => html`
    <li key=${message.message_id ?? n} class=${message.role}><p class="soft">${message.author ?? message.role}, ${ago(message.timestamp)}</p><p class="prose">${message.content}</p></li>`)}</ol>`}<//>`;
}

function Take({ path, onDone }) {
  const [values, set] = useForm({ id: preference("operator"), name: preference("operator-name") });
  const taking = useAction(async () => {
    prefer("operator", values.id);
    prefer("operator-name", values.name);
    await post("/api/v1/escalations/{escalation_id}/assign", { path, body: { operator_id: values.id, ...(values.name ? { operator_name: values.name } : {}) } });
    tell("It is with you: the service keeps silent");
    onDone();
  });
  return html`<form class="bar panel" onSubmit=${(event) => { event.preventDefault(); taking.run(); }}>
    <${Field} label="Operator id"><${Text} required maxlength="128" value=${values.id} onText=${(text) => set("id", text)} /><//>
    <${Field} label="Name shown"><${Text} maxlength="128" value=${values.name} onText=${(text) => set("name", text)} /><//>
    <${Button} kind="primary" type="submit" busy=${taking.busy}>Take it<//><${Problem} error=${taking.error} /></form>`;
}

function Write({ path, operator, onDone }) {
  const [message, set] = useState("");
  const writing = useAction(async () => {
    await post("/api/v1/escalations/{escalation_id}/messages", { path, body: { message, operator_id: operator } });
    set("");
    onDone();
  });
  return html`<form class="panel" onSubmit=${(event) => { event.preventDefault(); writing.run(); }}>
    <${Field} label="Write to the customer"><${Text} rows="3" required value=${message} onText=${set} /><//>
    <${Problem} error=${writing.error} /><p class="row"><${Button} kind="primary" type="submit" busy=${writing.busy}>Send<//></p></form>`;
}

function Resolve({ path, escalation, onDone }) {
  const [values, set] = useForm({ answer: "", add: true, question: escalation.question, category: "", intent: "" });
  const resolving = useAction(async () => {
    const learnt = { add_to_knowledge: true, question: values.question, category: values.category || null, intent: values.intent || null };
    const body = { answer: values.answer || null, operator_id: escalation.operator_id ?? null, ...(values.add && values.answer ? learnt : {}) };
    await post("/api/v1/escalations/{escalation_id}/resolve", { path, body });
    tell("Resolved");
    onDone();
  });
  const field = (name, label, more = {}) => html`<${Field} label=${label} wide=${more.rows > 0} hint=${more.hint}><${Text} ...${more} value=${values[name]} onText=${(text) => set(name, text)} /><//>`;
  return html`<form class="form panel" onSubmit=${(event) => { event.preventDefault(); resolving.run(); }}><h2 class="wide">Resolve</h2>
    ${field("answer", "Last answer to the customer", { rows: 4, hint: "May stay empty when everything is said" })}
    <${Check} label="Add to the knowledge, after a review" checked=${values.add} onCheck=${(value) => set("add", value)} />
    ${values.add && html`${field("question", "The question, so that it stands alone", { rows: 2 })}${field("category", "Category")}${field("intent", "Intent")}`}
    <${Problem} error=${resolving.error} /><div class="row wide"><${Button} kind="primary" type="submit" busy=${resolving.busy}>Resolve<//></div></form>`;
}

const Outcome = ({ escalation }) => html`<div class="panel"><h2>Resolved ${ago(escalation.resolved_at)}</h2><p class="prose">${escalation.answer ?? "Without a last answer."}</p>
  ${escalation.qa_id && html`<p>The answer waits in the <a href=${link("review")}>review</a>.</p>`}</div>`;
