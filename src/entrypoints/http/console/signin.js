/** Asks for an API key once; a key that does not work is not kept. */
import { html, useState } from "./html.js";
import { useAction } from "./data.js";
import { keepKey } from "./session.js";
import { Button, Field, Problem } from "./ui.js";

export function SignIn({ reason, onKey }) {
  const [key, set] = useState("");
  const entering = useAction(async () => {
    try {
      await onKey(key.trim());
    } catch (error) {
      keepKey("");
      throw error;
    }
  });
  const submit = (event) => {
    event.preventDefault();
    entering.run();
  };
  return html`<main class="signin"><form onSubmit=${submit}>
    <h1><img src="/console/icon.svg" alt="" width="34" height="34" /> supportrag</h1>
    <${Field} label="API key" hint="Kept in this tab until you close it. What you can do here is what the key may do.">
      <input type="password" name="key" autocomplete="off" spellcheck="false" required autofocus value=${key} onInput=${(event) => set(event.target.value)} />
    <//>
    <${Problem} error=${entering.error ?? reason} />
    <${Button} kind="primary" type="submit" busy=${entering.busy}>Open the console<//>
    <p class="soft">A server started without a key prints one when it starts; others make theirs with <code>POST /api/v1/api-keys</code>.</p>
  </form></main>`;
}
