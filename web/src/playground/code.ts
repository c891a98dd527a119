/** The request of a column as code to paste. */
import type { Language } from '../parts/Snippet';
import type { Body } from './setup';

export function codeOf(body: Body, base_url: string): Language[] {
  const text = JSON.stringify(body, null, 2);
  return [
    { name: 'curl', code: `curl ${base_url}/chat/completions \\\n  -H "authorization: Bearer $QUARTERDECK_KEY" \\\n  -H "content-type: application/json" \\\n  -d '${text.replaceAll("'", "'\\''")}'` },
    {
      name: 'Python',
      code: `import os\n\nfrom openai import OpenAI\n\nclient = OpenAI(base_url="${base_url}", api_key=os.environ["QUARTERDECK_KEY"])\nstream = client.chat.completions.create(\n${Object.entries(body)
        .map(([name, value]) => `    ${name}=${python(value, 4)},\n`)
        .join('')}    stream=True,\n)\nfor piece in stream:\n    if piece.choices:\n        print(piece.choices[0].delta.content or "", end="")`,
    },
    {
      name: 'JavaScript',
      code: `import OpenAI from "openai";\n\nconst client = new OpenAI({ baseURL: "${base_url}", apiKey: process.env.QUARTERDECK_KEY });\nconst stream = await client.chat.completions.create({\n  ...${text.replaceAll('\n', '\n  ')},\n  stream: true,\n});\nfor await (const piece of stream) process.stdout.write(piece.choices[0]?.delta?.content ?? "");`,
    },
  ];
}

function python(value: unknown, indent: number): string {
  if (value === null || value === undefined) return 'None';
  if (value === true) return 'True';
  if (value === false) return 'False';
  const inner = ' '.repeat(indent + 4);
  const end = ' '.repeat(indent);
  if (Array.isArray(value)) return value.length ? `[\n${value.map((one) => `${inner}${python(one, indent + 4)},\n`).join('')}${end}]` : '[]';
  if (typeof value === 'object') {
    const entries = Object.entries(value);
    return entries.length ? `{\n${entries.map(([name, one]) => `${inner}${JSON.stringify(name)}: ${python(one, indent + 4)},\n`).join('')}${end}}` : '{}';
  }
  return JSON.stringify(value);
}
