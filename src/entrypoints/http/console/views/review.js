/** Pairs that wait for a person. Decisions are marked first and sent together, all or none. */
import { get, post, serves } from "../api.js";
import { useAction, useLoad } from "../data.js";
import { ago, plural, words } from "../format.js";
import { html, useEffect, useLayoutEffect, useRef, useState } from "../html.js";
import { useKeys } from "../keys.js";
import { go, link } from "../router.js";
import { Button, Empty, Loaded, Meter, Pager, Problem, Select, Tabs, Tag, tell } from "../ui.js";
import { Drafts } from "./drafts.js";
import { PairForm } from "./pairform.js";
import { Split } from "./split.js";

const PAGE = 50;

export const REVIEW_KEYS = [
  ["j", "Next pair"], ["k", "Previous pair"], ["a", "Approve, or take it back"], ["r", "Reject, or take it back"],
  ["e", "Edit"], ["s", "Split"], ["i", "Send the decisions: approve & ingest"],
];

export function Review({ query }) {
  const tab = query.tab === "drafts" ? "drafts" : "pairs";
  const tabs = [["pairs", "Waiting pairs", link("review")], ["drafts", "Drafts", link("review", "", { tab: "drafts" })]];
  return html`${serves("/api/v1/knowledge/drafts") && html`<${Tabs} tabs=${tabs} current=${tab} label="Review" />`}
    ${tab === "drafts" ? html`<${Drafts} />` : html`<${Waiting} key=${query.job_id} jobId=${query.job_id ?? ""} />`}`;
}

