/** Who changed which setting, and going back. */
import { get, post } from "../api.js";
import { useAction, useLoad } from "../data.js";
import { moment } from "../format.js";
import { html, useState } from "../html.js";
import { Button, Empty, Loaded, Notice, Pager, Problem, Sure, tell } from "../ui.js";

export function History() {
  const [offset, move] = useState(0);
  const [tried, show] = useState(null);
  const history = useLoad(async (signal) => (await get("/api/v1/config/history", { query: { limit: 20, offset }, signal })).data, [offset]);
  const going = useAction(async (to, dryRun) => {
    const { data } = await post("/api/v1/config/rollback", { body: { to, dry_run: dryRun } });
    show({ ...data, to });
    if (dryRun) return;
    tell("Rolled back");
    history.reload();
  });
  const back = (to) => html`<span class="row"><${Button} busy=${going.busy} onClick=${() => going.run(to, true)}>What would change?<//>
    <${Sure} kind="plain" question=${to ? `Make it what change ${to} left?` : "Take every change back?"} busy=${going.busy} onSure=${() => going.run(to, false)}>${to ? "Go back to this" : "Back to the defaults"}<//></span>`;
  return html`<${Problem} error=${going.error} />
    <div aria-live="polite">${tried && html`<${Notice} tone="good">${tried.dry_run ? `Going back to ${tried.to || "the defaults"} would change` : "Changed"}: ${tried.updated_fields.map((name) => html`<code>${name}</code> `)}${!tried.updated_fields.length && "nothing"}<//>`}</div>
    <${Loaded} of=${history}>${({ changes, pagination }) => (changes.length ? html`
      <div class="scroll"><table><thead><tr><th>Change</th><th class="number">Number</th><th>When</th><th>By</th><th>Comment</th><th></th></tr></thead>
        <tbody>${changes.map((change, n) => html`<tr key=${change.number}><td>${change.changed_fields.map((name) => html`<code>${name}</code> `)}</td><td class="number">${change.number}</td><td>${moment(change.changed_at)}</td><td>${change.changed_by || "–"}</td><td>${change.comment || "–"}</td>
          <td>${(offset > 0 || n > 0) && back(change.number)}</td></tr>`)}</tbody></table></div>
      <div class="bar">${back(0)}</div><${Pager} pagination=${pagination} onMove=${move} />` : html`<${Empty} title="Nothing was changed yet.">Every setting is as the deployment has it.<//>`)}<//>`;
}
