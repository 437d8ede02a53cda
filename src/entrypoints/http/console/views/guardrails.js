/** The rules on what may be asked and said: switching them, and trying a text on them. */
import { get, post, put } from "../api.js";
import { useAction, useLoad } from "../data.js";
import { html, useState } from "../html.js";
import { Button, Check, Field, Loaded, Notice, Problem, Select, State, Text, tell } from "../ui.js";

const ACTIONS = ["block", "redact", "warn"];
const SEVERITIES = ["low", "medium", "high", "critical"];

export function Guardrails() {
  const rules = useLoad(async () => (await get("/api/v1/guardrails")).data);
  const list = (title, all) => html`<section><h2>${title}</h2><ol class="list">${all.map((rule) => html`<${Rule} key=${rule.rule_id} rule=${rule} onChange=${rules.reload} />`)}</ol></section>`;
  return html`<${Try} /><${Loaded} of=${rules}>${(data) => html`${list("On questions", data.input_guardrails.rules)}${list("On answers", data.output_guardrails.rules)}`}<//>`;
}

function Rule({ rule, onChange }) {
  const changing = useAction(async (body) => {
    await put("/api/v1/guardrails/{rule_id}", { path: { rule_id: rule.rule_id }, body });
    tell(`${rule.name}: changed`);
    onChange();
  });
  return html`<li class="row between"><${Check} label=${html`<strong>${rule.name}</strong> <code>${rule.rule_id}</code>`} checked=${rule.enabled} disabled=${changing.busy} onCheck=${(enabled) => changing.run({ enabled })} />
    <span class="row"><${Select} aria-label="What ${rule.name} does" options=${ACTIONS} value=${rule.action} onSelect=${(action) => changing.run({ action })} />
    <${Select} aria-label="Severity of ${rule.name}" options=${SEVERITIES} value=${rule.severity} onSelect=${(severity) => changing.run({ severity })} /></span>
    <${Problem} error=${changing.error} /></li>`;
}

function Try() {
  const [text, set] = useState("");
  const [outcome, show] = useState(null);
  const trying = useAction(async () => show((await post("/api/v1/guardrails/test", { body: { text } })).data));
  return html`<form class="panel" onSubmit=${(event) => { event.preventDefault(); trying.run(); }}>
    <${Field} label="Try a text on the rules" hint="Nothing is recorded."><${Text} rows="2" required maxlength="20000" value=${text} onText=${set} /><//>
    <p class="row"><${Button} type="submit" busy=${trying.busy}>Try<//></p><${Problem} error=${trying.error} />
    <div aria-live="polite">${outcome?.results.map((each) => html`<${Notice} tone=${each.verdict === "passed" ? "good" : each.verdict === "blocked" ? "bad" : "warn"}>
      As ${each.direction === "input" ? "a question" : "an answer"}: <${State} of=${each.verdict} /> ${each.error_message} ${each.findings.map((found) => html`<code>${found.rule_id}</code> ${found.kind} `)}
      ${each.verdict === "redacted" && html`<p class="prose">${each.text}</p>`}<//>`)}</div></form>`;
}
