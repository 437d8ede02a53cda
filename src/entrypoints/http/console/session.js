/** The API key of this tab: kept until the tab closes, sent to this server only. */
const KEY = "supportrag.key";
const listeners = new Set();

export const apiKey = () => sessionStorage.getItem(KEY) ?? "";

export function keepKey(key) {
  if (key) sessionStorage.setItem(KEY, key);
  else sessionStorage.removeItem(KEY);
}

/** Called with the reason when the server no longer accepts the key. */
export function onRefused(listener) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function refused(error) {
  for (const listener of listeners) listener(error);
}

/** Small preferences of this browser (theme, the operator's name); nothing secret. */
export const preference = (name, otherwise = "") => localStorage.getItem(`supportrag.${name}`) ?? otherwise;
export const prefer = (name, value) => localStorage.setItem(`supportrag.${name}`, value);
