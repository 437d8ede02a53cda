/** The pairs of a document: reading, adding, correcting, archiving. */
import { get, post, put, remove } from "../api.js";
import { useAction, useLoad } from "../data.js";
import { ago, count, plural, words } from "../format.js";
import { html, useEffect, useRef, useState } from "../html.js";
import { Button, Dialog, Empty, Loaded, Outside, Pager, Problem, Select, State, Tag, tell } from "../ui.js";
import { PairForm } from "./pairform.js";
import { Split } from "./split.js";

const STATUSES = [["", "Any status"], "active", "archived"];
const SORTS = [["created_at", "Oldest first"], ["-created_at", "Newest first"]];

export function Pairs({ document, marked, onChange }) {
  const [wanted, want] = useState({ status: "", sort: "created_at", offset: 0 });
  const [adding, add] = useState(false);
  const path = { document_id: document.document_id };
  const load = (signal) => get("/api/v1/documents/{document_id}/qa-pairs", { path, query: { limit: 20, ...wanted }, signal });
  const pairs = useLoad(async (signal) => (await load(signal)).data, [document.document_id, JSON.stringify(wanted)]);
  const again = () => { pairs.reload(); onChange(); };
  const save = async (pair) => {
    await post("/api/v1/qa-pairs", { body: { ...pair, ...path } });
    tell("Added");
    add(false);
    want({ status: "", sort: "-created_at", offset: 0 }); // so that it is the first one seen
    again();
  };
  return html`${marked && html`<${Marked} id=${marked} onChange=${again} />`}
    <div class="bar"><${Select} aria-label="Status" options=${STATUSES} value=${wanted.status} onSelect=${(status) => want({ ...wanted, status, offset: 0 })} />
      <${Select} aria-label="Order" options=${SORTS} value=${wanted.sort} onSelect=${(sort) => want({ ...wanted, sort, offset: 0 })} /><${Button} onClick=${() => add(true)}>Add a pair<//></div>
    ${adding && html`<${Dialog} title="A new pair" wide onClose=${() => add(false)}><${PairForm} save="Add" onSave=${save} onLeave=${() => add(false)} /><//>`}
    <${Loaded} of=${pairs}>${(data) => (data.qa_pairs.length ? html`<ol class="list">${data.qa_pairs.map((pair) => html`<${Pair} key=${pair.qa_id} pair=${pair} onChange=${again} />`)}</ol>
      <${Pager} pagination=${data.pagination} onMove=${(offset) => want({ ...wanted, offset })} />` : html`<${Empty} title="No pairs here." />`)}<//>`;
}

/** The pair that a link led to, before all others, with what is known of its use. */
function Marked({ id, onChange }) {
  const card = useRef(null);
  const pair = useLoad(async (signal) => (await get("/api/v1/qa-pairs/{qa_id}", { path: { qa_id: id }, signal })).data, [id]);
  useEffect(() => card.current?.scrollIntoView({ block: "nearest" }), [pair.data]);
  return html`<div class="panel marked" ref=${card}><${Loaded} of=${pair}>${(data) => html`<ul class="list"><${Pair} pair=${data} onChange=${() => { pair.reload(); onChange(); }} /></ul>
    <p class="soft">Retrieved ${plural(data.statistics.times_retrieved, "time")}, found helpful by ${count(data.statistics.helpful_count)} and not by ${count(data.statistics.unhelpful_count)}${data.statistics.avg_user_rating != null && `, rated ${data.statistics.avg_user_rating.toFixed(1)} of 5`}.</p>`}<//></div>`;
}

function Pair({ pair, onChange }) {
  const [editing, edit] = useState(false);
  const [splitting, split] = useState(false);
  const path = { qa_id: pair.qa_id };
  const done = (text) => { edit(false); split(false); if (text) tell(text); onChange(); };
  const save = async (body) => {
    const { data } = await put("/api/v1/qa-pairs/{qa_id}", { path, body });
    done(data.reindexed ? "Saved" : "Saved; the index follows as soon as it can");
  };
  const moving = useAction(async () => {
    if (pair.status === "active") await remove("/api/v1/qa-pairs/{qa_id}", { path });
    else await post("/api/v1/qa-pairs/{qa_id}/restore", { path });
    done(pair.status === "active" ? "Archived" : "Restored");
  });
  if (editing) return html`<li><${PairForm} pair=${pair} onSave=${save} onLeave=${() => edit(false)} /></li>`;
  const { category, intent, requires_handoff: handoff, tags, url } = pair.metadata;
  return html`<li><h3>${pair.question} ${pair.status !== "active" && html`<${State} of=${pair.status} />`}</h3><p class="prose clip">${pair.answer}</p>
    <p class="facts"><${Tag}>${words(category)}<//><${Tag}>${words(intent)}<//>${handoff && html`<${Tag} tone="warn">hand over<//>`}${pair.auto_generated && html`<${Tag}>generated<//>`}${tags.map((tag) => html`<${Tag}>${tag}<//>`)}
      ${url && html`<${Outside} href=${url}>${url}<//>`}<span class="soft">changed ${ago(pair.updated_at)}</span></p>
    <div class="row"><${Button} onClick=${() => edit(true)}>Edit<//><${Button} onClick=${() => split(true)}>Split<//><${Button} busy=${moving.busy} onClick=${moving.run}>${pair.status === "active" ? "Archive" : "Restore"}<//></div>
    <${Problem} error=${moving.error} />${splitting && html`<${Split} pair=${pair} onDone=${() => done("")} onClose=${() => split(false)} />`}</li>`;
}
