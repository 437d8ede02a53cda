/** What changed between two texts, word by word. */

const LONGEST = 2000;

/** [["same" | "del" | "ins", text], …]; very long texts are shown as replaced where they differ. */
export function difference(before, after) {
  const [old, fresh] = [split(before), split(after)];
  const start = common(old, fresh);
  const end = common(old.slice(start).reverse(), fresh.slice(start).reverse());
  const middle = compared(old.slice(start, old.length - end), fresh.slice(start, fresh.length - end));
  const whole = [["same", old.slice(0, start).join("")], ...middle, ["same", end ? old.slice(-end).join("") : ""]];
  return joined(whole.filter(([, text]) => text));
}

const split = (text) => text.match(/\s+|[^\s]+/g) ?? [];

function common(a, b) {
  let n = 0;
  while (n < a.length && n < b.length && a[n] === b[n]) n += 1;
  return n;
}

function compared(old, fresh) {
  if (old.length * fresh.length > LONGEST * LONGEST) return [["del", old.join("")], ["ins", fresh.join("")]];
  const lengths = longest(old, fresh);
  const found = [];
  let [i, j] = [0, 0];
  while (i < old.length || j < fresh.length) {
    if (i < old.length && j < fresh.length && old[i] === fresh[j]) found.push(["same", old[i++], j++]);
    else if (j === fresh.length || (i < old.length && lengths[i + 1][j] >= lengths[i][j + 1])) found.push(["del", old[i++]]);
    else found.push(["ins", fresh[j++]]);
  }
  return found;
}

/** `longest[i][j]`: length of the longest common subsequence of what follows i and j. */
function longest(a, b) {
  const table = Array.from({ length: a.length + 1 }, () => new Uint16Array(b.length + 1));
  for (let i = a.length - 1; i >= 0; i -= 1) {
    for (let j = b.length - 1; j >= 0; j -= 1) {
      table[i][j] = a[i] === b[j] ? table[i + 1][j + 1] + 1 : Math.max(table[i + 1][j], table[i][j + 1]);
    }
  }
  return table;
}

function joined(parts) {
  const whole = [];
  for (const [kind, text] of parts) {
    if (whole.at(-1)?.[0] === kind) whole.at(-1)[1] += text;
    else whole.push([kind, text]);
  }
  return whole;
}
