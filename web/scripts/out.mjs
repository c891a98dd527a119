// Where the build goes: into the package, or where the build hook says.
import { fileURLToPath } from 'node:url';

export const outDir = process.env.QUARTERDECK_UI_OUT ?? fileURLToPath(new URL('../../src/quarterdeck/server/web', import.meta.url));
