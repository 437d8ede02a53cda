/** Asking as a customer does, and seeing why the answer is what it is. */
import { ApiError, get, post, serves, stream } from "../api.js";
import { useAction, usePolling } from "../data.js";
import { html, useEffect, useRef, useState } from "../html.js";
import { Button, Notice, Problem, tell } from "../ui.js";
import { Turn } from "./turn.js";

const USER = "console";

export function Ask() {
  const [turns, setTurns] = useState([]);
  const [question, setQuestion] = useState("");
  const [session, setSession] = useState(null);
  const stopping = useRef(null);
  const log = useRef(null);
  const change = (n, part) => setTurns((all) => all.map((turn, at) => (at === n ? { ...turn, ...part } : turn)));
  const asking = useAction(async (text) => {
    const n = turns.length;
    setTurns((all) => [...all, { question: text, text: "", writing: true }]);
    stopping.current = new AbortController();
    try {
      const final = await askFor(text, session, (piece) => setTurns((all) => grown(all, n, piece)), stopping.current.signal);
      setSession(final.session_id);
      change(n, { final, writing: false });
    } catch (error) {
      change(n, { error, writing: false });
    }
  });
  useEffect(() => log.current.querySelector(".turn:last-of-type")?.scrollIntoView({ block: "start" }), [turns.length]);
  useEffect(() => () => stopping.current?.abort(), []);
  const submit = (event) => {
    event?.preventDefault();
    if (question.trim().length < 3 || asking.busy) return;
    asking.run(question.trim());
    setQuestion("");
  };
  const anew = () => {
    setTurns([]);
    setSession(null);
  };
  return html`<section class="ask">
    <div class="turns" ref=${log} role="log" aria-label="Conversation" aria-busy=${asking.busy ? "true" : "false"}>
      ${turns.length === 0 && html`<p class="soft">Ask what a customer would ask. Every answer shows its sources, how sure the service is, what it did step by step, and why it handed over when it did.</p>`}
      ${turns.map((turn, n) => html`<${Turn} key=${n} turn=${turn} />`)}
      <${FromPeople} session=${session} turns=${turns} />
    </div>
    <form class="asking" onSubmit=${submit}>
      <label for="question">Question</label>
      <textarea id="question" rows="2" maxlength="2000" placeholder="Enter sends, Shift+Enter makes a new line" value=${question}
        onInput=${(event) => setQuestion(event.target.value)}
        onKeyDown=${(event) => event.key === "Enter" && !event.shiftKey && !event.isComposing && submit(event)}></textarea>
      <div class="row">
        <${Button} kind="primary" type="submit" disabled=${asking.busy || question.trim().length < 3}>Ask<//>
        ${asking.busy && html`<${Button} onClick=${() => stopping.current.abort()}>Stop<//>`}
        ${turns.length > 0 && !asking.busy && html`<${Button} onClick=${anew}>New conversation<//>`}
        ${session && !asking.busy && serves("/api/v1/chat/escalate") && html`<${HandOver} session=${session} />`}
      </div>
    </form>
  </section>`;
}

const grown = (all, n, piece) => all.map((turn, at) => (at === n ? { ...turn, text: turn.text + piece } : turn));

/** The final answer; `say` is called with each piece on the way. Without the streaming route: all at once. */
async function askFor(question, session, say, signal) {
  const body = { question, user_id: USER, ...(session ? { session_id: session } : {}) };
  if (!serves("/api/v1/chat/stream")) return (await post("/api/v1/queries", { body, signal })).data;
  let final = null;
  for await (const piece of stream("/api/v1/chat/stream", { body, signal })) {
    if (piece.error) throw new ApiError(200, [{ ...piece.error, field: null }], piece.trace_id);
    if (piece.final_data) final = piece.final_data;
    else say(piece.token);
  }
  if (!final) throw new ApiError(200, [{ code: "STREAM_CUT", message: "The stream ended before the answer did.", field: null }]);
  return final;
}

function HandOver({ session }) {
  const handing = useAction(async () => {
    const body = { session_id: session, reason: "Asked for in the console" };
    const { data } = await post("/api/v1/chat/escalate", { body });
    tell(`Handed over: ${data.escalation_id}`);
  });
  return html`<${Button} busy=${handing.busy} onClick=${handing.run}>Hand over to a person<//><${Problem} error=${handing.error} />`;
}

/** What operators write into the conversation while it is with them. */
function FromPeople({ session, turns }) {
  const [said, set] = useState([]);
  const last = turns.at(-1)?.final;
  const waits = Boolean(session && last?.escalation_id && serves("/api/v1/sessions/{session_id}"));
  const listening = useAction(async () => {
    const { data } = await get("/api/v1/sessions/{session_id}", { path: { session_id: session } });
    set(data.messages.filter((message) => message.role === "operator"));
  });
  usePolling(listening.run, 4000, waits);
  useEffect(() => set([]), [session]);
  return html`${said.map((message) => html`<${Notice} key=${message.message_id}><strong>${message.author ?? "A person"}</strong>: ${message.content}<//>`)}`;
}
