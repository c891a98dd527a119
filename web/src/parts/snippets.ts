/** First calls, written with the address that this server really has. */
import { origin } from '../api/client';
import type { Language } from './Snippet';

export function chatCall(model: string): Language[] {
  return [
    {
      name: 'curl',
      code: `curl ${origin}/v1/chat/completions \\
  -H "authorization: Bearer $QUARTERDECK_KEY" \\
  -H "content-type: application/json" \\
  -d '{"model": "${model}", "messages": [{"role": "user", "content": "How many days of leave do I get?"}]}'`,
    },
    {
      name: 'Python',
      code: `from openai import OpenAI

client = OpenAI(base_url="${origin}/v1", api_key="sk-qd-…")
answer = client.chat.completions.create(
    model="${model}",
    messages=[{"role": "user", "content": "How many days of leave do I get?"}],
)
print(answer.choices[0].message.content)`,
    },
    {
      name: 'TypeScript',
      code: `import OpenAI from "openai";

const client = new OpenAI({ baseURL: "${origin}/v1", apiKey: "sk-qd-…" });
const answer = await client.chat.completions.create({
  model: "${model}",
  messages: [{ role: "user", content: "How many days of leave do I get?" }],
});
console.log(answer.choices[0].message.content);`,
    },
    {
      name: 'OpenTelemetry',
      code: `# any OpenTelemetry program, nothing of ours in it
export OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=${origin}/v1/traces
export OTEL_EXPORTER_OTLP_HEADERS="x-api-key=$QUARTERDECK_KEY"`,
    },
  ];
}

export function ingest(name: string): Language[] {
  return [{ name: 'Shell', code: `quarterdeck ingest ./handbook --into ${name}` }];
}

export function createApp(knowledge: string): Language[] {
  return [
    {
      name: 'curl',
      code: `curl ${origin}/api/v1/apps \\
  -H "authorization: Bearer $QUARTERDECK_KEY" \\
  -H "content-type: application/json" \\
  -d '{"name": "policy-bot", "description": "Answers from the handbook", "knowledge": "${knowledge}"}'`,
    },
  ];
}
