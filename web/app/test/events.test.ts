/** Server-sent events, cut anywhere. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { EventParser, serverEvents } from "../src/dashboard/events.js";

const STREAM =
  ': keep-alive\n\nid: 1\nevent: summary\ndata: {"a":\ndata: 1}\n\nevent: other\n\ndata:x\r\n\r\ndata: y\r\r';
const EVENTS = [
  { name: "summary", data: '{"a":\n1}', id: "1" },
  { name: "message", data: "x", id: "1" },
  { name: "message", data: "y", id: "1" },
];

test("events are the same wherever the stream is cut", () => {
  for (let size = 1; size <= STREAM.length; size += 1) {
    const parser = new EventParser();
    const found = [];
    for (let at = 0; at < STREAM.length; at += size) found.push(...parser.push(STREAM.slice(at, at + size)));
    // The last line's end may be half of one: the next character decides.
    found.push(...parser.push("\n"));
    assert.deepEqual(found, EVENTS, `pieces of ${size}`);
  }
});

test("an event without end is refused, not kept", () => {
  const parser = new EventParser();
  const piece = "data: " + "x".repeat(1 << 20);
  assert.throws(() => {
    for (let count = 0; count < 8; count += 1) parser.push(piece);
  }, RangeError);
});

test("characters that were cut in two are put together", async () => {
  const bytes = new TextEncoder().encode("data: 🔒 ä\n\n");
  const stream = new ReadableStream<BufferSource>({
    start(controller) {
      for (const byte of bytes) controller.enqueue(Uint8Array.of(byte));
      controller.close();
    },
  });
  const found = [];
  for await (const event of serverEvents(stream)) found.push(event.data);
  assert.deepEqual(found, ["🔒 ä"]);
});
