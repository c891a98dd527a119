/** What was said, out of the many shapes in which programs record it. */

export interface Message {
  role: string;
  text: string;
  calls: { name: string; arguments: string }[];
}

/** The messages in an input or output; null when it is something else, to be shown as it is. */
export function messages(value: unknown): Message[] | null {
  const list = Array.isArray(value) ? value : listIn(value);
  if (!list || list.length === 0 || !list.every(spoken)) return null;
  return list.map((one) => ({ role: String(one.role), text: textOf(one), calls: callsOf(one) }));
}

export function pretty(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value, null, 2);
}

type Spoken = Record<string, unknown> & { role: unknown };

function spoken(value: unknown): value is Spoken {
  return typeof value === 'object' && value !== null && 'role' in value && typeof value.role === 'string';
}

function listIn(value: unknown): unknown[] | null {
  if (spoken(value)) return [value];
  if (typeof value !== 'object' || value === null) return null;
  const { messages, choices, message } = value as Record<string, unknown>;
  if (Array.isArray(messages)) return messages;
  if (spoken(message)) return [message];
  if (Array.isArray(choices)) return choices.map((choice: { message?: unknown }) => choice.message);
  return null;
}

/** OpenAI and Anthropic say `content`, a string or parts; OpenTelemetry says `parts`. */
function textOf({ content, parts }: Spoken): string {
  if (typeof content === 'string') return content;
  const list = Array.isArray(content) ? content : Array.isArray(parts) ? parts : [];
  return list
    .map((part: Record<string, unknown> | string) => {
      if (typeof part === 'string') return part;
      if (typeof part.text === 'string') return part.text;
      if (typeof part.content === 'string') return part.content;
      return part.type && !isCall(part) ? `[${String(part.type)}]` : '';
    })
    .filter(Boolean)
    .join('\n');
}

function callsOf({ tool_calls, content, parts }: Spoken): Message['calls'] {
  if (Array.isArray(tool_calls)) {
    return tool_calls.map((call: { function?: { name?: string; arguments?: unknown } }) => ({ name: call.function?.name ?? 'tool', arguments: pretty(call.function?.arguments ?? '') }));
  }
  const list = Array.isArray(content) ? content : Array.isArray(parts) ? parts : [];
  return list.filter(isCall).map((call: Record<string, unknown>) => ({ name: String(call.name), arguments: pretty(call.input ?? call.arguments ?? '') }));
}

function isCall(part: Record<string, unknown>): boolean {
  return part.type === 'tool_use' || part.type === 'tool_call';
}
