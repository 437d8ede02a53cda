/** What went out, every attempt of it, and sending again. */
import { get, post } from "../api.js";
import { useAction, useLoad, usePolling } from "../data.js";
import { ago, count, millis, moment, plural } from "../format.js";
import { html, useState } from "../html.js";
import { go } from "../router.js";
import { Button, Dialog, Empty, Loaded, Notice, Pager, Problem, Select, State, Text, tell } from "../ui.js";

const ON_ITS_WAY = ["pending", "queued"];
const STATUSES = [["", "Any status"], "pending", "queued", "success", "failed", "delivery_failed", "cancelled"];

export function Deliveries({ webhookId }) {
  const [wanted, want] = useState({ status: "", event_type: "", offset: 0 });
  const [opened, open] = useState(null);
  const change = (part) => want((old) => ({ ...old, offset: 0, ...part }));
  const load = (signal) => get("/api/v1/webhooks/deliveries", { query: { ...wanted, webhook_id: webhookId, limit: 20 }, signal });
  const deliveries = useLoad(async (signal) => (await load(signal)).data, [webhookId, JSON.stringify(wanted)]);
  return html`<div class="bar"><${Select} aria-label="Status" options=${STATUSES} value=${wanted.status} onSelect=${(status) => change({ status })} />
      <${Text} aria-label="Event" placeholder="Event, such as query.completed" value=${wanted.event_type} onText=${(event_type) => change({ event_type })} />
      ${webhookId && html`<${Button} onClick=${() => go("webhooks", "", { tab: "deliveries" })}>Of all webhooks<//>`}<${Button} onClick=${deliveries.reload}>Look again<//></div>
    <${Loaded} of=${deliveries}>${(data) => (data.deliveries.length ? html`
      <div class="scroll"><table><thead><tr><th>Event</th><th>Status</th><th class="number">Answer</th><th class="number">Time</th><th class="number">Attempts</th><th>When</th><th>Next</th></tr></thead>
        <tbody>${data.deliveries.map((each) => html`<tr key=${each.delivery_id}><td><button type="button" class="as-link" onClick=${() => open(each.delivery_id)}>${each.event_type}</button></td>
          <td><${State} of=${each.status} /></td><td class="number">${each.response_code ?? "–"}</td><td class="number">${millis(each.response_time_ms)}</td><td class="number">${each.attempt}</td><td>${ago(each.timestamp)}</td><td>${each.next_retry ? ago(each.next_retry) : "–"}</td></tr>`)}</tbody></table></div>
      <${Pager} pagination=${data.pagination} onMove=${(offset) => want({ ...wanted, offset })} />` : html`<${Empty} title="No deliveries." />`)}<//>
    ${opened && html`<${Delivery} id=${opened} onClose=${() => open(null)} onRetried=${deliveries.reload} />`}`;
}

function Delivery({ id, onClose, onRetried }) {
  const path = { delivery_id: id };
  const delivery = useLoad(async () => (await get("/api/v1/webhooks/deliveries/{delivery_id}", { path })).data, [id]);
  usePolling(() => { delivery.reload(); onRetried(); }, 2000, ON_ITS_WAY.includes(delivery.data?.status));
  const retrying = useAction(async () => {
    await post("/api/v1/webhooks/deliveries/{delivery_id}/retry", { path });
    tell("It is sent again");
    onRetried();
    delivery.reload();
  });
  return html`<${Dialog} title="Delivery" wide onClose=${onClose}><${Loaded} of=${delivery}>${(data) => html`
    <p class="facts"><strong>${data.event_type}</strong><${State} of=${data.status} /><span class="soft">${data.delivery_id}, ${moment(data.created_at)}</span></p>
    ${data.reason && html`<${Notice} tone="warn">${data.reason}<//>`}
    <div class="row"><${Button} busy=${retrying.busy} onClick=${retrying.run}>Send again<//></div><${Problem} error=${retrying.error} />
    ${data.attempts.map((attempt) => html`<details key=${attempt.attempt} open=${attempt.attempt === data.attempts.length}><summary>Attempt ${attempt.attempt}: ${attempt.response_code ?? "no answer"}, ${millis(attempt.response_time_ms)}, ${ago(attempt.timestamp)} ${attempt.error ?? ""}</summary>
      <h3>Sent</h3><pre tabindex="0">${headers(attempt.request.headers)}</pre>${attempt.response_code && html`<h3>Answered</h3><pre tabindex="0">${headers(attempt.response.headers)}\n\n${attempt.response.body ?? ""}</pre>`}</details>`)}
    ${data.event ? html`<details><summary>The event</summary><pre tabindex="0">${JSON.stringify(data.event, null, 2)}</pre></details>` : html`<p class="soft">The event is no longer kept.</p>`}`}<//><//>`;
}

const headers = (named) => Object.entries(named).map(([name, value]) => `${name}: ${value}`).join("\n");

export function Failures() {
  const [offset, move] = useState(0);
  const failures = useLoad(async (signal) => (await get("/api/v1/webhooks/failures", { query: { limit: 20, offset }, signal })).data, [offset]);
  const retrying = useAction(async (id) => {
    const { data } = id ? await post("/api/v1/webhooks/deliveries/{delivery_id}/retry", { path: { delivery_id: id } }) : await post("/api/v1/webhooks/failures/retry");
    tell(id ? "It is sent again" : `${plural(data.retried, "delivery", "deliveries")} sent again`);
    failures.reload();
  });
  return html`<${Problem} error=${retrying.error} /><${Loaded} of=${failures}>${(data) => (data.failures.length ? html`
    <div class="bar"><${Button} kind="primary" busy=${retrying.busy} onClick=${() => retrying.run("")}>Send all ${count(data.total)} again<//></div>
    <div class="scroll"><table><thead><tr><th>Event</th><th>What went wrong</th><th class="number">Retries</th><th>Given up</th><th></th></tr></thead>
      <tbody>${data.failures.map((each) => html`<tr key=${each.delivery_id}><td>${each.event_type}</td><td>${each.last_error} ${each.reason ?? ""}</td><td class="number">${each.retry_count}</td><td>${ago(each.failed_at)}</td><td><${Button} busy=${retrying.busy} onClick=${() => retrying.run(each.delivery_id)}>Send again<//></td></tr>`)}</tbody></table></div>
    <${Pager} pagination=${data.pagination} onMove=${move} />` : html`<${Empty} title="Nothing was given up." />`)}<//>`;
}
