/** Making several pairs of one. */
import { post } from "../api.js";
import { useAction } from "../data.js";
import { html, useState } from "../html.js";
import { Button, Dialog, Field, Problem, Text, tell } from "../ui.js";

export function Split({ pair, onDone, onClose }) {
  const [parts, setParts] = useState([{ question: pair.question, answer: pair.answer }, { question: "", answer: "" }]);
  const set = (n, name, value) => setParts((all) => all.map((part, at) => (at === n ? { ...part, [name]: value } : part)));
  const splitting = useAction(async () => {
    const body = { question: pair.question, splits: parts };
    await post("/api/v1/documents/qa-pairs/{qa_id}/split", { path: { qa_id: pair.qa_id }, body });
    tell(`Split into ${parts.length}`);
    onDone();
  });
  return html`<${Dialog} title="Split the pair" wide onClose=${onClose}>
    <form onSubmit=${(event) => { event.preventDefault(); splitting.run(); }}>
      ${parts.map((part, n) => html`<fieldset key=${n} class="form"><legend>Part ${n + 1}</legend>
        <${Field} label="Question" wide><${Text} rows="2" required value=${part.question} onText=${(text) => set(n, "question", text)} /><//>
        <${Field} label="Answer" wide><${Text} rows="4" required value=${part.answer} onText=${(text) => set(n, "answer", text)} /><//>
        ${parts.length > 2 && html`<div class="row wide"><${Button} onClick=${() => setParts((all) => all.filter((_, at) => at !== n))}>Remove this part<//></div>`}
      </fieldset>`)}
      <${Problem} error=${splitting.error} />
      <div class="row"><${Button} kind="primary" type="submit" busy=${splitting.busy}>Split into ${parts.length}<//>
        <${Button} disabled=${parts.length >= 20} onClick=${() => setParts((all) => [...all, { question: "", answer: "" }])}>Add a part<//></div>
    </form>
  <//>`;
}
