import { expect, test } from 'vitest';
import { events } from './sse';

async function heard(pieces: (string | Uint8Array)[]): Promise<string[]> {
  const bytes = pieces.map((piece) => (typeof piece === 'string' ? new TextEncoder().encode(piece) : piece));
  const found: string[] = [];
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      for (const piece of bytes) controller.enqueue(piece);
      controller.close();
    },
  });
  for await (const data of events(body)) found.push(data);
  return found;
}

test('events are told apart by empty lines', async () => {
  expect(await heard(['data: one\n\ndata: two\n\n'])).toEqual(['one', 'two']);
});

test.each(['\n', '\r\n', '\r'])('every kind of line break is understood: %j', async (end) => {
  expect(await heard([`data: one${end}data: and more${end}${end}data: two${end}${end}`])).toEqual(['one\nand more', 'two']);
});

test('the pieces may break anywhere, even inside a letter and between CR and LF', async () => {
  const whole = new TextEncoder().encode(': hello\r\nevent: x\r\ndata: {"text":"Öffnungszeiten – 9"}\r\n\r\ndata: [DONE]\r\n\r\n');
  for (let size = 1; size < 12; size += 1) {
    const pieces = [];
    for (let at = 0; at < whole.length; at += size) pieces.push(whole.slice(at, at + size));

    expect(await heard(pieces)).toEqual(['{"text":"Öffnungszeiten – 9"}', '[DONE]']);
  }
});

test('a stream that ends without an empty line still tells its last event', async () => {
  expect(await heard(['data: one\n\ndata: last'])).toEqual(['one', 'last']);
});

test('who stops listening cancels the answer', async () => {
  let cancelled = false;
  const body = new ReadableStream<Uint8Array>({
    pull: (controller) => controller.enqueue(new TextEncoder().encode('data: more\n\n')),
    cancel() {
      cancelled = true;
    },
  });

  for await (const data of events(body)) {
    expect(data).toBe('more');
    break;
  }

  expect(cancelled).toBe(true);
});
