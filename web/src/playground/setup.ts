/** What is asked: the columns and what they share. And the request that becomes of it. */

export interface Column {
  id: number;
  model: string;
  /** Its own question, where the columns do not share one. */
  ask: string;
}

export interface Setup {
  system: string;
  ask: string;
  separate: boolean;
  columns: Column[];
  temperature: string;
  top_p: string;
  max_tokens: string;
  /** A JSON list, in OpenAI's words. */
  tools: string;
  /** A JSON schema that answers must fit. */
  schema: string;
  /** Addresses, or `data:` of a file. */
  images: string[];
}

export type Body = Record<string, unknown> & { model: string };

/** The body of one column's request, or what is wrong in a sentence. */
export function bodyOf(setup: Setup, column: Column): Body | string {
  const question = (setup.separate ? column.ask : setup.ask).trim();
  if (!column.model.trim()) return 'Choose a model.';
  if (!question && setup.images.length === 0) return 'Write something to ask.';
  const images = setup.images.map((url) => ({ type: 'image_url', image_url: { url } }));
  const content = images.length ? [...(question ? [{ type: 'text', text: question }] : []), ...images] : question;
  const body: Body = { model: column.model.trim(), messages: [...(setup.system.trim() ? [{ role: 'system', content: setup.system.trim() }] : []), { role: 'user', content }] };
  for (const name of ['temperature', 'top_p', 'max_tokens'] as const) {
    if (!setup[name].trim()) continue;
    const value = Number(setup[name]);
    if (!Number.isFinite(value)) return `\`${name}\` is a number.`;
    body[name] = value;
  }
  if (setup.tools.trim()) {
    const tools = json(setup.tools);
    if (!Array.isArray(tools)) return 'Tools are a JSON list, such as `[{"type": "function", "function": {"name": "weather"}}]`.';
    body.tools = tools;
  }
  if (setup.schema.trim()) {
    const schema = json(setup.schema);
    if (schema === undefined || schema === null || typeof schema !== 'object' || Array.isArray(schema)) return 'The JSON schema is a JSON object, such as `{"type": "object"}`.';
    body.response_format = { type: 'json_schema', json_schema: { name: 'answer', schema, strict: true } };
  }
  return body;
}

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
