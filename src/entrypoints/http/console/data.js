/** Loading and acting, with their states; what is left behind is not waited for. */
import { useEffect, useRef, useState } from "./html.js";

/** Loads at once and whenever an input changes; keeps showing the old data while the new is on its way. */
export function useLoad(load, inputs = []) {
  const [state, set] = useState({ busy: true });
  const [round, next] = useState(0);
  useEffect(() => {
    const leaving = new AbortController();
    const settle = (outcome) => leaving.signal.aborted || set(outcome);
    set((before) => ({ data: before.data, busy: true }));
    load(leaving.signal).then(
      (data) => settle({ busy: false, data }),
      (error) => settle({ busy: false, error }),
    );
    return () => leaving.abort();
  }, [...inputs, round]);
  return { ...state, reload: () => next((n) => n + 1) };
}

/** `run` does it and tells whether it worked; the error stays until the next run. */
export function useAction(act) {
  const [state, set] = useState({ busy: false, error: null });
  const run = async (...given) => {
    set({ busy: true, error: null });
    try {
      await act(...given);
      set({ busy: false, error: null });
      return true;
    } catch (error) {
      set({ busy: false, error: error.name === "AbortError" ? null : error });
      return false;
    }
  };
  return { ...state, run };
}

/** Calls `tick` every so often while `active` and the page is in sight. */
export function usePolling(tick, milliseconds, active = true) {
  const latest = useRef(tick);
  latest.current = tick;
  useEffect(() => {
    if (!active) return undefined;
    const timer = setInterval(() => document.hidden || latest.current(), milliseconds);
    return () => clearInterval(timer);
  }, [active, milliseconds]);
}

/** The fields of a form as one object: [values, set(name, value), replace(values)]. */
export function useForm(initial) {
  const [values, replace] = useState(initial);
  const set = (name, value) => replace((before) => ({ ...before, [name]: value }));
  return [values, set, replace];
}

/** `a, b ,c` as a list. */
export const listed = (text) => text.split(",").map((part) => part.trim()).filter(Boolean);
