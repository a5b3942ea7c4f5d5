// Lines that a log router cut to pieces, put together again where all pieces are in one payload. A line that stays incomplete
// gives its pieces back as they came.

import { joinParts, readPart } from "./firelens.ts";
import type { Fields } from "./reading.ts";
import type { Stretch } from "./stretch.ts";

/** One log event whose message is a JSON object. */
export interface ObjectEvent {
  readonly stretch: Stretch;
  readonly event: Fields;
  readonly object: Fields;
  /** The message as it came. */
  readonly text: string;
}

export interface WholeLine extends ObjectEvent {
  /** How many events it was. */
  readonly count: number;
}

interface CutLine {
  readonly pieces: Map<number, ObjectEvent>;
  lastOrdinal: number | undefined;
}

/** Lives as long as one payload. */
export class PartialLines {
  readonly #lines = new Map<string, CutLine>();

  /**
   * Takes an event if it is a piece of a line.
   * @returns the line when it is whole now; undefined when pieces are still missing; the event itself when it is no piece
   */
  add(objectEvent: ObjectEvent): ObjectEvent | WholeLine | undefined {
    const part = readPart(objectEvent.object);
    if (part === undefined) return objectEvent;
    const line = this.#lines.get(part.key) ?? { pieces: new Map(), lastOrdinal: undefined };
    // A piece that came twice is no part of the line: CloudWatch delivers at least once.
    if (line.pieces.has(part.ordinal)) return objectEvent;
    line.pieces.set(part.ordinal, objectEvent);
    if (part.isLast) line.lastOrdinal = part.ordinal;
    this.#lines.set(part.key, line);
    const isWhole = line.lastOrdinal === line.pieces.size;
    if (!isWhole) return undefined;
    this.#lines.delete(part.key);
    const ordered = [...line.pieces].sort(([a], [b]) => a - b);
    return join(ordered.map(([, piece]) => piece));
  }

  /** The pieces of lines that stayed incomplete. */
  rest(): readonly ObjectEvent[] {
    return [...this.#lines.values()].flatMap(({ pieces }) => [...pieces.values()]);
  }
}

/** The whole line is the event of its first piece; the ids of all are kept. */
function join(pieces: readonly ObjectEvent[]): WholeLine {
  const [first] = pieces as readonly [ObjectEvent, ...ObjectEvent[]];
  const object = joinParts(pieces.map((piece) => piece.object));
  const partIds = pieces.map(({ event }) => event["id"]).filter((id) => id !== undefined);
  const event = partIds.length > 1 ? { ...first.event, partIds } : first.event;
  return { stretch: first.stretch, event, object, text: object["log"] as string, count: pieces.length };
}
