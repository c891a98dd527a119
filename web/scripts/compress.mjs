// Puts a .gz and a .br beside every text file of the build, so that the server never compresses.
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import { outDir } from './out.mjs';

const TEXT = new Set(['.js', '.css', '.html', '.svg', '.json', '.txt']);
const SMALLEST = 600;

const files = readdirSync(outDir, { recursive: true })
  .map((name) => join(outDir, name))
  .filter((path) => statSync(path).isFile() && TEXT.has(extname(path)));

for (const path of files) {
  const raw = readFileSync(path);
  // The page is changed by the server (its <base>), so it is compressed there or not at all.
  if (raw.length < SMALLEST || path.endsWith('index.html') || path.includes('.vite')) continue;
  writeFileSync(`${path}.gz`, gzipSync(raw, { level: 9 }));
  writeFileSync(`${path}.br`, brotliCompressSync(raw, { params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: raw.length } }));
}
