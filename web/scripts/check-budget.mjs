// Fails when the UI grows too heavy: what the first page loads, what any page adds, and all of it.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

const outDir = process.argv.find((word, n) => n > 1 && !word.startsWith('-')) ?? fileURLToPath(new URL('../../src/quarterdeck/server/web', import.meta.url));
const KB = 1000;
const BUDGET = { entry: 220 * KB, route: 120 * KB, all: 900 * KB };

const manifest = JSON.parse(readFileSync(join(outDir, '.vite/manifest.json'), 'utf8'));
const sizes = new Map();
const size = (file) => {
  if (!sizes.has(file)) sizes.set(file, gzipSync(readFileSync(join(outDir, file)), { level: 9 }).length);
  return sizes.get(file);
};

// Everything that a chunk needs before it runs: its own code and style, and what it imports at once.
function needs(key, seen = new Set(), files = new Set()) {
  if (seen.has(key)) return files;
  seen.add(key);
  const chunk = manifest[key];
  if (/\.(js|css)$/.test(chunk.file)) files.add(chunk.file);
  for (const css of chunk.css ?? []) files.add(css);
  for (const imported of chunk.imports ?? []) needs(imported, seen, files);
  return files;
}

const total = (files) => [...files].reduce((sum, file) => sum + size(file), 0);
const keys = Object.keys(manifest);
const entryKey = keys.find((key) => manifest[key].isEntry);
const entry = needs(entryKey);
const pages = keys
  .filter((key) => manifest[key].isDynamicEntry)
  .map((key) => ({ name: key.replace(/^src\//, ''), bytes: total([...needs(key)].filter((file) => !entry.has(file))) }))
  .sort((a, b) => b.bytes - a.bytes);
const all = total(new Set(keys.flatMap((key) => [...needs(key)])));

const lines = [
  { name: 'entry (JS + CSS)', bytes: total(entry), budget: BUDGET.entry },
  ...pages.map((page) => ({ ...page, budget: BUDGET.route })),
  { name: 'everything', bytes: all, budget: BUDGET.all },
];
for (const { name, bytes, budget } of lines) {
  console.log(`${bytes > budget ? 'OVER' : 'ok  '} ${(bytes / KB).toFixed(1).padStart(7)} kB gz of ${String(budget / KB).padStart(3)}  ${name}`);
}
if (process.argv.includes('--json')) console.log(JSON.stringify({ entry: total(entry), largest_route: pages[0]?.bytes ?? 0, all }));
const over = lines.filter((line) => line.bytes > line.budget);
if (over.length) {
  console.error(`The UI is over its budget: ${over.map((line) => line.name).join(', ')}. Load it lazily, or take something away.`);
  process.exit(1);
}
