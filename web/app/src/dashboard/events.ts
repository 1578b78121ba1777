/** Server-sent events over `fetch`: `EventSource` cannot send the header that carries the API key. */

export interface ServerEvent {
  readonly name: string;
  readonly data: string;
  readonly id: string;
}

/** Larger than any event that the service sends. */
const MAX_EVENT_CHARACTERS = 1 << 22;

/** Events of a stream of bytes, as the HTML standard cuts them. Throws `RangeError` for an endless one. */
export async function* serverEvents(body: ReadableStream<BufferSource>): AsyncGenerator<ServerEvent, void, void> {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  const parser = new EventParser();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield* parser.push(value);
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}

/** Cuts text into events. Comments, which keep connections open, are events without data and are not reported. */
export class EventParser {
  private rest = "";
  private name = "";
  private id = "";
  private data: string[] = [];

  push(text: string): ServerEvent[] {
    this.rest += text;
    if (this.rest.length > MAX_EVENT_CHARACTERS) throw new RangeError("an event without end");
    const found: ServerEvent[] = [];
    // A carriage return at the end may be half of a line's end.
    const lines = this.rest.split(/\r\n|\n|\r(?!$)/);
    this.rest = lines.pop() ?? "";
    for (const line of lines) {
      const event = this.line(line);
      if (event !== null) found.push(event);
    }
    return found;
  }

  private line(line: string): ServerEvent | null {
    if (line === "") return this.end();
    const colon = line.indexOf(":");
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (field === "data") this.data.push(value);
    else if (field === "event") this.name = value;
    else if (field === "id") this.id = value;
    return null;
  }

  private end(): ServerEvent | null {
    const event =
      this.data.length > 0 ? { name: this.name || "message", data: this.data.join("\n"), id: this.id } : null;
    this.name = "";
    this.data = [];
    return event;
  }
}
