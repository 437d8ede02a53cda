/** The staging area: what waits outside production until it is committed. */
import { get, post } from "../api.js";
import { useAction, useLoad } from "../data.js";
import { ago, plural } from "../format.js";
import { html, useState } from "../html.js";
import { Button, Dialog, Empty, Loaded, Pager, Problem, State, Sure, Tag, tell } from "../ui.js";

export function Drafts() {
  const [offset, move] = useState(0);
  const [opened, open] = useState(null);
  const drafts = useLoad(async (signal) => (await get("/api/v1/knowledge/drafts", { query: { offset, limit: 20 }, signal })).data, [offset]);
  return html`<${Loaded} of=${drafts}>${({ drafts: all, pagination }) => (all.length ? html`
    <div class="scroll"><table><thead><tr><th>Draft</th><th>Status</th><th>Files</th><th>Changed</th><th>Kept until</th><th></th></tr></thead>
      <tbody>${all.map((draft) => html`<${Row} key=${draft.draft_id} draft=${draft} onOpen=${() => open(draft.draft_id)} onDone=${drafts.reload} />`)}</tbody></table></div>
    <${Pager} pagination=${pagination} onMove=${move} />`
  : html`<${Empty} title="No drafts." />`)}<//>
  ${opened && html`<${Draft} draftId=${opened} onClose=${() => open(null)} />`}`;
}

function Row({ draft, onOpen, onDone }) {
  const ending = useAction(async (action) => {
    const { data } = await post("/api/v1/knowledge/commit", { body: { draft_id: draft.draft_id, action } });
    tell(action === "commit" ? `${plural(data.pairs_committed, "pair")} committed` : "Draft discarded");
    onDone();
  });
  const names = draft.files.map((file) => file.filename).join(", ");
  return html`<tr><td><button type="button" class="as-link" onClick=${onOpen}>${draft.draft_id}</button></td><td><${State} of=${draft.status} /></td>
    <td>${names || "by hand"}</td><td>${ago(draft.updated_at)}</td><td>${ago(draft.expires_at)}</td>
    <td>${draft.status === "open" && html`<span class="row"><${Sure} kind="plain" question="Commit all its pairs?" busy=${ending.busy} onSure=${() => ending.run("commit")}>Commit<//>
      <${Sure} question="Discard it?" busy=${ending.busy} onSure=${() => ending.run("discard")}>Discard<//></span>`}<${Problem} error=${ending.error} /></td></tr>`;
}

function Draft({ draftId, onClose }) {
  const draft = useLoad(async () => (await get("/api/v1/knowledge/drafts/{draft_id}", { path: { draft_id: draftId } })).data, [draftId]);
  return html`<${Dialog} title="Draft" wide onClose=${onClose}><${Loaded} of=${draft}>${(data) => html`
    <ol class="list">${(data.chunks ?? []).map((pair) => html`<li key=${pair.chunk_id}><h3>${pair.question} <${State} of=${pair.review} />${pair.auto_generated && html`<${Tag}>generated<//>`}</h3><p class="prose">${pair.answer}</p></li>`)}</ol>
    <div class="row"><${Button} onClick=${onClose}>Close<//></div>`}<//><//>`;
}
