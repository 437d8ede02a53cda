/** The control that fits a value and what its JSON Schema says of it. */
import { html } from "../html.js";
import { Select } from "../ui.js";

const typed = (rule, value) => [rule.type].flat().find((type) => type && type !== "null") ?? (Array.isArray(value) ? "array" : typeof value);

export function hint(rule) {
  if (rule.readOnly) return "Set by the deployment";
  if (rule.minimum != null) return `${rule.minimum} to ${rule.maximum}`;
  return "";
}

export function Control({ rule, value, onValue }) {
  if (rule.readOnly) return html`<output>${value}</output>`;
  if (value === null) return html`<output>the default</output>`;
  if (rule.enum) return html`<${Select} options=${rule.enum.filter((each) => each !== null)} value=${value} onSelect=${onValue} />`;
  const draw = { boolean: Switch, integer: Amount, number: Amount, string: Words, array: Several, object: Anything }[typed(rule, value)] ?? Anything;
  return draw({ rule, value, onValue });
}

const Switch = ({ value, onValue }) => html`<input type="checkbox" checked=${value} onChange=${(event) => onValue(event.target.checked)} />`;
const Amount = ({ rule, value, onValue }) => html`<input type="number" required value=${value} min=${rule.minimum} max=${rule.maximum} step=${typed(rule, value) === "integer" ? 1 : "any"}
  onInput=${(event) => event.target.value !== "" && onValue(event.target.valueAsNumber)} />`;
const Words = ({ rule, value, onValue }) => html`<input type="text" value=${value} maxlength=${rule.maxLength} onInput=${(event) => onValue(event.target.value)} />`;

function Several({ rule, value, onValue }) {
  const known = rule.items?.enum;
  if (!known) return Anything({ value, onValue });
  const turn = (each, chosen) => onValue(known.filter((other) => (other === each ? chosen : value.includes(other))));
  return html`<span class="row" role="group">${known.map((each) => html`<label class="check"><input type="checkbox" checked=${value.includes(each)} onChange=${(event) => turn(each, event.target.checked)} />${each}</label>`)}</span>`;
}

/** JSON; what is not yet JSON is marked and not taken. */
function Anything({ value, onValue }) {
  const take = (event) => {
    try {
      onValue(JSON.parse(event.target.value));
      event.target.setCustomValidity("");
    } catch (error) {
      event.target.setCustomValidity(`This is not JSON: ${error.message}`);
    }
  };
  return html`<textarea rows="3" spellcheck="false" class="code" onChange=${take}>${JSON.stringify(value, null, 1)}</textarea>`;
}
