/** Writing a question–answer pair: new, staged or live. */
import { useAction, listed, useForm } from "../data.js";
import { html, useLayoutEffect, useRef } from "../html.js";
import { Button, Check, Field, Problem, Text } from "../ui.js";

export const blank = { question: "", answer: "", metadata: { category: "", intent: "", requires_handoff: false, tags: [], url: null } };

const unlabelled = (label) => (["uncategorized", "unknown"].includes(label) ? "" : label);

const opened = ({ question, answer, metadata }) => ({
  question,
  answer,
  category: unlabelled(metadata.category),
  intent: unlabelled(metadata.intent),
  handoff: metadata.requires_handoff,
  tags: metadata.tags.join(", "),
  url: metadata.url ?? "",
});

const written = ({ question, answer, category, intent, handoff, tags, url }) => ({
  question: question.trim(),
  answer: answer.trim(),
  metadata: { category: category || null, intent: intent || null, requires_handoff: handoff, tags: listed(tags), url: url || null },
});

/** Calls `onSave` with {question, answer, metadata}; Ctrl+Enter saves, Escape leaves. */
export function PairForm({ pair = blank, onSave, onLeave, save = "Save" }) {
  const [values, set] = useForm(opened(pair));
  const first = useRef(null);
  const saving = useAction(() => onSave(written(values)));
  useLayoutEffect(() => first.current.querySelector("textarea").focus(), []);
  const hear = (event) => {
    if (event.key === "Escape") {
      event.preventDefault(); // else a dialog around the form closes too
      onLeave();
    }
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) saving.run();
  };
  const text = (name, label, more = {}) => html`<${Field} label=${label} hint=${more.hint} wide=${more.rows > 0}><${Text} ...${more} value=${values[name]} onText=${(value) => set(name, value)} /><//>`;
  return html`<form class="form" ref=${first} onKeyDown=${hear} onSubmit=${(event) => { event.preventDefault(); saving.run(); }}>
    ${text("question", "Question", { rows: 2, required: true })}
    ${text("answer", "Answer", { rows: 6, required: true })}
    ${text("category", "Category")}${text("intent", "Intent")}${text("tags", "Tags", { hint: "Separated by commas" })}${text("url", "Link", { type: "url" })}
    <${Check} label="Always hand over to a person" checked=${values.handoff} onCheck=${(value) => set("handoff", value)} />
    <${Problem} error=${saving.error} />
    <div class="row wide"><${Button} kind="primary" type="submit" busy=${saving.busy} keys="Ctrl ↵">${save}<//><${Button} onClick=${onLeave} keys="Esc">Cancel<//></div>
  </form>`;
}
