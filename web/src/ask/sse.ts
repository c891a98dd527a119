/** Server-sent events out of bytes that arrive in pieces of any size. */

/** The `data` of each event, in order. Comments and other fields are skipped. */
export async function* events(body: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let rest = '';
  let lines: string[] = [];
  try {
    while (true) {
      const { done, value } = await reader.read();
      rest += done ? decoder.decode() : decoder.decode(value, { stream: true });
      // A line break at the very end of a piece may be the first half of CR LF: keep it for the next piece.
      const cut = done ? rest.length : endOfLastLine(rest);
      const whole = rest.slice(0, cut);
      rest = rest.slice(cut);
      for (const line of whole.split(/\r\n|\n|\r/).slice(0, done ? undefined : -1)) {
        if (line === '') {
          if (lines.length) yield lines.join('\n');
          lines = [];
        } else if (line.startsWith('data:')) {
          lines.push(line.slice(line[5] === ' ' ? 6 : 5));
        }
      }
      if (done) break;
    }
    if (lines.length) yield lines.join('\n');
  } finally {
    // Whoever stops listening also stops the answer.
    await reader.cancel().catch(() => {});
  }
}

function endOfLastLine(text: string): number {
  const last = Math.max(text.lastIndexOf('\n'), text.endsWith('\r') ? text.lastIndexOf('\r', text.length - 2) : text.lastIndexOf('\r'));
  return last + 1;
}