function Waiting({ jobId }) {
  const [offset, move] = useState(0);
  const [current, point] = useState(0);
  const [editing, edit] = useState(null);
  const [splitting, split] = useState(null);
  const [marks, mark] = useState({});
  const waiting = useLoad(async (signal) => (await get("/api/v1/documents/pending-review", { query: { job_id: jobId, limit: PAGE, offset }, signal })).data, [jobId, offset]);
  const pairs = waiting.data?.qa_pairs ?? [];
  const at = Math.min(current, pairs.length - 1);
  const pair = pairs[at];
  const again = () => { edit(null); split(null); waiting.reload(); };
  const toggle = (id, verdict) => mark(({ [id]: old, ...rest }) => (old === verdict ? rest : { ...rest, [id]: verdict }));
  const decide = (verdict) => { toggle(pair.qa_id, verdict); if (marks[pair.qa_id] !== verdict) point(Math.min(at + 1, pairs.length - 1)); };
  const sending = useAction(async (action) => {
    const updates = Object.entries(marks).map(([qa_id, verdict]) => ({ qa_id, approved: verdict === "approve" }));
    const { data } = await post("/api/v1/documents/qa-pairs/batch-update", { body: { updates, action } });
    tell(action === "approve" ? `${plural(data.total_updated, "decision")} kept` : `${plural(data.total_ingested, "pair")} ingested`);
    mark({});
    move(0);
    point(0);
    waiting.reload();
  });
  const marked = Object.keys(marks).length;
  useKeys({
    j: () => point(Math.min(at + 1, pairs.length - 1)), k: () => point(Math.max(0, at - 1)),
    a: () => decide("approve"), r: () => decide("reject"), e: () => edit(pair.qa_id), s: () => split(pair),
    i: () => marked && sending.run("approve_and_ingest"),
  }, Boolean(pair) && !editing);
  useStaying(marked > 0);
  const save = async (changes) => {
    await post("/api/v1/documents/qa-pairs/batch-update", { body: { updates: [{ qa_id: editing, ...changes }], action: "save" } });
    tell("Saved");
    again();
  };
  return html`
    <div class="bar"><${Jobs} jobId=${jobId} />
      <span class="grow soft" aria-live="polite">${waiting.data ? `${plural(waiting.data.total_pending, "pair")} waiting, ${plural(marked, "decision")} marked` : ""}</span>
      <${Button} disabled=${!pairs.length} onClick=${() => mark((old) => ({ ...Object.fromEntries(pairs.map((each) => [each.qa_id, "approve"])), ...old }))}>Approve the rest of this page<//>
      <${Button} disabled=${!marked} busy=${sending.busy} onClick=${() => sending.run("approve")} title="They wait in their drafts until these are committed">Keep, ingest later<//>
      <${Button} kind="primary" keys="i" disabled=${!marked} busy=${sending.busy} onClick=${() => sending.run("approve_and_ingest")}>Approve & ingest (${marked})<//></div>
    <${Problem} error=${sending.error} />
    <${Loaded} of=${waiting}>${(data) => (data.qa_pairs.length ? html`
      <ol class="cards" aria-label="Waiting pairs">${data.qa_pairs.map((each, n) => html`
        <${Card} key=${each.qa_id} pair=${each} current=${n === at} verdict=${marks[each.qa_id]} editing=${editing === each.qa_id}
          onPoint=${() => point(n)} onVerdict=${(verdict) => toggle(each.qa_id, verdict)} onEdit=${() => { point(n); edit(each.qa_id); }} onSplit=${() => split(each)}
          onSave=${save} onLeave=${() => edit(null)} />`)}</ol>
      <${Pager} pagination=${data.pagination} onMove=${(to) => { move(to); point(0); }} />`
    : html`<${Empty} title="Nothing waits for a review.">Pairs come here from uploads that were not sure, and from escalations that were answered “add to knowledge”. <a href=${link("knowledge", "", { tab: "upload" })}>Upload a file</a><//>`)}<//>
    ${splitting && html`<${Split} pair=${splitting} onDone=${again} onClose=${() => split(null)} />`}`;
}

function Card({ pair, current, verdict, editing, onPoint, onVerdict, onEdit, onSplit, onSave, onLeave }) {
  const card = useRef(null);
  useLayoutEffect(() => {
    if (!current) return;
    if (!card.current.contains(document.activeElement)) card.current.focus({ preventScroll: true });
    card.current.scrollIntoView({ block: "nearest" });
  }, [current, editing]);
  const choice = (name, text, keys) => html`<${Button} kind=${verdict === name ? `chosen ${name}` : "plain"} aria-pressed=${verdict === name ? "true" : "false"} keys=${current && keys} onClick=${() => onVerdict(name)}>${text}<//>`;
  return html`<li ref=${card} tabindex="-1" class="card ${verdict ?? ""}" aria-current=${current ? "true" : undefined} onFocusIn=${() => current || onPoint()} onClick=${() => current || onPoint()}>
    ${editing ? html`<${PairForm} pair=${pair} onSave=${onSave} onLeave=${onLeave} />` : html`
      <h2>${pair.question}</h2><p class="prose">${pair.answer}</p>
      <${Labels} pair=${pair} />
      ${pair.notices.length > 0 && html`<ul class="notices">${pair.notices.map((notice) => html`<li>${notice}</li>`)}</ul>`}
      <div class="row">${choice("approve", "Approve", "a")}${choice("reject", "Reject", "r")}<${Button} keys=${current && "e"} onClick=${onEdit}>Edit<//><${Button} keys=${current && "s"} onClick=${onSplit}>Split<//></div>`}
  </li>`;
}

function Labels({ pair }) {
  const { category, intent, confidence, requires_handoff: handoff, tags, source } = pair.metadata;
  const sure = (value, label) => value != null && html`<${Meter} value=${value} label=${label} tone=${value < 0.6 ? "warn" : "good"} />`;
  return html`<div class="facts">
    <span>Category <strong>${words(category)}</strong> ${sure(confidence.category, "Confidence of the category")}</span>
    <span>Intent <strong>${words(intent)}</strong> ${sure(confidence.intent, "Confidence of the intent")}</span>
    <${Tag}>${pair.language}<//>${handoff && html`<${Tag} tone="warn">hand over<//>`}${pair.auto_generated && html`<${Tag} tone="warn">generated<//>`}
    ${tags.map((tag) => html`<${Tag}>${tag}<//>`)}
    <span class="soft">${[source.file, source.page && `page ${source.page}`, source.line && `line ${source.line}`].filter(Boolean).join(", ")}</span>
  </div>`;
}

/** Which upload's pairs are shown. */
function Jobs({ jobId }) {
  const jobs = useLoad(async () => (await get("/api/v1/jobs", { query: { status: "waiting_input", limit: 50 } })).data.jobs, [jobId]);
  const known = (jobs.data ?? []).map((job) => [job.job_id, `${words(job.type)}, ${ago(job.created_at)}`]);
  const options = [["", "All uploads"], ...known, ...(jobId && !known.some(([id]) => id === jobId) ? [[jobId, jobId]] : [])];
  return html`<${Select} aria-label="Uploads" options=${options} value=${jobId} onSelect=${(id) => go("review", "", { job_id: id })} />`;
}

/** Asks before the page is left while decisions are marked but not sent. */
function useStaying(active) {
  useEffect(() => {
    if (!active) return undefined;
    const ask = (event) => event.preventDefault();
    addEventListener("beforeunload", ask);
    return () => removeEventListener("beforeunload", ask);
  }, [active]);
}
