/** Single-key shortcuts. They rest while somebody types, while a dialog is open, and with a modifier held. */
import { useLayoutEffect, useRef } from "./html.js";

const TYPING = "input:not([type=checkbox]):not([type=radio]), textarea, select, [contenteditable]";

/** `bindings`: key (`event.key`, or "g x" for two in a row) to what it does. */
export function useKeys(bindings, active = true) {
  const latest = useRef(bindings);
  latest.current = bindings;
  // Before the paint and not after it: a key struck as soon as the text is seen must find its listener.
  useLayoutEffect(() => {
    if (!active) return undefined;
    let first = "";
    const hear = (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey || resting(event.target)) return;
      const act = latest.current[first ? `${first} ${event.key}` : event.key];
      first = !first && event.key === "g" ? "g" : "";
      if (!act) return;
      event.preventDefault();
      act();
    };
    addEventListener("keydown", hear);
    return () => removeEventListener("keydown", hear);
  }, [active]);
}

const resting = (target) => target.closest?.(TYPING) != null || document.querySelector("dialog[open]") != null;
