// Puts a .gz and a .br beside every text file of the build, so that the server never compresses.
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

const TEXT = new Set(['.js', '.css', '.svg']);
const SMALLEST = 600;

/** @returns {import('vite').Plugin} */
export function compressed() {
  return {
    name: 'quarterdeck-compressed',
    apply: 'build',
    enforce: 'post',
    writeBundle({ dir }) {
      for (const name of readdirSync(dir, { recursive: true })) {
        const path = join(dir, name);
        // The page itself is written by the server for each request (its <base>), so it is not here.
        if (TEXT.has(extname(path)) && statSync(path).size >= SMALLEST) compress(path);
      }
    },
  };
}

function compress(path) {
  const raw = readFileSync(path);
  writeFileSync(`${path}.gz`, gzipSync(raw, { level: 9 }));
  writeFileSync(`${path}.br`, brotliCompressSync(raw, { params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: raw.length } }));
}
