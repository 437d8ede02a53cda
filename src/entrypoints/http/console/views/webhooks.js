/** Webhooks: who is told of what, and whether it arrived. */
import { get, patch, post, remove } from "../api.js";
import { useAction, useLoad } from "../data.js";
import { ago, millis, plural, share } from "../format.js";
import { html, useState } from "../html.js";
import { link } from "../router.js";
import { Button, Dialog, Empty, Loaded, Notice, Pager, Problem, State, Sure, Tabs, Tag, tell } from "../ui.js";
import { Deliveries, Failures } from "./deliveries.js";
import { Register } from "./register.js";

const TABS = { hooks: "Webhooks", deliveries: "Deliveries", failures: "Failures" };

export function Webhooks({ query }) {
  const current = TABS[query.tab] ? query.tab : "hooks";
  const tabs = Object.entries(TABS).map(([name, text]) => [name, text, link("webhooks", "", { tab: name })]);
  const shown = { hooks: () => html`<${Hooks} />`, deliveries: () => html`<${Deliveries} webhookId=${query.webhook_id ?? ""} />`, failures: () => html`<${Failures} />` };
  return html`<${Tabs} tabs=${tabs} current=${current} label="Webhooks" />${shown[current]()}`;
}

function Hooks() {
  const [offset, move] = useState(0);
  const [registering, register] = useState(false);
  const [secret, disclose] = useState(null);
  const hooks = useLoad(async (signal) => (await get("/api/v1/webhooks", { query: { limit: 20, offset }, signal })).data, [offset]);
  const made = (data) => { register(false); disclose(data); hooks.reload(); };
  return html`<div class="bar"><${Button} kind="primary" onClick=${() => register(true)}>Register a webhook<//></div>
    ${secret && html`<${Secret} of=${secret} onClose=${() => disclose(null)} />`}
    ${registering && html`<${Register} onDone=${made} onClose=${() => register(false)} />`}
    <${Loaded} of=${hooks}>${(data) => (data.webhooks.length ? html`<ol class="cards">${data.webhooks.map((hook) => html`<${Hook} key=${hook.webhook_id} hook=${hook} onChange=${hooks.reload} onSecret=${disclose} />`)}</ol>
      <${Pager} pagination=${data.pagination} onMove=${move} />` : html`<${Empty} title="No webhooks yet.">One tells another system what happens here.<//>`)}<//>`;
}

/** Shown once, as the server does. */
const Secret = ({ of: { secret, whsec, incoming_secret: theirs, incoming_whsec: spelt, warnings = [] }, onClose }) => html`<${Dialog} title="The secret" wide onClose=${onClose}>
  <p>Both are spellings of one key. It is shown this once; keep it where the receiver can read it.</p>
  <pre tabindex="0">${secret}</pre><pre tabindex="0">${whsec}</pre>
  ${theirs && html`<p>And what others sign with when they post to us, also in two spellings:</p><pre tabindex="0">${theirs}</pre><pre tabindex="0">${spelt}</pre>`}
  ${warnings.map((text) => html`<${Notice} tone="warn">${text}<//>`)}
  <${Button} onClick=${() => navigator.clipboard.writeText(secret).then(() => tell("Copied"))}>Copy the first<//><//>`;

function Hook({ hook, onChange, onSecret }) {
  const [tested, show] = useState(null);
  const path = { webhook_id: hook.webhook_id };
  const acting = useAction(async (act) => { await act(); onChange(); });
  const test = async () => show((await post("/api/v1/webhooks/{webhook_id}/test", { path })).data.delivery);
  const turn = () => patch("/api/v1/webhooks/{webhook_id}", { path, body: { active: !hook.active } });
  const rotate = async () => onSecret((await post("/api/v1/webhooks/{webhook_id}/rotate-secret", { path })).data);
  const { stats } = hook;
  return html`<li class="card"><h2>${hook.name || hook.url || hook.webhook_id} <${State} of=${hook.active ? "active" : "off"} /></h2>
    ${hook.name && html`<p>${hook.url}</p>`}${hook.description && html`<p class="soft">${hook.description}</p>`}
    <p class="facts">${hook.direction !== "outgoing" && html`<${Tag}>${hook.direction}<//>`}${hook.events.map((name) => html`<${Tag}>${name}<//>`)}</p>
    <p class="soft">${stats.total_deliveries ? `${plural(stats.total_deliveries, "delivery", "deliveries")}, ${share(stats.success_rate)} arrived` : "No deliveries yet"}${hook.last_delivery && `; last ${hook.last_delivery.status} ${ago(hook.last_delivery.timestamp)}`}${hook.disabled_reason && `; turned off by the service: ${hook.disabled_reason}`}</p>
    <div class="row"><${Button} busy=${acting.busy} onClick=${() => acting.run(test)}>Test<//><a class="button" href=${link("webhooks", "", { tab: "deliveries", webhook_id: hook.webhook_id })}>Deliveries</a>
      <${Button} busy=${acting.busy} onClick=${() => acting.run(turn)}>${hook.active ? "Turn off" : "Turn on"}<//>
      <${Sure} kind="plain" question="The old secret stays valid for a day. Make a new one?" onSure=${() => acting.run(rotate)}>New secret<//>
      <${Sure} question="Delete it, and cancel what waits for it?" onSure=${() => acting.run(() => remove("/api/v1/webhooks/{webhook_id}", { path }))}>Delete<//></div>
    <${Problem} error=${acting.error} />
    <div aria-live="polite">${tested && html`<${Notice} tone=${tested.status === "success" ? "good" : "bad"}>Test: ${tested.status}, ${tested.response_code ?? "no answer"}, ${millis(tested.response_time_ms)} ${tested.error ?? ""}<//>`}</div></li>`;
}
