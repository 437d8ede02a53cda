/** The versions of a document: comparing two, going back to one. */
import { get, post } from "../api.js";
import { useAction, useLoad } from "../data.js";
import { difference } from "../diff.js";
import { ago, plural } from "../format.js";
import { html, useState } from "../html.js";
import { Button, Loaded, Pager, Problem, Select, Sure, tell } from "../ui.js";

export function Versions({ document, onChange }) {
  const [offset, move] = useState(0);
  const [shown, show] = useState(null);
  const path = { document_id: document.document_id };
  const load = (signal) => get("/api/v1/documents/{document_id}/versions", { path, query: { limit: 20, offset }, signal });
  const versions = useLoad(async (signal) => (await load(signal)).data, [document.document_id, document.version, offset]);
  return html`<${Loaded} of=${versions}>${(data) => html`
    <div class="scroll"><table><thead><tr><th>Version</th><th>When</th><th class="number">Pairs</th><th>What changed</th><th></th></tr></thead>
      <tbody>${data.versions.map((version, n) => html`<tr key=${version.version_id}><td>${version.number}</td><td>${ago(version.created_at)}</td><td class="number">${version.qa_pairs_count}</td><td>${version.changes}</td>
        <td><span class="row"><${Button} onClick=${() => show({ version, to: data.versions[n + 1]?.version_id ?? "" })}>Compare<//>
          ${version.number !== document.version && html`<${Restore} path=${{ ...path, version_id: version.version_id }} number=${version.number} onDone=${onChange} />`}</span></td></tr>`)}</tbody></table></div>
    <${Pager} pagination=${data.pagination} onMove=${move} />
    ${shown && html`<${Comparison} path=${path} shown=${shown} versions=${data.versions} onShow=${show} />`}`}<//>`;
}

function Restore({ path, number, onDone }) {
  const restoring = useAction(async () => {
    await post("/api/v1/documents/{document_id}/versions/{version_id}/restore", { path });
    tell(`The pairs are those of version ${number} again`);
    onDone();
  });
  return html`<${Sure} kind="plain" question="Go back to version ${number}?" busy=${restoring.busy} onSure=${restoring.run}>Restore<//><${Problem} error=${restoring.error} />`;
}

function Comparison({ path, shown, versions, onShow }) {
  const { version, to } = shown;
  const options = [["", "nothing"], ...versions.filter((each) => each !== version).map((each) => [each.version_id, `version ${each.number}`])];
  const load = (signal) => get("/api/v1/documents/{document_id}/versions/{version_id}", { path: { ...path, version_id: version.version_id }, query: { compare: to }, signal });
  const seen = useLoad(async (signal) => (await load(signal)).data, [version.version_id, to]);
  return html`<section class="panel" aria-live="polite"><h2>Version ${version.number} against <${Select} aria-label="Compared with" options=${options} value=${to} onSelect=${(id) => onShow({ version, to: id })} /></h2>
    <${Loaded} of=${seen}>${({ comparison, qa_pairs: pairs }) => (comparison ? html`<${Changes} of=${comparison} />` : html`<p>${plural(pairs.length, "pair")}</p><${List} pairs=${pairs} />`)}<//></section>`;
}

function Changes({ of: { added, removed, changed } }) {
  if (!added.length && !removed.length && !changed.length) return html`<p>No pair differs.</p>`;
  return html`
    ${changed.length > 0 && html`<h3>${plural(changed.length, "pair")} changed</h3><ol class="list">${changed.map(({ before, after }) => html`<li key=${after.qa_id}><h4><${Words} before=${before.question} after=${after.question} /></h4><p class="prose"><${Words} before=${before.answer} after=${after.answer} /></p></li>`)}</ol>`}
    ${added.length > 0 && html`<h3>${plural(added.length, "pair")} added</h3><${List} pairs=${added} mark="ins" />`}
    ${removed.length > 0 && html`<h3>${plural(removed.length, "pair")} removed</h3><${List} pairs=${removed} mark="del" />`}`;
}

const List = ({ pairs, mark: Mark = "span" }) => html`<ol class="list">${pairs.map((pair) => html`<li key=${pair.qa_id}><h4><${Mark}>${pair.question}<//></h4><p class="prose clip"><${Mark}>${pair.answer}<//></p></li>`)}</ol>`;

const Words = ({ before, after }) => difference(before, after).map(([Mark, text]) => (Mark === "same" ? text : html`<${Mark}>${text}<//>`));
