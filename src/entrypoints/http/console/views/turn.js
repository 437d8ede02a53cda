/** One question with its answer: sources, confidence, steps, the reason of an escalation, an opinion. */
import { get, post, serves } from "../api.js";
import { useAction, useLoad } from "../data.js";
import { millis, share, words } from "../format.js";
import { html, useState } from "../html.js";
import { link } from "../router.js";
import { Button, Loaded, Meter, Outside, Problem, State, Tag, tell } from "../ui.js";

export function Turn({ turn }) {
  const { question, text, final, error, writing } = turn;
  const shown = final ? final.answer : text;
  return html`<article class="turn">
    <p class="asked">${question}</p>
    <div class="answered">
      ${shown && html`<p class="prose">${shown}${writing && html`<span class="caret" aria-hidden="true"></span>`}</p>`}
      ${writing && !shown && html`<p class="soft waiting">Looking for an answer…</p>`}
      ${!writing && !final && !error && html`<p class="soft">Stopped.</p>`}
      <${Problem} error=${error} />
      ${final && html`<${Because} final=${final} />`}
    </div>
  </article>`;
}

function Because({ final }) {
  const { metadata } = final;
  return html`
    ${final.action !== "auto_reply" && html`<${HandedOver} final=${final} />`}
    <div class="facts">
      <${State} of=${final.action} /><${Meter} value=${final.confidence} label="Confidence" tone=${final.confidence >= 0.5 ? "good" : "warn"} />
      ${metadata.processing_time_ms != null && html`<${Tag}>${millis(metadata.processing_time_ms)}<//>`}
      ${metadata.generation_mode && html`<${Tag}>${words(metadata.generation_mode)}<//>`}
      ${final.cache_hit && html`<${Tag}>from cache<//>`}
      ${metadata.language_detected && html`<${Tag}>${metadata.language_detected}<//>`}
      ${(metadata.degraded ?? []).map((what) => html`<${Tag} tone="warn">without ${words(what)}<//>`)}
    </div>
    ${final.sources.length > 0 && html`<${Sources} sources=${final.sources} />`}
    ${serves("/api/v1/traces/{trace_id}") && html`<${Steps} traceId=${final.trace_id} />`}
    <${Opinion} queryId=${final.query_id} />`;
}

function HandedOver({ final }) {
  const person = final.action === "with_operator";
  return html`<div class="notice warn">
    <p><strong>${person ? "A person has this conversation." : "Handed over to a person."}</strong> ${final.escalation_reason}</p>
    <p class="soft">${final.escalation_category && html`Category ${words(final.escalation_category)}. `}${final.suggested_team && html`Team ${words(final.suggested_team)}. `}
      ${final.escalation_id && html`<a href=${link("escalations", final.escalation_id)}>Open the escalation</a>`}</p>
  </div>`;
}

const Sources = ({ sources }) => html`<details class="sources" open>
  <summary>Sources (${sources.length})</summary>
  <ol>${sources.map((source) => html`<li key=${source.qa_id}>
    <p><a href=${link("knowledge", source.document_id, { pair: source.qa_id })}>${source.question}</a> <span class="soft">${share(source.relevance_score)}</span></p>
    <p class="excerpt">${source.excerpt}</p>
    <p class="soft">${source.title} · ${source.category}${source.url && html` · <${Outside} href=${source.url}>${source.url}<//>`}</p>
  </li>`)}</ol>
</details>`;

function Steps({ traceId }) {
  const [open, set] = useState(false);
  return html`<details class="steps" onToggle=${(event) => set(event.target.open)}><summary>Steps</summary>${open && html`<${StepList} traceId=${traceId} />`}</details>`;
}

function StepList({ traceId }) {
  const trace = useLoad(async () => (await get("/api/v1/traces/{trace_id}", { path: { trace_id: traceId } })).data, [traceId]);
  return html`<${Loaded} of=${trace}>${({ nodes, total_duration_ms: total }) => html`<ol class="trace">${nodes.map((node, n) => html`
    <li key=${n}><details><summary><span class="step">${words(node.node_name)}</span>
      <svg class="bar" viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">
        <rect x=${at(node.started_ms, total)} width=${Math.max(0.6, at(node.duration_ms, total))} height="8" rx="1" /></svg>
      <span class="soft">${millis(node.duration_ms)}</span><${State} of=${node.status} /></summary>
      <pre tabindex="0">${JSON.stringify({ inputs: node.inputs, outputs: node.outputs }, null, 2)}</pre></details></li>`)}</ol>`}<//>`;
}

const at = (value, total) => (total > 0 ? Math.min(100, (100 * value) / total) : 0);

function Opinion({ queryId }) {
  const [given, give] = useState(null);
  const rating = useAction(async (helpful) => {
    const body = { rating: helpful ? 5 : 1, helpful };
    await post("/api/v1/queries/{query_id}/feedback", { path: { query_id: queryId }, body });
    give(helpful);
    tell("Thank you: it is noted.");
  });
  const choice = (helpful, text) => html`<${Button} kind="quiet" aria-pressed=${given === helpful ? "true" : "false"} busy=${rating.busy} onClick=${() => rating.run(helpful)}>${text}<//>`;
  return html`<div class="row opinion"><span class="soft">Was it right?</span>${choice(true, "Yes")}${choice(false, "No")}<${Problem} error=${rating.error} /></div>`;
}
